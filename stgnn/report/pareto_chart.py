"""Accuracy against latency, the main picture of a report, drawn layer by layer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

from stgnn.report import svg
from stgnn.report.analysis import pareto_front
from stgnn.report.chart_parts import Labels, Place, Sign, Size, along, frame, legend
from stgnn.report.charts import RANDOM, SEARCH, SIGNS, Chart
from stgnn.report.data import Landmark, ReportData, ReportPoint
from stgnn.report.units import milliseconds, percent

KNOWN = Sign("known network", "diamond", "mark landmark")
PRUNED = Sign("pruned network", "square", "mark landmark")
CHOSEN = Sign("chosen", "star", "mark chosen")
TUNED = Sign("fine-tuned", "diamond", "mark tuned")


def pareto_chart(data: ReportData, size: Size, selected: str = "") -> Chart:
    """Accuracy against predicted latency: both fronts with error bars, dominated points faint, the chosen one a star.

    A fine-tuned network stands twice, with inherited weights and with its own, joined by a line.

    Args:
        data: The trials.
        size: Size of the chart.
        selected: Key (``trial=12``) of the point that gets a ring; empty for none.
    """
    key, size = legend(_signs(data), size)
    everything = _everything(data)
    latencies = svg.spread((point.latency_ms for point in everything), log=True, margin=0.04)
    accuracies = [point.accuracy for point in everything] + [_best_accuracy(point) for point in data.points]
    low, high = svg.spread(accuracies)
    x, y = size.axes(latencies, (max(low, 0.0), min(high, 1.005)), log_x=True)
    layers = _Layers(data, x, y)
    parts = [
        key,
        frame(x, y, ("Predicted latency (ms, logarithmic)", "Accuracy (%)"), (1, 100)),
        *layers.clouds(),
        *layers.both_fronts(),
        *layers.fine_tuned(),
        *layers.landmarks(),
        *layers.chosen(),
        *layers.names(),
        *layers.ring(selected),
    ]
    return Chart(size, "Accuracy against predicted latency", "".join(parts), x, y)


def keyed_points(data: ReportData) -> list[tuple[str, ReportPoint]]:
    """Every point with the key that names it in links: ``trial=12`` or ``random=12``."""
    return [(f"trial={p.number}", p) for p in data.points] + [(f"random={p.number}", p) for p in data.random]


@dataclass(frozen=True)
class _Layers:
    """What is drawn between the axes, each layer over the one before; random search lies beneath the search."""

    data: ReportData
    x: svg.Axis
    y: svg.Axis

    def place(self, point: ReportPoint | Landmark) -> Place:
        return self.x(point.latency_ms), self.y(point.accuracy)

    def best_place(self, point: ReportPoint) -> Place:
        """Where it stands with the weights that it is best known with."""
        return self.x(point.latency_ms), self.y(_best_accuracy(point))

    @cached_property
    def points(self) -> dict[str, Sequence[ReportPoint]]:
        return {"random": self.data.random, "search": self.data.points}

    @cached_property
    def tuned(self) -> list[ReportPoint]:
        return [point for point in self.data.points if point.fine_tuned is not None]

    @cached_property
    def fronts(self) -> dict[str, tuple[ReportPoint, ...]]:
        return {kind: pareto_front(points) for kind, points in self.points.items()}

    @cached_property
    def stairs(self) -> dict[str, list[Place]]:
        return {kind: _stairs([self.place(point) for point in front]) for kind, front in self.fronts.items()}

    @cached_property
    def families(self) -> list[list[Place]]:
        return [[self.place(member) for member in family] for family in _families(self.data.landmarks)]

    def clouds(self) -> Iterator[str]:
        """All trials, faint."""
        for kind, points in self.points.items():
            yield svg.dots(map(self.place, points), f"dots {kind}")

    def both_fronts(self) -> Iterator[str]:
        """The staircases, and the points on them with their error bars."""
        for kind, front in self.fronts.items():
            if len(front) > 1:
                yield svg.path(self.stairs[kind], f"front-line {kind}")
            yield from (self._error_bars(point, kind) for point in front)
            yield from (self._point(point, kind) for point in front)

    def fine_tuned(self) -> Iterator[str]:
        """Fine-tuned networks, joined to themselves with inherited weights."""
        for point in self.tuned:
            if point not in self.fronts["search"]:
                yield self._point(point, "search")
            yield svg.path([self.place(point), self.best_place(point)], "gain")
        yield from (TUNED.at(*self.best_place(point)) for point in self.tuned if point.number != self.data.chosen)

    def landmarks(self) -> Iterator[str]:
        """Networks to compare with; those of one family are joined."""
        yield from (svg.path(family, "family") for family in self.families)
        yield from (_sign(landmark).at(*self.place(landmark), 5.5) for landmark in self.data.landmarks)

    def chosen(self) -> Iterator[str]:
        """A star over the chosen network."""
        chosen = self.data.chosen_point
        if chosen is None:
            return
        if chosen not in (*self.fronts["search"], *self.tuned):
            yield self._point(chosen, "search")
        yield CHOSEN.at(*self.best_place(chosen), 6)

    def names(self) -> Iterator[str]:
        """Labels of the chosen network and of the landmarks, where they hide least."""
        named = [(landmark.label or landmark.name, self.place(landmark)) for landmark in self.data.landmarks]
        if (chosen := self.data.chosen_point) is not None:
            told = f"{percent(_best_accuracy(chosen))} at {milliseconds(chosen.latency_ms)}"
            named.insert(0, (told, self.best_place(chosen)))
        all_marks = [self.place(one) for one in _everything(self.data)]
        clear_marks = [self.place(one) for front in self.fronts.values() for one in front]
        clear_marks += [self.place(one) for one in self.data.landmarks]
        clear_marks += [self.best_place(one) for one in self.tuned]
        lines = [place for line in (*self.stairs.values(), *self.families) for place in along(line)]
        bounds = (self.x.start, self.y.end, self.x.end, self.y.start)
        labels = Labels(bounds, [*all_marks, *3 * clear_marks, *lines])
        yield from (labels.place(*place, name) for name, place in named)

    def ring(self, selected: str) -> Iterator[str]:
        """A ring around the selected point."""
        for key, point in keyed_points(self.data):
            if key == selected:
                yield svg.marker("circle", *self.place(point), 11, "ring")

    def _point(self, point: ReportPoint, kind: str) -> str:
        """A point that can be reached by keyboard and linked to."""
        key = f"{'trial' if kind == 'search' else 'random'}={point.number}"
        told = f"{key.replace('=', ' ')}: {percent(point.accuracy)} at {milliseconds(point.latency_ms)}"
        mark = SIGNS[kind].at(*self.place(point))
        return f'<a href="#{key}" tabindex="-1" aria-label="{told}">{mark}</a>'

    def _error_bars(self, point: ReportPoint, kind: str) -> str:
        (x, y), parts = self.place(point), ""
        if (std := point.accuracy_std) > 0:
            parts += svg.line(x, self.y(point.accuracy - std), x, self.y(point.accuracy + std), f"error {kind}")
        if (std := point.latency_std) > 0:
            parts += svg.line(self.x(point.latency_ms - std), y, self.x(point.latency_ms + std), y, f"error {kind}")
        return parts


def _signs(data: ReportData) -> list[Sign]:
    """The legend: every kind of point that there is, once."""
    found = [SEARCH]
    found += [TUNED] * any(point.fine_tuned is not None and point.number != data.chosen for point in data.points)
    found += [RANDOM] * bool(data.random)
    found += dict.fromkeys(map(_sign, data.landmarks))
    found += [CHOSEN] * (data.chosen is not None)
    return found


def _sign(landmark: Landmark) -> Sign:
    return PRUNED if landmark.family else KNOWN


def _best_accuracy(point: ReportPoint) -> float:
    return point.accuracy if point.fine_tuned is None else point.fine_tuned


def _everything(data: ReportData) -> list[ReportPoint | Landmark]:
    return [*data.points, *data.random, *data.landmarks]


def _families(landmarks: Sequence[Landmark]) -> list[list[Landmark]]:
    """The members of each family of several, from the fastest on."""
    ordered = sorted((one for one in landmarks if one.family), key=lambda one: (one.family, one.latency_ms))
    families = [list(members) for _, members in groupby(ordered, key=lambda one: one.family)]
    return [family for family in families if len(family) > 1]


def _stairs(corners: Sequence[Place]) -> list[Place]:
    """The staircase through the points of a front: the border of what the front beats."""
    steps = [((right, low), (right, high)) for (_, low), (right, high) in pairwise(corners)]
    return [*corners[:1], *(corner for step in steps for corner in step)]
