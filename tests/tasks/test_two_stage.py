"""Both stages of AdaSGN's training: what they leave, and how they go on after a stop."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import AdaSGN, Supernet, load_model, load_supernet, save_checkpoint
from stgnn.space import SGNSpace, load_space
from stgnn.tasks import AdaSGNTask, two_stage
from stgnn.tasks.cutting import cut_actions
from stgnn.tasks.fusion import read_predictions
from stgnn.tasks.two_stage import TwoStages, run

PLAN = TwoStages((1, 0), ("small",), width=4, single_epochs=1, epochs=2, frozen_epochs=1, alphas=(1.0,))


@pytest.fixture
def data() -> SyntheticDataModule:
    return SyntheticDataModule(clips=64, frames=6, batch_size=32)


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def test_everything_is_left_behind(data: SyntheticDataModule, tmp_path: Path) -> None:
    summary = run(replace(PLAN, policies=("conv", "random")), data, tmp_path)
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert [row["name"] for row in summary["singles"]] == ["small-1", "small-25"]
    assert [row["name"] for row in summary["adaptive"]] == ["conv_alpha_1", "random"]
    for row in summary["adaptive"]:
        assert sum(row["usage"].values()) == pytest.approx(1)
        network = load_model(tmp_path / row["name"] / "adasgn.ckpt").module
        assert isinstance(network, AdaSGN)
        told = read_predictions(tmp_path / row["name"] / "predictions.csv")
        assert told.accuracy("test") == pytest.approx(row["test"])
        assert told.accuracy("val") == pytest.approx(row["val"])
    dearest = read_predictions(tmp_path / "singles" / "predictions.csv")
    assert dearest.accuracy("test") == pytest.approx(summary["singles"][-1]["test"])
    assert not list(tmp_path.rglob("last.ckpt"))


def test_what_is_done_is_not_done_again_and_more_may_be_added(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(PLAN, data, tmp_path)
    fits: list[str] = []
    fit = Trainer.fit
    monkeypatch.setattr(
        Trainer, "fit", lambda self, model, **more: (fits.append(type(model).__name__), fit(self, model, **more))
    )
    assert run(PLAN, data, tmp_path) == first and not fits
    more = run(replace(PLAN, alphas=(1.0, 8.0)), data, tmp_path)
    assert fits == ["AdaSGNTask"] and len(more["adaptive"]) == 2
    with pytest.raises(InputError, match="other settings"):
        run(replace(PLAN, width=8), data, tmp_path)


def test_a_stopped_stage_goes_on_from_its_last_epoch(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    start = AdaSGNTask.on_train_epoch_start

    def stop(task: AdaSGNTask) -> None:
        started.append(task.current_epoch)
        if len(started) == 2:
            raise KeyboardInterrupt
        start(task)

    monkeypatch.setattr(AdaSGNTask, "on_train_epoch_start", stop)
    with pytest.raises(KeyboardInterrupt, match="goes on"):
        run(PLAN, data, tmp_path / "stopped")
    resumed = run(PLAN, data, tmp_path / "stopped")
    assert started == [0, 1, 1]
    monkeypatch.undo()
    whole = run(PLAN, data, tmp_path / "whole")
    assert resumed["singles"] == whole["singles"]
    assert resumed["adaptive"][0]["macs"] > 0


def test_every_stage_starts_from_the_seed_whatever_was_drawn_before(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, Any]] = []
    fit = two_stage.fitted

    def noted(task: Any, *others: Any) -> Trainer:
        begun.append({name: value.clone() for name, value in task.state_dict().items()})
        if len(begun) == 4:
            raise KeyboardInterrupt
        return fit(task, *others)

    monkeypatch.setattr(two_stage, "fitted", noted)
    plan = replace(PLAN, epochs=1)
    torch.manual_seed(1)
    run(plan, data, tmp_path / "whole")
    torch.manual_seed(2)
    with pytest.raises(KeyboardInterrupt):
        run(plan, data, tmp_path / "stopped")
    torch.manual_seed(3)
    run(plan, data, tmp_path / "stopped")
    single, adaptive, *others = begun
    assert len(others) == 3
    for first, later in ((single, others[0]), (adaptive, others[1]), (adaptive, others[2])):
        assert all(torch.equal(value, later[name]) for name, value in first.items())


def test_without_pretraining_there_are_no_singles(data: SyntheticDataModule, tmp_path: Path) -> None:
    summary = run(replace(PLAN, pretrain=False, epochs=1, scope="clip", skip=True), data, tmp_path)
    assert not summary["singles"] and set(summary["adaptive"][0]["usage"]) == {"small-1", "small-25", "skip"}
    assert not (tmp_path / "singles").exists()


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many networks each measurement has timed, which takes no time."""
    from stgnn.latency import actions

    found: list[int] = []

    def quick(models: list[Any], *others: Any) -> list[float]:
        found.append(len(models))
        return [1.0 + number for number in range(len(models))]

    monkeypatch.setattr(actions, "_timed", quick)
    return found


