import itertools

import numpy as np
import pytest

from stgnn.search.pareto import (
    crowding,
    front_order,
    hypervolume,
    hypervolume_curve,
    knee,
    non_dominated,
    ranks,
)


def dominates(a, b, maximise):
    signed = [(x, y) if up else (-x, -y) for x, y, up in zip(a, b, maximise, strict=True)]
    return all(x >= y for x, y in signed) and any(x > y for x, y in signed)


def points(seed, count=40, dimensions=2):
    """A coarse grid, so that ties and equal points happen."""
    return np.random.default_rng(seed).integers(0, 12, size=(count, dimensions)) / 12


@pytest.mark.parametrize("maximise", [(True, False), (False, False), (True, True, False)])
@pytest.mark.parametrize("seed", range(5))
def test_non_dominated_equals_brute_force(seed, maximise):
    values = points(seed, dimensions=len(maximise))
    expected = [not any(dominates(other, one, maximise) for other in values) for one in values]
    assert non_dominated(values, maximise).tolist() == expected
    order = front_order(values, maximise)
    assert {tuple(point) for point in values[order]} == {tuple(point) for point in values[expected]}
    assert len({tuple(point) for point in values[order]}) == len(order)
    assert (np.diff(values[order, -1]) >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_ranks_peel_fronts(seed):
    values, maximise = points(seed), (True, False)
    rank, left, level = ranks(values, maximise), np.arange(40), 0
    while len(left):
        mask = non_dominated(values[left], maximise)
        assert (rank[left[mask]] == level).all()
        left, level = left[~mask], level + 1


def test_ranks_put_constraints_first():
    rank = ranks([(0.9, 1.0), (0.5, 2.0), (0.1, 3.0)], violation=[2.0, 1.0, 0.0])
    assert rank.tolist() == [2, 1, 0]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_hypervolume_equals_counting_cells(seed, dimensions):
    """All coordinates lie on a grid of 1/12, so the volume is the number of dominated cells."""
    maximise = (True, False, False)[:dimensions]
    values, reference = points(seed, 15, dimensions), np.array([2, 11, 10])[:dimensions] / 12
    corners = [(np.arange(12) + 0.5) / 12] * dimensions
    inside = [
        cell
        for cell in itertools.product(*corners)
        if dominates(cell, reference, maximise) and any(dominates(point, cell, maximise) for point in values)
    ]
    assert hypervolume(values, reference, maximise) == pytest.approx(len(inside) / 12**dimensions)


def test_hypervolume_of_nothing_and_of_points_beyond_the_reference():
    assert hypervolume(np.empty((0, 2)), (0.1, 10.0)) == 0
    assert hypervolume([(0.05, 1.0), (0.9, 11.0)], (0.1, 10.0)) == 0
    assert hypervolume([(0.6, 4.0)], (0.1, 10.0)) == pytest.approx(0.5 * 6)
    with pytest.raises(ValueError, match="1 to 3"):
        hypervolume(np.zeros((1, 4)), np.ones(4), (False,) * 4)
    with pytest.raises(ValueError, match="finite"):
        hypervolume([(np.nan, 1.0)], (0.1, 10.0))


def test_hypervolume_curve_is_the_hypervolume_of_every_prefix():
    values, reference = points(3), (1 / 12, 11 / 12)
    curve = hypervolume_curve(values, reference)
    assert curve == pytest.approx([hypervolume(values[: n + 1], reference) for n in range(len(values))])


def test_crowding_distance():
    distance = crowding([(0.0, 4.0), (1.0, 2.0), (3.0, 1.0), (4.0, 0.0)])
    assert np.isinf(distance[[0, 3]]).all()
    assert distance[1:3] == pytest.approx([3 / 4 + 3 / 4, 3 / 4 + 2 / 4])
    assert len(crowding(np.empty((0, 2)))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_crowding_is_the_gap_between_neighbours_over_the_span(seed):
    """Of a front as of any points, in two objectives or three."""
    values = np.random.default_rng(seed).random((9, 2 + seed % 2)) * [1, 1000, 0.01][: 2 + seed % 2]
    if seed == 0:
        values = np.sort(values, axis=0)  # a front of accuracy and latency: both ends are the same for both
    wanted = np.zeros(9)
    for place, point in enumerate(values):
        for column, value in zip(values.T, point, strict=True):
            below, above = column[column < value], column[column > value]
            ends = not len(below) or not len(above)
            wanted[place] += np.inf if ends else (above.min() - below.max()) / np.ptp(column)
    assert crowding(values) == pytest.approx(wanted)


def test_objectives_in_which_all_are_equal_crowd_nobody():
    assert crowding([(0.5, 1.0), (0.5, 2.0), (0.5, 4.0)]).tolist() == [np.inf, 1.0, np.inf]


@pytest.mark.parametrize("seed", range(8))
def test_the_knee_is_farthest_from_the_line_between_the_ends(seed):
    rng = np.random.default_rng(seed)
    values = np.sort(rng.random((12, 2)) ** [0.4, 1.0], axis=0) * [1, 50]  # all on the front
    first, last = values[0], values[-1]
    sides = [(last - first)[1] * (point - first)[0] - (last - first)[0] * (point - first)[1] for point in values]
    order = rng.permutation(12)
    assert order[knee(values[order])] == np.argmax(sides)
    scaled = values * [0.3, 7.0] + [0.1, 2.0]
    assert knee(scaled[order]) == knee(values[order]), "whatever the units"


def test_knee_is_where_accuracy_stops_paying():
    values = [(0.50, 1.0), (0.85, 2.0), (0.88, 5.0), (0.90, 10.0), (0.40, 9.0)]
    assert knee(values) == 1
    assert knee([(0.5, 1.0)]) == 0
    assert knee([(0.5, 1.0), (0.5, 1.0)]) == 0
    assert knee([(0.06, 0.100), (0.99, 0.101)]) == 1, "two points: what is won against what is lost"
    assert knee([(0.70, 0.1), (0.75, 0.2)]) == 0
    assert knee([(0.0, 0.1), (0.5, 0.2)]) == 1
    with pytest.raises(ValueError, match="at least one"):
        knee(np.empty((0, 2)))
