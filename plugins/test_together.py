"""The three plugins in one run of the command line: a space with the operator, the model, the strategy, the export."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from stgnn.cli import main
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.networks import Supernet, save_checkpoint
from stgnn.registry import load_plugins
from stgnn.space import SearchSpace, cover, load_space

RECIPE = """
supernet: supernet.ckpt
data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 32}}
latency: {class_path: CSVLatency, init_args: {measurements: measurements.csv}}
strategy: {class_path: LocalSearch, init_args: {start: 3}}
study: study.journal
trials: 5
"""


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchSpace:
    """A space with no other spatial operator; the current folder holds its supernet, measurements and a recipe."""
    load_plugins()
    monkeypatch.chdir(tmp_path)
    space = SearchSpace.from_dict(load_space("tiny").to_dict() | {"name": "shift", "spatial": ["ShiftGraphConv"]})
    data = SyntheticDataModule(clips=64)
    save_checkpoint("supernet.ckpt", Supernet(space, data.layout, data.num_classes), data.class_names)
    measured = [*cover(space), space.smallest()]
    with Path("measurements.csv").open("w", newline="") as file:
        rows = [(one.to_json(), 5 + index) for index, one in enumerate(measured)]
        csv.writer(file).writerows([("architecture", "ms"), *rows])
    Path("search.yaml").write_text(RECIPE)
    return space


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    status = main([*arguments, "--json"])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return json.loads(captured.out)


@pytest.mark.parametrize(
    ("kind", "name"), [("operators", "ShiftGraphConv"), ("latency", "CSVLatency"), ("strategies", "LocalSearch")]
)
def test_they_are_listed(kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert name in answer(["list", kind], capsys)


def test_from_search_to_export(space: SearchSpace, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(["search", "--config=search.yaml"], capsys)["architectures"] == {"search": 5}
    chosen = answer(["extract", "--study=study.journal", "--output=chosen.ckpt"], capsys)
    assert chosen["architecture"]["stages"][0]["blocks"][0]["spatial"] == "ShiftGraphConv"
    report = answer(["export", "--checkpoint=chosen.ckpt", "--output=model.onnx"], capsys)
    assert Path("model.onnx").stat().st_size > 0 and report["max_abs_difference"] <= 1e-4
