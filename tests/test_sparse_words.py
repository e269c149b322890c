"""The words lottery and sparsify: what they leave, that they go on, and what they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.cli import main
from stgnn.commands import lottery, sparse, sparsify
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.display import shown
from stgnn.errors import InputError
from stgnn.latency.cost import count_as_is
from stgnn.networks import Network, load_network, save_checkpoint
from stgnn.results import families_beside, keep_family
from stgnn.runtimes.timing import Timing
from stgnn.space import load_space
from stgnn.tasks import family
from stgnn.tasks.lottery_plan import METHODS

DATA: dict[str, Any] = {
    "class_path": "SyntheticDataModule",
    "init_args": {"clips": 96, "frames": 8, "batch_size": 24},
}
SMALLEST = load_space("tiny").smallest().to_dict()
SHORT: dict[str, Any] = {"epochs": 2, "rewind_epoch": 1, "rate": 0.6, "final": 0.9, "every": 2, "seeds": [0, 1]}


@pytest.fixture(autouse=True)
def _untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing has tests of its own."""
    monkeypatch.setattr(
        family, "time_together", lambda networks, *_: {name: Timing(1.0, 0.9, 1.1, 5) for name in networks}
    )


@pytest.fixture
def network(tmp_path: Path) -> Path:
    data = SyntheticDataModule(clips=96, frames=8)
    return save_checkpoint(
        tmp_path / "n.ckpt", Network(load_space("tiny").largest(), data.layout, data.num_classes), data.class_names
    )


def test_a_lottery_compares_every_method_and_goes_on(tmp_path: Path) -> None:
    result = lottery(SMALLEST, DATA, tmp_path / "out", **SHORT)
    rows = {(row["method"], round(row["sparsity"], 2)): row for row in result["rows"]}
    assert {method for method, _ in rows} == {"dense", *METHODS}
    assert all(row["seeds"] == 2 for row in rows.values())
    assert {level for method, level in rows if method == "iterative"} == {0.6, 0.84, 0.9}
    for (method, level), row in rows.items():
        assert row["remaining"] == pytest.approx(1 - level, abs=5e-3), method
    assert "<svg" in Path(result["html"]).read_text() and Path(result["svg"]).is_file()
    assert len(Path(result["csv"]).read_text().splitlines()) == len(rows) + 1

    kept = tmp_path / "out" / "seed_1" / "iterative" / "round_01.json"
    again = tmp_path / "out" / "seed_0" / "iterative" / "round_02.json"
    before, stamp = again.read_text(), kept.stat().st_mtime_ns
    again.unlink()
    assert lottery(SMALLEST, DATA, tmp_path / "out", **SHORT)["rows"] == result["rows"]
    assert again.read_text() == before and kept.stat().st_mtime_ns == stamp


def test_a_lottery_tells_its_test_accuracy_where_it_is_asked_for(tmp_path: Path) -> None:
    few: dict[str, Any] = {**SHORT, "methods": ["one_shot"], "epochs": 1, "rate": 1.0, "test": True}
    result = lottery(SMALLEST, DATA, tmp_path / "out", **few)
    kept = [json.loads((tmp_path / "out" / f"seed_{seed}" / "dense.json").read_text())["test_top1"] for seed in (0, 1)]
    dense = result["rows"][0]
    assert dense["test_mean"] == pytest.approx(sum(kept) / 2) and dense["test_std"] >= 0
    assert Path(result["csv"]).read_text().splitlines()[0].endswith(",test_mean,test_std")
    assert ">Test</th>" in Path(result["html"]).read_text() and " Test |" in shown("lottery", result)


