"""Stick figures as SVG text, for notebooks and reports. Free of torch."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

LEFT, RIGHT, MIDDLE = "#1f77b4", "#d95f02", "#555555"
MARGIN = 0.08


def pose_svg(points: npt.ArrayLike, layout: SkeletonLayout, size: int = 240) -> str:
    """One body as a stick figure; left is blue, right is orange. Missing (all-zero) joints are left out.

    Args:
        points: Joints (V, 2) in image coordinates (y down), or (V, 3) seen along the depth axis, vertical axis up.
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
    """The tree of a layout without a pose: the root in the middle, each joint one ring farther out than its parent."""
    flat = _fit(_radial(layout), np.ones(layout.num_joints, bool)) * size
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
    sides = {left: LEFT for left, _ in layout.symmetry} | {right: RIGHT for _, right in layout.symmetry}
    colors = [sides.get(joint, MIDDLE) for joint in range(layout.num_joints)]
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
