"""Several lines in one chart, each with its band of error."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from stgnn.report import svg
from stgnn.report.chart_parts import Sign, Size, frame, legend
from stgnn.report.charts import Chart
from stgnn.report.units import percent

SHAPES = ("circle", "triangle", "diamond", "square", "star")


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
        curves: The lines, one at least.
        size: Size of the chart; room for a long legend is taken from its top.
        names: Of both axes.
        level: Name and height of a dashed line to compare with.
    """
    signs = [Sign(one.name, SHAPES[number % len(SHAPES)], number=number) for number, one in enumerate(curves)]
    key, size = legend(signs, size)
    values = [mean + sign * spread for one in curves for _, mean, spread in one.points for sign in (-1, 1)]
    low, high = svg.spread([*values, *([level[1]] if level else [])])
    across = svg.spread((place for one in curves for place, *_ in one.points), log=True, margin=0.03)
    x, y = size.axes(across, (max(low, 0.0), min(high, 1.005)), log_x=True)
    parts = [key, frame(x, y, names, (100, 100))]
    if level:
        parts.append(svg.line(x.start, y(level[1]), x.end, y(level[1]), "level"))
        parts.append(svg.text(x.start + 6, y(level[1]) - 5, level[0], "halo"))
    parts += [_curve(one, sign, x, y) for one, sign in zip(curves, signs, strict=True)]
    return Chart(size, f"{names[1]} against {names[0]}", "".join(parts), x, y)


def _curve(curve: Curve, sign: Sign, x: svg.Axis, y: svg.Axis) -> str:
    """The band, the line and its marks, drawn in the colour of the sign."""
    points = curve.points
    upper = [(x(place), y(mean + spread)) for place, mean, spread in points]
    lower = [(x(place), y(mean - spread)) for place, mean, spread in points]
    parts = [svg.path([*upper, *reversed(lower)], "curve-band", close=True)] if any(p[2] for p in points) else []
    parts += [svg.path([(x(place), y(mean)) for place, mean, _ in points], "curve")] if len(points) > 1 else []
    for place, mean, spread in points:
        told = f"{curve.name}: {percent(mean, spread)} at {percent(place)}"
        parts.append(f"<g><title>{escape(told)}</title>{sign.at(x(place), y(mean), 4)}</g>")
    return svg.colored("".join(parts), sign.number or 0)
