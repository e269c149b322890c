"""One clip laid over another: whether they are the same recording."""

import numpy as np

from stgnn.data.store import SkeletonStore
from stgnn.data.validation import BoolArray, FloatArray, IntArray

FRAMES = 32  # of each clip that are laid over each other
TRIM = 1  # frames that a copy may lack at each end
DIFFERENCE = 0.02  # most that a copy differs, in units of the spread of its joints
MOTION = 0.4  # least correlation of the steps from frame to frame
_PAIRS = 256  # that are in memory at once


def are_copies(store: SkeletonStore, bodies: IntArray, pairs: IntArray) -> BoolArray:
    """Whether one clip of each pair is a copy of the other.

    It is when, after the best shift, scaling and (in 3-D) turn about the vertical axis,

    * the joints differ by at most 2 % of their spread, both root mean square over joints and frames: about 1 cm of a
      body. Repetitions by one person differ by 3 % and more on every set that was tried, mostly by 10 %; noise of 1 mm
      makes 0.3 %;
    * the steps from frame to frame correlate by at least 0.4: two people who stand still agree in their pose, and never
      in the jitter of the sensor.

    Frames are compared one to one, with up to one frame missing at each end, or after stretching both clips to the same
    length, whichever agrees best.

    Args:
        store: The clips.
        bodies: Which body of each clip is compared (n,).
        pairs: Indices of clips (p, 2).

    Returns:
        One answer for each pair (p,).
    """
    answers = [np.empty(0, dtype=bool)]
    for first in range(0, len(pairs), _PAIRS):
        part = pairs[first : first + _PAIRS]
        same = np.zeros(len(part), dtype=bool)
        for offset in (None, *range(-TRIM, TRIM + 1)):
            difference, motion = _compare(store, bodies, part, offset)
            same |= (difference <= DIFFERENCE) & (motion >= MOTION)
        answers.append(same)
    return np.concatenate(answers)


def _compare(
    store: SkeletonStore, bodies: IntArray, pairs: IntArray, offset: int | None
) -> tuple[FloatArray, FloatArray]:
    """How much the clips of each pair differ, and how well their motion correlates (p,), for one way to align them.

    Args:
        store: The clips.
        bodies: Which body of each clip is compared (n,).
        pairs: Indices of clips (p, 2).
        offset: The frame of the first clip that frame 0 of the second falls on; None stretches both.
    """
    lengths = store.lengths[pairs]  # (p, 2)
    starts, common = np.zeros_like(lengths), lengths
    possible = np.ones(len(pairs), dtype=bool)
    if offset is not None:
        starts = np.broadcast_to(np.array([max(offset, 0), max(-offset, 0)]), lengths.shape)
        common = np.repeat((lengths - starts).min(axis=1, keepdims=True), 2, axis=1)
        possible = lengths.max(axis=1) - common[:, 0] <= 2 * TRIM
    one, other = (positions(store, bodies, pairs[:, i], starts[:, i], common[:, i], FRAMES) for i in (0, 1))
    seen = one[1] & other[1]
    first, second = (_centred(points, seen) for points, _ in (one, other))
    second = _turned(first, second, store.layout.vertical)
    difference = np.sqrt(np.maximum(1 - _correlation(first, second) ** 2, 0))
    motion = _correlation(np.diff(first, axis=1), np.diff(second, axis=1))
    # Two clips that show different joints are not the same.
    possible &= 2 * seen.sum(axis=(1, 2)) > np.maximum(one[1].sum(axis=(1, 2)), other[1].sum(axis=(1, 2)))
    return np.where(possible, difference, np.inf).astype(np.float32), motion


def positions(
    store: SkeletonStore,
    bodies: IntArray,
    clips: IntArray,
    starts: IntArray,
    lengths: IntArray,
    frames: int,
    joints: IntArray | None = None,
) -> tuple[FloatArray, BoolArray]:
    """One body of each clip at evenly spaced times, linear between frames.

    Args:
        store: The clips.
        bodies: The body of each clip of the store (n,).
        clips: Which clips (p,).
        starts: First frame of each (p,).
        lengths: How many frames from there on (p,).
        frames: How many times, T.
        joints: Which joints; None for all.

    Returns:
        Points (p, T, V, C), zero where a joint is not seen, and which joints are seen (p, T, V).
    """
    times = starts[:, np.newaxis] + np.linspace(0, 1, frames) * (lengths[:, np.newaxis] - 1)
    before = np.floor(times + 1e-9).astype(np.int64)
    share = np.clip(times - before, 0, 1)[..., np.newaxis].astype(np.float32)
    after = np.where(share[..., 0] > 0, before + 1, before)
    chosen = np.arange(store.layout.num_joints) if joints is None else joints
    rows, body = store.offsets[clips][:, np.newaxis], bodies[clips][:, np.newaxis]
    low, high = (store.keypoints[rows + frame, body][:, :, chosen] for frame in (before, after))
    seen = (low != 0).any(axis=-1) & (high != 0).any(axis=-1)
    points = low * (1 - share[..., np.newaxis]) + high * share[..., np.newaxis]
    return points * seen[..., np.newaxis], seen


def _centred(points: FloatArray, seen: BoolArray) -> FloatArray:
    """Points (p, T, V, C) around the mean of those seen; the others are zero."""
    weight = seen[..., np.newaxis].astype(np.float32)
    mean = (points * weight).sum(axis=(1, 2), keepdims=True) / np.maximum(weight.sum(axis=(1, 2), keepdims=True), 1)
    return (points - mean) * weight


def _turned(target: FloatArray, points: FloatArray, vertical: int) -> FloatArray:
    """Points (p, T, V, C) turned about the vertical axis so that they lie best on the target; as they are in 2-D."""
    if points.shape[-1] != 3:
        return points
    across, deep = (axis for axis in range(3) if axis != vertical)
    here, there = (values[..., across] + 1j * values[..., deep] for values in (points, target))
    turn = (here.conj() * there).sum(axis=(1, 2))
    turned = here * (turn / np.maximum(np.abs(turn), 1e-12))[:, np.newaxis, np.newaxis]
    result = points.copy()
    result[..., across], result[..., deep] = turned.real, turned.imag
    return result


def _correlation(one: FloatArray, other: FloatArray) -> FloatArray:
    """Cosine between arrays (p, ...), which no scale changes (p,)."""
    first, second = (values.reshape(len(values), -1) for values in (one, other))
    product = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine: FloatArray = (first * second).sum(axis=1) / np.maximum(product, 1e-12)
    return cosine
