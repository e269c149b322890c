"""Charts about AdaSGN: accuracy against cost over alpha, and which classes take which actions."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from stgnn.errors import InputError
from stgnn.report import svg
from stgnn.report.chart_parts import Labels, Place, Sign, Size, along, frame, legend
from stgnn.report.charts import RANDOM, Chart
from stgnn.report.page import bar_rows
from stgnn.report.units import percent, usage_text

ALPHA = "\N{GREEK SMALL LETTER ALPHA}"
SINGLE = Sign("SGN, one model", "diamond", "mark landmark")
CONTROL = Sign("control", RANDOM.shape, RANDOM.css)


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
    policies = policies_of(rows)
    signs = [_sign(row, policies) for row in rows]
    key, size = legend(sorted(dict.fromkeys(signs), key=lambda sign: sign == SINGLE), size)
    unit, name = counting(rows)
    low, high = svg.spread(row["val"] for row in rows)
    costs = svg.spread((cost_of(row, unit) for row in rows), log=True, margin=0.05)
    x, y = size.axes(costs, (max(low, 0.0), min(high, 1.005)), log_x=True)
    places = [(x(cost_of(row, unit)), y(row["val"])) for row in rows]
    lines = _lines(rows, places)
    parts = [frame(x, y, (name, "Accuracy on validation clips (%)"), (1, 100)), key]
    parts += [svg.colored(svg.path(line, "curve"), number) for number, line in enumerate(lines) if len(line) > 1]
    labels = Labels((x.start, y.end, x.end, y.start), [*places, *places, *(p for line in lines for p in along(line))])
    parts += [labels.place(*place, short_name(row, policies)) for row, place in zip(rows, places, strict=True)]
    for row, place, sign in zip(rows, places, signs, strict=True):
        told = f"{row['name']}: {percent(row['val'])} at {cost_of(row, unit):.3g} {unit}"
        parts.append(f"<g><title>{escape(told)}</title>{sign.at(*place, 5)}</g>")
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


def _sign(row: Mapping[str, Any], policies: Sequence[str]) -> Sign:
    if "policy" not in row:
        return SINGLE
    if is_control(row):
        return CONTROL
    name = f"AdaSGN, {row['policy']}" if len(policies) > 1 else "AdaSGN"
    return Sign(name, number=policies.index(row["policy"]))


def _lines(rows: Sequence[Mapping[str, Any]], places: Sequence[Place]) -> list[list[Place]]:
    """A line for each policy, from its cheapest network to its most expensive."""
    pairs = list(zip(rows, places, strict=True))
    return [sorted(place for row, place in pairs if row.get("policy") == policy) for policy in policies_of(rows)]


def usage_chart(usage: Mapping[str, Sequence[float]], actions: Sequence[str]) -> str:
    """For every class one bar, divided by the actions that its frames took, as HTML.

    Args:
        usage: Shares ``(A,)`` by class.
        actions: Names in order.
    """
    colors = [color(actions, number) for number in range(len(actions))]
    key = "".join(f'<li><i class="{css}"></i>{escape(name)}</li>' for name, css in zip(actions, colors, strict=True))
    rows = []
    for name, shares in usage.items():
        parts = "".join(
            f'<i class="{css}" style="--share:{100 * share:.1f}" title="{escape(action)} {percent(share)}"></i>'
            for share, action, css in zip(shares, actions, colors, strict=True)
            if share > 0
        )
        told = escape(usage_text(dict(zip(actions, shares, strict=True))))
        rows.append((name, f'<td><div class="stack" role="img" aria-label="{told}">{parts}</div></td>'))
    return f'<ul class="actions">{key}</ul>{bar_rows("Actions of each class", rows)}'


def color(actions: Sequence[str], number: int) -> str:
    """The class of the style sheet for the colour of an action; one without joints has that of nothing."""
    return svg.color(number) if "-" in actions[number] else "nothing"
