"""Where a joint stands in a body or hand at rest, by its name; for drawing a layout without a pose. Free of torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stgnn.skeleton.layout import SkeletonLayout

# To the side and up, in metres.
_MIDDLE = {
    **dict.fromkeys(("spine_base", "hip_center", "pelvis"), 0.95),
    **dict.fromkeys(("spine", "spine_mid", "belly", "torso"), 1.15),
    **dict.fromkeys(("spine_shoulder", "shoulder_center", "chest"), 1.4),
    **{"neck": 1.48, "nose": 1.6, "face": 1.62, "head": 1.72},
}
_SIDE = {
    **{"eye_inner": (0.03, 1.65), "eye": (0.05, 1.66), "eye_outer": (0.08, 1.66), "ear": (0.12, 1.62)},
    **{"mouth": (0.04, 1.55), "shoulder": (0.19, 1.4), "elbow": (0.4, 1.2), "wrist": (0.57, 1.03)},
    **{"hand": (0.65, 0.96), "hand_tip": (0.75, 0.88), "middle_tip": (0.75, 0.88)},
    **{"thumb": (0.74, 0.99), "thumb_tip": (0.74, 0.99), "index": (0.72, 0.93), "index_knuckle": (0.72, 0.93)},
    **{"pinky": (0.63, 0.88), "pinky_knuckle": (0.63, 0.88)},
    **{"hip": (0.11, 0.92), "knee": (0.16, 0.5), "ankle": (0.18, 0.1), "heel": (0.14, 0.03)},
    **{"foot": (0.28, 0.04), "foot_index": (0.28, 0.04), "big_toe": (0.26, 0.02), "small_toe": (0.3, 0.05)},
}
_FINGERS = {"thumb": 55.0, "index": 22.0, "middle": 0.0, "ring": -22.0, "little": -44.0, "pinky": -44.0}  # degrees
_PHALANGES = {  # from the wrist, in lengths of a palm
    **{"base": 0.9, "first": 1.25, "second": 1.5, "tip": 1.7},
    **{"a": 0.9, "b": 1.25, "c": 1.5, "end": 1.7},
}


def at_rest(layout: SkeletonLayout) -> npt.NDArray[np.float64] | None:
    """Places (V, 2), y down, by the names of the joints; None when one is unknown or two would coincide."""
    paired = {joint for pair in layout.symmetry for joint in pair}
    places = []
    for joint, name in enumerate(layout.joints):
        place = _place(name.partition("+")[0])  # a coarse joint is called after one of its group
        if place is None:
            return None
        middle = layout.symmetry and joint not in paired
        places.append((0.0 if middle else place[0], -place[1]))
    return np.array(places) if len(set(places)) == len(places) else None


def _place(name: str) -> tuple[float, float] | None:
    if name in _MIDDLE:
        return 0.0, _MIDDLE[name]
    for side in ("left", "right"):
        joint = name.removeprefix(f"{side}_").removesuffix(f"_{side}")
        if joint != name and joint in _SIDE:
            across, up = _SIDE[joint]
            return (-across if side == "left" else across), up
    if name in ("wrist", "palm"):
        return 0.0, (0.0 if name == "wrist" else 0.25)
    finger, _, phalanx = name.partition("_")
    if finger in _FINGERS and phalanx in _PHALANGES:
        angle, far = np.deg2rad(_FINGERS[finger]), _PHALANGES[phalanx] * (0.75 if finger == "thumb" else 1.0)
        return -far * float(np.sin(angle)), far * float(np.cos(angle))
    return None
