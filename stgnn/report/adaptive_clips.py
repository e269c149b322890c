"""A clip frame by frame, each frame drawn with the joints that AdaSGN's policy chose for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from stgnn.report import svg
from stgnn.report.adaptive_charts import color
from stgnn.skeleton.draw import upward
from stgnn.skeleton.layout import SkeletonLayout

CELL = 72  # pixels of a frame
MARGIN = 0.1
GHOST = "#b8bec6"  # of the body behind the joints that were chosen

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChosenClip:
    """A body and what was decided for its frames.

    Attributes:
        name: Of the clip.
        label: True class.
        said: Class that the network says.
        keypoints: ``(T, V, C)``.
        actions: Action numbers, T.
        names: Names of the actions, such as ``big-9``.
        layout: The full body.
    """

    name: str
    label: str
    said: str
    keypoints: Points
    actions: Sequence[int]
    names: Sequence[str]
    layout: SkeletonLayout


def clip_svg(clip: ChosenClip, columns: int = 10) -> str:
    """The frames of a clip in rows, each with the number of its joints; the colour says the action.

    Joints of a reduced body are drawn at the means of their groups, whatever the network has learned of them since.
    """
    flat = _flat(clip)
    rows = -(-len(flat) // columns)
    cells = []
    for number, (points, action) in enumerate(zip(flat, clip.actions, strict=True)):
        x, y = number % columns * CELL, number // columns * (CELL + 16)
        body = _body(points, clip, action)
        told = svg.text(CELL / 2, CELL + 11, clip.names[action], anchor="middle", room=CELL - 4, size=11)
        cells.append(f'<g transform="translate({x} {y})">{body}{told}</g>')
    width, height = min(len(flat), columns) * CELL, rows * (CELL + 16)
    label = escape(f"{clip.name}: {clip.label}")
    return (
        f'<svg class="frames" viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{label}">'
        f"{''.join(cells)}</svg>"
    )


def _flat(clip: ChosenClip) -> Points:
    """The clip on one plane and in one scale: ``(T, V, 2)`` in pixels of a cell; unseen joints are NaN."""
    poses = np.asarray(clip.keypoints, dtype=np.float64)
    across = next(axis for axis in range(poses.shape[2]) if axis != clip.layout.vertical)
    up = upward(poses, clip.layout)
    flat = np.stack([poses[..., across], -up * poses[..., clip.layout.vertical]], axis=-1)
    flat[~(poses != 0).any(axis=-1)] = np.nan
    if np.isnan(flat).all():
        return flat
    middle = (np.nanmax(flat, axis=(0, 1)) + np.nanmin(flat, axis=(0, 1))) / 2
    extent = float((np.nanmax(flat, axis=(0, 1)) - np.nanmin(flat, axis=(0, 1))).max())
    return np.asarray(CELL * (0.5 + (flat - middle) * (1 - 2 * MARGIN) / max(extent, 1e-9)))


def _body(points: Points, clip: ChosenClip, action: int) -> str:
    """One frame with the joints of its action over a faint full body."""
    ghost = _drawn(points, clip.layout.bones, GHOST, 1.0)
    size, _, count = clip.names[action].rpartition("-")
    if not size:
        return ghost
    alike = [name for name in clip.names if name.endswith(f"-{count}")]
    thick = 1.2 if len(alike) > 1 and clip.names[action] == alike[0] else 2.4
    joints = int(count)
    layout = clip.layout if joints == clip.layout.num_joints else clip.layout.coarsen(joints)
    groups = [[joint] for joint in range(joints)] if layout is clip.layout else clip.layout.groups(joints)
    reduced = np.array([_mean(points[list(group)]) for group in groups])
    return ghost + _drawn(reduced, layout.bones, color(action), thick)


def _drawn(points: Points, bones: Iterable[tuple[int, int]], shade: str, thick: float) -> str:
    lines = [
        f'<line x1="{svg.num(points[a, 0])}" y1="{svg.num(points[a, 1])}" x2="{svg.num(points[b, 0])}" '
        f'y2="{svg.num(points[b, 1])}" stroke="{shade}" stroke-width="{thick}" stroke-linecap="round"/>'
        for a, b in bones
        if np.isfinite(points[[a, b]]).all()
    ]
    dots = [
        f'<circle cx="{svg.num(x)}" cy="{svg.num(y)}" r="{thick + 0.6:.1f}" fill="{shade}"/>'
        for x, y in points
        if np.isfinite(x) and np.isfinite(y)
    ]
    return "".join([*lines, *dots])


def _mean(points: Points) -> Points:
    seen = points[np.isfinite(points).all(axis=1)]
    return np.asarray(seen.mean(axis=0)) if len(seen) else np.full(2, np.nan)
