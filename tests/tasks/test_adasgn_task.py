"""AdaSGN under training: singles, freezing, schedules, the efficiency loss, and what is told of its actions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import LambdaCallback

from stgnn.data.batches import Batch
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.latency.adaptive import action_costs
from stgnn.networks import SGN, AdaSGN, load_model, save_checkpoint
from stgnn.networks.sgn.choice import relative_costs
from stgnn.tasks import AdaSGNTask
from stgnn.tasks.cutting import ORIGIN
from stgnn.tasks.schedule import drop_steps, schedule
from stgnn.tasks.usage import Usage

Run = Callable[..., Trainer]
SMALL: dict[str, Any] = {"joints": (1, 0), "frames": 8, "width": 4}


def make(data: SyntheticDataModule, **options: Any) -> AdaSGNTask:
    return AdaSGNTask(data.layout.to_dict(), data.class_names, **{**SMALL, **options})


@pytest.fixture
def singles(data: SyntheticDataModule, tmp_path: Path) -> Path:
    for joints in (1, 25):
        for size in ("small", "big"):
            network = SGN(data.layout, data.num_classes, 8, joints, size, width=4)
            for value in network.buffers():
                if value.is_floating_point():
                    value.add_(0.25)  # statistics that a fresh network has not
            network.branch.get_parameter(f"coarsening_{joints}").data.mul_(1.1)
            save_checkpoint(tmp_path / "singles" / f"{size}-{joints}.ckpt", network, data.class_names)
    return tmp_path / "singles"


def test_branches_start_from_the_singles_and_the_rest_does_not(data: SyntheticDataModule, singles: Path) -> None:
    task = make(data, singles=singles)
    for action, branch in task.network.branches.items():
        single = load_model(singles / f"{action}.ckpt").module
        assert isinstance(single, SGN)
        for name, value in single.branch.state_dict().items():
            assert torch.equal(value, branch.state_dict()[name]), (action, name)
        assert not torch.equal(single.temporal.wide.weight, task.network.temporal.wide.weight)


def test_trained_singles_leave_the_temporal_module_alone(data: SyntheticDataModule, singles: Path) -> None:
    for options in ({}, {"joints": (0,), "sizes": ("big",), "skip": True}):
        found = []
        for given in (None, singles):
            torch.manual_seed(3)
            found.append(make(data, singles=given, **options).network)
        fresh, started = found
        assert all(torch.equal(value, started.temporal.state_dict()[name]) for name, value in _temporal(fresh))
        dearest = load_model(singles / "big-25.ckpt").module
        assert not all(torch.equal(value, dict(_temporal(started))[name]) for name, value in _temporal(dearest))


def _temporal(network: Any) -> list[tuple[str, torch.Tensor]]:
    return list(network.temporal.state_dict().items())


def test_singles_of_several_supernets_share_no_temporal_module(data: SyntheticDataModule, tmp_path: Path) -> None:
    options: dict[str, Any] = {"joints": (), "actions": ("w2-4-1", "w4-8-1"), "singles": tmp_path}
    for origins, shared in ((("a", "a"), True), (("a", "b"), False), (("a", None), False)):
        for name, origin in zip(options["actions"], origins, strict=True):
            network = SGN(data.layout, data.num_classes, 8, 1, name.removesuffix("-1"), width=4)
            extra = {} if origin is None else {ORIGIN: origin}
            save_checkpoint(tmp_path / f"{name}.ckpt", network, data.class_names, extra)
        temporal = make(data, **options).network.temporal
        assert torch.equal(temporal.head.weight, network.temporal.head.weight) == shared


def test_a_single_without_a_matrix_serves_as_the_whole_body(data: SyntheticDataModule, singles: Path) -> None:
    (singles / "big-25.ckpt").unlink()
    save_checkpoint(singles / "big.ckpt", SGN(data.layout, data.num_classes, 8, width=4), data.class_names)
    branch = make(data, singles=singles).network.branches["big-25"]
    assert torch.equal(branch.get_parameter("coarsening_25"), torch.eye(25))


def test_singles_of_something_else_are_refused(data: SyntheticDataModule, singles: Path) -> None:
    with pytest.raises(InputError, match="does not fit its branch"):
        make(data, singles=singles, stream="bone")
    with pytest.raises(InputError, match="no such checkpoint"):
        make(data, singles=singles / "nowhere")
    with pytest.raises(InputError, match="not a single model of these data"):
        AdaSGNTask("ntu25", ["other", *data.class_names[1:]], **SMALL, singles=singles)


@pytest.mark.parametrize(
    ("options", "matrices", "modules", "norms"),
    [
        ({}, True, True, True),
        ({"frozen": "matrices"}, True, False, False),
        ({"frozen": "nothing"}, False, False, False),
        ({"authors": ["moving_norms"]}, True, True, False),
    ],
)
def test_what_stays_as_it_is_in_the_first_epochs(
    data: SyntheticDataModule,
    trainer: Run,
    singles: Path,
    options: dict[str, Any],
    matrices: bool,
    modules: bool,
    norms: bool,
) -> None:
    task = make(data, singles=singles, frozen_epochs=1, **options)
    branch = task.network.branches["big-25"]
    names = tuple(name for name in branch.state_dict() if name.endswith(("coarsening_25", "theta.weight")))
    norm = next(name for name in branch.state_dict() if name.endswith("running_mean"))
    start = {name: value.clone() for name, value in branch.state_dict().items()}
    seen: list[dict[str, torch.Tensor]] = []
    task.on_train_epoch_end = lambda: seen.append({k: v.clone() for k, v in branch.state_dict().items()})  # type: ignore[method-assign]
    trainer(max_epochs=2, limit_train_batches=2).fit(task, datamodule=data)
    still = [torch.equal(seen[0][name], start[name]) for name in (*names, norm)]
    assert still == [matrices, modules, norms]
    assert not any(torch.equal(seen[1][name], seen[0][name]) for name in (*names, norm)), "everything is let go"


def test_pressure_makes_the_policy_cheaper(data: SyntheticDataModule, trainer: Run) -> None:
    spent = {}
    for alpha in (0.0, 3000.0):
        torch.manual_seed(0)
        task = make(data, alpha=alpha, alpha_warmup=0, frozen="nothing", learning_rate=0.02)
        run = trainer(max_epochs=3)
        run.fit(task, datamodule=data)
        spent[alpha] = run.callback_metrics["train_efficiency"].item()
    assert spent[3000.0] < 0.5 * spent[0.0]


def test_usage_and_costs_are_those_of_the_actions_taken(data: SyntheticDataModule, trainer: Run) -> None:
    task, run = make(data), trainer(max_epochs=1)
    run.fit(task, datamodule=data)
    told = {name: value.item() for name, value in run.callback_metrics.items()}
    usage = [told[f"val_usage_{name.replace('-', '_')}"] for name in task.network.actions]
    assert sum(usage) == pytest.approx(1)
    costs = action_costs(task.network, "adasgn")
    assert told["val_gflops"] == pytest.approx((costs.total(usage) - costs.head) / 1e9, rel=1e-5)
    assert told["val_macs"] == pytest.approx(action_costs(task.network).total(usage) - action_costs(task.network).head)
    assert told["val_choice"] < 0, "nothing is chosen while something is frozen"


@pytest.mark.parametrize("cost", ["gflops", "macs"])
def test_the_policy_is_pressed_by_the_cost_that_was_named(data: SyntheticDataModule, cost: str) -> None:
    task = make(data, cost=cost)
    task.setup("fit")
    counted = action_costs(task.network, "adasgn" if cost == "gflops" else "macs").actions
    torch.testing.assert_close(task.costs, relative_costs([*counted.values()]))
    assert next(iter(task.tables)) == cost


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"frozen_epochs": 1, "alpha_warmup": 0}, [False, True, True]),
        ({"frozen": "nothing", "alpha_warmup": 2}, [False, False, True]),
        ({"frozen": "nothing", "alpha_warmup": 2, "policy": "fuse"}, [True, True, True]),
        ({"frozen_epochs": 1, "alpha_warmup": 2}, [False, False, True]),
    ],
)
def test_only_epochs_in_which_everything_counts_can_be_chosen(
    data: SyntheticDataModule, trainer: Run, options: dict[str, Any], chosen: list[bool]
) -> None:
    found: list[dict[str, float]] = []
    told = LambdaCallback(
        on_validation_end=lambda run, _: found.append({k: float(v) for k, v in run.callback_metrics.items()})
    )
    short = {"limit_train_batches": 1, "limit_val_batches": 1, "num_sanity_val_steps": 0}
    task = make(data, favour_dearest=True, **options)
    trainer(max_epochs=3, callbacks=[told], **short).fit(task, datamodule=data)
    for epoch, ready in zip(found, chosen, strict=True):
        spent = sum(
            epoch[f"val_usage_{name.replace('-', '_')}"] * cost
            for name, cost in zip(task.network.actions, task.costs, strict=True)
        )
        score = epoch["val_top1"] if ready else epoch["val_top1"] - 2
        assert epoch["val_choice"] == pytest.approx(score - 1e-5 * float(spent), abs=1e-6)
        assert spent > 0.5, "so that it shows"


def test_every_step_draws_actions_of_its_own(
    data: SyntheticDataModule, trainer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense, drawn = AdaSGN.dense, list[torch.Tensor]()

    def watched(network: AdaSGN, x: torch.Tensor, heat: float, noise: torch.Tensor) -> Any:
        drawn.append(noise[0])
        return dense(network, x, heat, noise)

    monkeypatch.setattr(AdaSGN, "dense", watched)
    for seed in (0, 0, 1):
        trainer(max_epochs=2, limit_train_batches=2, limit_val_batches=0).fit(make(data, seed=seed), datamodule=data)
    first, again, other = drawn[:4], drawn[4:8], drawn[8:]
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    different = [*first, *other]
    assert not any(torch.equal(a, b) for place, a in enumerate(different) for b in different[:place])


def test_usage_is_counted_anew_each_time(data: SyntheticDataModule, trainer: Run) -> None:
    task, frames = make(data), 0
    for batch in data.test_dataloader():
        frames += len(batch.bodies) * task.network.frames
    run = trainer(max_epochs=2, limit_train_batches=1)
    run.fit(task, datamodule=data)
    assert not task.val_usage.frames.any()
    for _ in range(2):
        run.test(task, datamodule=data, verbose=False)
        assert task.test_usage.frames.sum() == frames


def last_clip(batch: Batch) -> dict[str, torch.Tensor]:
    bodies = batch.bodies[batch.clip == batch.clip[-1]]
    clip = torch.zeros(len(bodies), dtype=torch.int64)
    return {"bodies": bodies, "clip": clip, "label": batch.label[-1:], "index": batch.index[-1:]}


def test_evaluation_repeats_and_draws_only_by_the_switch(data: SyntheticDataModule) -> None:
    batch = next(iter(data.test_dataloader()))
    for options, same in (({}, True), ({"authors": ["drawn_at_evaluation"]}, False), ({"policy": "random"}, False)):
        task = make(data, **options).eval()
        with torch.no_grad():
            first, again = task.decide(batch), task.decide(batch)
            alone = task.decide(batch._replace(**last_clip(batch)))
        assert torch.equal(first.actions, again.actions), "draws are a function of the seed and the clip"
        assert torch.equal(first.actions[-len(alone.actions) :], alone.actions), "whatever batch it is in"
        assert torch.equal(first.actions.argmax(-1), first.scores.argmax(-1)) == same


def test_schedules_over_the_authors_epochs(data: SyntheticDataModule, trainer: Run) -> None:
    task = make(data)
    task.trainer = trainer(max_epochs=120)
    found = [round(task.temperature(epoch - 1), 3) for epoch in (1, 10, 30, 60)]
    assert found == [4.78, 3.188, 1.296, 0.336]
    assert [task.pressure(epoch) for epoch in (0, 1, 5, 60)] == [0.0, 0.8, 4.0, 4.0]
    assert make(data, policy="random").pressure(60) == 0
    drops = drop_steps((60, 90, 110), 1200, 120)
    assert drops == drop_steps((0.5, 0.75, 11 / 12), 1200, None) == (600, 900, 1100)
    rates = [schedule(step, 1200, 0.0, drops) for step in (0, 599, 600, 900, 1199)]
    assert rates == pytest.approx([1, 1, 0.1, 0.01, 0.001])
    with pytest.raises(InputError, match="counts epochs"):
        drop_steps((60,), 1200, -1)


@pytest.mark.parametrize("policy", ["lstm", "random", "fuse"])
def test_other_policies_train(data: SyntheticDataModule, trainer: Run, policy: str) -> None:
    run = trainer(max_epochs=1, limit_train_batches=1, limit_val_batches=1)
    run.fit(make(data, policy=policy, cost="macs", scope="clip", skip=policy == "lstm"), datamodule=data)
    assert torch.isfinite(run.callback_metrics["train_loss"])


def test_a_test_leaves_usage_by_class(data: SyntheticDataModule, trainer: Run, tmp_path: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    run = trainer(logger=CSVLogger(tmp_path, name="test", version=0))
    run.test(make(data), datamodule=data, verbose=False)
    lines = (tmp_path / "test" / "version_0" / "usage.csv").read_text().splitlines()
    assert lines[0] == "class,small-1,big-1,small-25,big-25" and len(lines) == data.num_classes + 1
    assert run.callback_metrics["test_bodies_per_clip"] >= 1


def test_a_test_decides_once_about_every_batch(
    data: SyntheticDataModule, trainer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide, seen = AdaSGNTask.decide, list[torch.Tensor]()

    def watched(task: AdaSGNTask, batch: Any) -> Any:
        seen.append(batch.index)
        return decide(task, batch)

    monkeypatch.setattr(AdaSGNTask, "decide", watched)
    task = make(data)
    trainer().test(task, datamodule=data, verbose=False)
    assert len(seen) == len(data.test_dataloader())
    with torch.no_grad():
        scored = [task.score(batch).argmax(1) == batch.label for batch in data.test_dataloader()]
    assert task.trainer.callback_metrics["test_top1"] == pytest.approx(float(torch.cat(scored).float().mean()))


def test_usage_counts_frames_by_class() -> None:
    usage = Usage(2, 2)
    actions = torch.tensor([[[1.0, 0], [1, 0]], [[0, 1], [1, 0]], [[0, 1], [0, 1]]])  # (B, T, A)
    usage.update(actions, torch.tensor([0, 0, 1]), torch.tensor([1, 0]))
    assert usage.by_class() == [[0.0, 1.0], [0.75, 0.25]]
    assert usage.compute().tolist() == [0.5, 0.5] and usage.bodies_per_clip == 1.5


@pytest.mark.parametrize(
    "wrong", [{"alpha": -1}, {"policy": "oracle"}, {"joints": (1,), "sizes": ("big",)}, {"scope": "body"}]
)
def test_wrong_arguments_are_refused(data: SyntheticDataModule, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make(data, **wrong)


def test_a_cost_that_is_not_there_is_refused(data: SyntheticDataModule) -> None:
    with pytest.raises(InputError, match="no such cost"):
        make(data, cost="joules").setup("fit")
