import os
import signal
from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.runtimes import Runtime
from stgnn.runtimes.measure import Failure, Job, Reference, Worker, measure
from stgnn.runtimes.timing import Protocol, Timing

SHORT = Protocol(runs=5, seconds=0.005, rounds=2)


def job(folder: Path, name: str, text: str) -> Job:
    path = folder / f"{name}.fake"
    path.write_text(text)
    return Job(path, (1, 2))


def test_times_are_those_of_the_files(fake: Runtime, tmp_path: Path) -> None:
    jobs = [job(tmp_path, "slow", "2.0"), job(tmp_path, "fast", "0.5")]
    slow, fast = measure(jobs, fake, protocol=SHORT)
    assert isinstance(slow, Timing) and isinstance(fast, Timing)
    assert slow.median_ms / fast.median_ms == pytest.approx(4.0, rel=0.25)


def test_a_dying_process_costs_only_its_file(fake: Runtime, tmp_path: Path) -> None:
    jobs = [job(tmp_path, "a", "0.2"), job(tmp_path, "bad", "die"), job(tmp_path, "b", "0.2")]
    first, dead, last = measure(jobs, fake, protocol=SHORT)
    assert isinstance(first, Timing) and isinstance(last, Timing)
    assert isinstance(dead, Failure) and dead.path == jobs[1].path
    assert "died with status 7" in dead.reason


def test_an_unreadable_file_costs_only_itself(fake: Runtime, tmp_path: Path) -> None:
    good, bad = measure([job(tmp_path, "a", "0.2"), job(tmp_path, "b", "not a number")], fake, protocol=SHORT)
    assert isinstance(good, Timing)
    assert isinstance(bad, Failure) and "ValueError" in bad.reason


def test_a_hanging_file_is_given_up(fake: Runtime, tmp_path: Path) -> None:
    with Worker(fake, threads=1, timeout=1.0) as worker:
        answer = worker.time(job(tmp_path, "a", "hang"), SHORT)
        assert isinstance(answer, Failure) and "no answer" in answer.reason
        worker.timeout = 30.0
        assert isinstance(worker.time(job(tmp_path, "b", "0.1"), SHORT), Timing), "a new process takes over"


def test_a_file_is_not_blamed_for_a_process_that_died_before_it(fake: Runtime, tmp_path: Path) -> None:
    one = job(tmp_path, "a", "0.1")
    with Worker(fake, threads=1) as worker:
        assert isinstance(worker.time(one, SHORT), Timing)
        assert worker._process is not None
        os.kill(worker._process.pid, signal.SIGKILL)
        worker._process.wait()
        assert isinstance(worker.time(one, SHORT), Timing)


def test_a_dead_process_can_be_closed(fake: Runtime, tmp_path: Path) -> None:
    worker = Worker(fake, threads=1)
    worker.time(job(tmp_path, "a", "0.1"), SHORT)
    assert worker._process is not None and worker._process.stdin is not None
    worker._process.kill()
    worker._process.wait()
    worker._process.stdin.write("what nobody reads")
    worker.close()
    assert worker._process is None


def test_what_a_library_prints_does_not_disturb(fake: Runtime, tmp_path: Path) -> None:
    assert isinstance(measure([job(tmp_path, "a", "chatter")], fake, protocol=SHORT)[0], Timing)


def test_threads_are_pinned_in_the_measuring_process(fake: Runtime, tmp_path: Path) -> None:
    timing = measure([job(tmp_path, "a", "threads")], fake, threads=3, protocol=SHORT)[0]
    assert isinstance(timing, Timing) and 3.0 <= timing.median_ms < 6.0


def test_progress_is_told_for_every_timing(fake: Runtime, tmp_path: Path) -> None:
    ticks: list[None] = []
    measure(
        [job(tmp_path, "a", "0.1"), job(tmp_path, "b", "0.1")], fake, protocol=SHORT, advance=lambda: ticks.append(None)
    )
    assert len(ticks) == 2 * SHORT.rounds


def test_no_jobs_and_no_threads(fake: Runtime, tmp_path: Path) -> None:
    assert measure([], fake) == []
    with pytest.raises(InputError, match="threads is out of range"):
        measure([job(tmp_path, "a", "0.1")], fake, threads=0)


def timed(*latencies: float | None) -> list[Timing | Failure]:
    return [Failure(Path("x"), "died") if ms is None else Timing(ms, ms, ms, 1) for ms in latencies]


def test_drift_is_that_of_the_quietest_window() -> None:
    def drift(*latencies: float | None, usual: float = 1.0) -> float:
        return Reference(Job(Path("x"), (1,)), usual).drift(timed(*latencies))

    assert drift(1.0, 1.0, 1.0) == 1.0
    assert drift(2.0, 1.0, 3.0) == 1.0, "what comes and goes is no drift"
    assert drift(3.0, None, 2.0) == 2.0
    assert drift(None, None) == 1.0, "where the reference failed nothing is corrected"


def test_what_is_usual_is_kept_so_that_calls_are_comparable() -> None:
    reference = Reference(Job(Path("x"), (1,)))
    assert reference.drift(timed(2.5, 2.0)) == 1.0 and reference.usual_ms == 2.0
    assert reference.drift(timed(3.0, 3.5)) == 1.5 and reference.usual_ms == 2.0
    assert Reference(reference.job, usual_ms=1.5).drift(timed(3.0, 3.0)) == 2.0


def test_a_slower_machine_is_divided_out(fake: Runtime, tmp_path: Path) -> None:
    reference = Reference(job(tmp_path, "reference", "1.0"), usual_ms=0.5)  # it was twice as fast before
    (timing,) = measure([job(tmp_path, "a", "2.0")], fake, protocol=SHORT, reference=reference)
    assert isinstance(timing, Timing) and timing.quiet_ms == pytest.approx(1.0, rel=0.2)
    (alone,) = measure([job(tmp_path, "a", "2.0")], fake, protocol=SHORT)
    assert isinstance(alone, Timing) and alone.quiet_ms == pytest.approx(2.0, rel=0.2)
