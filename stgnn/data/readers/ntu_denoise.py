"""From all bodies that a Kinect saw in a recording of NTU RGB+D to the one or two people who act.

Besides the actors a Kinect tracks furniture and passers-by, and it gives an actor a new number after losing sight of
them. The rules are those of the denoising that CTR-GCN, SGN and AdaSGN share, with two differences: bodies are laid
into frames by the numbers of their frames, so that a body may disappear and come back; and the second place is empty
until a body stands in it, where the authors' code counts it as taken from the first frame on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stgnn.data.validation import FloatArray, IntArray

SHORT = 11
"""A body of at most so many frames is noise."""
SPREAD = 0.8
"""A frame is noisy if the body is wider than this share of its height: a table, not a person."""
NOISY = 0.69754
"""A body with this share of noisy frames is noise."""


@dataclass(frozen=True)
class Body:
    """What was tracked under one number.

    Args:
        frames: The frames it was seen in, rising (T,).
        joints: Coordinates in metres (T, V, C); the first is x, the second the height y.
    """

    frames: IntArray
    joints: FloatArray


def actors(bodies: Sequence[Body], length: int) -> FloatArray:
    """The people who act, those who move most first.

    A recording of a single body is taken as it is. Of several, noise is dropped, and each body that is left takes the
    first of two places that no body before it has taken at that time; if both are taken, it is dropped. Frames in
    which nobody is left are dropped.

    Args:
        bodies: All bodies, at least one.
        length: Frames of the recording, T.

    Returns:
        Coordinates (M, T, V, C), M being 1 or 2; zero where a body was not seen.
    """
    if len(bodies) == 1:
        return _fill(bodies, length)[np.newaxis]
    places: list[list[Body]] = [[], []]
    for body in _by_motion(_without_furniture(_without_short(bodies))):
        free = [place for place in places if _is_free(place, body)]
        if free:
            free[0].append(body)
    keypoints = np.stack([_fill(place, length) for place in places if place])
    return keypoints[:, keypoints.any(axis=(0, 2, 3))]


def motion(joints: FloatArray) -> float:
    """Sum over the coordinates of their variance over all joints and frames (T, V, C)."""
    return float(joints.reshape(-1, joints.shape[-1]).var(axis=0, dtype=np.float64).sum())


def _without_short(bodies: Sequence[Body]) -> list[Body]:
    return [body for body in bodies if len(body.frames) > SHORT] or list(bodies)


def _without_furniture(bodies: Sequence[Body]) -> list[Body]:
    """Drop in turn what is mostly wider than high, but never the last body."""
    kept = list(bodies)
    for body in bodies:
        if len(kept) > 1 and 1 - _upright(body).mean() >= NOISY:
            kept = [other for other in kept if other is not body]
    return kept


def _by_motion(bodies: Sequence[Body]) -> list[Body]:
    if len(bodies) == 1:
        return list(bodies)
    return sorted(bodies, key=_clean_motion, reverse=True)


def _clean_motion(body: Body) -> float:
    """The smaller of the motion in all frames and in those that are not noisy: noise is no motion."""
    clean = body.joints[_upright(body)]
    return min(motion(body.joints), motion(clean)) if len(clean) else motion(body.joints)


def _upright(body: Body) -> npt.NDArray[np.bool_]:
    """Which frames are not noisy (T,)."""
    width, height = np.moveaxis(np.ptp(body.joints[..., :2], axis=1), -1, 0)
    return np.asarray(width <= SPREAD * height)


def _is_free(place: Sequence[Body], body: Body) -> bool:
    """Whether the span of the body shares at most one frame with the span of those who stand there."""
    if not place:
        return True
    first, last = min(other.frames[0] for other in place), max(other.frames[-1] for other in place)
    return bool(min(last, body.frames[-1]) <= max(first, body.frames[0]))


def _fill(bodies: Sequence[Body], length: int) -> FloatArray:
    """Bodies of one place in their frames (T, V, C)."""
    filled = np.zeros((length, *bodies[0].joints.shape[1:]), dtype=np.float32)
    for body in bodies:
        filled[body.frames] = body.joints
    return filled
