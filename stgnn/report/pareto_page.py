"""The page about a search: its front, how far its latencies can be trusted, and what good networks share."""

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from html import escape

from stgnn.report import sections
from stgnn.report.analysis import Analysis
from stgnn.report.chart_parts import Size
from stgnn.report.charts import hypervolume_chart, latency_chart
from stgnn.report.data import ReportData, ReportPoint
from stgnn.report.page import both, empty, render, safe_json
from stgnn.report.pareto_chart import keyed_points, pareto_chart
from stgnn.report.ranks import rank_section
from stgnn.report.units import milliseconds, percent

ON_FRONT = "The networks on the front"
PARETO = {"wide": Size(780, 560), "narrow": Size(360, 420, left=54, right=18)}
PLOT = {"wide": Size(580, 400), "narrow": Size(360, 340, left=54, right=18)}


def render_pareto_page(data: ReportData, found: Analysis) -> str:
    """The whole page as HTML that needs nothing else.

    Args:
        data: The trials and where they come from.
        found: What they say.
    """
    front = found.front
    chosen = front[-1].number if data.chosen is None else data.chosen
    selected = f"trial={chosen}"
    details, listed = _details(data, front), _listed(data, front)
    return render(
        "pareto_page",
        data.title,
        sections.lead(data, front, gain(found.history, found.random_history)),
        sections.facts(data),
        (*data.notes, _FILES),
        pareto=both(lambda size: pareto_chart(data, size, selected), PARETO),
        shown=_shown(data),
        walk="; arrow keys walk the front" if len(front) > 1 else "",
        selected=selected,
        panel=details[selected]["panel"],
        latency=_latency(found),
        hypervolume=_hypervolume(found.history, found.random_history, found.reference),
        ranks=rank_section(data.ranks),
        genes=sections.genes(found.genes, len(front), len(data.points) + len(data.random)),
        listed=ON_FRONT + " and what else was fine-tuned" * (len(listed) > len(front)),
        table=sections.table(data, listed, selected),
        points=safe_json({key: _places(point) for key, point in keyed_points(data)}),
        details=base64.b64encode(gzip.compress(json.dumps(details).encode(), mtime=0)).decode(),
    )


def _listed(data: ReportData, front: Sequence[ReportPoint]) -> list[ReportPoint]:
    """The networks of the table: the front, and what else was fine-tuned, from fast to slow."""
    tuned = [point for point in data.points if point.fine_tuned is not None and point not in front]
    return sorted([*front, *tuned], key=lambda point: point.latency_ms)


_FILES = "The front is also in pareto.csv, every trial in report.json and the picture in pareto.svg, beside this page."


def gain(search: Sequence[float], random: Sequence[float]) -> float | None:
    """How much larger the hypervolume of the search is than that of random search after equally many trials."""
    trials = min(len(search), len(random))
    return search[trials - 1] / random[trials - 1] - 1 if trials and random[trials - 1] > 0 else None


def _places(point: ReportPoint) -> list[float]:
    """Latency, accuracy, and where it was fine-tuned what that came to: where the pointer finds a network."""
    return [point.latency_ms, point.accuracy, *([] if point.fine_tuned is None else [point.fine_tuned])]


def _details(data: ReportData, front: Sequence[ReportPoint]) -> Mapping[str, Mapping[str, str]]:
    """What the page shows of each network when it is pointed at or selected."""
    best = {f"trial={point.number}" for point in front}
    return {
        key: {"tip": sections.tip(key, point), "panel": sections.panel(data, key, point, key in best)}
        for key, point in keyed_points(data)
    }


def _shown(data: ReportData) -> str:
    """What the first chart shows; nothing is said of what is not in it."""
    front = "Lines are the fronts, faint dots the networks they beat"
    front = front if data.random else "The line is the front, faint dots the networks it beats"
    spread = any(point.accuracy_std or point.latency_std for point in (*data.points, *data.random))
    told = [front] * (len(data.points) > 1) + ["bars are one standard error"] * spread
    tuned = any(point.fine_tuned is not None for point in data.points)
    told += ["thin lines lead from inherited to fine-tuned accuracy"] * tuned
    chosen = (
        f"The star is the chosen network, {escape(data.chosen_by)}."
        if data.chosen is not None and data.chosen_by
        else ""
    )
    return f"{'; '.join(told).capitalize()}. {chosen}" if told else chosen


def _latency(found: Analysis) -> str:
    score = found.agreement
    if score is None:
        return empty("No network of this report was measured, so its predicted latencies are unchecked.")
    ranks = "" if math.isnan(score.spearman) else f", rank correlation (Spearman) {score.spearman:.3f}"
    inside = round(score.within_10_percent * score.networks)
    networks = "1 network" if score.networks == 1 else f"{score.networks} networks"
    caption = (
        f"{networks} measured: mean error {percent(score.mape)}, {inside} within ±10 %{ranks}. "
        "Bars: from the 10th to the 90th percentile of the runs."
    )
    return both(lambda size: latency_chart(found.checks, size), PLOT, caption)


def _hypervolume(search: Sequence[float], random: Sequence[float], reference: tuple[float, float]) -> str:
    if max(len(search), len(random)) < 2:
        return empty("A single trial has no history to show.")
    corner = f"{percent(reference[0])} at {milliseconds(reference[1])}"
    caption = f"How much of the box between {corner} and 100 % at 0 ms the front covers. "
    if not random:
        caption += f"Search: {percent(search[-1])}. No random search was run to compare with."
    else:
        trials = min(len(search), len(random))
        ours, theirs = search[trials - 1], random[trials - 1]
        caption += f"After {trials} trials each: search {percent(ours)}, random {percent(theirs)}."
        passed = next((trial for trial, value in enumerate(search, start=1) if value > random[-1]), None)
        if passed:
            caption += f" The search needed {passed} trials to pass what random search reached in {len(random)}."
    return both(lambda size: hypervolume_chart(search, random, size), PLOT, caption)


def picture(data: ReportData) -> str:
    """The front as a picture of its own, for a README."""
    return pareto_chart(data, Size(800, 460)).document()
