"""Training the supernet: one loss, precision, validation, resuming."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import LambdaCallback

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import load_supernet
from stgnn.skeleton.transforms import resample_frames
from stgnn.tasks import SupernetTask
from stgnn.tasks.cutting import calibration_bodies

Make = Callable[..., SupernetTask]
Run = Callable[..., Trainer]


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_step_runs_largest_smallest_and_sampled(supernet: Make) -> None:
    task = supernet(sampled=3, seed=5)
    first, second, *others = task.architectures(0)
    assert (first, second, len(others)) == (task.space.largest(), task.space.smallest(), 3)
    assert task.architectures(0) == supernet(sampled=3, seed=5).architectures(0)
    assert task.architectures(0)[2:] != task.architectures(1)[2:]


def test_training_changes_weights_and_validates_both_ends(
    supernet: Make, data: SyntheticDataModule, trainer: Run
) -> None:
    task = supernet()
    before = {name: value.detach().clone() for name, value in task.named_parameters()}
    run = trainer(max_epochs=1)
    run.fit(task, datamodule=data)
    assert any(not torch.equal(before[name], value) for name, value in task.named_parameters())
    assert all(torch.isfinite(value).all() for value in task.parameters())
    for end in ("largest", "smallest"):
        assert 0 <= float(run.callback_metrics[f"val_{end}_top1"]) <= 1
        assert f"val_{end}_calibration_error" in run.callback_metrics
    assert not task._calibrated


def test_the_labels_teach_the_largest_and_the_largest_teaches_the_rest(
    supernet: Make, data: SyntheticDataModule
) -> None:
    task = supernet()
    batch = next(iter(data.train_dataloader()))
    logits = task.clip_scores(batch, task.space.largest())
    assert task._student_loss(logits, logits, batch.label).item() == pytest.approx(0, abs=1e-6)
    task.distillation = 0.0
    expected = task.classification_loss(logits, batch.label).item()
    assert task._student_loss(logits, logits.roll(1, 0), batch.label).item() == pytest.approx(expected)


def test_labels_and_logits_share_the_loss_of_the_smaller_networks(supernet: Make, data: SyntheticDataModule) -> None:
    task, batch = supernet(), next(iter(data.train_dataloader()))
    logits, teacher = (torch.randn(len(batch.label), data.num_classes) for _ in range(2))
    losses = []
    for task.distillation in (0.0, 0.3, 1.0):
        losses.append(task._student_loss(logits, teacher, batch.label))
    torch.testing.assert_close(losses[1], 0.7 * losses[0] + 0.3 * losses[2])


def test_a_loss_is_the_sum_over_its_networks_and_teaches_nobody_backwards(
    supernet: Make, data: SyntheticDataModule
) -> None:
    """The gradient of every network is that of its own loss, the logits of the largest being given."""
    task = supernet(sampled=1, distillation=0.6).eval()  # statistics of a batch would change from run to run
    batch = next(iter(data.train_dataloader()))
    task.training_step(batch, 0).backward()
    found = {name: value.grad.clone() for name, value in task.named_parameters() if value.grad is not None}
    task.zero_grad()
    largest, *others = task.architectures(0)
    teacher = task.clip_scores(batch, largest)
    given = teacher.detach().clone()
    task.classification_loss(teacher, batch.label).backward()
    for other in others:
        scores = task.clip_scores(batch, other)
        told = torch.nn.functional.kl_div(scores.log_softmax(1), given.softmax(1), reduction="batchmean")
        (0.6 * told + 0.4 * task.classification_loss(scores, batch.label)).backward()
    assert len(found) == sum(value.grad is not None for value in task.parameters())
    for name, value in task.named_parameters():
        if value.grad is not None:
            torch.testing.assert_close(found[name], value.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_every_step_of_a_run_samples_for_itself(supernet: Make, data: SyntheticDataModule, trainer: Run) -> None:
    task, steps = supernet(), []
    sample = task.architectures
    task.architectures = lambda step: (steps.append(step), sample(step))[1]  # type: ignore[method-assign]
    trainer(max_epochs=2, limit_train_batches=2, limit_val_batches=0).fit(task, datamodule=data)
    assert steps == [0, 1, 2, 3]


def test_bf16_autocast_stays_finite(supernet: Make, data: SyntheticDataModule, trainer: Run) -> None:
    task = supernet()
    run = trainer(max_steps=2, precision="bf16-mixed", limit_val_batches=1)
    run.fit(task, datamodule=data)
    assert torch.isfinite(run.callback_metrics["train_loss"])
    assert all(torch.isfinite(value).all() and value.dtype == torch.float32 for value in task.parameters())


def test_a_resumed_run_repeats_the_uninterrupted_one(
    supernet: Make, data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    start, checkpoint = supernet().state_dict(), tmp_path / "middle.ckpt"

    def save(run: Trainer, _: object) -> None:
        if run.global_step == 2 and not checkpoint.exists():
            run.save_checkpoint(checkpoint)

    def trained(resume: Path | None) -> dict[str, torch.Tensor]:
        task = supernet(optimizer="SGD", learning_rate=0.05)
        task.load_state_dict(start)
        callbacks = [LambdaCallback(on_train_epoch_end=save)]
        run = trainer(max_epochs=4, limit_val_batches=0, limit_train_batches=1, callbacks=callbacks)
        run.fit(task, datamodule=data, ckpt_path=resume)
        assert run.global_step == 4
        return dict(task.named_parameters())

    assert same(trained(None), trained(checkpoint))


def test_its_checkpoint_is_a_supernet(supernet: Make, data: SyntheticDataModule, trainer: Run, tmp_path: Path) -> None:
    task = supernet()
    run = trainer(max_steps=1, limit_val_batches=0)
    run.fit(task, datamodule=data)
    run.save_checkpoint(tmp_path / "supernet.ckpt")
    loaded = load_supernet(tmp_path / "supernet.ckpt")
    assert list(loaded.class_names) == data.class_names
    x = data.clips().gather(torch.arange(4), 32).bodies
    task.eval()
    for architecture in (task.space.largest(), task.space.smallest()):
        bodies = resample_frames(x, architecture.frames)
        assert torch.equal(loaded.module(bodies, architecture), task.network(bodies, architecture))


def test_test_and_predict_use_the_largest(supernet: Make, data: SyntheticDataModule, trainer: Run) -> None:
    task, run = supernet(), trainer()
    (metrics,) = run.test(task, datamodule=data, verbose=False)
    assert {"test_top1", "test_top5", "test_mean_class", "test_calibration_error"} <= metrics.keys()


def test_a_training_validates_with_the_statistics_of_a_search(
    supernet: Make, data: SyntheticDataModule, trainer: Run
) -> None:
    task = supernet(seed=3)
    trainer(limit_val_batches=1).validate(task, datamodule=data, verbose=False)
    assert torch.equal(torch.cat(task.calibration_bodies()), calibration_bodies(data, task.calibration_clips))


def test_without_a_data_module_recalibration_says_what_to_do(
    supernet: Make, data: SyntheticDataModule, trainer: Run
) -> None:
    with pytest.raises(InputError, match="data module"):
        trainer().validate(supernet(), dataloaders=data.val_dataloader(), verbose=False)


@pytest.mark.parametrize("wrong", [{"sampled": -1}, {"distillation": 1.5}, {"calibration_clips": 0}])
def test_wrong_arguments_are_refused(supernet: Make, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="wrong training arguments"):
        supernet(**wrong)
