"""One pass over every coordinate of a store: the numbers that the checks judge. Vectorised, a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray, IntArray
from stgnn.skeleton.layout import SkeletonLayout

BoolArray = npt.NDArray[np.bool_]

FRAMES = 1024  # of a chunk, so that it stays in the cache of a processor; a clip is never cut
SAMPLE = 1000  # steps from frame to frame that tell what is typical of a set
UNUSUAL = 20.0  # typical changes of a bone, beyond which a change is a jump


@dataclass(frozen=True, eq=False)
class Scan:
    """What every coordinate was read for.

    Args:
        lengths: Frames of each clip (n,).
        not_finite: Frames with NaN or infinity (n,); they count in nothing else.
        empty: Frames in which nobody is seen (n,).
        bodies: Frames in which each body is seen (n, M).
        unseen: Frames in which a joint is missing in a body that is seen, summed over bodies (n, V).
        moves: Steps from frame to frame in which a joint is not where it was, summed over bodies (n, V).
        jumps: Steps in which a bone jumps, summed over bodies (n,); see `jump_limits`.
        bone_sum: Sum of the lengths of the bones in all frames (n,).
        bone_count: How many they are (n,).
        low: Smallest coordinates of each joint (V, C), infinite where it is never seen.
        high: Largest coordinates of each joint (V, C).
    """

    lengths: IntArray
    not_finite: IntArray
    empty: IntArray
    bodies: IntArray
    unseen: IntArray
    moves: IntArray
    jumps: IntArray
    bone_sum: npt.NDArray[np.float64]
    bone_count: IntArray
    low: FloatArray
    high: FloatArray

    @cached_property
    def shown(self) -> IntArray:
        """Frames in which each joint is seen, summed over bodies (n, V)."""
        shown: IntArray = self.bodies.sum(axis=1, keepdims=True) - self.unseen
        return shown

    @property
    def still(self) -> BoolArray:
        """Whether a joint is seen in several frames and never moves (n, V)."""
        still: BoolArray = (self.shown > 1) & (self.moves == 0) & (self.lengths > 1)[:, np.newaxis]
        return still

    @property
    def frozen(self) -> BoolArray:
        """Whether a clip of several frames shows a body and nothing moves (n,)."""
        frozen: BoolArray = self.still.any(axis=1) & (self.moves == 0).all(axis=1)
        return frozen

    @property
    def bone(self) -> npt.NDArray[np.float64]:
        """Mean length of the bones of each clip, NaN where none is seen (n,)."""
        return np.divide(
            self.bone_sum, self.bone_count, out=np.full(len(self.lengths), np.nan), where=self.bone_count > 0
        )


def scan_store(store: SkeletonStore) -> Scan:
    """Read every coordinate of a store once.

    Args:
        store: The clips. NaN and infinity are counted, not refused.
    """
    clips, (persons, joints, axes) = len(store), store.keypoints.shape[1:]
    limits = jump_limits(store)
    scan = Scan(
        lengths=store.lengths,
        not_finite=np.zeros(clips, np.int64),
        empty=np.zeros(clips, np.int64),
        bodies=np.zeros((clips, persons), np.int64),
        unseen=np.zeros((clips, joints), np.int64),
        moves=np.zeros((clips, joints), np.int64),
        jumps=np.zeros(clips, np.int64),
        bone_sum=np.zeros(clips),
        bone_count=np.zeros(clips, np.int64),
        low=np.full((joints, axes), np.inf, np.float32),
        high=np.full((joints, axes), -np.inf, np.float32),
    )
    for clip, frames, starts in _chunks(store):
        bad = np.zeros(len(frames), bool)
        if not np.isfinite(frames.sum()):
            bad = np.asarray(~np.isfinite(frames).all(axis=(1, 2, 3)))
            frames = np.where(bad[:, np.newaxis, np.newaxis, np.newaxis], np.float32(0), frames)
        scan.not_finite[clip] = _count(bad, starts)
        scan.empty[clip] = _count(~frames.any(axis=(1, 2, 3)) & ~bad, starts)
        for person in range(persons):
            if frames[:, person].any():
                _add(scan, clip, person, _Body(frames[:, person], starts, store.layout), limits)
    return scan


def jump_limits(store: SkeletonStore) -> FloatArray:
    """Change of each bone from one frame to the next, beyond which it jumps (E,).

    A bone jumps when its length changes by more than the mean length of all bones (about 20 cm of a body) and by more
    than `UNUSUAL` times its median change in a sample of the set.
    """
    wanted = np.linspace(0, len(store.keypoints) - 2, SAMPLE).astype(np.int64)
    first = np.setdiff1d(wanted[wanted >= 0], store.offsets[1:-1] - 1)  # both frames of a step belong to one clip
    if len(first) == 0:
        return np.full(len(store.layout.bones), np.inf, np.float32)
    frames = np.nan_to_num(store.keypoints[np.stack([first, first + 1], axis=1).ravel(), 0], posinf=0, neginf=0)
    body = _Body(frames, np.arange(0, len(frames), 2), store.layout)
    steps, both = body.steps()
    typical = np.array([np.median(row[known]) if known.any() else 0 for row, known in zip(steps, both, strict=True)])
    mean = body.bones.sum() / max(int(body.bones_seen.sum()), 1)
    return (
        np.maximum(mean, UNUSUAL * typical).astype(np.float32)
        if mean > 0
        else np.full(len(typical), np.float32(np.inf))
    )


def _chunks(store: SkeletonStore) -> Iterator[tuple[slice, FloatArray, npt.NDArray[np.intp]]]:
    """Clips that follow each other, of about `FRAMES` frames or one clip: which, their frames, where each starts."""
    first = 0
    while first < len(store):
        last = int(np.searchsorted(store.offsets, store.offsets[first] + FRAMES, side="right")) - 1
        clips = slice(first, max(last, first + 1))
        begin = store.offsets[first]
        frames = np.asarray(store.keypoints[begin : store.offsets[clips.stop]])
        yield clips, frames, (store.offsets[clips] - begin).astype(np.intp)
        first = clips.stop


def _add(scan: Scan, clips: slice, person: int, body: "_Body", limits: FloatArray) -> None:
    """Count one body of the clips of a chunk."""
    present = np.asarray(body.seen.any(axis=0))
    scan.bodies[clips, person] = _count(present, body.starts)
    scan.unseen[clips] += _count(present & ~body.seen, body.starts).T
    scan.moves[clips] += _count(body.moves(), body.starts).T
    steps, both = body.steps()
    scan.jumps[clips] += _count(np.asarray(((steps > limits[:, np.newaxis]) & both).any(axis=0)), body.starts)
    scan.bone_sum[clips] += np.add.reduceat(body.bones.sum(axis=0, dtype=np.float64), body.starts)
    scan.bone_count[clips] += _count(body.bones_seen, body.starts).sum(axis=0)
    hidden = ~body.seen
    np.minimum(scan.low, np.where(hidden, np.inf, body.points).min(axis=-1).T, out=scan.low)
    np.maximum(scan.high, np.where(hidden, -np.inf, body.points).max(axis=-1).T, out=scan.high)


def _count(flags: BoolArray, starts: npt.NDArray[np.intp]) -> IntArray:
    """How often the flags (..., F) are set in each clip (..., clips)."""
    counts: IntArray = np.add.reduceat(flags, starts, axis=-1, dtype=np.int64)
    return counts


class _Body:
    """One body in the frames of some clips, laid out so that each operation runs along the frames.

    Args:
        frames: Coordinates (F, V, C).
        starts: First frame of each clip (clips,).
        layout: The body.
    """

    def __init__(self, frames: FloatArray, starts: npt.NDArray[np.intp], layout: SkeletonLayout) -> None:
        self.starts = starts
        self.points = np.ascontiguousarray(frames.transpose(2, 1, 0))  # (C, V, F)
        self.seen: BoolArray = np.asarray(self.points.any(axis=0))  # (V, F)
        ends = np.array(layout.bones, dtype=np.intp).reshape(-1, 2)
        self.bones_seen: BoolArray = self.seen[ends[:, 0]] & self.seen[ends[:, 1]]  # (E, F)
        offsets = self.points[:, ends[:, 1]] - self.points[:, ends[:, 0]]
        self.bones: FloatArray = np.sqrt((offsets * offsets).sum(axis=0)) * self.bones_seen  # (E, F)

    def steps(self) -> tuple[FloatArray, BoolArray]:
        """How much each bone changes from the frame before, and whether it is seen in both (E, F)."""
        change, both = np.zeros_like(self.bones), np.zeros_like(self.bones_seen)
        np.abs(np.diff(self.bones), out=change[:, 1:])
        np.logical_and(self.bones_seen[:, 1:], self.bones_seen[:, :-1], out=both[:, 1:])
        both[:, self.starts] = False
        return change, both

    def moves(self) -> BoolArray:
        """Whether each joint is not where it was in the frame before (V, F)."""
        moved = np.zeros_like(self.seen)
        np.any(self.points[..., 1:] != self.points[..., :-1], axis=0, out=moved[:, 1:])
        moved[:, self.starts] = False
        return moved
