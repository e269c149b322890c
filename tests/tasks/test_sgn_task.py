"""Single SGN models, one or several in one run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import SGN, load_model
from stgnn.tasks import SGNTask

Run = Callable[..., Trainer]


def make(data: SyntheticDataModule, **options: Any) -> SGNTask:
    small = {"joints": (1, 25), "sizes": ("small", "big"), "frames": 8, "width": 4}
    return SGNTask(data.layout.to_dict(), data.class_names, **{**small, **options})


def test_models_are_named_like_actions_and_ordered_by_cost(data: SyntheticDataModule) -> None:
    assert make(data).names == ("small-1", "big-1", "small-25", "big-25")
    assert make(data, joints=(0,), sizes=("big",)).names == ("big",)
    assert make(data, joints=(25, 0, 9), sizes=("big",)).names == ("big-9", "big", "big-25")


def test_models_that_share_a_run_train_as_they_would_alone(data: SyntheticDataModule, trainer: Run) -> None:
    both, alone = make(data, joints=(1,), dropout=0.0), make(data, joints=(1,), sizes=("small",), dropout=0.0)
    alone.network.load_state_dict(both.models["small-1"].state_dict())
    for task in (both, alone):
        trainer(max_epochs=1, limit_val_batches=0).fit(task, datamodule=data)
    together, by_itself = both.models["small-1"].state_dict(), alone.network.state_dict()
    for name, value in together.items():
        torch.testing.assert_close(value, by_itself[name], msg=name)


def test_every_model_leaves_its_best_weights(data: SyntheticDataModule, trainer: Run, tmp_path: Path) -> None:
    task = make(data, models=tmp_path / "singles")
    run = trainer(max_epochs=2)
    run.fit(task, datamodule=data)
    assert {"val_top1", "val_small_1_top1", "val_big_1_top1", "val_small_25_top1"} <= run.callback_metrics.keys()
    for name in task.names:
        loaded = load_model(tmp_path / "singles" / f"{name}.ckpt")
        assert isinstance(loaded.module, SGN) and loaded.extra["val_top1"] == task.best[name]
        assert name == f"{loaded.module.options['size']}-{loaded.module.options['joints']}"
    run.test(task, datamodule=data, verbose=False)
    assert {"test_top1", "test_small_1_top1"} <= run.callback_metrics.keys()


def test_a_run_that_goes_on_elsewhere_begins_with_the_best_weights(
    data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    first, run = make(data, models=tmp_path / "first"), trainer(max_epochs=1)
    run.fit(first, datamodule=data)
    run.save_checkpoint(tmp_path / "last.ckpt")
    again = make(data, models=tmp_path / "again", learning_rate=1e-12)  # no model improves
    trainer(max_epochs=2).fit(again, datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert again.best == first.best
    for name in first.names:
        there, here = (load_model(tmp_path / folder / f"{name}.ckpt") for folder in ("first", "again"))
        assert here.extra == there.extra
        own = here.module.state_dict()
        assert all(torch.equal(value, own[key]) for key, value in there.module.state_dict().items())


def test_without_validation_the_last_weights_are_left(trainer: Run, tmp_path: Path) -> None:
    data = SyntheticDataModule(clips=64, frames=8, batch_size=16, val_subjects=[])
    task = make(data, joints=(1,), sizes=("small",), models=tmp_path)
    trainer(max_epochs=1).fit(task, datamodule=data)
    kept = load_model(tmp_path / "small-1.ckpt").module.state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in task.network.state_dict().items())


def test_joint_matrices_stay_until_their_epoch(data: SyntheticDataModule, trainer: Run) -> None:
    task = make(data, joints=(9,), sizes=("small",), frozen_epochs=1)
    start = task.network.branch.get_parameter("coarsening_9").clone()
    run = trainer(max_epochs=2, limit_val_batches=0)
    seen = []
    task.on_train_epoch_end = lambda: seen.append(task.network.branch.get_parameter("coarsening_9").clone())  # type: ignore[method-assign]
    run.fit(task, datamodule=data)
    assert torch.equal(seen[0], start) and not torch.equal(seen[1], start)


def test_a_runs_checkpoint_is_its_dearest_model_and_refuses_other_models(
    data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    run, task = trainer(max_epochs=1), make(data)
    run.fit(task, datamodule=data)
    run.save_checkpoint(tmp_path / "last.ckpt")
    loaded = load_model(tmp_path / "last.ckpt")
    assert isinstance(loaded.module, SGN) and loaded.module.options["joints"] == 25
    again = trainer(max_epochs=2)
    again.fit(make(data), datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert again.current_epoch == 2
    with pytest.raises(InputError, match="other models"):
        trainer(max_epochs=2).fit(
            make(data, joints=(9, 25)), datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True
        )


def test_turns_in_radians_are_a_switch_and_a_function_of_the_step(data: SyntheticDataModule) -> None:
    from stgnn.data.batches import Draw, keyed_generator
    from stgnn.tasks.branches import turned_in_radians

    batch = next(iter(data.train_dataloader()))
    turned = [
        turned_in_radians(batch.bodies, batch.clip, len(batch.label), keyed_generator(Draw.TURNS, 0, step))
        for step in (3, 3, 4)
    ]
    assert torch.equal(turned[0], turned[1]) and not torch.equal(turned[0], turned[2])
    torch.testing.assert_close(turned[0][..., 2], batch.bodies[..., 2])
    torch.testing.assert_close(turned[0].norm(dim=-1), batch.bodies.norm(dim=-1))


@pytest.mark.parametrize("wrong", [{"joints": ()}, {"sizes": ("huge",)}, {"joints": (40,)}, {"frozen_epochs": -1}])
def test_wrong_arguments_are_refused(data: SyntheticDataModule, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        make(data, **wrong)
