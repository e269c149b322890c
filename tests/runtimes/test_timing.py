import statistics
from collections.abc import Callable

import pytest

from stgnn.runtimes.timing import WINDOW, Protocol, Timing, time_calls


class Machine:
    """A clock that moves only when the timed function runs."""

    def __init__(self, duration: Callable[[int], float]) -> None:
        self.now, self.calls, self.duration = 0.0, 0, duration

    def clock(self) -> float:
        return self.now

    def call(self) -> None:
        self.now += self.duration(self.calls)
        self.calls += 1


def test_median_of_a_steady_function() -> None:
    machine = Machine(lambda _: 2e-3)
    timing = time_calls(machine.call, Protocol(runs=30, seconds=0.1), machine.clock)
    assert timing.median_ms == pytest.approx(2.0) and timing.spread == pytest.approx(0.0)
    assert timing.runs >= 30
    assert machine.calls - timing.runs == 3 * WINDOW, "warm-up ends when three windows agree"


def test_slow_start_is_not_measured() -> None:
    machine = Machine(lambda call: 5e-3 if call < 10 else 1e-3)
    timing = time_calls(machine.call, Protocol(runs=20, seconds=0.1), machine.clock)
    assert timing.p90_ms == pytest.approx(1.0)


def test_outliers_do_not_move_the_median() -> None:
    machine = Machine(lambda call: 50e-3 if call % 25 == 0 else 1e-3)
    timing = time_calls(machine.call, Protocol(runs=100, seconds=0.05), machine.clock)
    assert timing.median_ms == pytest.approx(1.0)


def test_the_quietest_window_shows_through_a_busy_neighbour() -> None:
    machine = Machine(lambda call: 1e-3 if 40 <= call < 50 else 1.5e-3)
    timing = time_calls(machine.call, Protocol(runs=60, seconds=0.05), machine.clock)
    assert timing.median_ms == pytest.approx(1.5) and timing.quiet_ms == pytest.approx(1.0)


def test_one_quick_call_is_no_quiet_window() -> None:
    machine = Machine(lambda call: 1e-6 if call == 42 else 1e-3)
    assert time_calls(machine.call, Protocol(runs=60, seconds=0.05), machine.clock).quiet_ms == pytest.approx(1.0)


def test_fast_functions_run_for_the_whole_time() -> None:
    machine = Machine(lambda _: 1e-5)
    timing = time_calls(machine.call, Protocol(runs=5, seconds=0.01), machine.clock)
    assert timing.runs >= 1000


def test_slow_functions_stop_at_ten_times_the_time() -> None:
    machine = Machine(lambda _: 1.0)
    assert time_calls(machine.call, Protocol(runs=1000, seconds=0.5), machine.clock).runs == WINDOW


def test_a_noisy_try_is_repeated_and_the_quieter_one_counts() -> None:
    warm, first = 15, 30
    machine = Machine(lambda call: (1e-3 if call % 2 else 3e-3) if warm <= call < warm + first else 1e-3)
    timing = time_calls(machine.call, Protocol(runs=first, seconds=0.05), machine.clock)
    assert timing.spread < 0.1 and machine.calls > warm + first


def test_percentiles() -> None:
    durations = [(call * 7919 % 101 + 1) * 1e-3 for call in range(5000)]
    machine = Machine(lambda call: durations[call])
    timing = time_calls(machine.call, Protocol(runs=1000, seconds=1.0), machine.clock)
    assert timing.median_ms == pytest.approx(statistics.median(durations) * 1e3, rel=0.05)
    assert timing.p10_ms < timing.median_ms < timing.p90_ms


def test_plain_data_round_trip() -> None:
    timing = Timing(1.25, 1.0, 1.5, 40, 1.1)
    assert Timing(**timing.to_dict()) == timing
    assert timing.scaled(2.0) == Timing(2.5, 2.0, 3.0, 40, 2.2)
    assert Timing(1.25, 1.0, 1.5, 40).quiet_ms == 1.25, "files of before it was known"
