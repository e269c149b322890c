"""Who trains, who validates, who tests; and Lightning sets the epoch and moves the batches."""

from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

from stgnn.data import SkeletonStore
from stgnn.data.datamodule import SkeletonDataModule, SyntheticDataModule
from stgnn.errors import InputError


def subjects(module: SkeletonDataModule) -> dict[str, set[int]]:
    """Subjects of each split."""
    return {name: set(module.store.subjects[clips].tolist()) for name, clips in module.splits().items()}


def test_validation_is_held_out_of_the_training_subjects(make_store) -> None:
    store = make_store(clips=36)
    module = SkeletonDataModule(store, "xsub")
    splits = module.splits()
    held = subjects(module)
    assert len(held["val"]) == 1 and not held["val"] & held["train"]
    together = np.sort(np.concatenate([splits["train"], splits["val"]]))
    assert np.array_equal(together, store.splits["xsub_train"]) and np.array_equal(
        splits["test"], store.splits["xsub_test"]
    )
    assert all(np.array_equal(splits[name], SkeletonDataModule(store, "xsub").splits()[name]) for name in splits)
    assert len({tuple(SkeletonDataModule(store, "xsub", val_seed=seed).splits()["val"]) for seed in range(20)}) > 1
    assert len({tuple(SkeletonDataModule(store, "xsub", seed=seed).splits()["val"]) for seed in range(20)}) == 1


def test_validation_subjects_are_chosen_or_none(store: SkeletonStore) -> None:
    assert subjects(SkeletonDataModule(store, "xsub", val_subjects=[1, 4]))["val"] == {1, 4}
    module = SkeletonDataModule(store, "xsub", val_subjects=[])
    assert len(module.splits()["val"]) == 0 and module.val_dataloader() == []
    with pytest.raises(InputError, match="no training clips"):
        SkeletonDataModule(store, "xsub", val_subjects=[77]).setup("fit")
    with pytest.raises(InputError, match="nobody is left"):
        SkeletonDataModule(store, "xsub", val_subjects=list(range(6))).setup("fit")


def test_without_subjects_a_fifth_of_each_class_is_held_out(make_store) -> None:
    store = make_store(clips=66)
    for known in ({}, {0: 1, 1: 2}):  # a table that was filled in for two clips divides nothing
        some = replace(store, subjects=np.array([known.get(clip, -1) for clip in range(66)]))
        splits = SkeletonDataModule(some, "xsub").splits()
        assert np.bincount(store.labels[splits["val"]]).tolist() == [4, 4, 4] and len(splits["train"]) == 48


def test_a_store_is_given_by_path_and_opened_late(saved: Path, tmp_path: Path) -> None:
    module = SkeletonDataModule(saved, "xsub", frames=5, batch_size=4)
    assert module.num_classes == 3 and module.class_names == ["a", "b", "c"] and module.layout.name == "kinect20"
    assert next(iter(module.train_dataloader())).bodies.shape[1:] == (5, 20, 3)
    late = SkeletonDataModule(tmp_path / "nothing", "xsub")
    with pytest.raises(InputError, match="no store here"):
        late.setup("fit")
    with pytest.raises(InputError, match="no such protocol"):
        SkeletonDataModule(saved, "xview").setup("fit")


@pytest.mark.parametrize("name", ["frames", "batch_size"])
def test_numbers_out_of_range_are_refused(saved: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} is out of range"):
        SkeletonDataModule(saved, "xsub", **{name: 0})


class Recorder(pl.LightningModule):
    """Learns nothing; writes down what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[tuple[int, list[int], float]] = []
        self.tested: list[int] = []

    def training_step(self, batch) -> torch.Tensor:
        self.seen.append((self.current_epoch, batch.index.tolist(), float(batch.bodies.sum())))
        return self.weight.sum()

    def validation_step(self, batch) -> None:
        assert batch.label.shape == batch.index.shape

    def test_step(self, batch) -> None:
        self.tested += batch.index.tolist()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def test_lightning_sets_the_epoch_and_a_run_repeats(store: SkeletonStore, tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        trainer = pl.Trainer(
            max_epochs=2,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
        )
        module, data = Recorder(), SkeletonDataModule(store, "xsub", frames=5, batch_size=5, val_subjects=[1])
        trainer.fit(module, data)
        trainer.test(module, data, verbose=False)
        runs.append(module)
    assert runs[0].seen == runs[1].seen
    first, second = ([step[1] for step in runs[0].seen if step[0] == epoch] for epoch in (0, 1))
    assert len(first) == len(second) == 3 and first != second
    assert runs[0].tested == store.splits["xsub_test"].tolist()
    assert not {index for _, clips, _ in runs[0].seen for index in clips} & set(runs[0].tested)


def test_synthetic_module_makes_its_own_store() -> None:
    module = SyntheticDataModule(clips=64, frames=8, batch_size=16, missing=0.0)
    batch = next(iter(module.train_dataloader()))
    assert batch.bodies.shape[1:] == (8, 25, 3) and len(batch.label) == 16
    assert module.num_classes == len(module.class_names) == 16 and module.layout.name == "ntu25"
    assert module.store is module.store and module.clips() is module.clips()


def test_the_clips_on_one_device_do_not_push_out_those_on_another(
    store: SkeletonStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training on an accelerator calibrates on the CPU between its epochs."""
    made: list[str] = []

    def stand_in(store: SkeletonStore, device: torch.device, *_: object) -> object:
        made.append(device.type)
        return object()

    monkeypatch.setattr("stgnn.data.datamodule.ClipData", stand_in)
    module = SkeletonDataModule(store, "xsub")
    found = [module.clips(device) for device in ("meta", "cpu", "meta", "cpu")]
    assert made == ["meta", "cpu"] and found[0] is found[2] and found[1] is found[3]
