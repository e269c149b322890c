from itertools import permutations

import numpy as np
import pytest

from stgnn.ranking import correlation_gain, kendall_tau_b, mid_ranks, rank_correlation, regret_at, spearman


def brute_tau_b(x, y):
    agree = untied_x = untied_y = 0
    for i in range(len(x)):
        for j in range(i):
            a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            agree, untied_x, untied_y = agree + a * b, untied_x + a * a, untied_y + b * b
    return agree / np.sqrt(untied_x * untied_y)


@pytest.mark.parametrize("seed", range(4))
def test_tau_b_equals_brute_force_with_ties(seed):
    x, y = np.random.default_rng(seed).integers(0, 6, size=(2, 25))
    assert kendall_tau_b(x, y) == pytest.approx(brute_tau_b(x, y))


def test_known_values():
    # the example of Kendall's tau-b and of Spearman's rho in the manuals of R and SciPy
    assert kendall_tau_b([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) == pytest.approx(-0.47140452)
    assert spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) == pytest.approx(0.82078268)
    assert mid_ranks([10, 20, 10, 30]).tolist() == [1.5, 3.0, 1.5, 4.0]


def test_order_alone_counts():
    x = np.arange(20.0)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert kendall_tau_b(x, -(x**3)) == pytest.approx(-1)
    assert np.isnan(kendall_tau_b(x, np.ones(20)))


def test_interval_holds_the_value_and_narrows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = x + rng.normal(size=200)
    few, many = (rank_correlation(x[:n], y[:n], resamples=300) for n in (20, 200))
    assert few.low < few.value < few.high and many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low
    assert rank_correlation(x, y, resamples=50) == rank_correlation(x, y, resamples=50)


@pytest.mark.parametrize(("level", "errors"), [(0.95, 1.96), (0.5, 0.674)])
def test_the_interval_is_of_its_level(level, errors):
    """That of a mean is known: so many standard errors on either side."""
    x = np.random.default_rng(1).normal(size=500)
    found = rank_correlation(x, x, lambda one, other: float(one.mean()), resamples=4000, level=level)
    half = errors * x.std() / len(x) ** 0.5
    assert (found.value, found.level, found.pairs) == (pytest.approx(x.mean()), level, 500)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.08)
    assert (found.high + found.low) / 2 == pytest.approx(x.mean(), abs=0.1 * half)


def test_another_seed_resamples_otherwise():
    x, y = np.random.default_rng(1).normal(size=(2, 30))
    one, other = (rank_correlation(x, y, resamples=50, seed=seed) for seed in (1, 2))
    assert one.value == other.value and (one.low, one.high) != (other.low, other.high)


@pytest.mark.parametrize("statistic", [kendall_tau_b, spearman])
def test_where_there_is_no_order_there_is_no_correlation(statistic):
    assert np.isnan(statistic([1, 2, 3], [5, 5, 5])) and np.isnan(statistic([5, 5, 5], [1, 2, 3]))
    rare = rank_correlation([1, 1, 1, 2], [1, 2, 3, 4], statistic)  # many resamples are constant
    assert -1 <= rare.low <= rare.value <= rare.high <= 1
    none = rank_correlation([1, 1, 1], [1, 2, 3], statistic)
    assert np.isnan([none.value, none.low, none.high]).all()


def test_regret():
    assert regret_at([0.9, 0.8, 0.1], [0.70, 0.75, 0.80], 2) == pytest.approx(0.05)
    assert regret_at([0.9, 0.8, 0.1], [0.70, 0.75, 0.80], 3) == 0


def test_refuses_lists_that_do_not_match():
    with pytest.raises(ValueError, match="same length"):
        spearman([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="finite"):
        spearman([1, 2], [1, np.inf])


def test_equal_scores_lose_the_mean_over_all_choices_among_them() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        shared, alone = rng.integers(0, 3, 5), rng.random(5)
        for count in (1, 3, 9):
            orders = [sorted(order, key=lambda place: -shared[place])[:count] for order in permutations(range(5))]
            lost = [alone.max() - alone[chosen].max() for chosen in orders]
            assert regret_at(shared, alone, count) == pytest.approx(np.mean(lost))
    assert regret_at([0.5] * 3, [0.1, 0.2, 0.6], 1) == regret_at([0.5] * 3, [0.6, 0.2, 0.1], 1)


def test_a_gain_is_of_the_same_resamples() -> None:
    truth = np.arange(30.0)
    near, far = truth + 3 * np.sin(truth), 5 * np.sin(7 * truth)
    gain = correlation_gain(near, far, truth, resamples=300)
    assert gain.value == pytest.approx(kendall_tau_b(near, truth) - kendall_tau_b(far, truth))
    assert 0 < gain.low <= gain.value <= gain.high
    nothing = correlation_gain(near, 2 * near, truth, resamples=50)  # the same order
    assert nothing.value == nothing.low == nothing.high == 0
    with pytest.raises(ValueError, match="same length"):
        correlation_gain(near, far[1:], truth)
