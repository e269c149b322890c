"""The words after training: search, report, extract and their refusals, on a supernet that has learnt nothing."""

import errno
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stgnn.cli import main
from stgnn.commands import sparse
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import Network, Supernet, load_network, make_network, save_checkpoint
from stgnn.recipe import load_recipe
from stgnn.runtimes.timing import Timing
from stgnn.search.study import load_evaluations
from stgnn.space import load_space, read_space
from stgnn.tasks import family

DATA = "data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 32}}\n"
SEARCH = f"supernet: supernet.ckpt\n{DATA}latency: Roofline\nstrategy: Random\ntrials: 4\nstudy: study.journal\n"
Refused = Callable[..., str]


@pytest.fixture
def folder(here: Path) -> Path:
    """A folder with a supernet and a search recipe."""
    data = SyntheticDataModule(clips=64)
    save_checkpoint("supernet.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    Path("search.yaml").write_text(SEARCH)
    return here


def result_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command prints for machines."""
    code = main([*arguments, "--json"])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return json.loads(captured.out)


def test_search_report_extract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = result_of(["search", "--config=search.yaml", "--strategy=NSGA2", "--strategy.population=3"], capsys)
    assert found["architectures"] == {"search": 4}
    assert found["front"]
    continued = result_of(["search", "--config=study.journal.search.recipe.yaml", "--trials=6"], capsys)
    assert continued["architectures"] == {"search": 6}
    written = result_of(["report", "--study=study.journal", "--output=report"], capsys)
    assert all(Path(written[kind]).stat().st_size > 0 for kind in ("html", "csv", "json", "svg"))
    chosen = result_of(["extract", "--study=study.journal", "--output=chosen.ckpt"], capsys)
    assert load_network("chosen.ckpt").module.architecture.to_dict() == chosen["architecture"]
    assert written["front"] == continued["front"]
    assert {"output": "chosen.ckpt", **written["chosen"]} == {"output": "chosen.ckpt", **continued["chosen"]} == chosen
    largest = max(point["latency_ms"] for point in continued["front"])
    assert result_of(["extract", "--study=study.journal", f"--budget-ms={largest}"], capsys)["latency_ms"] == largest


def test_people_see_a_table_and_the_chosen_network_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["search", "--config=search.yaml"], ["report", "--study=study.journal"]):
        assert main(arguments) == 0
        text = capsys.readouterr().out
        assert "| Trial | Digest " in text and re.search(r"the knee( of the front)?:\ntrial ", text) and "{" not in text
    knee = text.splitlines()[-1]
    assert main(["extract", "--study=study.journal"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == knee
    architecture = load_network("runs/chosen.ckpt").module.architecture
    assert re.fullmatch(rf"trial \d+, {architecture.digest}: {re.escape(str(architecture))}", knee)


def test_a_search_without_result_says_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--config=search.yaml", "--budget_ms=1e-9"]) == 0
    text = capsys.readouterr().out
    assert "note: no architecture keeps the limits" in text and "--budget_ms" in text and "knee" not in text
    found = result_of(["search", "--config=search.yaml", "--name=other"], capsys)
    assert found["front"] and "note" not in found


def test_data_are_named_by_their_class_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("search.yaml").write_text(SEARCH.replace(DATA, "data: SyntheticDataModule\n"))
    assert result_of(["search", "--config=search.yaml"], capsys)["front"]
    assert result_of(["extract", "--study=study.journal", "--output=chosen.ckpt"], capsys)["output"] == "chosen.ckpt"
    assert load_recipe("chosen.ckpt.recipe.yaml") == {"data": "SyntheticDataModule"}


def test_random_search_at_equal_cost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = result_of(["search", "--config=search.yaml", "--strategy=TPE", "--compare_random"], capsys)
    assert found["architectures"] == {"search": 4, "search-random": 4}
    assert "random" in Path(result_of(["report", "--study=study.journal"], capsys)["json"]).read_text()


def test_refusals_leave_results_as_they_are(folder: Path, refused: Refused) -> None:
    assert main(["search", "--config=search.yaml"]) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    wrong = {
        "another clips": ["search", "--config=search.yaml", "--data.frames=16"],
        "no architecture of the front": ["extract", "--study=study.journal", "--budget_ms=1e-9"],
        "no study of this name": ["report", "--study=study.journal", "--name=other"],
        "no such checkpoint": ["search", "--config=search.yaml", "--supernet=missing.ckpt"],
        "there is no such study|no study file|no such": ["report", "--study=missing.journal"],
        "trials must be positive": ["search", "--config=search.yaml", "--trials=-1"],
    }
    for message, arguments in wrong.items():
        assert re.search(message, refused(*arguments))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_refused_work_leaves_no_recipe(folder: Path, refused: Refused) -> None:
    refused("search", "--config=search.yaml", "--supernet=missing.ckpt")
    profile = ["profile", "--space=tiny", "--layout=natops8", "--classes=3", "--output=hand.json"]
    assert "edit `joints:` of the space" in refused(*profile)
    assert {path.name for path in folder.iterdir()} == {"supernet.ckpt", "search.yaml"}


def test_a_stopped_search_keeps_its_recipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: object, **others: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stgnn.search.study.run_search", stopped)
    assert main(["search", "--config=search.yaml"]) == 130
    assert Path("study.journal.search.recipe.yaml").is_file()


def test_a_reader_who_has_seen_enough_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "stgnn", "list", "layouts"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=240)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_pipe_that_breaks_elsewhere_is_a_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **others: object) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    monkeypatch.setattr("stgnn.search.study.run_search", broken)
    assert main(["search", "--config=search.yaml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "stgnn: the system reports: Broken pipe" in captured.err


def test_a_result_without_a_recipe_asks_for_data(folder: Path, refused: Refused) -> None:
    assert main(["search", "--config=search.yaml"]) == 0
    Path("study.journal.search.recipe.yaml").unlink()
    assert "give it with --supernet" in refused("extract", "--study=study.journal")
    again = [
        "extract",
        "--study=study.journal",
        "--supernet=supernet.ckpt",
        "--data=SyntheticDataModule",
        "--data.clips=64",
    ]
    assert main(again) == 0


def test_export_checks_on_the_clips_of_the_recipe(
    folder: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    assert main(["search", "--config=search.yaml"]) == 0
    assert main(["extract", "--study=study.journal", "--output=chosen.ckpt"]) == 0
    capsys.readouterr()
    written = result_of(["export", "--checkpoint=chosen.ckpt"], capsys)
    assert written["path"] == "chosen.onnx"
    assert written["max_abs_difference"] <= 1e-4
    assert written["agreement"] == 1.0
    assert Path("chosen.onnx").is_file()
    assert "did you mean ONNXRuntime" in refused("export", "--checkpoint=chosen.ckpt", "--runtime=ONNXRumtime")


@pytest.mark.slow
def test_benchmark_prints_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--layout=ntu25", "--frames=20", "--classes=60", "--runtime=ONNXRuntime", "--threads=1"]
    measured = result_of(["benchmark", "--network=SGN-like", *flags], capsys)
    assert measured["parameters"] > 0
    assert measured["macs"] > 0
    text = json.dumps(measured)
    assert all(name in text for name in ("median", "p10", "p90"))


def test_a_sparse_family_belongs_to_the_study_that_found_its_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    one = Timing(1.0, 0.9, 1.1, 5)
    monkeypatch.setattr(family, "time_together", lambda networks, *_: dict.fromkeys(networks, one))
    assert main(["search", "--config=search.yaml"]) == 0
    assert main(["extract", "--study=study.journal", "--output=chosen.ckpt"]) == 0
    data, space = SyntheticDataModule(clips=64), load_space("tiny")
    evaluated = {one.architecture for one in load_evaluations("study.journal", "search")}
    stranger = next(one for seed in range(9) if (one := space.sample(random.Random(seed))) not in evaluated)
    save_checkpoint("other.ckpt", Network(stranger, data.layout, data.num_classes), data.class_names)
    short = ["--data=SyntheticDataModule", "--data.clips=64", "--epochs=1", "--levels=[0.5]", "--round_to=4"]
    message = refused("sparsify", "--checkpoint=other.ckpt", *short, "--study=study.journal")
    assert "has not found this network" in message and not list(Path().glob("runs/*"))
    told = result_of(["sparsify", "--checkpoint=chosen.ckpt", *short, "--study=study.journal"], capsys)
    assert Path(told["study"]).is_file()


def test_members_of_sgn_belong_to_their_study(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data, space = SyntheticDataModule(clips=64), read_space("sgn")
    found = [SimpleNamespace(architecture=space.smallest())]
    monkeypatch.setattr("stgnn.search.study.load_evaluations", lambda *_: found)
    monkeypatch.setattr("stgnn.search.study.study_identity", lambda *_: {"layout": data.layout.digest})
    for architecture, known in ((space.smallest(), True), (space.largest(), False)):
        network = make_network(architecture, data.layout, data.num_classes)
        path = save_checkpoint(tmp_path / "n.ckpt", network, data.class_names)
        with nullcontext() if known else pytest.raises(InputError, match="has not found this network"):
            sparse._check_found(path, "s.journal", "search")
    monkeypatch.setattr("stgnn.search.study.study_identity", lambda *_: {"layout": "another"})
    with pytest.raises(InputError, match="has not found this network"):
        sparse._check_found(path, "s.journal", "search")


def test_an_exported_file_is_no_checkpoint(folder: Path, refused: Refused) -> None:
    Path("model.onnx").write_bytes(b"")
    for word in ("export", "sparsify"):
        message = refused(word, "--checkpoint=model.onnx")
        assert "an exported file" in message and "stgnn benchmark --network model.onnx" in message
