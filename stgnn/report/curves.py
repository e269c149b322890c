"""Several lines in one chart, each with its band of error."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from stgnn.report import svg
from stgnn.report.chart_parts import Size, frame
from stgnn.report.charts import Chart
from stgnn.report.units import percent

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#7a6fc4", "#8a8f98")
SHAPES = ("circle", "triangle", "diamond", "square", "star")
LINE = 17  # height of a line of the legend, in pixels


@dataclass(frozen=True)
class Curve:
    """A line.

    Attributes:
        name: For the legend.
        points: Value on the horizontal axis, mean, and spread to either side; in order.
    """

    name: str
    points: tuple[tuple[float, float, float], ...]


def curves_chart(
    curves: Sequence[Curve], size: Size, names: tuple[str, str], level: tuple[str, float] | None = None
) -> Chart:
    """Shares (drawn as per cent) over shares on a logarithmic axis.

    Args:
        curves: The lines.
        size: Size of the chart; room for the legend is taken from its top.
        names: Of both axes.
        level: Name and height of a dashed line to compare with.
    """
    size = Size(size.width, size.height, size.left, size.right, size.top + LINE * len(curves) - LINE, size.bottom)
    values = [mean + sign * spread for one in curves for _, mean, spread in one.points for sign in (-1, 1)]
    low, high = svg.spread([*values, *([level[1]] if level else [])])
    across = svg.spread((place for one in curves for place, *_ in one.points), log=True, margin=0.03)
    x, y = size.axes(across, (max(low, 0.0), min(high, 1.005)), log_x=True)
    parts = [frame(x, y, names, (100, 100))]
    if level:
        parts.append(svg.line(x.start, y(level[1]), x.end, y(level[1]), "level"))
        parts.append(svg.text(x.start + 6, y(level[1]) - 5, level[0], "halo"))
    parts += [_curve(one, number, x, y) for number, one in enumerate(curves)]
    parts += [_named(one, number, size) for number, one in enumerate(curves)]
    return Chart(size, f"{names[1]} against {names[0]}", "".join(parts), x, y)


def _curve(curve: Curve, number: int, x: svg.Axis, y: svg.Axis) -> str:
    points = curve.points
    upper = [(x(place), y(mean + spread)) for place, mean, spread in points]
    lower = [(x(place), y(mean - spread)) for place, mean, spread in points]
    parts = [svg.path([*upper, *reversed(lower)], "curve-band", close=True)] if any(p[2] for p in points) else []
    parts += [svg.path([(x(place), y(mean)) for place, mean, _ in points], "curve")] if len(points) > 1 else []
    for place, mean, spread in points:
        told = f"{curve.name}: {percent(mean, spread)} at {percent(place)}"
        mark = _mark(number, x(place), y(mean), 4)
        parts.append(f"<g><title>{escape(told)}</title>{mark}</g>")
    return _colored("".join(parts), number)


def _mark(number: int, x: float, y: float, radius: float) -> str:
    shape = SHAPES[number % len(SHAPES)]
    return svg.marker(shape, x, y, radius * (1.6 if shape == "star" else 1), "curve-mark")  # a star is mostly empty


def _named(curve: Curve, number: int, size: Size) -> str:
    y = 14 + LINE * number
    mark = _mark(number, size.left + 6, y - 4, 5)
    return _colored(mark, number) + svg.text(size.left + 18, y, curve.name, room=size.width - size.left - 24)


def _colored(content: str, number: int) -> str:
    return f'<g style="--curve:{COLORS[number % len(COLORS)]}">{content}</g>'
