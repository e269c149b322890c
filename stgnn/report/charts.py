"""The charts of the report as SVG: drawn once, here, for the page and for pictures; the script only points at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from stgnn.report import svg
from stgnn.report.analysis import Check, pareto_front
from stgnn.report.chart_parts import SHAPES, Labels, Size, frame, legend
from stgnn.report.data import Landmark, ReportData, ReportPoint
from stgnn.report.units import milliseconds, percent


@dataclass(frozen=True)
class Chart:
    """A drawn chart, and its axes so that a script can find a point under the pointer."""

    size: Size
    label: str
    body: str
    x: svg.Axis
    y: svg.Axis

    def embedded(self, css: str) -> str:
        """For a page that has the style sheet; ``data-axes`` holds both axes as low, high, first and last pixel."""
        axes = " ".join(f"{v:.6g}" for a in (self.x, self.y) for v in (a.low, a.high, a.start, a.end))
        return (
            f'<svg class="chart {css}" viewBox="0 0 {self.size.width:g} {self.size.height:g}" data-axes="{axes}" '
            f'role="group" aria-label="{escape(self.label)}">{self.body}</svg>'
        )

    def document(self) -> str:
        """A picture of its own."""
        return svg.document(self.size.width, self.size.height, self.label, self.body)


def pareto_chart(data: ReportData, size: Size, selected: str = "") -> Chart:
    """Accuracy against predicted latency: both fronts with error bars, dominated points faint, the chosen one a star.

    Args:
        data: The trials.
        size: Size of the chart.
        selected: Key (``trial=12``) of the point that gets a ring; empty for none.
    """
    everything: list[ReportPoint | Landmark] = [*data.points, *data.random, *data.landmarks]
    latencies = svg.spread((p.latency_ms for p in everything), log=True, margin=0.04)
    low, high = svg.spread(p.accuracy for p in everything)
    x, y = size.axes(latencies, (max(low, 0.0), min(high, 1.005)), log_x=True)
    fronts = {"random": pareto_front(data.random), "search": pareto_front(data.points)}
    parts = [frame(x, y, ("Predicted latency (ms, logarithmic)", "Accuracy (%)"), (1, 100))]
    parts += [_dots(data.random, x, y, "random"), _dots(data.points, x, y, "search")]
    for kind, front in fronts.items():
        parts.append(_front(front, x, y, kind))
    if (chosen := data.chosen_point) is not None:
        parts += [] if chosen in fronts["search"] else [_point(chosen, x, y, "search")]
        parts.append(svg.marker("star", x(chosen.latency_ms), y(chosen.accuracy), 9.5, "mark chosen"))
    for landmark in data.landmarks:
        parts.append(svg.marker("diamond", x(landmark.latency_ms), y(landmark.accuracy), 5.5, "mark landmark"))
    parts.append(_labels(data, fronts, x, y))
    ring = next(((x(p.latency_ms), y(p.accuracy)) for key, p in keyed_points(data) if key == selected), None)
    if ring:
        parts.append(svg.marker("circle", *ring, 11, "ring"))
    kinds = ["search"] + ["random"] * bool(data.random) + ["landmark"] * bool(data.landmarks)
    parts.append(legend(kinds + ["chosen"] * (data.chosen is not None), size))
    return Chart(size, "Accuracy against predicted latency", "".join(parts), x, y)


def _labels(data: ReportData, fronts: Mapping[str, Sequence[ReportPoint]], x: svg.Axis, y: svg.Axis) -> str:
    """Names of the chosen network and of the known ones, where they hide least."""
    labels = Labels((x.start, y.end, x.end, y.start), _obstacles(data, fronts, x, y))
    named: list[tuple[str, ReportPoint | Landmark]] = [(landmark.name, landmark) for landmark in data.landmarks]
    if (chosen := data.chosen_point) is not None:
        named.insert(0, (f"{percent(chosen.accuracy)} at {milliseconds(chosen.latency_ms)}", chosen))
    return "".join(labels.place(x(p.latency_ms), y(p.accuracy), name) for name, p in named)


def _obstacles(
    data: ReportData, fronts: Mapping[str, Sequence[ReportPoint]], x: svg.Axis, y: svg.Axis
) -> list[tuple[float, float]]:
    """What a label should not cover: every mark, those of the fronts threefold, and the lines of the fronts."""
    important: list[ReportPoint | Landmark] = [*fronts["search"], *fronts["random"], *data.landmarks]
    points = [*data.points, *data.random, *important, *important, *important]
    places = [(x(point.latency_ms), y(point.accuracy)) for point in points]
    for front in fronts.values():
        for (x1, y1), (x2, y2) in pairwise(_stairs(front, x, y)):
            steps = 1 + int(abs(x2 - x1) + abs(y2 - y1)) // 8
            places += [(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps) for i in range(steps)]
    return places


def keyed_points(data: ReportData) -> list[tuple[str, ReportPoint]]:
    """Every point with the key that names it in links: ``trial=12`` or ``random=12``."""
    return [(f"trial={p.number}", p) for p in data.points] + [(f"random={p.number}", p) for p in data.random]


def latency_chart(checks: Sequence[Check], size: Size) -> Chart:
    """Predicted against measured latency with the spread of the measurement.

    The band holds the predictions within ±10 % of their measurement, as `agreement` counts them: y from x / 1.1 to
    x / 0.9.
    """
    values = [v for c in checks for v in (c.predicted_ms, c.measured.low_ms, c.measured.p90_ms)]
    low, high = svg.spread(values, log=True)
    x, y = size.axes((low, high), (low, high), log_x=True, log_y=True)
    band = [(low, low), (low, low / 0.9), (high * 0.9, high), (high, high), (high, high / 1.1), (low * 1.1, low)]
    parts = [
        svg.path([(x(a), y(b)) for a, b in band], "band", close=True),
        frame(x, y, ("Predicted latency (ms, logarithmic)", "Measured latency (ms, logarithmic)")),
        svg.path([(x(low), y(low)), (x(high), y(high))], "diagonal"),
        svg.text(size.left, 20, "shaded: predicted within ±10 % of the measurement"),
    ]
    for check in checks:
        kind = "random" if check.key.startswith("random") else "search"
        px, py, m = x(check.predicted_ms), y(check.measured.ms), check.measured
        parts.append(svg.line(px, y(m.low_ms), px, y(m.p90_ms), f"error {kind}"))
        told = f"{check.name}: predicted {milliseconds(check.predicted_ms)}, measured {milliseconds(m.ms)}"
        mark = f"<g><title>{escape(told)}</title>{svg.marker('circle', px, py, 4.5, 'mark ' + kind)}</g>"
        parts.append(f'<a href="#{check.key}" tabindex="-1">{mark}</a>' if check.key else mark)
    return Chart(size, "Predicted against measured latency", "".join(parts), x, y)


def hypervolume_chart(search: Sequence[float], random: Sequence[float], size: Size) -> Chart:
    """Hypervolume over trials, as a share of the box between the reference point and 100 % at 0 ms."""
    trials = max(len(search), len(random))
    top = max([*search, *random, 0.01])
    low = min([v for h in (search, random) for v in h[len(h) // 20 :]] or [0.0])
    x, y = size.axes((0, max(trials, 2)), (low * 0.9, min(top * 1.04, 1.0)))
    parts = [frame(x, y, ("Trials", "Hypervolume (% of the box)"), (1, 100))]
    for kind, history in (("random", random), ("search", search)):
        if history:
            steps = [(x(trial), y(value)) for trial, value in _steps(history)]
            parts += [svg.path(steps, f"front-line {kind}"), svg.marker(SHAPES[kind], *steps[-1], 4.5, f"mark {kind}")]
    parts.append(legend(["search"] + ["random"] * bool(random), size))
    return Chart(size, "Hypervolume over trials", "".join(parts), x, y)


def _steps(history: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of the staircase (trial, value); a flat stretch costs no corner."""
    corners = [(1.0, history[0])]
    for trial, (before, value) in enumerate(pairwise(history), start=2):
        if value != before:
            corners += [(trial, before), (trial, value)]
    return [*corners, (len(history), history[-1])]


