"""Charts about AdaSGN: accuracy against cost over alpha, and which classes take which actions."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from itertools import pairwise
from typing import Any

from stgnn.errors import InputError
from stgnn.report import svg
from stgnn.report.chart_parts import Labels, Size, frame
from stgnn.report.charts import Chart
from stgnn.report.units import percent

COLORS = ("#999999", "#e69f00", "#56b4e9", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#8c6bb1", "#b8a200")
LINES = ("var(--search)", "var(--temporal)", "var(--attention)", "#7a6fc4")  # of the policies
ROW, BAR = 20, 14  # height of a class and of its bar, in pixels
LINE = 17  # height of a line of the legend
ALPHA = "\N{GREEK SMALL LETTER ALPHA}"

Place = tuple[float, float]  # in pixels


def counting(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Unit and name of the axis that holds the costs of all these networks.

    AdaSGN's authors count something else than we do: their GFLOPs stand only where they are known of every network.
    """
    if all("gflops" in row for row in rows):
        return "GFLOPs", "GFLOPs of a body (authors' counting, logarithmic)"
    return "M MACs", "MACs of a body (millions, logarithmic)"


def cost_of(row: Mapping[str, Any], unit: str) -> float:
    """Cost of a network for one body, in a unit of :func:`counting`."""
    return float(row["gflops"]) if unit == "GFLOPs" else float(row["macs"]) / 1e6


