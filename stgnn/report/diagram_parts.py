"""What the diagrams of architectures are drawn of: boxes, arrows, captions and solids in one column."""

import math
from dataclasses import dataclass

from stgnn.report import svg

WIDTH = 400
LEFT, RIGHT = 70, 380  # the column of boxes; left of it stand the solids, right of it the residual connections
HALF = (RIGHT - LEFT - 4) / 2
BOX = 40
STREAM = 24
GAP = 14


@dataclass(frozen=True)
class Shape:
    """What flows between two boxes, and the size of the input, which the solids are drawn relative to."""

    channels: int
    frames: int
    joints: int
    first_frames: int
    first_joints: int


def wide_box(y: float, name: str, detail: str) -> str:
    """A box over the whole column with its top at ``y``."""
    return (
        svg.rect(LEFT, y, RIGHT - LEFT, BOX, "box plain", 6)
        + svg.text(LEFT + 8, y + 17, name, "name strong")
        + svg.text(LEFT + 8, y + 32, detail, "detail", room=RIGHT - LEFT - 16, size=10.5)
    )


def caption(y: float, left: str, right: str) -> str:
    """What follows below: its name on the left, its size on the right."""
    return svg.text(LEFT, y, left, "name strong") + svg.text(RIGHT, y, right, "detail", "end", 240, 10.5)


def arrow(y: float, x: float = (LEFT + RIGHT) / 2, long: float = GAP) -> str:
    """An arrow downwards from ``y``."""
    tip = y + long - 1
    head = svg.path([(x - 3.5, tip - 5), (x, tip), (x + 3.5, tip - 5)], "flow")
    return svg.line(x, y + 1, x, tip, "flow") + head


def solid(shape: Shape, x: float, y: float) -> str:
    """The feature map as a solid: width for frames, height for joints, depth for channels (by their logarithm)."""
    width = 4 + 28 * shape.frames / shape.first_frames
    height = 4 + 24 * shape.joints / shape.first_joints
    depth = 2 * math.log2(max(shape.channels, 2)) - 3
    left, right = x - (width + depth) / 2, x + (width - depth) / 2
    top, bottom = y - (height - depth) / 2, y + (height + depth) / 2
    lid = [(left, top), (left + depth, top - depth), (right + depth, top - depth), (right, top)]
    side = [(right, top), (right + depth, top - depth), (right + depth, bottom - depth), (right, bottom)]
    return (
        svg.rect(left, top, width, height, "solid front")
        + svg.path(lid, "solid lid", close=True)
        + svg.path(side, "solid side", close=True)
    )
