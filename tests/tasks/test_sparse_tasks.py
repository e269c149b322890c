"""The sparse generator and several levels at once: schedules, scores, what runs leave behind."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger

from stgnn.cli import main
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import SGN, Network, Supernet, load_model, load_network, save_checkpoint
from stgnn.networks.models import is_compact
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, MultiLevelTask, SparseTask
from stgnn.tasks.base import clip_logits, distillation_loss
from stgnn.tasks.sparse_base import SparsitySchedule

Run = Callable[..., Trainer]
SMALLEST = load_space("tiny").smallest().to_dict()
LARGEST = load_space("tiny").largest().to_dict()
SHORT = {"limit_train_batches": 2, "limit_val_batches": 1, "num_sanity_val_steps": 0}


def sparse(data: SyntheticDataModule, **arguments: Any) -> SparseTask:
    given = {"architecture": SMALLEST} if "init_from" not in arguments else {}
    return SparseTask(data.layout.to_dict(), data.class_names, **{**given, **arguments})


@pytest.fixture
def run(trainer: Run, tmp_path: Path) -> Run:
    """Makes a short run that leaves files in a folder."""
    logger = CSVLogger(tmp_path, "run", "v")
    return lambda **arguments: trainer(**{**SHORT, "logger": logger, "max_epochs": 2, **arguments})


def batch_of(data: SyntheticDataModule) -> Any:
    return next(iter(data.train_dataloader()))


@pytest.mark.parametrize("granularity", ["unstructured", "block", "channel", "branch", "edge"])
def test_the_finished_network_gives_what_the_task_scores(
    granularity: Any, data: SyntheticDataModule, run: Run, tmp_path: Path
) -> None:
    task = sparse(data, architecture=LARGEST, granularity=granularity, sparsity=0.5, round_to=4)
    trainer = run(max_epochs=1)
    trainer.fit(task, datamodule=data)
    folder = tmp_path / "run" / "v" / "checkpoints"
    loaded = load_model(folder / "finished.ckpt")
    task.eval()
    batch = batch_of(data)
    with torch.no_grad():
        scores = task.score(batch)
        alone = ClassificationTask(data.layout, data.class_names, init_from=folder / "finished.ckpt").eval()
        torch.testing.assert_close(alone.score(batch), scores, rtol=1e-4, atol=1e-4)
    assert loaded.extra["sparsity"] == 0.5
    assert is_compact(loaded.module) == (granularity in ("channel", "branch"))
    compressed = folder / "finished.compressed.ckpt"
    assert compressed.is_file() == (granularity in ("unstructured", "block", "edge"))
    if compressed.is_file():
        again = load_network(compressed)
        assert all(
            torch.equal(a, b) for a, b in zip(loaded.module.parameters(), again.module.parameters(), strict=True)
        )
        assert "no speed-up" in again.extra["note"]


def test_a_run_trains_weights_and_scores_and_evaluates_at_the_target(
    data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    task = sparse(data, sparsity=0.7, dense_until=0.5)
    before = {name: value.clone() for name, value in task.network.named_parameters()}
    run = trainer(**{**SHORT, "max_epochs": 1})
    run.fit(task, datamodule=data)
    moved = {name for name, value in task.network.named_parameters() if not torch.equal(value, before[name])}
    assert {name.partition(".")[0] for name in moved} == {"network", "scores"}
    assert {"val_top1", "density", "sparsity"} <= run.callback_metrics.keys()
    assert float(run.callback_metrics["density"]) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("ramp", ["at_once", "linear", "cubic"])
def test_sparsity_rises_from_nothing_to_the_target(ramp: Any, data: SyntheticDataModule, trainer: Run) -> None:
    found: dict[int, float] = {}

    class Watched(SparseTask):
        def sparsity_now(self, target: float) -> float:
            return found.setdefault(self.global_step, super().sparsity_now(target))

    task = Watched(data.layout, data.class_names, SMALLEST, sparsity=0.8, dense_until=0.25, ramp=ramp, ramp_until=0.75)
    trainer(max_steps=8, limit_train_batches=8, limit_val_batches=0).fit(task, datamodule=data)
    seen = [found[step] for step in sorted(found)]
    steps = len(seen)
    assert seen[: steps // 4] == [0.0] * (steps // 4) and seen[-1] == 0.8
    assert seen == sorted(seen)
    assert (len(set(seen)) == 2) == (ramp == "at_once")


def test_a_course_in_epochs_and_in_shares() -> None:
    assert SparsitySchedule(0.6).phases(100, 10) == (60, 0)
    assert SparsitySchedule(6).phases(100, 10) == (60, 0)
    assert SparsitySchedule(0.2, "linear", 0.5).phases(100, 10) == (20, 30)
    assert SparsitySchedule(2, "cubic", 0.5).phases(100, 10) == (20, 30)
    with pytest.raises(InputError, match="before it begins"):
        SparsitySchedule(0.5, "linear", 0.2)
    with pytest.raises(InputError, match="before it begins"):
        SparsitySchedule(9, "linear", 0.2).phases(100, 10)
    with pytest.raises(InputError, match="counts epochs"):
        SparsitySchedule(6).phases(100, -1)


def test_scores_have_a_group_of_their_own(data: SyntheticDataModule, trainer: Run) -> None:
    for task in (
        sparse(data, score_decay=0.01, score_rate=0.5, learning_rate=0.1, warmup=0.0),
        MultiLevelTask(data.layout, data.class_names, SMALLEST, score_decay=0.01, score_rate=0.5, learning_rate=0.1),
    ):
        run = trainer(max_steps=1, limit_train_batches=1, limit_val_batches=0)
        run.fit(task, datamodule=data)
        *weights, scores = run.optimizers[0].param_groups
        wanted = [score for one in task.sparse_networks for score in one.score_parameters()]
        assert [id(one) for one in scores["params"]] == [id(one) for one in wanted]
        assert scores["weight_decay"] == 0.01 and scores["initial_lr"] == pytest.approx(0.05)
        assert scores["lr"] == pytest.approx(weights[0]["lr"] / 2)
        grouped = sum(len(group["params"]) for group in run.optimizers[0].param_groups)
        assert grouped == len([*task.network.parameters()]), "every parameter is in one group"


@pytest.mark.parametrize(
    ("arguments", "factor"),
    [({}, 30), ({"granularity": "channel"}, 1), ({"optimizer": "SGD"}, 1), ({"score_rate": 3.0}, 3)],
)
def test_single_weights_are_chosen_fast_and_units_slowly(
    arguments: Any, factor: float, data: SyntheticDataModule
) -> None:
    for task in (sparse(data, **arguments), MultiLevelTask(data.layout, data.class_names, SMALLEST, **arguments)):
        assert task.groups()[-1]["lr"] == pytest.approx(factor * task.learning_rate)


def test_half_precision_is_refused(data: SyntheticDataModule, trainer: Run) -> None:
    for task in (sparse(data), MultiLevelTask(data.layout, data.class_names, SMALLEST)):
        with pytest.raises(InputError, match=r"float32(.|\n)*32-true"):
            trainer(max_epochs=1, precision="bf16-mixed").fit(task, datamodule=data)


@pytest.mark.parametrize("penalty", ["none", "pull", "inert"])
def test_only_the_pull_changes_what_is_trained(penalty: Any, data: SyntheticDataModule, trainer: Run) -> None:
    def weights(kind: Any) -> torch.Tensor:
        torch.manual_seed(1)
        task = sparse(data, penalty=kind, dense_until=0.9, optimizer="SGD", learning_rate=0.05)
        trainer(max_steps=4, limit_train_batches=4, limit_val_batches=0).fit(task, datamodule=data)
        return torch.cat([value.flatten() for value in task.network.network.parameters()])

    assert torch.equal(weights(penalty), weights("none")) == (penalty != "pull")


@pytest.mark.parametrize("kind", ["pull", "inert"])
def test_what_the_target_will_prune_is_penalised_ever_more_until_it_is_pruned(
    kind: Any, data: SyntheticDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, batch = sparse(data, sparsity=0.8, penalty=kind).eval(), batch_of(data)
    task._phases = (4, 0)  # four steps without masks, without a Trainer
    x = resample_frames(batch.bodies, task.frames)
    for step, weight in ((0, 0.0), (1, 0.25), (3, 0.75), (4, 1.0), (5, 0.0)):
        monkeypatch.setattr(SparseTask, "global_step", step)
        logits = clip_logits(task.network(x, 0.0 if step < 4 else 0.8), batch)
        wanted = task.classification_loss(logits, batch.label) + weight * task.network.penalty(0.8)
        torch.testing.assert_close(task.training_step(batch, 0), wanted, msg=f"step {step}")


@torch.no_grad()
def test_clips_are_scored_at_the_target_before_anything_is_masked(data: SyntheticDataModule, trainer: Run) -> None:
    task, batch = sparse(data, sparsity=0.8, dense_until=0.9).eval(), batch_of(data)
    wanted = clip_logits(task.network(resample_frames(batch.bodies, task.frames), 0.8), batch)
    task.trainer = trainer(max_epochs=2)
    task._phases = (9, 0)
    torch.testing.assert_close(task.score(batch), wanted)
    task.on_validation_epoch_start()
    torch.testing.assert_close(task.score(batch), wanted)
    task.on_validation_epoch_end()
    for score in task.network.score_parameters():
        score.neg_()
    assert not torch.allclose(task.score(batch), wanted), "what was masked for one validation is not kept"


def test_densities_are_written_for_every_layer_and_epoch(data: SyntheticDataModule, run: Run, tmp_path: Path) -> None:
    task = sparse(data, sparsity=0.9)
    run().fit(task, datamodule=data)
    rows = [*csv.DictReader((tmp_path / "run" / "v" / "densities.csv").open())]
    layers = {row["layer"] for row in rows}
    assert len(rows) == 2 * len(layers) and {row["epoch"] for row in rows} == {"0", "1"}
    last = [row for row in rows if row["epoch"] == "1"]
    kept, total = (sum(int(row[key]) for row in last) for key in ("kept", "total"))
    assert kept / total == pytest.approx(0.1, abs=2 / total)


def test_densities_of_a_run_that_goes_on_elsewhere_begin_with_its_first_epoch(
    data: SyntheticDataModule, run: Run, tmp_path: Path
) -> None:
    first = run(max_epochs=1)
    first.fit(sparse(data, sparsity=0.9), datamodule=data)
    first.save_checkpoint(tmp_path / "last.ckpt")
    again = run(max_epochs=2, logger=CSVLogger(tmp_path, "run", "w"))
    again.fit(sparse(data, sparsity=0.9), datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    before, after = ((tmp_path / "run" / version / "densities.csv").read_text() for version in ("v", "w"))
    assert after.startswith(before)
    assert {row["epoch"] for row in csv.DictReader(after.splitlines())} == {"0", "1"}


def test_a_run_goes_on_from_its_checkpoint(data: SyntheticDataModule, trainer: Run, tmp_path: Path) -> None:
    first = sparse(data, sparsity=0.6)
    run = trainer(**{**SHORT, "max_epochs": 1})
    run.fit(first, datamodule=data)
    run.save_checkpoint(tmp_path / "last.ckpt")
    again = sparse(data, sparsity=0.6)
    trainer(**{**SHORT, "max_epochs": 1}).fit(
        again, datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True
    )
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    other = sparse(data, sparsity=0.7)
    with pytest.raises(InputError, match="another sparse"):
        trainer().test(other, datamodule=data, ckpt_path=tmp_path / "last.ckpt", weights_only=True, verbose=False)
    with pytest.raises(InputError, match=r"holds a sparse(.|\n)*beside it"):
        load_network(tmp_path / "last.ckpt")


def test_a_trained_network_starts_with_scores_by_magnitude(data: SyntheticDataModule, tmp_path: Path) -> None:
    network = Network(load_space("tiny").smallest(), data.layout, data.num_classes)
    save_checkpoint(tmp_path / "n.ckpt", network, data.class_names)
    task = sparse(data, init_from=tmp_path / "n.ckpt")
    for name, weight in task.network.network.named_parameters():
        for scores in task.network.scores:
            if scores.gate.name == name:  # type: ignore[union-attr]
                order = scores.score.flatten().argsort()
                assert bool((weight.abs().flatten()[order].diff() >= 0).all())


def test_a_share_of_a_supernet_is_trained_before_it_is_scored(
    data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    source = Supernet(load_space("tiny"), data.layout, data.num_classes)
    save_checkpoint(tmp_path / "s.ckpt", source, data.class_names)
    with pytest.raises(InputError, match=r"statistics of its own(.|\n)*stgnn extract"):
        trainer().validate(sparse(data, init_from=tmp_path / "s.ckpt"), datamodule=data, verbose=False)


def test_the_loss_of_several_levels_is_that_of_their_vote_and_of_each(data: SyntheticDataModule) -> None:
    task = MultiLevelTask(data.layout, data.class_names, SMALLEST, levels=[0.5, 0.8], level_weight=0.3)
    task._phases = (0, 0)  # as after the ramp, without a Trainer
    batch = batch_of(data)
    torch.manual_seed(0)
    found = task.training_step(batch, 0)
    torch.manual_seed(0)
    fused, *each = (task.classification_loss(scores, batch.label) for scores in task.clip_scores(batch))
    torch.testing.assert_close(found, fused + 0.3 * sum(each))


def test_sparser_levels_can_learn_from_the_densest(data: SyntheticDataModule) -> None:
    task = MultiLevelTask(data.layout, data.class_names, SMALLEST, levels=[0.5, 0.8, 0.9], distillation=0.7)
    task._phases = (0, 0)  # as after the ramp, without a Trainer
    batch = batch_of(data)
    found = task.training_step(batch, 0)
    fused, densest, *others = task.clip_scores(batch)
    wanted = task.classification_loss(fused, batch.label) + task.classification_loss(densest, batch.label)
    for scores in others:
        wanted += 0.3 * task.classification_loss(scores, batch.label) + 0.7 * distillation_loss(scores, densest)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("nested", [False, True])
def test_levels_can_start_from_a_trained_network(nested: bool, data: SyntheticDataModule, tmp_path: Path) -> None:
    trained = sparse(data, sparsity=0.0).finished()
    path = save_checkpoint(tmp_path / "dense.ckpt", trained, data.class_names)
    task = MultiLevelTask(data.layout, data.class_names, init_from=path, levels=[0.0, 0.5], nested=nested).eval()
    batch = batch_of(data)
    with torch.no_grad():
        fused, densest, half = task.clip_scores(batch)
        wanted = ClassificationTask(data.layout, data.class_names, init_from=path).eval().score(batch)
    torch.testing.assert_close(densest, wanted)
    assert not torch.equal(half, wanted) and not torch.equal(fused, wanted)
    name, mask = next(iter(task.sparse_networks[-1].masks(0.5).items()))
    size = trained.get_parameter(name).abs()
    assert size[mask].min() >= size[~mask].max()  # by magnitude


def test_sgn_has_sparse_forms_too(data: SyntheticDataModule, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "sgn.ckpt", SGN(data.layout, data.num_classes, frames=8), data.class_names)
    task = sparse(data, init_from=tmp_path / "sgn.ckpt", sparsity=0.5, granularity="channel").eval()
    paths = task.finish(tmp_path)
    batch = batch_of(data)
    smaller = ClassificationTask(data.layout, data.class_names, init_from=paths[0]).eval()
    with torch.no_grad():
        torch.testing.assert_close(smaller.score(batch), task.score(batch), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("nested", [False, True])
def test_levels_are_trained_together_and_written_apart(
    nested: bool, data: SyntheticDataModule, run: Run, tmp_path: Path
) -> None:
    task = MultiLevelTask(
        data.layout, data.class_names, SMALLEST, levels=(0.3, 0.6, 0.9), nested=nested, penalty="pull"
    )
    trainer = run()
    trainer.fit(task, datamodule=data)
    assert {"val_top1", "val_top1_at_0.3", "val_top1_at_0.9"} <= trainer.callback_metrics.keys()
    task.eval()
    batch = batch_of(data)
    with torch.no_grad():
        _, *each = task.clip_scores(batch)
        for level, scores in zip((0.3, 0.6, 0.9), each, strict=True):
            path = tmp_path / "run" / "v" / "checkpoints" / f"level_{level:g}.ckpt"
            alone = ClassificationTask(data.layout, data.class_names, init_from=path).eval()
            torch.testing.assert_close(alone.score(batch), scores, rtol=1e-4, atol=1e-4)
        whole = load_model(tmp_path / "run" / "v" / "checkpoints" / "fused.ckpt").module
        x = resample_frames(batch.bodies, task.frames)
        torch.testing.assert_close(whole(x), task.network(x).fused, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(whole.deploy()(x), whole(x), rtol=1e-4, atol=1e-4)
        first = task.fused(2).eval()
        torch.testing.assert_close(first(x), task.network(x, (0.3, 0.6)).fused, rtol=1e-4, atol=1e-4)
    rows = [*csv.DictReader((tmp_path / "run" / "v" / "densities.csv").open())]
    assert {row["network"] for row in rows} == {"0.3", "0.6", "0.9"}


def test_wrong_arguments_are_refused(data: SyntheticDataModule) -> None:
    with pytest.raises(InputError, match="no network to train"):
        SparseTask(data.layout, data.class_names)
    with pytest.raises(InputError, match="sparsity is out of range"):
        sparse(data, sparsity=1.5)
    with pytest.raises(InputError, match="score_decay is out of range"):
        sparse(data, score_decay=-1)
    with pytest.raises(InputError, match="make no ensemble"):
        MultiLevelTask(data.layout, data.class_names, SMALLEST, levels=(0.9, 0.1))


def test_a_sparse_run_on_the_command_line_can_be_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(
        "model: {class_path: SparseTask, init_args: {architecture: SGN-like, frames: 8, sparsity: 0.5}}\n"
        "data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 8, batch_size: 8}}\n"
        "trainer: {max_epochs: 1, limit_train_batches: 1, accelerator: cpu, enable_progress_bar: false}\n"
    )
    assert main(["fit", "--config", "r.yaml"]) == 0
    folder = tmp_path / "runs" / "r" / "version_0"
    assert (folder / "checkpoints" / "finished.ckpt").is_file() and (folder / "densities.csv").is_file()
    last = folder / "checkpoints" / "last.ckpt"
    assert main(["test", "--config", "r.yaml", "--ckpt_path", str(last)]) == 0
