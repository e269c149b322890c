"""Forward kinematics of the 25-joint body of `ntu25`: joint angles -> positions, for all clips and frames at once.

The body stands at the origin, faces +z, has +y up and its left side towards +x. Angles are in radians and zero in the
rest pose: upright, arms and legs hanging down. Flexing lifts a limb to the front, spreading lifts it to the side.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

LIMB = ("arm", "arm_out", "arm_turn", "elbow", "hand", "leg", "leg_out", "knee")
CONTROLS = ("bend", "twist", "lean", "nod", "look", "lift", *(f"{side}_{name}" for side in "lr" for name in LIMB))
"""Names of the controls: angles, and two lengths in metres: `lift` of the feet, `*_hand` from fingers to thumb."""

BONES: Mapping[str, float] = {
    "spine": 0.29,
    "chest": 0.23,
    "neck": 0.08,
    "head": 0.13,
    "shoulder": 0.18,
    "arm": 0.27,
    "forearm": 0.25,
    "hand": 0.08,
    "finger": 0.08,
    "hip": 0.09,
    "thigh": 0.40,
    "shank": 0.38,
    "foot": 0.14,
}
"""Lengths in metres."""

_LEFT_ARM, _RIGHT_ARM, _LEFT_LEG, _RIGHT_LEG = (
    (4, 5, 6, 7, 21, 22),
    (8, 9, 10, 11, 23, 24),
    (12, 13, 14, 15),
    (16, 17, 18, 19),
)


def positions(controls: Mapping[str, Array], bones: Mapping[str, Array]) -> Array:
    """Joint positions of many bodies.

    Args:
        controls: One array (B, T) for each name of `CONTROLS`.
        bones: One array (B,) for each name of `BONES`.

    Returns:
        Positions (B, T, 25, 3) in metres; the lower ankle stands on y = 0 unless lifted, the ankles around x = z = 0.
    """
    frames = controls["bend"].shape
    points = np.zeros((*frames, 25, 3), dtype=np.float32)
    length = {name: value[:, np.newaxis, np.newaxis].astype(np.float32) for name, value in bones.items()}
    torso = _turn(1, controls["twist"]) @ _turn(2, controls["lean"]) @ _turn(0, controls["bend"])
    points[..., 1, :] = length["spine"] * _axis(torso, 1)
    points[..., 20, :] = points[..., 1, :] + length["chest"] * _axis(torso, 1)
    points[..., 2, :] = points[..., 20, :] + length["neck"] * _axis(torso, 1)
    head = torso @ _turn(1, controls["look"]) @ _turn(0, controls["nod"])
    points[..., 3, :] = points[..., 2, :] + length["head"] * _axis(head, 1)
    _arm(points, controls, length, torso, _LEFT_ARM, "l", 1.0)
    _arm(points, controls, length, torso, _RIGHT_ARM, "r", -1.0)
    _leg(points, controls, length, _LEFT_LEG, "l", 1.0)
    _leg(points, controls, length, _RIGHT_LEG, "r", -1.0)
    ankles = points[..., (14, 18), :]
    points[..., (0, 2)] -= ankles[..., (0, 2)].mean(axis=-2, keepdims=True)
    points[..., 1] -= (ankles[..., 1].min(axis=-1) - controls["lift"])[..., np.newaxis]
    return points


def _arm(
    points: Array,
    controls: Mapping[str, Array],
    length: Mapping[str, Array],
    torso: Array,
    joints: tuple[int, ...],
    side: str,
    sign: float,
) -> None:
    shoulder, elbow, wrist, hand, tip, thumb = joints
    # The shoulder hangs a little below the point between the shoulders.
    points[..., shoulder, :] = points[..., 20, :] + length["shoulder"] * (
        sign * _axis(torso, 0) - 0.25 * _axis(torso, 1)
    )
    upper = torso @ _turn(2, sign * controls[f"{side}_arm_out"]) @ _turn(0, -controls[f"{side}_arm"])
    upper = upper @ _turn(1, sign * controls[f"{side}_arm_turn"])
    points[..., elbow, :] = points[..., shoulder, :] - length["arm"] * _axis(upper, 1)
    lower = upper @ _turn(0, -controls[f"{side}_elbow"])
    points[..., wrist, :] = points[..., elbow, :] - length["forearm"] * _axis(lower, 1)
    points[..., hand, :] = points[..., wrist, :] - length["hand"] * _axis(lower, 1)
    # Fingers and thumb move by the same amount to opposite sides: their mean does not tell an open hand from a fist.
    spread = 0.5 * controls[f"{side}_hand"][..., np.newaxis] * _axis(lower, 2)
    palm = points[..., hand, :] - length["finger"] * _axis(lower, 1)
    points[..., tip, :] = palm + spread
    points[..., thumb, :] = palm - spread


def _leg(
    points: Array,
    controls: Mapping[str, Array],
    length: Mapping[str, Array],
    joints: tuple[int, ...],
    side: str,
    sign: float,
) -> None:
    hip, knee, ankle, foot = joints
    points[..., hip, 0] = sign * length["hip"][..., 0]
    upper = _turn(2, sign * controls[f"{side}_leg_out"]) @ _turn(0, -controls[f"{side}_leg"])
    points[..., knee, :] = points[..., hip, :] - length["thigh"] * _axis(upper, 1)
    lower = upper @ _turn(0, controls[f"{side}_knee"])
    points[..., ankle, :] = points[..., knee, :] - length["shank"] * _axis(lower, 1)
    points[..., foot, :] = points[..., ankle, :] + length["foot"] * _axis(lower, 2)


def _axis(rotation: Array, axis: int) -> Array:
    """Where a rotation (..., 3, 3) takes one unit vector: (..., 3)."""
    return rotation[..., :, axis]


def _turn(axis: int, angle: Array) -> Array:
    """Rotation matrices (..., 3, 3) about one axis, for column vectors."""
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*angle.shape, 3, 3), dtype=np.float32)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1
    matrix[..., first, first] = cosine
    matrix[..., second, second] = cosine
    matrix[..., first, second] = -sine
    matrix[..., second, first] = sine
    return matrix
