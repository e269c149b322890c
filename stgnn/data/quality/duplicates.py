"""Clips that occur twice, found by their content: number for number, or moved, turned, scaled, trimmed, with noise.

Three steps, each on few enough numbers: a *fingerprint* of each clip that a copy shares, whatever was done to it; the
*candidates*, pairs of clips of nearly the same fingerprint; and the proof of
:mod:`stgnn.data.quality.overlay`, which lays one clip over the other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stgnn.data.quality.overlay import TRIM, are_copies, positions
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray, IntArray

FRAMES = 16  # of a clip, looked at for its fingerprint
WAVES = 4  # cosine waves that describe each distance over time
JOINTS = 12  # most joints whose distances count
TOLERANCE = 0.015  # of fingerprints: relative difference of distances; a copy with 1 mm of noise differs by 0.002
AXES = 8  # principal axes of the fingerprints on which candidates are sought
CANDIDATES = 16  # most candidates for each clip
MIN_FRAMES = 4  # less has no motion to compare
_CLIPS = 512  # that are in memory at once
_ROWS = 128  # of a matrix of distances, so that it stays in the cache of a processor


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Groups of clips of the same content; the number of a group is the index of its first clip.

    Args:
        exact: Group of each clip, by equality of every number (n,).
        near: Group of each clip, near copies counted in (n,).
    """

    exact: IntArray
    near: IntArray


def find_duplicates(store: SkeletonStore, near: bool = True) -> Duplicates:
    """Group the clips of a store by content.

    What a near copy is: see :func:`stgnn.data.quality.overlay.are_copies`. Clips without a body, or with NaN, are no
    copies of each other.

    Args:
        store: The clips.
        near: Whether to look for near copies too.
    """
    bodies = _main_bodies(store)
    exact = _join(len(store), _equal_pairs(store, np.flatnonzero(bodies >= 0)))
    if not near:
        return Duplicates(exact, exact)
    # One clip of each group stands for all, so that a clip repeated a thousand times is compared once.
    alone = np.flatnonzero((exact == np.arange(len(store))) & (bodies >= 0) & (store.lengths >= MIN_FRAMES))
    pairs = _candidates(store, bodies, alone)
    proven = pairs[are_copies(store, bodies, pairs)]
    near_groups = _join(len(store), proven)
    return Duplicates(exact, near_groups[exact])


def _main_bodies(store: SkeletonStore) -> IntArray:
    """For each clip the body that is seen in the most frames (n,); -1 where there is none, or a number is none."""
    found = np.empty(len(store), dtype=np.int64)
    for clips in _chunks(len(store)):
        first = store.offsets[clips[0]]
        frames = store.keypoints[first : store.offsets[clips[-1] + 1]]
        seen = (frames != 0).any(axis=(2, 3))
        counts = np.add.reduceat(seen.astype(np.int64), store.offsets[clips] - first, axis=0)  # (clips, M)
        known = counts.any(axis=1)
        if not np.isfinite(frames.sum()):
            bad = ~np.isfinite(frames).all(axis=(1, 2, 3))
            known &= ~np.logical_or.reduceat(bad, store.offsets[clips] - first)
        found[clips] = np.where(known, counts.argmax(axis=1), -1)
    return found


def _chunks(count: int) -> Iterator[IntArray]:
    for first in range(0, count, _CLIPS):
        yield np.arange(first, min(first + _CLIPS, count))


def _equal_pairs(store: SkeletonStore, clips: IntArray) -> IntArray:
    """(first, other) for each clip that equals an earlier one number for number (p, 2)."""

    def content(clip: int, frames: int) -> bytes:
        start = store.offsets[clip]
        return hashlib.blake2b(store.keypoints[start : start + frames].tobytes(), digest_size=16).digest()

    # The first frame tells nearly all clips apart; only the others are read to the end.
    pairs = []
    for alike in _alike(clips, [(int(store.lengths[clip]), content(clip, 1)) for clip in clips]):
        for same in _alike(alike, [content(clip, int(store.lengths[clip])) for clip in alike]):
            pairs += [(same[0], other) for other in same[1:]]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _alike(clips: IntArray, keys: Sequence[object]) -> list[IntArray]:
    """Clips of the same key, where there are several."""
    groups: dict[object, list[int]] = {}
    for clip, key in zip(clips.tolist(), keys, strict=True):
        groups.setdefault(key, []).append(clip)
    return [np.array(group) for group in groups.values() if len(group) > 1]


def _join(count: int, pairs: IntArray) -> IntArray:
    """The first member of the group that pairs connect each of `count` clips with."""
    group = list(range(count))

    def root(clip: int) -> int:
        while group[clip] != clip:
            group[clip] = group[group[clip]]
            clip = group[clip]
        return clip

    for one, other in pairs.tolist():
        first, second = sorted((root(one), root(other)))
        group[second] = first
    return np.array([root(clip) for clip in range(count)], dtype=np.int64)


