"""What charts share: size, axes with their grid, legend, and labels that keep out of each other's way."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from stgnn.report import svg
from stgnn.report.units import decimals

LINE = 17  # height of a line of the legend, in pixels

Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Size:
    """Size of a chart in pixels; every chart is drawn wide and, with letters of the same size, narrow for a phone."""

    width: float
    height: float
    left: float = 58
    right: float = 20
    top: float = 40
    bottom: float = 46

    def axes(
        self, x: Place, y: Place, log_x: bool = False, log_y: bool = False, whole_x: bool = False, whole_y: bool = False
    ) -> tuple[svg.Axis, svg.Axis]:
        """The two axes inside the margins, from the lowest and the highest value of each."""
        return (
            svg.Axis(*x, self.left, self.width - self.right, log_x, whole_x),
            svg.Axis(*y, self.height - self.bottom, self.top, log_y, whole_y),
        )


def frame(x: svg.Axis, y: svg.Axis, names: tuple[str, str], scales: tuple[float, float] = (1, 1)) -> str:
    """Grid, ticks and names of both axes; values are multiplied by ``scales`` before they are printed."""
    bottom, left = y.start, x.start
    parts = ticks_below(x, bottom, y.end, scales[0])
    for tick, told in _tick_texts(y, scales[1], (y.start - y.end) / 42):
        parts.append(svg.line(left, y(tick), x.end, y(tick), "grid"))
        parts.append(svg.text(left - 8, y(tick) + 4, told, anchor="end"))
    parts.append(svg.line(left, bottom, x.end, bottom, "axis"))
    parts.append(svg.text((left + x.end) / 2, bottom + 38, names[0], "title", "middle", x.end - x.start))
    middle = (bottom + y.end) / 2
    turned = svg.text(12, middle, names[1], "title", "middle", bottom - y.end)
    parts.append(turned.replace("<text ", f'<text transform="rotate(-90 12 {svg.num(middle)})" ', 1))
    return "".join(parts)


def ticks_below(x: svg.Axis, bottom: float, top: float, scale: float = 1) -> list[str]:
    """Lines of the grid, with their values below where there is room for them."""
    parts, free = [], -math.inf
    for tick, told in _tick_texts(x, scale, (x.end - x.start) / 48):
        parts.append(svg.line(x(tick), bottom, x(tick), top, "grid"))
        half = len(told) * svg.LETTER * 6
        if x(tick) - half >= free:
            parts.append(svg.text(x(tick), bottom + 18, told, anchor="middle"))
            free = x(tick) + half + 4
    return parts


def _tick_texts(axis: svg.Axis, scale: float, room: float) -> list[tuple[float, str]]:
    """Ticks with their text: on a linear scale equally many decimals, on a logarithmic one as each needs."""
    ticks = axis.ticks(max(4, int(room)))
    if not axis.nearly_linear:
        return [(tick, f"{tick * scale:.{_needed(tick * scale)}f}") for tick in ticks]
    places = max((_needed(tick * scale) for tick in ticks), default=0)
    return [(tick, f"{tick * scale:,.{places}f}") for tick in ticks]


def _needed(value: float) -> int:
    """Fewest decimals that print a tick exactly."""
    most = decimals(value, 4)
    return next((places for places in range(most) if abs(round(value, places) - value) <= 1e-9 * abs(value)), most)


@dataclass(frozen=True)
class Sign:
    """What stands for one kind of points, in the plot and in its legend: a shape, and a colour by class or number."""

    name: str
    shape: str = "circle"
    css: str = "curve-mark"
    number: int | None = None

    def at(self, x: float, y: float, radius: float = 4.5) -> str:
        """The mark at a place."""
        mark = svg.marker(self.shape, x, y, radius, self.css)
        return mark if self.number is None else svg.colored(mark, self.number)


def legend(signs: Sequence[Sign], size: Size) -> tuple[str, Size]:
    """Marks and their names in lines above the plot, and the size with as much room as these lines need."""
    x, y, parts = size.left, 18.0, []
    for sign in signs:
        width = 30 + len(sign.name) * svg.LETTER * 12
        if x > size.left and x + width > size.width:
            x, y = size.left, y + LINE
        parts.append(sign.at(x + 6, y - 4))
        parts.append(svg.text(x + 16, y, sign.name, room=size.width - x - 20))
        x += width
    return "".join(parts), replace(size, top=size.top + y - 18)


def along(corners: Sequence[Place]) -> Iterator[Place]:
    """Points along a line, close enough to each other that a label cannot slip between them."""
    for (x1, y1), (x2, y2) in pairwise(corners):
        steps = 1 + int(abs(x2 - x1) + abs(y2 - y1)) // 8
        yield from ((x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps) for i in range(steps))


class Labels:
    """Places labels beside their points where they hide least.

    Args:
        bounds: No label leaves this box.
        marks: Points that a label should not cover.
    """

    def __init__(self, bounds: Box, marks: Sequence[Place]) -> None:
        self.bounds, self.marks = bounds, marks
        self.taken: list[Box] = []

    def place(self, x: float, y: float, content: str) -> str:
        """The label of the point at (x, y)."""
        width = len(content) * 1.08 * svg.LETTER * 12  # labels are bold
        spots = [
            self._box(x + dx, y + dy, width)
            for dy in (16, -10, 4, 30, -24, 44, -38)
            for dx in (10, -10 - width, -width / 2)
        ]
        best = min(spots, key=lambda box: self._cost(box) + 0.05 * abs(box[3] - y))
        self.taken.append(best)
        return svg.text(best[0], best[3] - 3, content, "label halo")

    def _box(self, left: float, baseline: float, width: float) -> Box:
        left = min(max(left, self.bounds[0]), self.bounds[2] - width)
        return left, baseline - 11, left + width, baseline + 3

    def _cost(self, box: Box) -> float:
        left, top, right, bottom = box
        outside = top < self.bounds[1] or bottom > self.bounds[3]
        overlaps = sum(left < r and right > ll and top < b and bottom > t for ll, t, r, b in self.taken)
        hidden = sum(left - 5 < x < right + 5 and top - 4 < y < bottom + 4 for x, y in self.marks)
        return 1000 * outside + 1000 * overlaps + hidden
