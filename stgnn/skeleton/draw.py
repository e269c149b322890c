"""Stick figures as SVG text, for notebooks and reports. Free of torch."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

LEFT, RIGHT, MIDDLE = "#1f77b4", "#d95f02", "#7a7a7a"
PARTS = ("#7a7a7a", "#d95f02", "#1f77b4", "#2ca02c", "#9467bd", "#c49a00")  # of a body without left and right: a hand
MARGIN = 0.08

# Where a joint of that name stands in a body at rest: to the side and up, in metres.
_MIDDLE = {
    **dict.fromkeys(("spine_base", "hip_center", "pelvis"), 0.95),
    **dict.fromkeys(("spine", "spine_mid", "belly", "torso"), 1.15),
    **dict.fromkeys(("spine_shoulder", "shoulder_center", "chest"), 1.4),
    **{"neck": 1.48, "nose": 1.6, "face": 1.62, "head": 1.68},
}
_SIDE = {
    **{"eye": (0.05, 1.66), "ear": (0.12, 1.62), "shoulder": (0.19, 1.4), "elbow": (0.4, 1.2), "wrist": (0.57, 1.03)},
    **{"hand": (0.65, 0.96), "hand_tip": (0.75, 0.88), "thumb": (0.74, 0.99)},
    **{"hip": (0.11, 0.92), "knee": (0.16, 0.5), "ankle": (0.18, 0.1), "foot": (0.28, 0.04)},
}
_FINGERS = {"thumb": 55.0, "index": 22.0, "middle": 0.0, "ring": -22.0, "little": -44.0}  # degrees from upright
_PHALANGES = {"base": 0.9, "first": 1.25, "second": 1.5, "tip": 1.7}  # from the wrist, in lengths of a palm


def pose_svg(points: npt.ArrayLike, layout: SkeletonLayout, size: int = 240) -> str:
    """One body as a stick figure; left is blue, right is orange. Missing (all-zero) joints are left out.

    Args:
        points: Joints (V, 2) in image coordinates (y down), or (V, 3) seen along the depth axis, vertical axis up. Of a
            body whose third coordinate is depth and whose y points down, pass the first two coordinates.
        layout: Layout of the joints.
        size: Width and height in pixels.

    Raises:
        InputError: The points do not match the layout.
    """
    pose = np.asarray(points, dtype=np.float64)
    if pose.ndim != 2 or pose.shape[0] != layout.num_joints or pose.shape[1] not in (2, 3):
        allowed = f"({layout.num_joints}, 2) or ({layout.num_joints}, 3)"
        raise InputError("the points do not match the layout", given=str(pose.shape), allowed=allowed)
    seen = (pose != 0).any(axis=1) & np.isfinite(pose).all(axis=1)
    flat = _fit(_project(pose, layout), seen) * size
    return _svg(flat, seen, layout, size)


def layout_svg(layout: SkeletonLayout, size: int = 240) -> str:
    """A layout without a pose: a body or hand at rest where all joint names are known ones, otherwise its tree.

    The tree has the root in the middle, and each joint one ring farther out than its parent.
    """
    rest = _at_rest(layout)
    flat = _fit(_radial(layout) if rest is None else rest, np.ones(layout.num_joints, bool)) * size
    return _svg(flat, np.ones(layout.num_joints, bool), layout, size)


def _project(pose: npt.NDArray[np.float64], layout: SkeletonLayout) -> npt.NDArray[np.float64]:
    """(V, 2 or 3) -> (V, 2) with y down."""
    if pose.shape[1] == 2:
        return pose
    across = next(axis for axis in range(3) if axis != layout.vertical)
    return np.stack([pose[:, across], -pose[:, layout.vertical]], axis=1)


def _fit(flat: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Into the unit square, centred, with a margin, proportions kept."""
    if not seen.any():
        return np.full_like(flat, 0.5)
    low, high = flat[seen].min(axis=0), flat[seen].max(axis=0)
    factor = (1 - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    return np.asarray(0.5 + (flat - (low + high) / 2) * factor)


def _at_rest(layout: SkeletonLayout) -> npt.NDArray[np.float64] | None:
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
    side, _, rest = name.partition("_")
    if name in _MIDDLE:
        return 0.0, _MIDDLE[name]
    if side in ("left", "right") and rest in _SIDE:
        across, up = _SIDE[rest]
        return (-across if side == "left" else across), up
    if name in ("wrist", "palm"):
        return 0.0, (0.0 if name == "wrist" else 0.25)
    if side in _FINGERS and rest in _PHALANGES:
        angle, far = np.deg2rad(_FINGERS[side]), _PHALANGES[rest] * (0.75 if side == "thumb" else 1.0)
        return -far * float(np.sin(angle)), far * float(np.cos(angle))
    return None


def _radial(layout: SkeletonLayout) -> npt.NDArray[np.float64]:
    """Leaves share the circle equally; a joint points to the middle of its leaves."""
    children: list[list[int]] = [[] for _ in layout.joints]
    for parent, child in layout.bones:
        children[parent].append(child)
    root = next(joint for joint, parent in enumerate(layout.parents) if joint == parent)
    places = np.zeros((layout.num_joints, 2))
    leaves = sum(not below for below in children)

    def place(joint: int, first: int, depth: int) -> int:
        """Places `joint` and what hangs on it from the leaf number `first`; returns the next leaf number."""
        following = first if children[joint] else first + 1
        for child in children[joint]:
            following = place(child, following, depth + 1)
        angle = np.pi * (first + following) / leaves
        places[joint] = depth * np.sin(angle), -depth * np.cos(angle)
        return following

    place(root, 0, 0)
    return places


def _svg(flat: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_], layout: SkeletonLayout, size: int) -> str:
    colors = _colors(layout)
    width = size / 100
    lines = [
        f'<line x1="{flat[a, 0]:.1f}" y1="{flat[a, 1]:.1f}" x2="{flat[b, 0]:.1f}" y2="{flat[b, 1]:.1f}" '
        f'stroke="{colors[b]}" stroke-width="{width:.1f}" stroke-linecap="round"/>'
        for a, b in layout.bones
        if seen[a] and seen[b]
    ]
    dots = [
        f'<circle cx="{flat[joint, 0]:.1f}" cy="{flat[joint, 1]:.1f}" r="{1.6 * width:.1f}" fill="{colors[joint]}">'
        f"<title>{joint} {escape(layout.joints[joint])}</title></circle>"
        for joint in np.flatnonzero(seen)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}">'
    return "\n".join([head, *lines, *dots, "</svg>"])


def _colors(layout: SkeletonLayout) -> list[str]:
    """By side; of a body without sides, by part."""
    known = {left: LEFT for left, _ in layout.symmetry} | {right: RIGHT for _, right in layout.symmetry}
    if not known:
        parts = [joints for _, joints in layout.parts] if layout.num_joints > 1 else []
        known = {joint: PARTS[index % len(PARTS)] for index, joints in enumerate(parts) for joint in joints}
    return [known.get(joint, MIDDLE) for joint in range(layout.num_joints)]