def _candidates(store: SkeletonStore, bodies: IntArray, clips: IntArray) -> IntArray:
    """Pairs of clips of which one, possibly without an end frame, has nearly the fingerprint of the other (p, 2)."""
    if len(clips) < 2 or store.layout.num_joints < 2:
        return np.empty((0, 2), dtype=np.int64)
    whole = _fingerprints(store, bodies, clips, 0, 0)
    known = np.isfinite(whole).all(axis=1)  # coordinates may be so large that their distances are no numbers
    clips, whole = clips[known], whole[known]
    if len(clips) < 2:
        return np.empty((0, 2), dtype=np.int64)
    middle = whole.mean(axis=0)
    axes = np.linalg.eigh(np.cov(whole - middle, rowvar=False))[1][:, : -AXES - 1 : -1].astype(np.float32)
    targets = (whole - middle) @ axes
    found = []
    for start in range(TRIM + 1):
        for end in range(TRIM + 1):
            trimmed = _fingerprints(store, bodies, clips, start, end) if start or end else whole
            rows, columns = _neighbours((trimmed - middle) @ axes, targets)
            close = np.linalg.norm(trimmed[rows] - whole[columns], axis=1) <= TOLERANCE
            found.append(np.stack([clips[rows[close]], clips[columns[close]]], axis=1))
    pairs = np.sort(np.concatenate(found), axis=1)
    return np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)


def _fingerprints(store: SkeletonStore, bodies: IntArray, clips: IntArray, start: int, end: int) -> FloatArray:
    """Distances between the ends of the body over time, in units of their mean, as slow waves (clips, F).

    A shift and a turn leave distances as they are, the unit takes the scale out, and slow waves are deaf to noise.

    Args:
        store: The clips.
        bodies: The main body of each clip of the store (n,).
        clips: Clips to describe.
        start: Frames to leave out at the start.
        end: Frames to leave out at the end.
    """
    joints = _ends(store)
    one, other = np.triu_indices(len(joints), 1)
    times = (np.arange(FRAMES) + 0.5) / FRAMES
    waves = np.cos(np.pi * np.outer(np.arange(WAVES), times)) / FRAMES  # (waves, frames)
    prints = []
    for chunk in _chunks(len(clips)):
        chosen = clips[chunk]
        first = np.full(len(chosen), start)
        points, seen = positions(store, bodies, chosen, first, store.lengths[chosen] - end - start, FRAMES, joints)
        distances = np.linalg.norm(points[:, :, one] - points[:, :, other], axis=-1)
        distances *= seen[:, :, one] & seen[:, :, other]
        distances /= np.maximum(distances.mean(axis=(1, 2), keepdims=True), 1e-9)
        prints.append((waves @ distances).reshape(len(chosen), -1) / np.sqrt(len(one)))
    return np.concatenate(prints).astype(np.float32)


def _ends(store: SkeletonStore) -> IntArray:
    """The centre and the other joints that a single bone holds, `JOINTS` at most; two at least: a tree has two ends."""
    layout = store.layout
    degree = np.bincount(np.array(layout.bones).flatten(), minlength=layout.num_joints)
    ends = [joint for joint in np.flatnonzero(degree == 1).tolist() if joint != layout.center]
    step = -(-len(ends) // (JOINTS - 1))
    return np.array([layout.center, *ends[::step]])


def _neighbours(points: FloatArray, targets: FloatArray) -> tuple[IntArray, IntArray]:
    """Which targets (n, D) lie within `TOLERANCE` of which points (n, D): rows of points and of targets.

    Sorted along the first axis, a block of points meets a window of targets only. One product gives squared distances:
    |p - t|² = (-2 p, |p|², 1) · (t, 1, |t|²).
    """
    rank, order = np.argsort(points[:, 0]), np.argsort(targets[:, 0])
    points, targets = points[rank], targets[order]
    one = np.ones((len(points), 1), np.float32)
    left = np.concatenate([-2 * points, (points**2).sum(axis=1, keepdims=True), one], axis=1)
    right = np.concatenate([targets, one, (targets**2).sum(axis=1, keepdims=True)], axis=1)
    lows = np.searchsorted(targets[:, 0], points[:, 0] - TOLERANCE)
    highs = np.searchsorted(targets[:, 0], points[:, 0] + TOLERANCE, side="right")
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first in range(0, len(points), _ROWS):
        last = min(first + _ROWS, len(points)) - 1
        row, column = _closest(left[first : last + 1] @ right[lows[first] : highs[last]].T)
        rows.append(rank[first + row])
        columns.append(order[lows[first] + column])
    return np.concatenate(rows), np.concatenate(columns)


def _closest(squares: FloatArray) -> tuple[IntArray, IntArray]:
    """Where squared distances (points, targets) are within the tolerance; the closest few where they are many."""
    close = squares <= TOLERANCE**2 + 1e-5  # the rounding of float32 is below this slack
    most = CANDIDATES + 1  # a point meets itself too
    if squares.shape[1] > most and np.count_nonzero(close) > most * len(squares):
        nearest = np.argpartition(squares, CANDIDATES, axis=1)[:, :most]
        row, place = np.nonzero(np.take_along_axis(close, nearest, axis=1))
        return row, nearest[row, place]
    return np.divmod(np.flatnonzero(close), squares.shape[1])
