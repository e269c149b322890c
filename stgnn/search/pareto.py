"""Pareto fronts and what can be measured of them, in NumPy: N points, D objectives, each maximised or minimised.

The objectives of a study, accuracy up and latency down, are the default everywhere:

    >>> from stgnn.search.pareto import non_dominated
    >>> non_dominated([(0.9, 5.0), (0.8, 6.0), (0.7, 1.0)]).tolist()
    [True, False, True]
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ACCURACY_LATENCY = (True, False)  # maximise accuracy, minimise latency


class Candidate(Protocol):
    """An architecture with what it is worth."""

    @property
    def accuracy(self) -> float:
        """A fraction."""
        ...

    @property
    def latency_ms(self) -> float:
        """Milliseconds of one body."""
        ...

    @property
    def feasible(self) -> bool:
        """Whether it keeps the constraints of the search."""
        ...


CandidateT = TypeVar("CandidateT", bound=Candidate)


def _losses(values: ArrayLike, maximise: Sequence[bool]) -> Floats:
    """Points (N, D) with every objective to be minimised.

    Raises:
        ValueError: the number of objectives differs from that of ``maximise``, or a value is not finite.
    """
    points = np.asarray(values, dtype=np.float64).reshape(-1, len(maximise))
    if not np.isfinite(points).all():
        raise ValueError("objectives must be finite")
    return points * np.where(np.asarray(maximise, dtype=bool), -1.0, 1.0)


def _dominates(losses: Floats) -> Mask:
    """(N, N): whether point i is no worse than j everywhere and better somewhere."""
    no_worse = np.ones((len(losses), len(losses)), dtype=bool)
    better = np.zeros_like(no_worse)
    for column in losses.T:
        no_worse &= column[:, None] <= column[None, :]
        better |= column[:, None] < column[None, :]
    return no_worse & better


def non_dominated(values: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY) -> Mask:
    """Which points no other point dominates. Of equal points all are kept.

    Args:
        values: Points (N, D).
        maximise: For each objective whether more is better.

    Returns:
        Mask (N,).
    """
    return np.asarray(~_dominates(_losses(values, maximise)).any(axis=0))


def front_order(values: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY) -> NDArray[np.int64]:
    """Indices of the front, one for each distinct point, from the smallest to the largest last objective (latency)."""
    points = np.asarray(values, dtype=np.float64).reshape(-1, len(maximise))
    _, first = np.unique(points, axis=0, return_index=True)
    keep = first[non_dominated(points[first], maximise)]
    return keep[np.argsort(points[keep, -1], kind="stable")].astype(np.int64)


def front(candidates: Sequence[CandidateT]) -> list[CandidateT]:
    """The feasible candidates that no other one beats in both accuracy and latency, from fast to slow.

    Of several with the same accuracy and latency the first is taken.
    """
    feasible = [one for one in candidates if one.feasible]
    return [feasible[index] for index in front_order([(one.accuracy, one.latency_ms) for one in feasible])]


def ranks(
    values: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY, violation: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Rank 0 for the front, 1 for the front of the rest, and so on (Deb et al. 2002).

    Args:
        values: Points (N, D).
        maximise: For each objective whether more is better.
        violation: How much each point violates the constraints (N,), 0 when feasible. A feasible point dominates every
            infeasible one, and of two infeasible points the one that violates less.
    """
    losses = _losses(values, maximise)
    amount = np.zeros(len(losses)) if violation is None else np.asarray(violation, dtype=np.float64)
    worse = amount[:, None] < amount[None, :]
    both_feasible = (amount[:, None] == 0) & (amount[None, :] == 0)
    beaten = worse | (both_feasible & _dominates(losses))
    result = np.full(len(losses), -1, dtype=np.int64)
    level = 0
    while (left := result < 0).any():
        result[left & ~beaten[left].any(axis=0)] = level
        level += 1
    return result


def crowding(values: ArrayLike) -> Floats:
    """Crowding distance (N,) of the points (N, D) of one front: the gap between neighbours, infinite at the ends."""
    points = np.asarray(values, dtype=np.float64)
    distance = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        span = column[order[-1]] - column[order[0]] if len(order) else 0.0
        distance[order[:1]] = distance[order[-1:]] = np.inf
        if span > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance


def _area(losses: Floats, corner: Floats) -> float:
    inside = losses[(losses < corner).all(axis=1)]
    area, lowest = 0.0, corner[1]
    for first, second in inside[np.lexsort((inside[:, 1], inside[:, 0]))]:
        if second < lowest:
            area += (corner[0] - first) * (lowest - second)
            lowest = second
    return float(area)


def hypervolume(points: ArrayLike, reference: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY) -> float:
    """Volume that the points (N, D) dominate up to the reference point (D,), exactly, for D up to 3.

    Points beyond the reference count nothing. Three objectives are integrated slice by slice along the last one.

    Raises:
        ValueError: there are more than three objectives.
    """
    losses, corner = _losses(points, maximise), _losses(reference, maximise)[0]
    inside = losses[(losses < corner).all(axis=1)]
    if len(corner) > 3:
        raise ValueError(f"hypervolume is offered for 1 to 3 objectives, not {len(corner)}")
    if not len(inside):
        return 0.0
    if len(corner) == 1:
        return float(corner[0] - inside.min())
    if len(corner) == 2:
        return _area(inside, corner)
    levels = np.append(np.unique(inside[:, 2]), corner[2])
    slices = [_area(inside[inside[:, 2] <= low][:, :2], corner[:2]) for low in levels[:-1]]
    return float(np.dot(slices, np.diff(levels)))


def hypervolume_curve(points: ArrayLike, reference: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY) -> Floats:
    """Hypervolume after the first 1, 2, ..., N of the points (N, 2)."""
    losses, corner = _losses(points, maximise), _losses(reference, maximise)[0]
    curve, best = np.zeros(len(losses)), losses[:0]
    for index, point in enumerate(losses):
        if not (best <= point).all(axis=1).any():
            best = np.vstack([best[~(point <= best).all(axis=1)], point])
        curve[index] = _area(best, corner)
    return curve


def knee(points: ArrayLike, maximise: Sequence[bool] = ACCURACY_LATENCY) -> int:
    """Index of the knee of the front: the point that lies farthest beyond the line between the two ends of the front.

    Accuracy and latency are scaled to 0..1 over the front first. A front of two points has no bend: the slower is taken
    where the relative gain in accuracy exceeds the relative price in latency.

    Args:
        points: Points (N, 2), N >= 1; dominated ones are ignored.
        maximise: For each objective whether more is better.

    Raises:
        ValueError: there is no point.
    """
    losses = _losses(points, maximise)
    if not len(losses):
        raise ValueError("a knee needs at least one point")
    order = front_order(points, maximise)
    best = losses[order]
    span = np.ptp(best, axis=0)
    if len(order) == 2:
        gain, price = span / np.maximum(np.abs(best).max(axis=0), 1e-12)  # of the slower
        return int(order[int(gain > price)])
    scaled = (best - best.min(axis=0)) / np.where(span > 0, span, 1.0)
    # The ends are (1, 0) and (0, 1) now, so the line between them is x + y = 1.
    return int(order[np.argmin(scaled.sum(axis=1))])
