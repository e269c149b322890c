"""The charts of the report as SVG: drawn once, here, for the page and for pictures; the script only points at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise

from stgnn.report import svg
from stgnn.report.analysis import Check, pareto_front
from stgnn.report.chart_parts import Labels, Place, Sign, Size, along, frame, legend
from stgnn.report.data import Landmark, ReportData, ReportPoint
from stgnn.report.units import milliseconds, percent

SEARCH = Sign("search", "circle", "mark search")
RANDOM = Sign("random search", "triangle", "mark random")
HELD_OUT = Sign("held-out network", "square", "mark held")
BAND = Sign("within ±10 % of the measurement", "square", "mark band")
KNOWN = Sign("known network", "diamond", "mark landmark")
PRUNED = Sign("pruned network", "square", "mark landmark")
CHOSEN = Sign("chosen", "star", "mark chosen")
TUNED = Sign("fine-tuned", "diamond", "mark tuned")
SIGNS = {"search": SEARCH, "random": RANDOM, "held": HELD_OUT}


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
        css, more = f"chart {css}", f' data-axes="{axes}"'
        return svg.embedded(self.size.width, self.size.height, self.label, self.body, css, more)

    def document(self) -> str:
        """A picture of its own."""
        return svg.document(self.size.width, self.size.height, self.label, self.body)


def pareto_chart(data: ReportData, size: Size, selected: str = "") -> Chart:
    """Accuracy against predicted latency: both fronts with error bars, dominated points faint, the chosen one a star.

    A fine-tuned network stands twice, with inherited weights and with its own, joined by a line.

    Args:
        data: The trials.
        size: Size of the chart.
        selected: Key (``trial=12``) of the point that gets a ring; empty for none.
    """
    known = [PRUNED if landmark.family else KNOWN for landmark in data.landmarks]
    tuned = [point for point in data.points if point.fine_tuned is not None]
    signs = [SEARCH, *[TUNED] * bool(tuned), *[RANDOM] * bool(data.random), *dict.fromkeys(known)]
    signs += [CHOSEN] * (data.chosen is not None)
    key, size = legend(signs, size)
    everything: list[ReportPoint | Landmark] = [*data.points, *data.random, *data.landmarks]
    latencies = svg.spread((p.latency_ms for p in everything), log=True, margin=0.04)
    low, high = svg.spread([*(p.accuracy for p in everything), *(p.fine_tuned or 0.0 for p in tuned)])
    x, y = size.axes(latencies, (max(low, 0.0), min(high, 1.005)), log_x=True)

    def place(point: ReportPoint | Landmark) -> Place:
        return x(point.latency_ms), y(point.accuracy)

    def tuned_place(point: ReportPoint) -> Place:
        return x(point.latency_ms), y(point.accuracy if point.fine_tuned is None else point.fine_tuned)

    clouds = {"random": data.random, "search": data.points}
    fronts = {kind: pareto_front(points) for kind, points in clouds.items()}
    stairs = {kind: _stairs([place(point) for point in front]) for kind, front in fronts.items()}
    families = [[place(member) for member in family] for family in _families(data.landmarks)]
    parts = [key, frame(x, y, ("Predicted latency (ms, logarithmic)", "Accuracy (%)"), (1, 100))]
    parts += [svg.dots(map(place, points), f"dots {kind}") for kind, points in clouds.items()]
    for kind, front in fronts.items():
        parts += [svg.path(stairs[kind], f"front-line {kind}")] if len(front) > 1 else []
        parts += [_error_bars(point, x, y, kind) for point in front]
        parts += [_point(point, place(point), kind) for point in front]
    for point in tuned:
        parts += [] if point in fronts["search"] else [_point(point, place(point), "search")]
        parts.append(svg.path([place(point), tuned_place(point)], "gain"))
    parts += [TUNED.at(*tuned_place(point)) for point in tuned if point.number != data.chosen]
    parts += [svg.path(family, "family") for family in families]
    parts += [sign.at(*place(landmark), 5.5) for sign, landmark in zip(known, data.landmarks, strict=True)]
    named = [(landmark.label or landmark.name, place(landmark)) for landmark in data.landmarks]
    if (chosen := data.chosen_point) is not None:
        parts += [] if chosen in (*fronts["search"], *tuned) else [_point(chosen, place(chosen), "search")]
        parts.append(CHOSEN.at(*tuned_place(chosen), 6))
        best = chosen.accuracy if chosen.fine_tuned is None else chosen.fine_tuned
        named.insert(0, (f"{percent(best)} at {milliseconds(chosen.latency_ms)}", tuned_place(chosen)))
    marks = [place(point) for kind in fronts for point in fronts[kind]] + [place(one) for one in data.landmarks]
    marks += [tuned_place(point) for point in tuned]
    lines = [point for line in (*stairs.values(), *families) for point in along(line)]
    labels = Labels((x.start, y.end, x.end, y.start), [*map(place, everything), *3 * marks, *lines])
    parts += [labels.place(*where, name) for name, where in named]
    parts += [svg.marker("circle", *place(point), 11, "ring") for key, point in keyed_points(data) if key == selected]
    return Chart(size, "Accuracy against predicted latency", "".join(parts), x, y)


def _families(landmarks: Sequence[Landmark]) -> list[list[Landmark]]:
    """The members of each family of several, from the fastest on."""
    ordered = sorted((one for one in landmarks if one.family), key=lambda one: (one.family, one.latency_ms))
    families = [list(members) for _, members in groupby(ordered, key=lambda one: one.family)]
    return [family for family in families if len(family) > 1]


def keyed_points(data: ReportData) -> list[tuple[str, ReportPoint]]:
    """Every point with the key that names it in links: ``trial=12`` or ``random=12``."""
    return [(f"trial={p.number}", p) for p in data.points] + [(f"random={p.number}", p) for p in data.random]


def latency_chart(checks: Sequence[Check], size: Size) -> Chart:
    """Predicted against measured latency with the spread of the measurement.

    The band holds the predictions within ±10 % of their measurement, as `agreement` counts them: y from x / 1.1 to
    x / 0.9.
    """
    kinds = [check.key.split("=")[0].replace("trial", "search") or "held" for check in checks]
    key, size = legend([*(SIGNS[kind] for kind in SIGNS if kind in kinds), BAND], size)
    values = [v for c in checks for v in (c.predicted_ms, c.measured.low_ms, c.measured.p90_ms)]
    low, high = svg.spread(values, log=True)
    x, y = size.axes((low, high), (low, high), log_x=True, log_y=True)
    band = [(low, low), (low, low / 0.9), (high * 0.9, high), (high, high), (high, high / 1.1), (low * 1.1, low)]
    parts = [
        key,
        svg.path([(x(a), y(b)) for a, b in band], "band", close=True),
        frame(x, y, ("Predicted latency (ms, logarithmic)", "Measured latency (ms, logarithmic)")),
        svg.path([(x(low), y(low)), (x(high), y(high))], "diagonal"),
    ]
    for check, kind in zip(checks, kinds, strict=True):
        px, py, m = x(check.predicted_ms), y(check.measured.ms), check.measured
        parts.append(svg.line(px, y(m.low_ms), px, y(m.p90_ms), f"error {kind}"))
        told = f"{check.name}: predicted {milliseconds(check.predicted_ms)}, measured {milliseconds(m.ms)}"
        mark = f"<g><title>{escape(told)}</title>{SIGNS[kind].at(px, py)}</g>"
        parts.append(f'<a href="#{check.key}" tabindex="-1">{mark}</a>' if check.key else mark)
    return Chart(size, "Predicted against measured latency", "".join(parts), x, y)


def hypervolume_chart(search: Sequence[float], random: Sequence[float], size: Size) -> Chart:
    """Hypervolume over trials, as a share of the box between the reference point and 100 % at 0 ms."""
    trials = max(len(search), len(random))
    top = max([*search, *random, 0.01])
    low = min([v for h in (search, random) for v in h[len(h) // 20 :]] or [0.0])
    key, size = legend([SEARCH, *[RANDOM] * bool(random)], size)
    x, y = size.axes((0, max(trials, 2)), (low * 0.9, min(top * 1.04, 1.0)), whole_x=True)
    parts = [key, frame(x, y, ("Trials", "Hypervolume (% of the box)"), (1, 100))]
    for kind, history in (("random", random), ("search", search)):
        if history:
            steps = [(x(trial), y(value)) for trial, value in _steps(history)]
            parts += [svg.path(steps, f"front-line {kind}"), SIGNS[kind].at(*steps[-1])]
    return Chart(size, "Hypervolume over trials", "".join(parts), x, y)


def _steps(history: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of the staircase (trial, value); a flat stretch costs no corner."""
    corners = [(1.0, history[0])]
    for trial, (before, value) in enumerate(pairwise(history), start=2):
        if value != before:
            corners += [(trial, before), (trial, value)]
    return [*corners, (len(history), history[-1])]


def _stairs(corners: Sequence[Place]) -> list[Place]:
    """The staircase through the points of a front: the border of what the front beats."""
    steps = [((right, low), (right, high)) for (_, low), (right, high) in pairwise(corners)]
    return [*corners[:1], *(corner for step in steps for corner in step)]


def _point(point: ReportPoint, place: Place, kind: str) -> str:
    """A point that can be reached by keyboard and linked to."""
    key = f"{'trial' if kind == 'search' else 'random'}={point.number}"
    told = f"{key.replace('=', ' ')}: {percent(point.accuracy)} at {milliseconds(point.latency_ms)}"
    return f'<a href="#{key}" tabindex="-1" aria-label="{told}">{SIGNS[kind].at(*place)}</a>'


def _error_bars(point: ReportPoint, x: svg.Axis, y: svg.Axis, kind: str) -> str:
    px, py, parts = x(point.latency_ms), y(point.accuracy), ""
    if (std := point.accuracy_std) > 0:
        parts += svg.line(px, y(point.accuracy - std), px, y(point.accuracy + std), f"error {kind}")
    if (std := point.latency_std) > 0:
        parts += svg.line(x(point.latency_ms - std), py, x(point.latency_ms + std), py, f"error {kind}")
    return parts
