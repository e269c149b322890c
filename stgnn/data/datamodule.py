"""Lightning data modules: which clips train, validate and test a network, on the device that trains."""

import math
from pathlib import Path

import lightning.pytorch as pl
import torch
from torch import Tensor

from stgnn.data.batches import Augmentation, ClipData
from stgnn.data.loader import ClipLoader
from stgnn.data.splits import hold_out
from stgnn.data.store import SkeletonStore
from stgnn.data.synthetic import SyntheticActions
from stgnn.data.validation import IntArray
from stgnn.errors import InputError, check_between
from stgnn.skeleton.layout import SkeletonLayout


class SkeletonDataModule(pl.LightningDataModule):
    """The clips of a store under one protocol, as loaders of `Batch`.

    The validation split is held out of the training subjects; the test split is read by the test loader alone.

    Args:
        store: Folder of a store (`stgnn data import`), or a store.
        protocol: Name of the splits, e.g. `xsub`.
        frames: Frames that each clip is brought to, T.
        batch_size: Clips in a training batch of one process.
        val_subjects: Training subjects held out for validation. None: about a fifth of them, chosen by `val_seed`; a
            store that does not know its subjects gives a fifth of the training clips of each class. []: none.
        about_vertical: Training clips are turned about the vertical axis by up to so many radians to either side.
        about_others: The same about the other axes (in two dimensions, the turn in the plane).
        scale: Training clips are stretched by up to this share.
        noise: Standard deviation of noise added to training clips, in the unit of the coordinates.
        min_score: A joint of a lower score counts as not seen.
        align: Whether every clip, test clips too, is turned upright and towards the camera (`align_view`). An
            exported network does so by itself.
        seed: Seed of the order, the choice of frames and the augmentation.
        val_seed: Seed of the held-out subjects. It is another one than `seed`, so that a network and what is searched,
            pruned or tuned from it later hold out the same, whatever their seeds.

    Raises:
        InputError: on first use, whatever is wrong with the store, the protocol or the subjects.
    """

    def __init__(
        self,
        store: str | Path | SkeletonStore,
        protocol: str,
        frames: int = 64,
        batch_size: int = 64,
        val_subjects: list[int] | None = None,
        about_vertical: float = 0.3,
        about_others: float = 0.1,
        scale: float = 0.1,
        noise: float = 0.0,
        min_score: float = 0.0,
        align: bool = False,
        seed: int = 0,
        val_seed: int = 0,
    ) -> None:
        super().__init__()
        check_between(1, frames=frames, batch_size=batch_size)
        check_between(0, about_vertical=about_vertical, about_others=about_others, scale=scale, noise=noise)
        check_between(-math.inf, min_score=min_score)
        self._source, self.protocol, self.frames, self.batch_size = store, protocol, frames, batch_size
        self.val_subjects, self.val_seed, self.seed = val_subjects, val_seed, seed
        self.min_score, self.align = min_score, align
        self.augmentation = Augmentation(about_vertical, about_others, scale, noise)
        self._store: SkeletonStore | None = store if isinstance(store, SkeletonStore) else None
        self._data: dict[torch.device, ClipData] = {}

    @property
    def store(self) -> SkeletonStore:
        """The data set; opened on first use, only its index is read."""
        if self._store is None:
            self._store = self._open()
        return self._store

    @property
    def layout(self) -> SkeletonLayout:
        """The body."""
        return self.store.layout

    @property
    def class_names(self) -> list[str]:
        """Names of the classes."""
        return list(self.store.class_names)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.store.class_names)

    def splits(self) -> dict[str, IntArray]:
        """Clips of the store by `train`, `val` and `test`."""
        training, test = self.store.split(self.protocol)
        train, val = hold_out(self.store, training, self.val_subjects, self.val_seed)
        return {"train": train, "val": val, "test": test}

    def clips(self, device: torch.device | str = "cpu") -> ClipData:
        """The clips on a device; those on every device that was asked for are kept."""
        wanted = torch.empty(0, device=device).device
        if wanted not in self._data:
            self._data[wanted] = ClipData(self.store, wanted, self.min_score, self.align)
        return self._data[wanted]

    def real_bodies(self, clips: int = 64) -> Tensor:
        """Bodies (B, T, V, C) of the first training clips as a device sees them: neither augmented nor aligned."""
        check_between(1, clips=clips)
        return ClipData(self.store, min_score=self.min_score).gather(self.splits()["train"][:clips], self.frames).bodies

    def setup(self, stage: str) -> None:
        """Read the store and check protocol and subjects before any work."""
        self.splits()

    def train_dataloader(self) -> ClipLoader:
        """Shuffled, augmented training batches."""
        return self._loader("train")

    def val_dataloader(self) -> ClipLoader | list[ClipLoader]:
        """The clips of the held-out training subjects; no loader if none are held out."""
        return self._loader("val") if len(self.splits()["val"]) else []

    def test_dataloader(self) -> ClipLoader:
        """The test split: for the last number of a study, not for any choice."""
        return self._loader("test")

    def _open(self) -> SkeletonStore:
        if isinstance(self._source, SkeletonStore):
            return self._source
        return SkeletonStore.open(self._source)

    def _loader(self, split: str) -> ClipLoader:
        trainer, indices = self.trainer, self.splits()[split]
        if not len(indices):
            hint = "stgnn data check --store STORE shows what is in it"
            raise InputError(f"the {split} split of {self.protocol} has no clips", hint=hint)
        return ClipLoader(
            self.clips("cpu" if trainer is None else trainer.strategy.root_device),
            indices,
            self.batch_size,
            self.frames,
            self.seed,
            training=split == "train",
            augmentation=self.augmentation,
            rank=0 if trainer is None else trainer.global_rank,
            world=1 if trainer is None else trainer.world_size,
        )


class SyntheticDataModule(SkeletonDataModule):
    """`SyntheticActions` under its protocol `xsub`, made in memory on first use.

    Args:
        clips: Number of clips, training and test together.
        seed: Seed of the data set and of everything that the loaders draw.
        frames: Frames that each clip is brought to, T.
        batch_size: Clips in a training batch of one process.
        view: Largest turn of the recorded bodies about the vertical axis, radians to either side.
        variation: How much subjects and clips differ; 1 is normal.
        sensor_noise: Noise in the recordings, metres.
        missing: Probability that a joint is lost for a part of a clip.
        val_subjects: Training subjects held out for validation; None: about a fifth.
        about_vertical: Augmentation: turn about the vertical axis, radians to either side.
        about_others: Augmentation: turn about the other axes.
        scale: Augmentation: relative stretch.
        noise: Augmentation: noise, metres.
    """

    def __init__(
        self,
        clips: int = 1200,
        seed: int = 0,
        frames: int = 64,
        batch_size: int = 64,
        view: float = SyntheticActions.view,
        variation: float = SyntheticActions.variation,
        sensor_noise: float = SyntheticActions.noise,
        missing: float = SyntheticActions.missing,
        val_subjects: list[int] | None = None,
        about_vertical: float = 0.3,
        about_others: float = 0.1,
        scale: float = 0.1,
        noise: float = 0.0,
    ) -> None:
        super().__init__(
            store="",
            protocol="xsub",
            frames=frames,
            batch_size=batch_size,
            val_subjects=val_subjects,
            about_vertical=about_vertical,
            about_others=about_others,
            scale=scale,
            noise=noise,
            seed=seed,
        )
        self.actions = SyntheticActions(
            clips=clips, seed=seed, view=view, variation=variation, noise=sensor_noise, missing=missing
        )

    def _open(self) -> SkeletonStore:
        return self.actions.store()
