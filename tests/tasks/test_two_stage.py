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
from stgnn.latency.actions import ActionTable
from stgnn.networks import AdaSGN, Supernet, load_model, load_supernet, save_checkpoint
from stgnn.space import SGNSpace, load_space
from stgnn.tasks import AdaSGNTask, two_stage, two_stage_costs
from stgnn.tasks.fusion import read_predictions
from stgnn.tasks.running import accuracy
from stgnn.tasks.sgn_supernet import SGNSupernet
from stgnn.tasks.two_stage import run
from stgnn.tasks.two_stage_costs import CONTROLS, Times, check_cost, measure_actions
from stgnn.tasks.two_stage_plan import TwoStages

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


@pytest.mark.parametrize("policy", ["conv", "fuse"])
def test_half_precision_is_of_the_training_alone(data: SyntheticDataModule, tmp_path: Path, policy: str) -> None:
    plan = replace(PLAN, policies=(policy,))
    weights = {}
    for precision in ("32-true", "bf16-mixed"):
        folder = tmp_path / precision
        summary = run(replace(plan, precision=precision), data, folder)
        network = load_model(folder / summary["adaptive"][0]["name"] / "adasgn.ckpt").module
        weights[precision] = torch.cat([one.flatten() for one in network.state_dict().values() if one.dim() > 1])
        assert {one.dtype for one in network.parameters()} == {torch.float32}
        task = AdaSGNTask(data.layout, data.class_names, (1, 0), ("small",), data.frames, policy, width=4)
        task.network.load_state_dict(network.state_dict())
        assert accuracy(task, data, "test") == pytest.approx(summary["adaptive"][0]["test"])
    assert not torch.equal(*weights.values())
    torch.testing.assert_close(*weights.values(), rtol=0, atol=0.2)


