"""The order of clips in an epoch, its division into batches over processes, and the loader that yields the batches."""

from collections.abc import Iterator

import numpy as np
import torch

from stgnn.data.batches import Augmentation, Batch, ClipData, Draw, keyed_generator
from stgnn.data.validation import IntArray
from stgnn.errors import InputError


def epoch_order(indices: IntArray, seed: int, epoch: int) -> IntArray:
    """The clips in the order of one epoch: a permutation that is a function of (seed, epoch)."""
    order: IntArray = torch.randperm(len(indices), generator=keyed_generator(Draw.ORDER, seed, epoch)).numpy()
    return indices[order]


def split_batches(order: IntArray, batch_size: int, world: int, drop_last: bool) -> list[IntArray]:
    """Batches of one epoch for all processes; process r of `world` takes every `world`-th, beginning with number r.

    All processes get the same number of batches, and step s of all of them together is one batch of
    ``world * batch_size`` clips. What is left over at the end is dropped (`drop_last`; at least one step is
    made of a set smaller than one step), or else spread over all batches, which then differ by at most one clip.
    """
    step = batch_size * world
    steps = max(1, len(order) // step) if drop_last else -(-len(order) // step)
    kept = order[: steps * step] if drop_last else order
    return np.array_split(kept, steps * world)


class EpochSampler:
    """Remembers the epoch. The trainer sets it, by the name that it knows from samplers."""

    def __init__(self) -> None:
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch that the next pass belongs to."""
        self.epoch = epoch


class ClipLoader:
    """Yields the batches of a set of clips. What it yields is a function of its arguments and the epoch.

    Args:
        data: The clips of the store.
        indices: Which of them.
        batch_size: Clips in a batch of one process.
        frames: T.
        seed: Seed of the order, the choice of frames and the augmentation.
        training: Shuffle, draw frames, augment, and drop what does not fill the last batch.
        augmentation: How much training clips are changed.
        rank: Number of this process.
        world: Number of processes.

    Raises:
        InputError: fewer clips than processes.
    """

    def __init__(
        self,
        data: ClipData,
        indices: IntArray,
        batch_size: int,
        frames: int,
        seed: int = 0,
        training: bool = False,
        augmentation: Augmentation | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if len(indices) < world:
            raise InputError(
                "there are fewer clips than processes",
                given=len(indices),
                allowed=f"at least {world}",
                hint="use fewer",
            )
        self.data, self.indices, self.batch_size, self.frames = data, indices, batch_size, frames
        self.seed, self.training, self.augmentation = seed, training, augmentation
        self.rank, self.world = rank, world
        # The trainer looks for both names, and sets the epoch on the first.
        self.sampler, self.batch_sampler = EpochSampler(), None

    def __len__(self) -> int:
        return len(split_batches(self.indices, self.batch_size, self.world, self.training)) // self.world

    def __iter__(self) -> Iterator[Batch]:
        epoch = self.sampler.epoch
        order = epoch_order(self.indices, self.seed, epoch) if self.training else self.indices
        batches = split_batches(order, self.batch_size, self.world, self.training)
        for number in range(self.rank, len(batches), self.world):
            generator = keyed_generator(Draw.BATCH, self.seed, epoch, number) if self.training else None
            yield self.data.gather(batches[number], self.frames, generator, self.augmentation)
