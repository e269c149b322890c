"""Batches by index: all frames of a data set in one array, a batch of any clips by one gather.

Randomness is an argument: `ClipData.gather` is a function of its arguments alone. The random numbers are drawn on the
CPU, so that they are the same whatever device the data is on.
"""

import warnings
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.transforms import (
    check_alignable,
    random_rotation,
    random_scale,
    rotate,
    uniform_frames,
    view_rotation,
)


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


def joined(first: Batch, second: Batch) -> Batch:
    """The clips of one batch after those of another."""
    clip = torch.cat([first.clip, second.clip + len(first.label)])
    pairs = zip((first.bodies, first.label, first.index), (second.bodies, second.label, second.index), strict=True)
    bodies, label, index = (torch.cat(pair) for pair in pairs)
    return Batch(bodies, clip, label, index)


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
        align: Whether bodies are turned upright and towards the camera (see `align_view`).

    Raises:
        InputError: the layout cannot be aligned.
    """

    def __init__(
        self, store: SkeletonStore, device: torch.device | str = "cpu", min_score: float = 0.0, align: bool = False
    ) -> None:
        self.layout, self.align = store.layout, align
        self.persons = store.keypoints.shape[1]
        if align:
            check_alignable(store.layout)
        self.names = store.names
        # (sum_T, M, V, C) -> (sum_T * M, V * C): one row is one body in one frame.
        self.rows = _as_tensor(store.keypoints.reshape(-1, store.layout.num_joints * store.layout.dimensions), device)
        self.device = self.rows.device
        if self.device.type != "cpu" and not torch.isfinite(self.rows.sum()):
            store.check_finite()
        self.min_score = min_score
        scored = store.scores is not None and min_score > 0
        # (sum_T, M, V) -> (sum_T * M, V)
        self.scores = _as_tensor(store.scores.reshape(-1, store.layout.num_joints), device) if scored else None  # type: ignore[union-attr]
        # (sum_T * M,): whether a row shows anything; on the CPU the rows themselves tell.
        self.shown = self._shown().cpu() if self.persons > 1 and self.device.type != "cpu" else None
        # What only tells where to look stays on the CPU: no kernel starts and no synchronisation to prepare a batch.
        self.offsets = torch.from_numpy(store.offsets[:-1].copy())
        self.lengths = torch.from_numpy(store.lengths)
        self.labels = torch.from_numpy(store.labels)
        present = store.bodies.copy()
        present[~present.any(axis=1), 0] = True  # a clip without any body keeps its first
        self.present = torch.from_numpy(present)

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
        bodies = self._read(rows)
        if self.persons > 1:
            shown = bodies.flatten(1).any(dim=1) if self.shown is None else self.shown[rows].any(dim=1)
            kept = _voters(shown, clip)
            bodies, clip = bodies[kept], clip[kept]
        if self.device.type == "cpu":  # elsewhere the whole store was checked on its way there
            self._check_finite(bodies, chosen[clip])
        clip = clip.to(self.device)
        turn = view_rotation(bodies, self.layout) if self.align else None  # (B, C, C)
        if augmentation is not None and generator is not None:
            stretch = self._stretched(len(chosen), augmentation, generator)[clip]
            turn = stretch if turn is None else stretch @ turn
        if turn is not None:
            # Applied to (B, 1, 1, T * V, C), a single product for each body; about the origin of the camera is as good
            # as about the body, which a network centres anyway.
            bodies = rotate(bodies.flatten(1, 2)[:, None, None], turn).view_as(bodies)
        if augmentation is not None and generator is not None and augmentation.noise:
            bodies = _noisy(bodies, augmentation.noise, generator)
        return Batch(bodies, clip, self.labels[chosen].to(self.device), chosen.to(self.device))

    def _read(self, rows: Tensor) -> Tensor:
        """The bodies (B, T, V, C) of rows (B, T); joints whose score is too low are zero."""
        where = rows.flatten().to(self.device, non_blocking=True)
        # (B * T, V * C) -> (B, T, V, C)
        bodies = self.rows.index_select(0, where).view(*rows.shape, self.layout.num_joints, self.layout.dimensions)
        if self.scores is None:
            return bodies
        unseen = (self.scores.index_select(0, where) < self.min_score).view(bodies.shape[:3])
        return bodies.masked_fill(unseen[..., None], 0)

    def _shown(self) -> Tensor:
        joints = self.rows.view(len(self.rows), self.layout.num_joints, -1).any(dim=2)
        return (joints if self.scores is None else joints & (self.scores >= self.min_score)).any(dim=1)

    def _stretched(self, clips: int, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
        """Turning and stretching in one matrix for each clip, diag(s) R: (N, C, C)."""
        layout, device = self.layout, self.device
        rotation = random_rotation(
            clips,
            layout.vertical,
            augmentation.about_vertical,
            augmentation.about_others,
            generator,
            device,
            layout.dimensions,
        )
        return random_scale(clips, augmentation.scale, layout.dimensions, generator, device)[:, :, None] * rotation

    def _check_finite(self, bodies: Tensor, clip: Tensor) -> None:
        """Refuse NaN and infinity where they are read: checking a whole store first would read it twice."""
        # A sum is finite only if every term is (short of an overflow, which the second look clears up), and is faster.
        if torch.isfinite(bodies.sum()) or bool(torch.isfinite(bodies).all()):
            return
        body, _, joint = (~torch.isfinite(bodies)).any(dim=-1).nonzero()[0].tolist()
        raise InputError(
            f"the coordinates of clip {int(clip[body])} ({self.names[int(clip[body])]!r}) are not finite numbers",
            given=f"NaN or infinity in joint {joint} ({self.layout.joints[joint]})",
            allowed="finite numbers; a joint that was not seen is exactly zero",
            hint="the store was changed after it was imported: import the data again",
        )


class Draw(IntEnum):
    """What random numbers are for; no two uses share any."""

    ORDER = 1  # of the clips in an epoch
    BATCH = 2  # frames and augmentation
    DROPOUT = 3
    ACTIONS = 4  # of a policy
    TURNS = 5  # of the authors of AdaSGN
    VIEWS = 6  # of the clips that a search scores


def keyed_seed(draw: Draw, *key: int) -> int:
    """A seed that is a function of use and key; close keys of the same length give unrelated numbers."""
    state = np.random.SeedSequence([draw, *(word % 2**32 for word in key)]).generate_state(1, np.uint64)[0]
    return int(state >> np.uint64(1))


def keyed_generator(draw: Draw, *key: int) -> torch.Generator:
    """A CPU generator with the :func:`keyed_seed` of use and key."""
    return torch.Generator().manual_seed(keyed_seed(draw, *key))


def _voters(shown: Tensor, clip: Tensor) -> Tensor:
    """Which bodies have a say in their clip: those that the chosen frames show; of a clip without any, the first.

    Args:
        shown: Whether the frames show the body, ``(B,)``.
        clip: The clip of each body in ascending order, ``(B,)``.
    """
    first = torch.cat([torch.ones(1, dtype=torch.bool), clip[1:] != clip[:-1]])
    deserted = torch.ones(len(clip), dtype=torch.bool).index_fill(0, clip[shown], False)[clip]
    return shown | (first & deserted)


def _noisy(bodies: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Bodies (B, T, V, C) with normal noise of a standard deviation on every joint that was seen."""
    drawn = torch.randn(bodies.shape, generator=generator).to(bodies.device, non_blocking=True)
    return bodies + noise * drawn * (bodies != 0).any(dim=-1, keepdim=True)


def _as_tensor(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]], device: torch.device | str) -> Tensor:
    with warnings.catch_warnings():
        # The map is read-only, and nothing here writes to it.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.asarray(array)).to(device)
