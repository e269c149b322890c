"""Charts about AdaSGN: accuracy against cost over alpha, and which classes take which actions."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from stgnn.report import svg
from stgnn.report.chart_parts import Labels, Size, frame
from stgnn.report.charts import Chart
from stgnn.report.units import percent

COLORS = ("#999999", "#e69f00", "#56b4e9", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#8c6bb1", "#b8a200")
KINDS = {"search": ("AdaSGN", "circle"), "landmark": ("SGN, one model", "diamond"), "random": ("control", "triangle")}
ROW, BAR = 20, 14  # height of a class and of its bar, in pixels


def cost_of(row: Mapping[str, Any]) -> float:
    """Cost of a network for one body, in GFLOPs as AdaSGN's authors count; by our count where theirs is not known."""
    return float(row["gflops"]) if "gflops" in row else float(row["macs"]) / 1e9


def curve_chart(summary: Mapping[str, Any], size: Size) -> Chart:
    """Accuracy on the test clips against cost: AdaSGN over alpha as a line, single models and controls as marks."""
    rows = [*summary["singles"], *summary["adaptive"]]
    low, high = svg.spread(row["test"] for row in rows)
    costs = svg.spread((cost_of(row) for row in rows), log=True, margin=0.05)
    x, y = size.axes(costs, (max(low, 0.0), min(high, 1.005)), log_x=True)
    parts = [frame(x, y, ("GFLOPs of a body (authors' counting, logarithmic)", "Accuracy (%)"), (1, 100))]
    trained = sorted((row for row in summary["adaptive"] if not is_control(row)), key=cost_of)
    if len(trained) > 1:
        parts.append(svg.path([(x(cost_of(row)), y(row["test"])) for row in trained], "front-line search"))
    places = [(x(cost_of(row)), y(row["test"])) for row in rows]
    labels = Labels((x.start, y.end, x.end, y.start), places)
    for row in rows:
        kind = "landmark" if row in summary["singles"] else "random" if is_control(row) else "search"
        px, py = x(cost_of(row)), y(row["test"])
        told = f"{row['name']}: {percent(row['test'])} at {cost_of(row):.3f} GFLOPs"
        mark = svg.marker(KINDS[kind][1], px, py, 5, f"mark {kind}")
        parts.append(f"<g><title>{escape(told)}</title>{mark}</g>")
        parts.append(labels.place(px, py, short_name(row)))
    parts.append(_kinds(size))
    return Chart(size, "Accuracy against cost", "".join(parts), x, y)


def is_control(row: Mapping[str, Any]) -> bool:
    """Whether nothing is chosen: actions at random, or all of them."""
    return row.get("policy") in ("random", "fuse")


def short_name(row: Mapping[str, Any]) -> str:
    """What a chart calls a network."""
    return str(row["name"]) if "policy" not in row or is_control(row) else f"alpha {row['alpha']:g}"


def _kinds(size: Size) -> str:
    x, parts = size.left, []
    for kind, (name, shape) in KINDS.items():
        parts += [svg.marker(shape, x + 6, 14, 5, f"mark {kind}"), svg.text(x + 16, 18, name)]
        x += 38 + len(name) * svg.LETTER * 12
    return "".join(parts)


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
