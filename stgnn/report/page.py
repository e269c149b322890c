"""The page: one HTML file with everything in it, made of the template files beside this module."""

import base64
import gzip
import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from stgnn.report import sections
from stgnn.report.analysis import (
    Check,
    agreement,
    compare_genes,
    hypervolume_history,
    latency_checks,
    pareto_front,
    reference_point,
)
from stgnn.report.chart_parts import Size
from stgnn.report.charts import Chart, hypervolume_chart, keyed_points, latency_chart, pareto_chart
from stgnn.report.data import ReportData, ReportPoint
from stgnn.report.units import milliseconds, percent
from stgnn.space import read_architecture

PARETO = {"wide": Size(780, 560), "narrow": Size(360, 420, left=54, right=18, top=56)}
PLOT = {"wide": Size(580, 400), "narrow": Size(360, 340, left=54, right=18)}


def render_page(data: ReportData) -> str:
    """The whole page.

    Args:
        data: The trials and where they come from.

    Returns:
        HTML that needs nothing else: styles, script, drawings and data are inside.
    """
    front = pareto_front(data.points)
    chosen = front[-1].number if data.chosen is None else data.chosen
    selected = f"trial={chosen}"
    reference = reference_point(data)
    search, random = (hypervolume_history(points, reference) for points in (data.points, data.random))
    details = _details(data, front)
    architectures = [read_architecture(point.architecture) for point in (*data.points, *data.random)]
    found = compare_genes([read_architecture(point.architecture) for point in front], architectures)
    return fill(
        resource("page.html"),
        title=escape(data.title),
        style=resource("chart.css") + resource("page.css"),
        lead=sections.lead(data, front, gain(search, random)),
        facts=sections.facts(data),
        pareto_wide=pareto_chart(data, PARETO["wide"], selected).embedded("wide"),
        pareto_narrow=pareto_chart(data, PARETO["narrow"], selected).embedded("narrow"),
        pareto_caption=_pareto_caption(data),
        selected=selected,
        panel=details[selected]["panel"],
        latency=_latency(latency_checks(data)),
        hypervolume=_hypervolume(search, random, reference),
        genes=sections.genes(found, len(front), len(architectures)),
        table=sections.table(front, data.landmarks, selected),
        footer="".join(f"<p>{escape(note)}</p>" for note in (*data.notes, _FILES)),
        points=safe_json({key: [p.latency_ms, p.accuracy] for key, p in keyed_points(data)}),
        details=base64.b64encode(gzip.compress(json.dumps(details).encode(), mtime=0)).decode(),
        script=resource("page.js"),
    )


_FILES = "The front is also in pareto.csv, every trial in report.json and the picture in pareto.svg, beside this page."


def fill(template: str, **parts: str) -> str:
    """Put each part in the place of its name in double braces; the parts themselves are not searched."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def safe_json(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def gain(search: Sequence[float], random: Sequence[float]) -> float | None:
    """How much larger the hypervolume of the search is than that of random search after equally many trials."""
    trials = min(len(search), len(random))
    return search[trials - 1] / random[trials - 1] - 1 if trials and random[trials - 1] > 0 else None


def resource(name: str) -> str:
    """The content of a template file beside this module."""
    return (files("stgnn.report") / name).read_text(encoding="utf-8")


def _details(data: ReportData, front: Sequence[ReportPoint]) -> Mapping[str, Mapping[str, str]]:
    """What the page shows of each network when it is pointed at or selected."""
    best = {f"trial={point.number}" for point in front}
    return {
        key: {"tip": sections.tip(key, point), "panel": sections.panel(data, key, point, key in best)}
        for key, point in keyed_points(data)
    }


def _pareto_caption(data: ReportData) -> str:
    text = "Up and to the left is better. Lines are the fronts, faint dots the networks they beat"
    if any(point.accuracy_std or point.latency_std for point in data.points):
        text += ", bars one standard error"
    return f"{text}. Point at a network to see what it is, select it to see its blocks; arrow keys walk the front."


def _both(make: Mapping[str, Chart], caption: str) -> str:
    drawings = "".join(chart.embedded(css) for css, chart in make.items())
    return f"{drawings}<figcaption>{caption}</figcaption>"


def _latency(checks: Sequence[Check]) -> str:
    score = agreement(checks)
    if score is None:
        return '<p class="empty">No network of this report was measured, so its predicted latencies are unchecked.</p>'
    ranks = "" if math.isnan(score.spearman) else f", rank correlation (Spearman) {score.spearman:.3f}"
    inside = round(score.within_10_percent * score.networks)
    networks = "1 network" if score.networks == 1 else f"{score.networks} networks"
    caption = (
        f"{networks} measured: mean error {percent(score.mape)}, {inside} within ±10 %{ranks}. "
        "Bars: from the 10th to the 90th percentile of the runs."
    )
    return _both({css: latency_chart(checks, size) for css, size in PLOT.items()}, caption)


def _hypervolume(search: Sequence[float], random: Sequence[float], reference: tuple[float, float]) -> str:
    if max(len(search), len(random)) < 2:
        return '<p class="empty">A single trial has no history to show.</p>'
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
    return _both({css: hypervolume_chart(search, random, size) for css, size in PLOT.items()}, caption)


def picture(data: ReportData) -> str:
    """The front as a picture of its own, for a README."""
    return pareto_chart(data, Size(800, 460)).document()
