"""How a function is timed: warm-up until it is steady, then many runs, summed up by their median and spread."""

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

WINDOW = 5  # runs per warm-up window
AGREEMENT = 0.03  # three consecutive windows whose medians differ by less are steady
TOO_NOISY = 0.25  # a spread (p90 - p10) / median beyond this is measured once more


@dataclass(frozen=True)
class Timing:
    """Latency of one call.

    Attributes:
        median_ms: Median in milliseconds.
        p10_ms: Tenth percentile.
        p90_ms: Ninetieth percentile.
        runs: Number of timed calls.
    """

    median_ms: float
    p10_ms: float
    p90_ms: float
    runs: int

    @property
    def spread(self) -> float:
        """``(p90 - p10) / median``."""
        return (self.p90_ms - self.p10_ms) / self.median_ms

    def scaled(self, factor: float) -> "Timing":
        """The same with every duration multiplied by ``factor``."""
        return Timing(self.median_ms * factor, self.p10_ms * factor, self.p90_ms * factor, self.runs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded to a tenth of a microsecond."""
        return {key: round(value, 4) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Protocol:
    """How long to measure.

    Attributes:
        runs: Timed calls of one file in one round, at least (unless they would take ten times ``seconds``).
        seconds: Duration of the timed calls of one file in one round, at least.
        rounds: Each file is timed this often, each time in a fresh process; the median of the rounds counts.
    """

    runs: int = 30
    seconds: float = 0.1
    rounds: int = 3


def time_calls(
    call: Callable[[], object], protocol: Protocol, clock: Callable[[], float] = time.perf_counter
) -> Timing:
    """Time ``call``: warm-up, timed calls without garbage collection, a second try when the first was noisy."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        _warm_up(call, protocol.seconds, clock)
        tries = [_timed(call, protocol, clock)]
        if tries[0].spread > TOO_NOISY:
            tries.append(_timed(call, protocol, clock))
    finally:
        if enabled:
            gc.enable()
    return min(tries, key=lambda timing: timing.spread)


def _warm_up(call: Callable[[], object], seconds: float, clock: Callable[[], float]) -> None:
    start = clock()
    medians: list[float] = []
    while True:
        medians.append(float(np.median(_durations(call, WINDOW, clock))))
        last = medians[-3:]
        steady = len(last) == 3 and max(last) - min(last) <= AGREEMENT * min(last)
        if steady or clock() - start >= seconds:
            return


def _timed(call: Callable[[], object], protocol: Protocol, clock: Callable[[], float]) -> Timing:
    start = clock()
    durations: list[float] = []
    while True:
        durations += _durations(call, WINDOW, clock)
        elapsed = clock() - start
        if elapsed >= 10 * protocol.seconds or (elapsed >= protocol.seconds and len(durations) >= protocol.runs):
            break
    p10, median, p90 = np.percentile(durations, (10, 50, 90)) * 1e3
    return Timing(float(median), float(p10), float(p90), len(durations))


def _durations(call: Callable[[], object], count: int, clock: Callable[[], float]) -> list[float]:
    stamps = [clock()]
    for _ in range(count):
        call()
        stamps.append(clock())
    return [after - before for before, after in pairwise(stamps)]