def test_a_lottery_of_other_settings_needs_another_folder(tmp_path: Path) -> None:
    few: dict[str, Any] = {**SHORT, "methods": ["one_shot"], "seeds": [0], "rate": 1.0}
    lottery(SMALLEST, DATA, tmp_path / "out", **few)
    with pytest.raises(InputError, match="other settings"):
        lottery(SMALLEST, DATA, tmp_path / "out", **{**few, "epochs": 3})
    with pytest.raises(InputError, match="no such method"):
        lottery(SMALLEST, DATA, tmp_path / "other", methods=["guess"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="nothing to train"):
        lottery(SMALLEST, DATA, tmp_path / "other", seeds=[])
    for wrong, message in (({"seeds": [0, 0]}, "twice"), ({"seeds": [-1]}, "out of range"), ({"epochs": 1}, "rewind")):
        with pytest.raises(InputError, match=message):
            lottery(SMALLEST, DATA, tmp_path / "other", **{**SHORT, **wrong})
    nobody = {**DATA, "init_args": {**DATA["init_args"], "val_subjects": []}}
    with pytest.raises(InputError, match="held-out"):
        lottery(SMALLEST, nobody, tmp_path / "other")


def test_a_family_can_learn_from_the_network_it_comes_from(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = []
    train = family.train_quietly
    monkeypatch.setattr(family, "train_quietly", lambda task, *more: (taught.append(task.teacher), train(task, *more)))
    for share in (0.0, 0.4):
        sparsify(network, tmp_path / f"{share}", DATA, levels=[0.5], round_to=4, epochs=1, distillation=share)
    nobody, teacher = taught
    assert nobody is None and teacher is not None and teacher.share == 0.4
    weights = load_network(network).module.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in teacher.network.state_dict().items())
    with pytest.raises(InputError, match="distillation is out of range"):
        sparsify(network, tmp_path / "wrong", DATA, distillation=1.5)


def test_a_family_is_smaller_level_by_level_and_goes_on(tmp_path: Path, network: Path) -> None:
    given: dict[str, Any] = {"levels": [0.5, 0.8], "round_to": 4, "epochs": 1}
    result = sparsify(network, tmp_path / "out", DATA, **given)
    sizes = [row["parameters"] for row in result["rows"]]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
    for row in result["rows"]:
        loaded = load_network(row["checkpoint"]).module
        assert count_as_is(loaded).macs == row["macs"] and row["latency_ms"]["median_ms"] > 0
        assert Path(f"{row['checkpoint']}.recipe.yaml").is_file(), "export finds its data"
    stamp = (tmp_path / "out" / "sparse_0.5.ckpt").stat().st_mtime_ns
    more = sparsify(network, tmp_path / "out", DATA, **{**given, "levels": [0.5]})
    assert (tmp_path / "out" / "sparse_0.5.ckpt").stat().st_mtime_ns == stamp and len(more["rows"]) == 2
    with pytest.raises(InputError, match="other settings"):
        sparsify(network, tmp_path / "out", DATA, **{**given, "epochs": 2})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"runtime": "ONNXRumtime"}, "no runtime called"),
        ({"threads": 0}, "threads is out of range"),
        ({"study": "sqlite:///s.db", "name": "search"}, "in a database"),
        ({"study": "s.journal", "name": "search"}, "not a file of sparse families"),
    ],
)
def test_what_comes_last_is_checked_first(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sparse, "study_name", lambda study, name: name)
    monkeypatch.setattr(sparse, "_check_found", lambda *_: None)
    Path("s.journal.search.sparse.json").write_text("{}")
    with pytest.raises(InputError, match=message):
        sparsify(network, tmp_path / "out", DATA, levels=[0.5], round_to=4, epochs=1, **given)
    assert not (tmp_path / "out").exists()


def test_a_step_that_keeps_everything_is_refused_before_training(tmp_path: Path, network: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)nothing would be removed at level 0.5.*round_to 64.*smaller --round_to"):
        sparsify(network, tmp_path / "out", DATA, levels=[0.5], round_to=64, epochs=1)


