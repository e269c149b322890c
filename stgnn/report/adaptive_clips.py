"""A clip frame by frame, each frame drawn with the joints that AdaSGN's policy chose for it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from stgnn.report import svg
from stgnn.report.adaptive_charts import color
from stgnn.report.bodies import Points, limbs, placed
from stgnn.skeleton.layout import SkeletonLayout

CELL = 72  # pixels of a frame
CAPTION = 16  # pixels below it


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
    """The frames of a clip in rows as a picture of its own, each with its action, whose colour its joints have.

    Joints of a reduced body are drawn at the means of their groups, whatever the network has learned of them since.
    """
    cells = []
    for number, (action, body) in enumerate(_frames(clip)):
        x, y = number % columns * CELL, number // columns * (CELL + CAPTION)
        told = svg.text(CELL / 2, CELL + 11, action, anchor="middle", room=CELL - 4, size=11)
        cells.append(f'<g transform="translate({x} {y})">{body}{told}</g>')
    rows = -(-len(cells) // columns)
    return svg.document(min(len(cells), columns) * CELL, rows * (CELL + CAPTION), _label(clip), "".join(cells))


def clip_html(clip: ChosenClip) -> str:
    """The frames of a clip for a page with the style sheet: as many in a row as there is room for."""
    cells = "".join(
        f'<div><svg viewBox="0 0 {CELL} {CELL}">{body}</svg>{escape(action)}</div>' for action, body in _frames(clip)
    )
    return f'<div class="frames" role="img" aria-label="{escape(_label(clip))}">{cells}</div>'


def _label(clip: ChosenClip) -> str:
    """The clip in words: its class, and how many frames took which action."""
    taken = Counter(clip.names[action] for action in clip.actions)
    return f"{clip.name}: {clip.label}; frames: {', '.join(f'{number} {name}' for name, number in taken.items())}"


def _frames(clip: ChosenClip) -> Iterator[tuple[str, str]]:
    """Name of the action and drawing of every frame."""
    for points, action in zip(CELL * placed(clip.keypoints, clip.layout), clip.actions, strict=True):
        yield clip.names[action], _body(points, clip, action)


def _body(points: Points, clip: ChosenClip, action: int) -> str:
    """One frame with the joints of its action over a faint full body."""
    ghost = _drawn(points, clip.layout, "ghost nothing")
    size, _, count = clip.names[action].rpartition("-")
    if not size:
        return ghost
    alike = [name for name in clip.names if name.endswith(f"-{count}")]
    thin = " thin" if len(alike) > 1 and clip.names[action] == alike[0] else ""
    css = f"decided {color(clip.names, action)}{thin}"
    joints = int(count)
    if joints == clip.layout.num_joints:
        return ghost + _drawn(points, clip.layout, css)
    reduced = np.array([_mean(points[list(group)]) for group in clip.layout.groups(joints)])
    return ghost + _drawn(reduced, clip.layout.coarsen(joints), css)


def _drawn(points: Points, layout: SkeletonLayout, css: str) -> str:
    """Bones and joints (V, 2) of one body."""
    seen = points[np.isfinite(points).all(axis=1)]
    return f'<g class="{css}">{limbs([points], layout.bones)}{svg.dots(seen.tolist(), "joints")}</g>'


def _mean(points: Points) -> Points:
    seen = points[np.isfinite(points).all(axis=1)]
    return np.asarray(seen.mean(axis=0)) if len(seen) else np.full(2, np.nan)