def stopped_at(step: str, monkeypatch: pytest.MonkeyPatch, plan: TwoStages, *given: Any) -> None:
    """Run a plan until it reaches a step."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(two_stage, step, stop)
        run(plan, *given)


def test_what_other_settings_measured_is_not_used(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timed: list[int]
) -> None:
    plan = replace(PLAN, cost="milliseconds", epochs=1)
    stopped_at("fitted", monkeypatch, plan, data, tmp_path)
    stopped_at("fitted", monkeypatch, plan, data, tmp_path)
    assert timed == [4], "equal settings go on"
    summary = run(replace(plan, joints=(1, 9, 0)), data, tmp_path)
    assert timed == [4, 6]
    assert [row["name"] for row in summary["singles"]] == ["small-1", "small-9", "small-25"]
    assert [row["milliseconds"] for row in summary["singles"]] == [4.0, 5.0, 6.0]


def test_a_measurement_that_was_stopped_while_it_was_written_is_made_again(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timed: list[int]
) -> None:
    write = two_stage.write_text

    def killed(path: Path, text: str) -> None:
        if path.name == "singles.json":
            raise KeyboardInterrupt
        write(path, text)

    plan = replace(PLAN, cost="milliseconds", epochs=1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(two_stage, "write_text", killed)
        run(plan, data, tmp_path)
    summary = run(plan, data, tmp_path)
    assert timed == [4, 4] and [row["milliseconds"] for row in summary["singles"]] == [3.0, 4.0]


def test_milliseconds_are_measured_once_and_told(data: SyntheticDataModule, tmp_path: Path, timed: list[int]) -> None:
    summary = run(replace(PLAN, cost="milliseconds", epochs=1), data, tmp_path)
    assert timed == [4], "two actions, two single models"
    assert [row["milliseconds"] for row in summary["singles"]] == [3.0, 4.0]
    row = summary["adaptive"][0]
    assert row["milliseconds"] == pytest.approx(1 + row["usage"]["small-25"])


def test_without_validation_the_last_epoch_counts(tmp_path: Path) -> None:
    data = SyntheticDataModule(clips=64, frames=6, batch_size=32, val_subjects=[])
    summary = run(PLAN, data, tmp_path)
    assert summary["adaptive"][0]["val"] is None and summary["singles"][0]["val"] is None
    assert summary["adaptive"][0]["test"] >= 0


def test_a_refused_plan_leaves_nothing_that_stands_in_the_way(data: SyntheticDataModule, tmp_path: Path) -> None:
    for wrong in ({"sizes": ("huge",)}, {"joints": (40, 1)}):
        with pytest.raises(InputError):
            run(replace(PLAN, **wrong), data, tmp_path / "new")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wrong", [{"alphas": (-1.0,)}, {"policies": ("oracle",)}, {"epochs": 0}, {"cost": "joules"}, {"seed": -1}]
)
def test_wrong_plans_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        replace(PLAN, **wrong)


@pytest.fixture
def supernet(data: SyntheticDataModule, tmp_path: Path) -> Path:
    space = SGNSpace("small", (1, 0), (2, 4), ((4, 8),), frames=6)
    torch.manual_seed(0)
    return save_checkpoint(tmp_path / "supernet.ckpt", Supernet(space, data.layout, data.num_classes), data.class_names)


def test_actions_are_cut_out_of_a_supernet(data: SyntheticDataModule, tmp_path: Path, supernet: Path) -> None:
    names = ("w2-4-1", "w4-8-1", "w4-8-25")
    plan = TwoStages(actions=names, supernet=supernet, width=4, epochs=1, frozen_epochs=0, alphas=(1.0,))
    summary = run(plan, data, tmp_path / "out")
    assert [row["name"] for row in summary["singles"]] == list(names)
    assert all(0 <= row["val"] <= 1 and 0 <= row["test"] <= 1 and row["macs"] > 0 for row in summary["singles"])
    (row,) = summary["adaptive"]
    network = load_model(tmp_path / "out" / row["name"] / "adasgn.ckpt").module
    assert isinstance(network, AdaSGN) and network.actions == names and set(row["usage"]) == set(names)
    assert run(plan, data, tmp_path / "out") == summary


def test_adasgn_starts_from_the_temporal_module_that_slices_share(
    data: SyntheticDataModule, tmp_path: Path, supernet: Path
) -> None:
    names = ("w2-4-1", "w4-8-25")
    cut_actions(supernet, names, data, tmp_path)
    task = AdaSGNTask(
        data.layout, data.class_names, (), frames=6, width=4, actions=names, singles=tmp_path, cost="macs"
    )
    shared = load_supernet(supernet).module.state_dict()
    for name, value in task.network.temporal.named_parameters():
        assert torch.equal(value, shared[f"temporal.{name}"]), name


def test_a_supernet_and_named_actions_go_together(data: SyntheticDataModule, tmp_path: Path, supernet: Path) -> None:
    with pytest.raises(InputError, match="go together"):
        TwoStages(actions=("small-1", "small-9"))
    with pytest.raises(InputError, match="go together"):
        replace(PLAN, supernet=supernet)
    plan = TwoStages(actions=("w2-4-1", "w3-4-1"), supernet=supernet, width=4, epochs=1)
    with pytest.raises(InputError, match=r"does not offer this value of embedding\.width"):
        run(plan, data, tmp_path / "out")
    other = save_checkpoint(
        tmp_path / "blocks.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names
    )
    with pytest.raises(InputError, match="is none of SGN"):
        run(replace(plan, supernet=other), data, tmp_path / "other")
