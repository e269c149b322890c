"""One network: from scratch, from a checkpoint, from a supernet."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import load_network, save_checkpoint
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, SupernetTask

Make = Callable[..., ClassificationTask]
Run = Callable[..., Trainer]
SMALLEST = load_space("tiny").smallest()
LARGEST = load_space("tiny").largest()


def test_a_run_improves_the_loss_and_its_checkpoint_is_the_network(
    classification: Make, data: SyntheticDataModule, trainer: Run, tmp_path: Path
) -> None:
    task = classification(architecture=SMALLEST.to_dict(), learning_rate=0.02)
    batch = next(iter(data.train_dataloader()))
    before = task.classification_loss(task.score(batch), batch.label).item()
    run = trainer(max_epochs=6)
    run.fit(task, datamodule=data)
    assert task.train().classification_loss(task.score(batch), batch.label).item() < before
    assert {"val_top1", "val_top5", "val_mean_class", "val_calibration_error"} <= run.callback_metrics.keys()
    run.save_checkpoint(tmp_path / "network.ckpt")
    loaded = load_network(tmp_path / "network.ckpt")
    assert loaded.module.architecture == SMALLEST
    task.eval()
    with torch.no_grad():
        again = classification(init_from=tmp_path / "network.ckpt").eval()
        assert torch.equal(again.score(batch), task.score(batch))


def test_from_a_network(classification: Make, data: SyntheticDataModule, tmp_path: Path) -> None:
    first = classification(architecture=SMALLEST.to_dict())
    save_checkpoint(tmp_path / "n.ckpt", first.network, data.class_names)
    again = classification(init_from=tmp_path / "n.ckpt")
    assert again.network.architecture == SMALLEST
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    with pytest.raises(InputError, match="another architecture"):
        classification(init_from=tmp_path / "n.ckpt", architecture=LARGEST.to_dict())


def test_from_a_supernet(
    classification: Make, supernet: Callable[..., SupernetTask], data: SyntheticDataModule, tmp_path: Path
) -> None:
    source = supernet().network
    save_checkpoint(tmp_path / "s.ckpt", source, data.class_names)
    task = classification(init_from=tmp_path / "s.ckpt", architecture=SMALLEST.to_dict())
    expected = source.extract(SMALLEST)
    assert all(torch.equal(a, b) for a, b in zip(expected.parameters(), task.network.parameters(), strict=True))
    with pytest.raises(InputError, match=r"no weights for the architecture|not in the space"):
        classification(init_from=tmp_path / "s.ckpt", architecture="STGCN++")


@pytest.mark.parametrize("word", ["validate", "test", "predict"])
def test_a_share_of_a_supernet_is_trained_before_it_is_scored(
    word: str,
    classification: Make,
    supernet: Callable[..., SupernetTask],
    data: SyntheticDataModule,
    trainer: Run,
    tmp_path: Path,
) -> None:
    """Its batch norms hold the statistics of all networks at once."""
    save_checkpoint(tmp_path / "s.ckpt", supernet().network, data.class_names)
    given = {"init_from": tmp_path / "s.ckpt", "architecture": SMALLEST.to_dict()}
    task, run, clips = classification(**given), trainer(max_steps=1), data.val_dataloader()
    with pytest.raises(InputError, match=r"statistics of its own(.|\n)*stgnn extract"):
        getattr(run, word)(task, clips)
    run.fit(task, datamodule=data)
    getattr(run, word)(task, clips)
    run.save_checkpoint(tmp_path / "run.ckpt")
    getattr(trainer(), word)(classification(**given), clips, ckpt_path=tmp_path / "run.ckpt", weights_only=True)


@pytest.mark.parametrize("word", ["validate", "test", "predict"])
def test_a_network_of_other_classes_is_trained_before_it_is_scored(
    classification: Make, data: SyntheticDataModule, trainer: Run, tmp_path: Path, word: str
) -> None:
    names = [*data.class_names[:-1], "somersault"]
    save_checkpoint(tmp_path / "n.ckpt", classification(architecture=SMALLEST.to_dict()).network, names)
    with pytest.warns(UserWarning, match="to be learned"):
        begun = classification(init_from=tmp_path / "n.ckpt")
    run, clips = trainer(max_steps=1), data.val_dataloader()
    with pytest.raises(InputError, match=r"yet to learn(.|\n)*train it first"):
        getattr(run, word)(begun, clips)
    run.fit(begun, datamodule=data)
    getattr(run, word)(begun, clips)


def test_frames_are_those_of_the_checkpoint(classification: Make, data: SyntheticDataModule, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "n.ckpt", classification(architecture=SMALLEST.to_dict()).network, data.class_names)
    assert classification(init_from=tmp_path / "n.ckpt", frames=SMALLEST.frames).network.frames == SMALLEST.frames
    with pytest.raises(InputError, match="own number of frames"):
        classification(init_from=tmp_path / "n.ckpt", frames=SMALLEST.frames + 1)


def test_a_checkpoint_of_other_data_is_refused(classification: Make, data: SyntheticDataModule, tmp_path: Path) -> None:
    network = classification(architecture=SMALLEST.to_dict()).network
    save_checkpoint(tmp_path / "n.ckpt", network, data.class_names)
    with pytest.raises(InputError, match="other data"):
        ClassificationTask("coco17", data.class_names, init_from=tmp_path / "n.ckpt")
    with pytest.raises(InputError, match="no such checkpoint"):
        classification(init_from=tmp_path / "missing.ckpt")


def test_without_validation_subjects_training_still_works(classification: Make, trainer: Run) -> None:
    data = SyntheticDataModule(clips=64, frames=16, batch_size=16, val_subjects=[])
    trainer(max_steps=1).fit(classification(architecture=SMALLEST.to_dict()), datamodule=data)
