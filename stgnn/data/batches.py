"""Batches by index: all frames of a data set in one array, a batch of any clips by one gather.

Randomness is an argument: `ClipData.gather` is a function of its arguments alone. The random numbers are drawn on the
CPU, so that they are the same whatever device the data is on.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stgnn.data.checks import IntArray
from stgnn.data.store import SkeletonStore
from stgnn.skeleton.transforms import random_rotation, random_scale, rotate, uniform_frames


class Batch(NamedTuple):
    """Clips as bodies. A clip has one or more bodies; an empty body of the store is in none.

    Args:
        bodies: Coordinates (B, T, V, C).
        clip: Which clip of this batch each body belongs to, ascending (B,).
        label: Class of each clip (N,).
        index: Which clip of the store each clip is (N,).
    """

    bodies: Tensor
    clip: Tensor
    label: Tensor
    index: Tensor  # type: ignore[assignment]  # hides tuple.index, which nobody needs on a batch

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The batch on another device."""
        return Batch(*(tensor.to(device, non_blocking=non_blocking) for tensor in self))


@dataclass(frozen=True)
class Augmentation:
    """How much training clips are changed. All bodies of a clip are turned and scaled alike.

    Args:
        about_vertical: Largest turn about the vertical axis, radians to either side (0 for a body of two dimensions).
        about_others: Largest turn about the other axes, radians to either side.
        scale: Largest relative change of size.
        noise: Standard deviation of noise on every coordinate, in its unit.
    """

    about_vertical: float = 0.0
    about_others: float = 0.0
    scale: float = 0.0
    noise: float = 0.0


class ClipData:
    """The clips of a store on the device that trains.

    On the CPU a memory-mapped store is used where it lies, without a copy.

    Args:
        store: The data set.
        device: Where the coordinates shall reside.
        min_score: A joint whose score is lower counts as not seen, so it becomes zero.

    Raises:
        InputError: a coordinate is not finite; a store on disk may have been changed since it was imported.
    """

    def __init__(self, store: SkeletonStore, device: torch.device | str = "cpu", min_score: float = 0.0) -> None:
        store.check_finite()
        self.layout = store.layout
        self.persons = store.keypoints.shape[1]
        # (sum_T, M, V, C) -> (sum_T * M, V * C): one row is one body in one frame.
        rows = store.keypoints.reshape(-1, store.layout.num_joints * store.layout.dimensions)
        self.rows = _as_tensor(rows, device)
        self.device = self.rows.device
        if store.scores is not None and min_score > 0:
            # (sum_T, M, V) -> (sum_T * M, V * C): all coordinates of a joint share its score.
            unseen = (store.scores < min_score).reshape(len(rows), -1).repeat(store.layout.dimensions, axis=1)
            self.rows = self.rows.masked_fill(torch.from_numpy(unseen).to(device), 0)
        # What only tells where to look stays on the CPU: no kernel starts and no synchronisation to prepare a batch.
        self.offsets = torch.from_numpy(store.offsets[:-1].copy())
        self.lengths = torch.from_numpy(store.lengths)
        self.labels = torch.from_numpy(store.labels)
        self.present = torch.from_numpy(_present(store))

    def __len__(self) -> int:
        return len(self.labels)

    def gather(
        self,
        indices: Tensor | IntArray,
        frames: int,
        generator: torch.Generator | None = None,
        augmentation: Augmentation | None = None,
    ) -> Batch:
        """A batch of clips, brought to the same number of frames.

        Args:
            indices: Clips of the store (N,).
            frames: T.
            generator: Draws the frames, and the augmentation. None: the middle frame of each of T equal parts.
            augmentation: Changes the clips; needs a generator.
        """
        chosen = torch.as_tensor(indices)
        frame = uniform_frames(self.lengths[chosen], frames, generator) + self.offsets[chosen, None]  # (N, T)
        clip, person = self.present[chosen].nonzero(as_tuple=True)  # (B,), (B,)
        rows = frame[clip] * self.persons + person[:, None]  # (B, T)
        device = self.device
        bodies = self.rows.index_select(0, rows.flatten().to(device, non_blocking=True))
        # (B * T, V * C) -> (B, T, V, C)
        bodies = bodies.view(len(clip), frames, self.layout.num_joints, self.layout.dimensions)
        if augmentation is not None and generator is not None:
            bodies = self._augment(bodies, clip, len(chosen), augmentation, generator)
        return Batch(bodies, clip.to(device), self.labels[chosen].to(device), chosen.to(device))

    def _augment(
        self, bodies: Tensor, clip: Tensor, clips: int, augmentation: Augmentation, generator: torch.Generator
    ) -> Tensor:
        layout, device = self.layout, bodies.device
        rotation = random_rotation(
            clips,
            layout.vertical,
            augmentation.about_vertical,
            augmentation.about_others,
            generator,
            device,
            layout.dimensions,
        )
        factors = random_scale(clips, augmentation.scale, layout.dimensions, generator, device)
        # Turning and stretching in one product: diag(s) (R x). It is applied to (B, 1, 1, T * V, C), a single product
        # for each body; about the origin of the camera is as good as about the body, which a network centres anyway.
        stretched = (factors[:, :, None] * rotation)[clip.to(device)]  # (B, C, C)
        moved = rotate(bodies.flatten(1, 2)[:, None, None], stretched).view_as(bodies)
        if augmentation.noise > 0:
            noise = torch.randn(bodies.shape, generator=generator).to(device, non_blocking=True)
            moved = moved + augmentation.noise * noise * (bodies != 0).any(dim=-1, keepdim=True)
        return moved


def keyed_generator(*key: int) -> torch.Generator:
    """A CPU generator that is a function of the key; close keys of the same length give unrelated numbers."""
    state = np.random.SeedSequence([word % 2**32 for word in key]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def _as_tensor(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]], device: torch.device | str) -> Tensor:
    with warnings.catch_warnings():
        # The map is read-only, and nothing here writes to it.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.asarray(array)).to(device)


def _present(store: SkeletonStore) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which bodies of each clip hold anything (n, M); a clip without any keeps its first."""
    present = np.stack(
        [
            (store.keypoints[first:last] != 0).any(axis=(0, 2, 3))
            for first, last in zip(store.offsets[:-1], store.offsets[1:], strict=True)
        ]
    )
    present[~present.any(axis=1), 0] = True
    return present