def _dots(points: Sequence[ReportPoint], x: svg.Axis, y: svg.Axis, kind: str) -> str:
    """Every point as a faint dot, all in one element: a page of thousands of trials stays light."""
    dots = "".join(f"M{svg.num(x(point.latency_ms))} {svg.num(y(point.accuracy))}h0" for point in points)
    return f'<path class="dots {kind}" d="{dots}"/>' if dots else ""


def _stairs(front: Sequence[ReportPoint], x: svg.Axis, y: svg.Axis) -> list[tuple[float, float]]:
    """Corners of the staircase in pixels: the border of what the front beats."""
    corners = [(x(point.latency_ms), y(point.accuracy)) for point in front]
    walk = corners[:1]
    for (_, low), (right, high) in pairwise(corners):
        walk += [(right, low), (right, high)]
    return walk


def _front(front: Sequence[ReportPoint], x: svg.Axis, y: svg.Axis, kind: str) -> str:
    """The staircase of a front, then its points as links with error bars."""
    walk = _stairs(front, x, y)
    parts = [svg.path(walk, f"front-line {kind}")] if len(front) > 1 else []
    parts += [_error_bars(point, x, y, kind) for point in front]
    parts += [_point(point, x, y, kind) for point in front]
    return "".join(parts)


def _point(point: ReportPoint, x: svg.Axis, y: svg.Axis, kind: str) -> str:
    """A point that can be reached by keyboard and linked to."""
    mark = svg.marker(SHAPES[kind], x(point.latency_ms), y(point.accuracy), 4.5, f"mark {kind}")
    key = f"{'trial' if kind == 'search' else 'random'}={point.number}"
    told = f"{key.replace('=', ' ')}: {percent(point.accuracy)} at {milliseconds(point.latency_ms)}"
    return f'<a href="#{key}" tabindex="-1" aria-label="{told}">{mark}</a>'


def _error_bars(point: ReportPoint, x: svg.Axis, y: svg.Axis, kind: str) -> str:
    px, py, parts = x(point.latency_ms), y(point.accuracy), ""
    if (std := point.accuracy_std) > 0:
        parts += svg.line(px, y(point.accuracy - std), px, y(point.accuracy + std), f"error {kind}")
    if (std := point.latency_std) > 0:
        parts += svg.line(x(point.latency_ms - std), py, x(point.latency_ms + std), py, f"error {kind}")
    return parts
