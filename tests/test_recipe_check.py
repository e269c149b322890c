"""What a recipe cannot give is refused before torch is imported."""

from typing import Any

import pytest

from stgnn.cli import main
from stgnn.errors import InputError
from stgnn.recipe_check import RecipeChecker
from stgnn.signatures import Catalog

CATALOG = Catalog.of_project()


@pytest.mark.parametrize("value", [7, 1.5, True, ["tiny"], None])
@pytest.mark.parametrize(
    ("task", "key"), [("SupernetTask", "space"), ("SupernetTask", "layout"), ("AdaSGNTask", "layout")]
)
def test_objects_of_the_wrong_kind_are_refused(task: str, key: str, value: Any) -> None:
    annotation = CATALOG.signature(task)[key].annotation
    with pytest.raises(InputError, match=f"wrong type for '{key}'"):
        RecipeChecker(CATALOG).check_value(value, annotation, key)


@pytest.mark.parametrize("value", ["tiny", "sgn", {"name": "own"}])
def test_names_and_plain_data_of_a_space_are_let_through(value: Any) -> None:
    RecipeChecker(CATALOG).check_value(value, CATALOG.signature("SupernetTask")["space"].annotation, "space")


@pytest.mark.parametrize(("given", "hint"), [("0.5,0.75", "--levels [0.5,0.75]"), ("[0.5,high]", "")])
def test_a_list_without_brackets_is_told_how_it_is_written(
    given: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sparsify", "--checkpoint=net.ckpt", f"--levels={given}"]) == 2
    told = capsys.readouterr().err
    assert "levels" in told and hint in told and ("brackets" in told) == bool(hint)
