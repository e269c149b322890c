import pytest

from stgnn.errors import InputError
from stgnn.search.extract import choose, spread
from stgnn.search.pareto import front
from stgnn.search.study import Evaluation
from stgnn.space import load_space


def evaluation(number, accuracy, latency, feasible=True):
    return Evaluation(number, load_space("tiny").smallest(), accuracy, 0.01, latency, 0.1, 1, 1, feasible, "Random")


FOUND = [
    evaluation(0, 0.90, 10.0),
    evaluation(1, 0.50, 1.0),
    evaluation(2, 0.85, 2.0),
    evaluation(3, 0.88, 5.0),
    evaluation(4, 0.40, 9.0),
    evaluation(5, 0.99, 1.5, feasible=False),
]


def test_front_goes_from_fast_to_slow_without_infeasible_ones():
    assert [one.number for one in front(FOUND)] == [1, 2, 3, 0]


@pytest.mark.parametrize(("budget", "number"), [(1.0, 1), (4.9, 2), (5.0, 3), (100.0, 0), (None, 2)])
def test_choose(budget, number):
    assert choose(FOUND, budget).number == number


@pytest.mark.parametrize(("count", "numbers"), [(2, [1, 0]), (3, [1, 3, 0]), (4, [1, 2, 3, 0]), (9, [1, 2, 3, 0])])
def test_members_are_spread_over_the_front(count, numbers):
    assert [one.number for one in spread(FOUND, count)] == numbers


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_steps_of_a_spread_are_even_in_the_logarithm(count):
    doubling = [evaluation(number, 0.1 * number, 2.0**number) for number in range(9)]
    assert [one.number for one in spread(doubling, count)] == [*range(0, 9, 8 // (count - 1))]


def test_a_spread_needs_two_members():
    with pytest.raises(InputError, match="two members"):
        spread(FOUND, 1)
    with pytest.raises(InputError, match="two members"):
        spread(FOUND[:1], 4)


def test_a_budget_nobody_meets():
    with pytest.raises(InputError, match="no architecture of the front meets") as caught:
        choose(FOUND, 0.5)
    assert "1 ms: 50.0%; 2 ms: 85.0%" in str(caught.value) and "at least 1 ms" in str(caught.value)


def test_nothing_is_feasible():
    with pytest.raises(InputError, match="keeps its constraints"):
        choose(FOUND[5:])


def test_of_several_with_equal_values_the_first_is_on_the_front():
    assert [one.number for one in front([evaluation(7, 0.90, 10.0), *FOUND])] == [1, 2, 3, 7]
