"""What a chart is: SVG, drawn once for the page and for pictures; and the charts of latencies and hypervolume."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from stgnn.report import svg
from stgnn.report.analysis import Check
from stgnn.report.chart_parts import Sign, Size, frame, legend
from stgnn.report.units import milliseconds

SEARCH = Sign("search", "circle", "mark search")
RANDOM = Sign("random search", "triangle", "mark random")
HELD_OUT = Sign("held-out network", "square", "mark held")
BAND = Sign("within ±10 % of the measurement", "square", "mark band")
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
