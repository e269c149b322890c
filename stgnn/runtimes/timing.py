"""How a function is timed: warm-up until it is steady, then many runs, summed up by median, spread and quietest window.

On a shared machine the median says how busy the neighbours were: measured again it differs by 10 to 20 %. What they do
only ever adds time, so the quietest few calls in a row come back to within a few per cent.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

WINDOW = 5  # calls in a row that are looked at together
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
        quiet_ms: Median of the quietest five calls in a row: the latency of a machine that does nothing else. Where it
            is not known, the median of all.
    """

    median_ms: float
    p10_ms: float
    p90_ms: float
    runs: int
    quiet_ms: float = 0.0

    def __post_init__(self) -> None:
        if not self.quiet_ms:
            object.__setattr__(self, "quiet_ms", self.median_ms)

    @property
    def spread(self) -> float:
        """``(p90 - p10) / median``."""
        return (self.p90_ms - self.p10_ms) / self.median_ms

    def scaled(self, factor: float) -> "Timing":
        """The same with every duration multiplied by ``factor``."""
        median, p10, p90 = self.median_ms * factor, self.p10_ms * factor, self.p90_ms * factor
        return Timing(median, p10, p90, self.runs, self.quiet_ms * factor)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded to a tenth of a microsecond."""
        return {key: round(value, 4) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Protocol:
    """How long to measure.

    Attributes:
        runs: Timed calls of one file in one round, at least (unless they would take ten times ``seconds``).
        seconds: Duration of the timed calls of one file in one round, at least.
        rounds: Each file is timed this often, each time in a fresh process; the median of the rounds counts, and the
            quietest window of all.
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
    best = min(tries, key=lambda timing: timing.spread)
    return replace(best, quiet_ms=min(timing.quiet_ms for timing in tries))


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
    quiet = np.median(np.reshape(durations, (-1, WINDOW)), axis=1).min() * 1e3
    return Timing(float(median), float(p10), float(p90), len(durations), float(quiet))


def _durations(call: Callable[[], object], count: int, clock: Callable[[], float]) -> list[float]:
    stamps = [clock()]
    for _ in range(count):
        call()
        stamps.append(clock())
    return [after - before for before, after in pairwise(stamps)]