def validated(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The networks whose accuracy on validation clips is known: those that one may choose among."""
    return [row for row in (*summary["singles"], *summary["adaptive"]) if row["val"] is not None]


def curve_chart(summary: Mapping[str, Any], size: Size) -> Chart:
    """Accuracy on the validation clips against cost: each policy over alpha as a line, single models and controls as
    marks. The test clips are not in it: by this chart people choose.

    Raises:
        InputError: no clips were held out for validation.
    """
    rows = validated(summary)
    if not rows:
        raise InputError("there is nothing to choose by", hint="hold out clips for validation in the data module")
    kinds, size = _kinds(rows, size)
    unit, name = counting(rows)
    low, high = svg.spread(row["val"] for row in rows)
    costs = svg.spread((cost_of(row, unit) for row in rows), log=True, margin=0.05)
    x, y = size.axes(costs, (max(low, 0.0), min(high, 1.005)), log_x=True)
    places = [(x(cost_of(row, unit)), y(row["val"])) for row in rows]
    lines, policies = _lines(rows, places), policies_of(rows)
    parts = [frame(x, y, (name, "Accuracy on validation clips (%)"), (1, 100)), kinds]
    parts += [_colored(svg.path(line, "curve"), number) for number, line in enumerate(lines)]
    labels = Labels((x.start, y.end, x.end, y.start), [*places, *places, *_between(lines)])
    parts += [labels.place(*place, short_name(row, policies)) for row, place in zip(rows, places, strict=True)]
    for row, place in zip(rows, places, strict=True):
        told = f"{row['name']}: {percent(row['val'])} at {cost_of(row, unit):.3g} {unit}"
        parts.append(f"<g><title>{escape(told)}</title>{_mark(row, policies, *place)}</g>")
    return Chart(size, "Accuracy against cost", "".join(parts), x, y)


def is_control(row: Mapping[str, Any]) -> bool:
    """Whether nothing is chosen: actions at random, or all of them."""
    return row.get("policy") in ("random", "fuse")


def policies_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The policies that choose, in order."""
    return list(dict.fromkeys(row["policy"] for row in rows if "policy" in row and not is_control(row)))


def short_name(row: Mapping[str, Any], policies: Sequence[str] = ()) -> str:
    """What a chart calls a network; with its policy where the chart holds several."""
    if "policy" not in row or is_control(row):
        return str(row["name"])
    name = f"{ALPHA} {row['alpha']:g}"
    return f"{row['policy']} {name}" if len(policies) > 1 else name


def _lines(rows: Sequence[Mapping[str, Any]], places: Sequence[Place]) -> list[list[Place]]:
    """A line for each policy, from its cheapest network to its most expensive."""
    pairs = list(zip(rows, places, strict=True))
    return [sorted(place for row, place in pairs if row.get("policy") == policy) for policy in policies_of(rows)]


def _between(lines: Iterable[Sequence[Place]]) -> Iterator[Place]:
    """Points along lines, that labels may keep off them."""
    for (x1, y1), (x2, y2) in (ends for line in lines for ends in pairwise(line)):
        steps = 1 + int(abs(x2 - x1) + abs(y2 - y1)) // 8
        yield from ((x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps) for i in range(1, steps))


def _mark(row: Mapping[str, Any], policies: Sequence[str], x: float, y: float) -> str:
    if row.get("policy") in policies:
        return _colored(svg.marker("circle", x, y, 5, "curve-mark"), policies.index(row["policy"]))
    shape, css = ("triangle", "mark random") if is_control(row) else ("diamond", "mark landmark")
    return svg.marker(shape, x, y, 5, css)


def _kind(row: Mapping[str, Any], policies: Sequence[str]) -> str:
    if "policy" not in row:
        return "SGN, one model"
    if is_control(row):
        return "control"
    return f"AdaSGN, {row['policy']}" if len(policies) > 1 else "AdaSGN"


def _kinds(rows: Sequence[Mapping[str, Any]], size: Size) -> tuple[str, Size]:
    """Marks and their names above the plot, and the size with as much room for their lines as they need."""
    x, y, parts, policies = size.left, 14.0, list[str](), policies_of(rows)
    shown = {_kind(row, policies): row for row in sorted(rows, key=lambda row: "policy" not in row)}
    for name, row in shown.items():
        width = 30 + len(name) * svg.LETTER * 12
        if x > size.left and x + width > size.width:
            x, y = size.left, y + LINE
        parts += [_mark(row, policies, x + 6, y), svg.text(x + 16, y + 4, name)]
        x += width + 8
    return "".join(parts), replace(size, top=size.top + y - 14)


def _colored(content: str, number: int) -> str:
    return f'<g style="--curve:{LINES[number % len(LINES)]}">{content}</g>'


def usage_chart(usage: Mapping[str, Sequence[float]], actions: Sequence[str], width: float = 780) -> str:
    """For every class one bar, divided by the actions that its frames took. An SVG without a style of its own.

    Args:
        usage: Shares ``(A,)`` by class.
        actions: Names in order.
        width: Width in pixels.
    """
    left = min(12 + max(len(name) for name in usage) * svg.LETTER * 12, width * 0.4)
    legend, top = _legend(actions, width)
    parts = [legend]
    for number, (name, shares) in enumerate(usage.items()):
        y = top + number * ROW
        parts.append(svg.text(left - 8, y + BAR - 2, name, anchor="end", room=left - 12))
        parts.append(_bar(left, y, width - left - 4, shares, actions))
    height = top + len(usage) * ROW + 6
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="Actions of each class">'
        f"{''.join(parts)}</svg>"
    )


def _bar(x: float, y: float, width: float, shares: Sequence[float], actions: Sequence[str]) -> str:
    parts, total = [], max(math.fsum(shares), 1e-9)
    for number, (share, action) in enumerate(zip(shares, actions, strict=True)):
        part = width * share / total
        if part > 0:
            told = f"<title>{escape(action)}: {percent(share)}</title>"
            box = f'x="{svg.num(x)}" y="{svg.num(y)}" width="{svg.num(part)}" height="{BAR}"'
            parts.append(f'<rect {box} fill="{color(number)}">{told}</rect>')
        x += part
    return "".join(parts)


def _legend(actions: Sequence[str], width: float) -> tuple[str, float]:
    """The colours of the actions, and where the space below them begins."""
    x, y, parts = 4.0, 6.0, []
    for number, action in enumerate(actions):
        needed = 30 + len(action) * svg.LETTER * 12
        if x + needed > width:
            x, y = 4.0, y + ROW
        parts.append(f'<rect x="{svg.num(x)}" y="{svg.num(y)}" width="12" height="12" fill="{color(number)}"/>')
        parts.append(svg.text(x + 17, y + 10.5, action))
        x += needed
    return "".join(parts), y + ROW + 8


def color(action: int) -> str:
    """The colour of an action by its number."""
    return COLORS[action % len(COLORS)]