def test_what_is_done_is_not_done_again_and_more_may_be_added(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(PLAN, data, tmp_path)
    told = capsys.readouterr().err
    assert "Train 2 single models on the same batches" in told and "conv alpha 1, 1 of 1" in told
    fits: list[str] = []
    fit = Trainer.fit
    monkeypatch.setattr(
        Trainer, "fit", lambda self, model, **more: (fits.append(type(model).__name__), fit(self, model, **more))
    )
    assert run(PLAN, data, tmp_path) == first and not fits and "Train" not in capsys.readouterr().err
    more = run(replace(PLAN, alphas=(1.0, 8.0)), data, tmp_path)
    assert fits == ["AdaSGNTask"] and len(more["adaptive"]) == 2
    assert "conv alpha 8, 2 of 2" in capsys.readouterr().err
    with pytest.raises(InputError, match="other settings"):
        run(replace(PLAN, width=8), data, tmp_path)


def test_a_policy_that_is_added_reads_every_single_model_once(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(PLAN, data, tmp_path)
    read, load = list[str](), torch.load
    monkeypatch.setattr(torch, "load", lambda path, **rest: (read.append(Path(path).name), load(path, **rest))[1])
    run(replace(PLAN, alphas=(*PLAN.alphas, 8.0)), data, tmp_path)
    singles = [name for name in read if name.startswith(("small", "big"))]
    assert singles and len(singles) == len(set(singles))


def test_a_damaged_single_model_is_named_with_the_way_out(data: SyntheticDataModule, tmp_path: Path) -> None:
    first = run(PLAN, data, tmp_path)
    (tmp_path / "singles" / "small-1.ckpt").write_bytes(b"PK cut off")
    with pytest.raises(InputError, match=r"(?s)small-1.*remove .*singles/result.json; the same command"):
        run(replace(PLAN, alphas=(8.0,)), data, tmp_path)
    (tmp_path / "singles" / "result.json").unlink()
    assert run(PLAN, data, tmp_path) == first


def test_a_stopped_stage_goes_on_where_its_folder_lies_now_and_repeats(
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
    (tmp_path / "stopped").rename(tmp_path / "elsewhere")
    resumed = run(PLAN, data, tmp_path / "elsewhere")
    assert started == [0, 1, 1]
    monkeypatch.undo()
    whole = run(PLAN, data, tmp_path / "whole")
    assert resumed["singles"] == whole["singles"]
    assert resumed["adaptive"] == whole["adaptive"], "what dropout draws is a function of seed and epoch"


def test_every_stage_starts_from_the_seed_whatever_was_drawn_before(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, Any]] = []
    fit = two_stage.fit_stage

    def noted(task: Any, *others: Any) -> Trainer:
        begun.append({name: value.clone() for name, value in task.state_dict().items()})
        if len(begun) == 4:
            raise KeyboardInterrupt
        return fit(task, *others)

    monkeypatch.setattr(two_stage, "fit_stage", noted)
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
    """How many networks each measurement has timed, which takes no time: 1 ms for the first, 2 for the second, ...;
    an LSTM takes ten times as long."""
    found: list[int] = []

    def quick(network: AdaSGN, rivals: dict[str, Any]) -> tuple[ActionTable, dict[str, float]]:
        found.append(len(network.actions) + len(rivals))
        policy, count = network.options["policy"], len(network.actions)
        slow = 10.0 if policy == "lstm" else 1.0
        added = {name: slow * number for number, name in enumerate(network.actions)}
        beside = {name: 1.0 + count + number for number, name in enumerate(rivals)}
        return ActionTable("milliseconds", added, slow, {"policy": policy}), beside

    monkeypatch.setattr(two_stage_costs, "measured_beside", quick)
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
    stopped_at("fit_stage", monkeypatch, plan, data, tmp_path)
    stopped_at("fit_stage", monkeypatch, plan, data, tmp_path)
    assert timed == [4], "equal settings go on"
    summary = run(replace(plan, joints=(1, 9, 0)), data, tmp_path)
    assert timed == [4, 6]
    assert [row["name"] for row in summary["singles"]] == ["small-1", "small-9", "small-25"]
    assert [row["milliseconds"] for row in summary["singles"]] == [4.0, 5.0, 6.0]


def test_a_measurement_that_was_stopped_while_it_was_written_is_made_again(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timed: list[int]
) -> None:
    def killed(path: Path, text: str) -> None:
        raise KeyboardInterrupt

    plan = replace(PLAN, cost="milliseconds", epochs=1)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(two_stage_costs, "write_text", killed)
        run(plan, data, tmp_path)
    summary = run(plan, data, tmp_path)
    assert timed == [4, 4] and [row["milliseconds"] for row in summary["singles"]] == [3.0, 4.0]


def test_milliseconds_are_measured_once_and_told(data: SyntheticDataModule, tmp_path: Path, timed: list[int]) -> None:
    summary = run(replace(PLAN, cost="milliseconds", epochs=1), data, tmp_path)
    assert timed == [4], "two actions, two single models"
    assert [row["milliseconds"] for row in summary["singles"]] == [3.0, 4.0]
    row = summary["adaptive"][0]
    assert row["milliseconds"] == pytest.approx(1 + row["usage"]["small-25"])


def test_a_finished_folder_is_measured_later(data: SyntheticDataModule, tmp_path: Path, timed: list[int]) -> None:
    plan = replace(PLAN, epochs=1, policies=("conv", "fuse"))
    bare = run(plan, data, tmp_path)
    rows = [*bare["singles"], *bare["adaptive"]]
    assert not timed and not any("milliseconds" in row for row in rows)
    told = run(plan, data, tmp_path, measure=True)
    assert [row["milliseconds"] for row in told["singles"]] == [3.0, 4.0]
    conv, fuse = told["adaptive"]
    assert conv["milliseconds"] == pytest.approx(1 + conv["usage"]["small-25"]) and fuse["milliseconds"] == 2.0
    assert run(plan, data, tmp_path) == told == json.loads((tmp_path / "summary.json").read_text())
    assert "milliseconds" not in (tmp_path / "conv_alpha_1" / "result.json").read_text()


def test_every_policy_that_chooses_is_measured(data: SyntheticDataModule, tmp_path: Path, timed: list[int]) -> None:
    plan = replace(PLAN, cost="milliseconds", epochs=1, policies=("lstm",), pretrain=False)
    (lstm,) = run(plan, data, tmp_path)["adaptive"]
    assert timed == [4] and not (tmp_path / "actions.json").exists()
    assert lstm["milliseconds"] == pytest.approx(10 + 10 * lstm["usage"]["small-25"])
    summary = run(replace(plan, policies=("lstm", "random")), data, tmp_path)
    assert timed == [4, 2], "the single models are known, a control takes the times of conv"
    random = summary["adaptive"][1]
    assert summary["adaptive"][0] == lstm
    assert random["milliseconds"] == pytest.approx(1 + random["usage"]["small-25"])


def test_a_policy_is_trained_against_its_own_milliseconds(
    data: SyntheticDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timed: list[int]
) -> None:
    told: list[dict[str, ActionTable]] = []

    def noted(task: AdaSGNTask, *_: Any) -> None:
        task.setup("fit")
        told.append(task.tables)
        raise KeyboardInterrupt

    monkeypatch.setattr(two_stage, "fit_stage", noted)
    plan = replace(PLAN, cost="milliseconds", pretrain=False)
    for policy in ("lstm", "conv"):
        with pytest.raises(KeyboardInterrupt):
            run(replace(plan, policies=(policy,)), data, tmp_path)
    assert [tables["milliseconds"].fixed for tables in told] == [10.0, 1.0]


def test_milliseconds_of_rows_of_before() -> None:
    rows = [
        {"policy": policy, "usage": {"small-1": 0.5, "big-1": 0.5}, "milliseconds": 7.0}
        for policy in ("conv", "random", "lstm")
    ]
    told = [Times({}, {}).beside(row) for row in rows]
    assert told[:2] == rows[:2] and "milliseconds" not in told[2], "that of the LSTM was measured with the policy conv"
    tables = {
        policy: ActionTable("milliseconds", {"small-1": 0.0, "big-1": 4.0}, fixed)
        for policy, fixed in (("conv", 1.0), ("lstm", 10.0))
    }
    assert [Times({}, tables).beside(row)["milliseconds"] for row in rows] == [3.0, 3.0, 12.0]


def test_times_of_another_policy_are_refused_before_training(
    data: SyntheticDataModule, tmp_path: Path, timed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(PLAN, policies=("lstm",))
    measure_actions(plan.network(data, "lstm"), tmp_path)
    (tmp_path / "actions_lstm.json").rename(tmp_path / "actions_attention.json")
    monkeypatch.setattr(two_stage, "fit_stage", lambda *_: pytest.fail("nothing may be trained"))
    with pytest.raises(InputError, match="of another policy"):
        run(replace(PLAN, policies=("attention",), cost="milliseconds"), data, tmp_path)


@pytest.mark.parametrize("text", ["[]", '{"small-25": "fast"}', '{"small-25": 0.1'])
def test_damaged_times_of_single_models_are_named_and_measured_again(
    data: SyntheticDataModule, tmp_path: Path, timed: list[int], text: str
) -> None:
    plan = replace(PLAN, epochs=1, pretrain=False)
    run(plan, data, tmp_path, measure=True)
    path = tmp_path / "singles.json"
    before, _ = path.read_text(), path.write_text(text)
    with pytest.raises(InputError, match=r"not (a file of )?measured single models") as refusal:
        run(plan, data, tmp_path, measure=True)
    assert "singles.json" in str(refusal.value) and "again" in str(refusal.value)
    path.unlink()
    run(plan, data, tmp_path, measure=True)
    assert path.read_text() == before and timed == [4, 4]


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


@pytest.mark.parametrize("policy", ["lstm", "attention"])
def test_a_policy_that_cannot_be_counted_is_refused_before_anything_is_written(
    data: SyntheticDataModule, tmp_path: Path, policy: str
) -> None:
    with pytest.raises(InputError, match=rf"given:\s+{policy}(.*\n)*.*take cost macs or milliseconds"):
        run(replace(PLAN, policies=("conv", policy)), data, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_controls_go_with_any_cost(data: SyntheticDataModule) -> None:
    for policy in CONTROLS:
        for cost in ("gflops", "macs", "milliseconds"):
            check_cost(PLAN.network(data, policy), cost)
    check_cost(PLAN.network(data, "lstm"), "macs")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"alphas": ()}, {"policies": ()}, {"alphas": (4.0, 4.0000001)}, {"alphas": (-1.0,)}),
        *({"policies": ("oracle",)}, {"epochs": 0}, {"cost": "joules"}, {"seed": -1}),
    ],
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
    SGNSupernet.load(supernet).cut(names, data, tmp_path)
    task = AdaSGNTask(
        data.layout, data.class_names, (), frames=6, width=4, actions=names, singles=tmp_path, cost="macs"
    )
    shared = load_supernet(supernet).module.state_dict()
    for name, value in task.network.temporal.named_parameters():
        assert torch.equal(value, shared[f"temporal.{name}"]), name


@pytest.mark.parametrize(
    ("names", "change", "message"),
    [
        (("w2-4-1", "w3-4-1"), {}, r"does not offer this value of embedding\.width"),
        (("w2-4-1", "w4-8-0"), {}, "names no action"),
        (("w2-4-1", "w4-08-25"), {}, "no action of this name"),
        (("w2-4-1", "w4-8-25"), {"width": 8}, "made for another width"),
        (("w2-4-1", "w4-8-25"), {"stream": "bone"}, "made for another stream"),
    ],
)
def test_refused_actions_leave_nothing_that_stands_in_the_way(
    data: SyntheticDataModule,
    tmp_path: Path,
    supernet: Path,
    timed: list[int],
    names: tuple[str, ...],
    change: dict[str, Any],
    message: str,
) -> None:
    plan = TwoStages(actions=names, supernet=supernet, **{"width": 4, "cost": "milliseconds", **change})
    with pytest.raises(InputError, match=message):
        run(plan, data, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not timed


def test_a_supernet_of_other_frames_or_classes_is_refused_at_once(
    data: SyntheticDataModule, tmp_path: Path, supernet: Path
) -> None:
    plan = TwoStages(actions=("w2-4-1", "w4-8-25"), supernet=supernet, width=4, epochs=1, frozen_epochs=0)
    with pytest.raises(InputError, match=r"made for another data\.init_args\.frames") as caught:
        run(plan, SyntheticDataModule(clips=64, frames=8, batch_size=32), tmp_path / "out")
    assert "set data.init_args.frames to 6" in str(caught.value)
    other = save_checkpoint(tmp_path / "other.ckpt", load_supernet(supernet).module, data.class_names[::-1])
    with pytest.raises(InputError, match="other classes than the checkpoint"):
        run(replace(plan, supernet=other), data, tmp_path / "out")
    with pytest.raises(InputError, match="there is no such checkpoint"):
        run(replace(plan, supernet=tmp_path / "none.ckpt"), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert len(run(plan, data, tmp_path / "out")["singles"]) == 2, "the corrected plan goes"


def test_nothing_is_cut_when_one_action_is_wrong(data: SyntheticDataModule, tmp_path: Path, supernet: Path) -> None:
    with pytest.raises(InputError, match="does not offer"):
        SGNSupernet.load(supernet).cut(("w2-4-1", "w3-4-1"), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_slices_are_timed_as_they_are_cut(
    data: SyntheticDataModule, tmp_path: Path, supernet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed: dict[str, Any] = {}

    def beside(network: AdaSGN, singles: dict[str, Any]) -> None:
        timed.update(singles)
        raise KeyboardInterrupt

    monkeypatch.setattr(two_stage_costs, "measured_beside", beside)
    names = ("w2-4-1", "w4-8-25")
    plan = TwoStages(actions=names, supernet=supernet, width=4)
    with pytest.raises(KeyboardInterrupt):
        run(plan, data, tmp_path / "out", measure=True)
    cut = SGNSupernet.load(supernet).cut(names, data, tmp_path / "cut")
    for name in names:
        single = load_model(cut[name]).module.state_dict()
        assert {key: value.shape for key, value in timed[name].state_dict().items()} == {
            key: value.shape for key, value in single.items()
        }


def test_a_folder_says_how_to_keep_its_actions_when_a_study_has_grown(
    data: SyntheticDataModule, tmp_path: Path, supernet: Path
) -> None:
    plan = TwoStages(actions=("w2-4-1", "w4-8-25"), supernet=supernet, width=4, epochs=1, frozen_epochs=0)
    run(plan, data, tmp_path)
    with pytest.raises(InputError, match="other settings: actions") as caught:
        run(replace(plan, actions=("w2-4-1", "w4-8-1")), data, tmp_path)
    assert "choose another --output" in str(caught.value)
    assert "--study null --actions [w2-4-1,w4-8-25]" in str(caught.value)
    with pytest.raises(InputError, match="other settings: actions, epochs") as caught:
        run(replace(plan, actions=("w2-4-1", "w4-8-1"), epochs=2), data, tmp_path)
    assert "--actions" not in str(caught.value)


@pytest.mark.parametrize("unused", [{"joints": (1, 0)}, {"sizes": ("small",)}, {"pretrain": False}])
def test_what_a_supernet_makes_meaningless_is_refused(supernet: Path, unused: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="means nothing beside a supernet"):
        TwoStages(**{"actions": ("w2-4-1", "w4-8-1"), "supernet": supernet, **unused})


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