def test_a_damaged_level_is_named_with_the_way_out(tmp_path: Path, network: Path) -> None:
    given: dict[str, Any] = {"levels": [0.5], "round_to": 4, "epochs": 1}
    rows = sparsify(network, tmp_path / "out", DATA, **given)["rows"]
    (tmp_path / "out" / "sparse_0.5.ckpt").write_bytes(b"PK cut off")
    with pytest.raises(InputError, match=r"(?s)sparse_0.5.ckpt.*remove .*sparse_0.5.json; the same command"):
        sparsify(network, tmp_path / "out", DATA, **given)
    (tmp_path / "out" / "sparse_0.5.json").unlink()
    again = sparsify(network, tmp_path / "out", DATA, **given)["rows"]
    assert [one["val_top1"] for one in again] == [one["val_top1"] for one in rows]


def test_single_weights_make_a_smaller_file_and_the_command_says_no_more(tmp_path: Path, network: Path) -> None:
    result = sparsify(network, tmp_path / "out", DATA, levels=[0.95], granularity="unstructured", epochs=1)
    assert "no speed-up" in result["note"]
    whole, sparse = result["rows"]
    assert sparse["parameters"] == whole["parameters"] and sparse["not_zero"] == pytest.approx(0.05, abs=1e-3)
    assert sparse["bytes"] < 0.6 * whole["bytes"]
    packed = load_network(tmp_path / "out" / "sparse_0.95.compressed.ckpt").module
    plain = load_network(tmp_path / "out" / "sparse_0.95.ckpt").module
    assert all(torch.equal(a, b) for a, b in zip(packed.parameters(), plain.parameters(), strict=True))


def test_families_are_kept_beside_a_study(tmp_path: Path) -> None:
    study = str(tmp_path / "study.journal")
    assert families_beside(study, "search") == []
    rows = [{"sparsity": 0.5, "val_top1": 0.9, "latency_ms": {"quiet_ms": 1.0}, "macs": 1, "parameters": 1}]
    keep_family(study, "search", "a.ckpt", "channel", rows)
    keep_family(study, "search", "b.ckpt", "channel", rows)
    path = keep_family(study, "search", "a.ckpt", "branch", rows)
    assert [(one["checkpoint"], one["granularity"]) for one in families_beside(study, "search")] == [
        ("b.ckpt", "channel"),
        ("a.ckpt", "branch"),
    ]
    for text in ("{}", '["a.ckpt"]', '[{"checkpoint": "a", "granularity": "channel", "rows": [{"sparsity": 0.5}]}]'):
        path.write_text(text)
        with pytest.raises(InputError, match="not a file of sparse families"):
            families_beside(study, "search")
    with pytest.raises(InputError, match="database"):
        keep_family("sqlite:///s.db", "search", "a.ckpt", "channel", rows)


def test_the_words_on_the_command_line(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.yaml").write_text(json.dumps(DATA))
    flags = ["--data", "data.yaml", "--epochs", "1"]
    assert main(["sparsify", "--checkpoint", str(network), *flags, "--levels", "[0.5]", "--round_to", "4"]) == 0
    assert "Times faster" in capsys.readouterr().out
    Path("a.json").write_text(json.dumps(SMALLEST))
    few = ["--seeds", "[0]", "--methods", "[one_shot]", "--rate", "1.0", "--epochs", "2", "--rewind_epoch", "1"]
    assert main(["lottery", "--architecture", "a.json", "--data", "data.yaml", *few]) == 0
    assert "| Method " in capsys.readouterr().out
    assert Path("runs/lottery/lottery.html").is_file()


@pytest.mark.parametrize("content", ['{"method"', "{}", "[1]", "5"])
def test_a_damaged_result_is_named_with_the_way_out(tmp_path: Path, content: str) -> None:
    few: dict[str, Any] = {**SHORT, "methods": ["one_shot"], "seeds": [0], "rate": 1.0, "epochs": 1}
    rows = lottery(SMALLEST, DATA, tmp_path / "out", **few)["rows"]
    damaged = tmp_path / "out" / "seed_0" / "dense.json"
    damaged.write_text(content)
    with pytest.raises(InputError, match=r"(?s)not a result of this command.*remove .*dense.json; the same command"):
        lottery(SMALLEST, DATA, tmp_path / "out", **few)
    damaged.unlink()
    assert lottery(SMALLEST, DATA, tmp_path / "out", **few)["rows"] == rows
