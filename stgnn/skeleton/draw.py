"""Stick figures as SVG text, for notebooks and reports. Free of torch."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout
from stgnn.skeleton.rest import at_rest

LEFT, RIGHT, MIDDLE = "#1f77b4", "#d95f02", "#7a7a7a"
PARTS = ("#7a7a7a", "#d95f02", "#1f77b4", "#2ca02c", "#9467bd", "#c49a00")  # of a body without left and right: a hand
MARGIN = 0.08
STANDING = 0.3  # least share of the vertical in a trunk's direction for it to tell up from down


def pose_svg(points: npt.ArrayLike, layout: SkeletonLayout, size: int = 240, up: int | None = None) -> str:
    """One body as a stick figure; left is blue, right is orange. Missing (all-zero) joints are left out.

    Args:
        points: Joints (V, 2), or (V, 3) seen along the depth axis.
        layout: Layout of the joints.
        size: Width and height in pixels.
        up: 1 if the vertical coordinate grows upwards, -1 if it grows downwards; None: what `upward` finds in this
            pose. The frames of one clip are drawn with one value, that of the whole clip.

    Raises:
        InputError: the points do not match the layout.
    """
    pose = np.asarray(points, dtype=np.float64)
    if pose.ndim != 2 or pose.shape[0] != layout.num_joints or pose.shape[1] not in (2, 3):
        allowed = f"({layout.num_joints}, 2) or ({layout.num_joints}, 3)"
        raise InputError("the points do not match the layout", given=str(pose.shape), allowed=allowed)
    seen = (pose != 0).any(axis=1) & np.isfinite(pose).all(axis=1)
    flat = _fit(front(pose, layout, up), seen) * size
    return _svg(flat, seen, layout, size)


def upward(points: npt.ArrayLike, layout: SkeletonLayout) -> int:
    """Whether the vertical coordinate of these poses grows upwards (1) or downwards (-1).

    A trunk that stands tells it: from `spine[0]` to `spine[1]` of the layout, or from the hips to the shoulders, on
    average over all poses that have these joints. A body that lies, a hand, and a layout without such joints tell
    nothing: then 3-D coordinates are taken to grow upwards and those of an image downwards.

    Args:
        points: Poses (..., V, C), for example the keypoints of a clip.
        layout: Layout of the joints.
    """
    poses = np.asarray(points, dtype=np.float64)
    poses = poses.reshape(-1, *poses.shape[-2:])  # (..., V, C) -> (P, V, C)
    usual = 1 if poses.shape[-1] == 3 else -1
    trunk = _trunk(layout)
    if trunk is None:
        return usual
    joints = poses[:, [*trunk[0], *trunk[1]]]
    seen = (joints != 0).any(axis=-1).all(axis=-1) & np.isfinite(joints).all(axis=(-2, -1))
    rise = poses[seen][:, trunk[1]].mean(axis=1) - poses[seen][:, trunk[0]].mean(axis=1)  # (P, C)
    total = rise.sum(axis=0)
    if abs(total[layout.vertical]) <= STANDING * float(np.linalg.norm(total)):
        return usual
    return 1 if total[layout.vertical] > 0 else -1


def front(points: npt.ArrayLike, layout: SkeletonLayout, up: int | None = None) -> npt.NDArray[np.float64]:
    """Poses (..., V, C) seen along the depth axis, y down (..., V, 2); `up` as for `pose_svg`."""
    poses = np.asarray(points, dtype=np.float64)
    across = next(axis for axis in range(poses.shape[-1]) if axis != layout.vertical)
    down = -(upward(poses, layout) if up is None else up)
    return np.stack([poses[..., across], down * poses[..., layout.vertical]], axis=-1)


def _trunk(layout: SkeletonLayout) -> tuple[list[int], list[int]] | None:
    """The joints at its lower and its upper end; None of a hand, which has no left and right."""
    if not layout.symmetry:
        return None
    if layout.spine is not None:
        return [layout.spine[0]], [layout.spine[1]]
    hips = [joint for joint, name in enumerate(layout.joints) if name in ("left_hip", "right_hip")]
    return (hips, list(layout.shoulders)) if len(hips) == 2 and layout.shoulders is not None else None


def layout_svg(layout: SkeletonLayout, size: int = 240) -> str:
    """A layout without a pose: a body or hand at rest where all joint names are known ones, otherwise its tree.

    The tree has the root in the middle, and each joint one ring farther out than its parent.
    """
    rest = at_rest(layout)
    flat = _fit(_radial(layout) if rest is None else rest, np.ones(layout.num_joints, bool)) * size
    return _svg(flat, np.ones(layout.num_joints, bool), layout, size)


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
