"""Does a cheap score rank architectures as the expensive one does? Rank correlations with their uncertainty, in NumPy.

For shared-weight against stand-alone accuracy, and for predicted against measured latency:

    >>> from stgnn.ranking import kendall_tau_b
    >>> kendall_tau_b([1, 2, 3, 4], [1, 2, 4, 3])
    0.6666666666666666
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BY_WEIGHTS = ("shared", "fine_tuned")
BY_SIZE = ("macs", "parameters")
ORDERS = (*BY_WEIGHTS, *BY_SIZE)
"""What networks may be ordered by without training them alone: accuracy with weights of a supernet, and their sizes."""
FAVOURITES = (1, 5)
"""How many of the first networks of an order are tried, where it is asked what an order loses."""


@dataclass(frozen=True)
class RankCorrelation:
    """A rank correlation and the interval of ``level`` around it."""

    value: float
    low: float
    high: float
    level: float
    pairs: int


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(first, dtype=np.float64).ravel(), np.asarray(second, dtype=np.float64).ravel()
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"a rank correlation needs two lists of the same length >= 2, not {len(x)} and {len(y)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a rank correlation needs finite values")
    return x, y


def kendall_tau_b(first: ArrayLike, second: ArrayLike) -> float:
    """Kendall's tau-b, ``(concordant - discordant) / sqrt(pairs untied in x * pairs untied in y)``.

    NaN when one of the lists is constant: then there is no order to agree with.
    """
    x, y = _pair(first, second)
    signs_x, signs_y = np.sign(x[:, None] - x[None, :]), np.sign(y[:, None] - y[None, :])
    untied = np.sqrt((signs_x**2).sum() * (signs_y**2).sum())
    return float((signs_x * signs_y).sum() / untied) if untied > 0 else float("nan")


def mid_ranks(values: ArrayLike) -> Floats:
    """Ranks 1..N, equal values sharing the mean of their ranks."""
    _, inverse, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Floats = last - (counts - 1) / 2
    return middle[inverse]


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rho: the linear correlation of the ranks. NaN when one of the lists is constant."""
    x, y = _pair(first, second)
    x, y = mid_ranks(x), mid_ranks(y)
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


def rank_correlation(
    first: ArrayLike,
    second: ArrayLike,
    statistic: Callable[[ArrayLike, ArrayLike], float] = kendall_tau_b,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """A rank correlation with a percentile bootstrap interval over the pairs.

    Args:
        first: One score of each architecture (N,).
        second: The other score (N,).
        statistic: :func:`kendall_tau_b` or :func:`spearman`.
        resamples: Bootstrap samples; those in which a list is constant are left out.
        level: Coverage of the interval.
        seed: Seed of the resampling.

    Raises:
        ValueError: the lists differ in length, have fewer than two members, or hold a value that is not finite.
    """
    x, y = _pair(first, second)
    return _bootstrap(lambda pick: statistic(x[pick], y[pick]), len(x), resamples, level, seed)


def correlation_gain(
    first: ArrayLike,
    rival: ArrayLike,
    truth: ArrayLike,
    statistic: Callable[[ArrayLike, ArrayLike], float] = kendall_tau_b,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """How much better one score ranks than a rival: the difference of their rank correlations with the truth.

    Both are of the same bootstrap samples, for networks that are hard to place are so for either.

    Args:
        first: One score of each architecture (N,).
        rival: The other score (N,).
        truth: What both should rank as (N,).
        statistic: See :func:`rank_correlation`, as everything that follows.
        resamples: See there.
        level: See there.
        seed: See there.

    Raises:
        ValueError: as :func:`rank_correlation`.
    """
    (x, z), (y, _) = _pair(first, truth), _pair(rival, truth)
    return _bootstrap(lambda at: statistic(x[at], z[at]) - statistic(y[at], z[at]), len(z), resamples, level, seed)


def _bootstrap(
    statistic: Callable[[NDArray[np.int64]], float], count: int, resamples: int, level: float, seed: int
) -> RankCorrelation:
    """A statistic of ``count`` members, given their places, with its percentile interval."""
    picks = np.random.default_rng(seed).integers(count, size=(resamples, count))
    drawn = np.array([statistic(pick) for pick in picks])
    drawn = drawn[np.isfinite(drawn)]
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if len(drawn) else (np.nan, np.nan)
    return RankCorrelation(statistic(np.arange(count)), float(low), float(high), level, count)


def regret_at(shared: ArrayLike, alone: ArrayLike, count: int) -> float:
    """What is lost by trusting ``shared``: the best ``alone`` of all minus the best among its ``count`` favourites.

    Where equal scores leave open who belongs to the favourites, it is the mean over all choices.
    """
    x, y = _pair(shared, alone)
    last = np.sort(x)[::-1][min(count, len(x)) - 1]
    sure, open_ = y[x > last], np.sort(y[x == last])
    places = min(count, len(x)) - len(sure)
    ways = np.array([math.comb(below, places - 1) for below in range(len(open_))]) / math.comb(len(open_), places)
    best = np.maximum(open_, sure.max(initial=-np.inf))  # where that one is the best of the open that are taken
    return float(y.max() - ways @ best)
