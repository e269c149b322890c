"""Whether shared weights rank networks as training them alone does: the answer as a table and as a picture."""

import statistics
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from stgnn.ranking import FAVOURITES, ORDERS
from stgnn.report import svg
from stgnn.report.chart_parts import Sign, Size, frame, legend
from stgnn.report.charts import Chart
from stgnn.report.page import both, empty, table
from stgnn.report.pareto_chart import TUNED
from stgnn.report.units import percent

SIZES = {"wide": Size(580, 400), "narrow": Size(360, 340, left=54, right=18)}
AXES = ("Accuracy with weights of the supernet (%)", "Accuracy after training alone (%)")
SHARED = Sign("as they are shared", "circle", "mark search")
NAMES = ("Shared weights", "Fine-tuned weights", "Multiply-accumulates", "Parameters")  # of the orders
AGAIN = "Another training"
HEADS = ["Order by", "Kendall's tau", "95 % interval", "Lost by first", "best of five"]
TAU = (
    "An order that agrees with the trainings has tau 1, an unrelated one 0. What is lost is accuracy, beside that of "
    "the best network of all."
)
UNASKED = "Not asked yet: <code>stgnn rank --study</code> trains some networks alone and compares."


def rank_cells(answer: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table.

    Args:
        answer: What :func:`stgnn.commands.rank` returns.
    """
    rows = []
    for key, name in zip(ORDERS, NAMES, strict=True):
        order = answer["orders"][key]
        rows.append([name, *_tau(order), *(percent(order[f"lost_by_{number}"]) for number in FAVOURITES)])
    if answer["again"] is not None:
        rows.append([AGAIN, *_tau(answer["again"]), "", ""])
    return HEADS, rows


def _tau(found: Mapping[str, float | None]) -> list[str]:
    """The value and its interval; a list of equal scores has no order to agree with."""
    tau, low, high = (found[key] for key in ("tau", "low", "high"))
    interval = "none" if low is None or high is None else f"{low:.2f} to {high:.2f}"
    return ["none" if tau is None else f"{tau:.2f}", interval]


def rank_chart(rows: Sequence[Mapping[str, Any]], size: Size) -> Chart:
    """Accuracy after training alone, over that with shared weights and with fine-tuned ones.

    Bars of the former are a standard error and the range of seeds.

    Args:
        rows: One for each network.
        size: Size of the chart.
    """
    key, size = legend([SHARED, TUNED], size)
    shared = [row["shared"] + sign * row["error"] for row in rows for sign in (-1, 1)]
    across = svg.spread([*shared, *(row["fine_tuned"] for row in rows)])
    low, high = svg.spread(score for row in rows for score in row["alone"])
    x, y = size.axes((max(across[0], 0.0), min(across[1], 1.005)), (max(low, 0.0), min(high, 1.005)))
    parts = [key, frame(x, y, AXES, (100, 100))]
    for row in rows:
        mean = statistics.mean(row["alone"])
        place, alone = x(row["shared"]), y(mean)
        left, right = max(row["shared"] - row["error"], x.low), min(row["shared"] + row["error"], x.high)
        parts.append(svg.line(x(left), alone, x(right), alone, "error search"))
        parts.append(svg.line(place, y(min(row["alone"])), place, y(max(row["alone"])), "error search"))
        of_supernet = f"{percent(row['shared'])} with shared weights, {percent(row['fine_tuned'])} fine-tuned"
        told = f"{row['digest']}: {of_supernet}, {percent(mean)} alone"
        marks = SHARED.at(place, alone) + TUNED.at(x(row["fine_tuned"]), alone)
        parts.append(f"<g><title>{escape(told)}</title>{marks}</g>")
    return Chart(size, f"{AXES[1]} against {AXES[0]}", "".join(parts), x, y)


def rank_section(answer: Mapping[str, Any] | None) -> str:
    """What a page shows of an answer, as HTML.

    Args:
        answer: None where nobody has asked.
    """
    if answer is None:
        return empty(UNASKED)
    heads, cells = rank_cells(answer)
    seeds = len(answer["seeds"])
    trained = f"{answer['epochs']} epochs, {seeds} {'seed' if seeds == 1 else 'seeds'}"
    caption = (
        f"{answer['networks']} random networks of the space, each trained alone ({trained}): "
        f"{percent(answer['mean_alone'])} on average, {percent(answer['mean_shared'])} with shared weights, "
        f"{percent(answer['mean_fine_tuned'])} after {answer['finetune_epochs']} epochs of fine-tuning. "
        f"Bars: one standard error{', and the range of the seeds' if seeds > 1 else ''}."
    )
    drawing = both(lambda size: rank_chart(answer["rows"], size), SIZES, caption)
    said = f"<p>{escape(str(answer['verdict']).capitalize())}.</p>"
    numbers = table("How orders of the networks agree with their trainings", heads, {"": cells})
    return f'<div class="pair"><figure>{drawing}</figure><div>{said}{numbers}<p class="quiet">{TAU}</p></div></div>'
