"""The operator of the ten minutes is built exactly as README.md shows it."""

import re
import tomllib
from pathlib import Path
from typing import Any

from stgnn.operators import OPERATORS
from stgnn.testing import check_operator

TEXT = Path(__file__).with_name("README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_operator_keeps_all_promises() -> None:
    names: dict[str, Any] = {"__name__": "my_operators"}
    operator, check = blocks("python")
    exec(operator, names)
    try:
        exec(check, names)
        names["test_operator"]()
        assert names["check_operator"] is check_operator
    finally:
        del OPERATORS._classes["RingGraphConv"]


def test_the_project_file_names_our_entry_points() -> None:
    (project,) = map(tomllib.loads, blocks("toml"))
    assert project["project"]["entry-points"]["stgnn.plugins"] == {"my-operators": "my_operators"}


def test_every_plugin_is_in_the_table() -> None:
    folders = {path.parent.name for path in Path(__file__).parent.glob("*/pyproject.toml")}
    assert folders == set(re.findall(r"\| \[`([\w-]+)`\]", TEXT))
