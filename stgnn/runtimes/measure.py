"""Time exported files in a process of their own.

Every file is timed in several rounds, each in a fresh process and in another order. A reference file can be timed again
and again in between; where even its quietest window is slower than usual, the machine as a whole is slower (a lower
clock, a neighbour that never rests), and all of the call is corrected by as much. Short disturbances are not divided
out: a single reference is as much a matter of luck as the files around it.
"""

import json
import os
import queue
import random
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from stgnn.runtimes.base import Runtime, check_threads
from stgnn.runtimes.timing import Protocol, Timing

REFERENCE_EVERY = 10  # files between two timings of the reference
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """One exported file and the shape of its input, batch included."""

    path: Path
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """Why a file could not be timed."""

    path: Path
    reason: str


class Worker:
    """A measuring process; replaced when it dies or hangs. A file has killed it when a second process dies of it."""

    def __init__(self, runtime: Runtime, threads: int, timeout: float = 120.0) -> None:
        check_threads(threads)
        self.runtime, self.threads, self.timeout = runtime, threads, timeout
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(OSError):  # closing flushes, and nobody reads what a dead process was asked
                        stream.close()
            self._process = None

    def time(self, job: Job, protocol: Protocol, keep: bool = False) -> Timing | Failure:
        """Time one file; ``keep`` leaves its session loaded for the next time."""
        request = {
            "path": str(job.path),
            "shape": job.shape,
            "runs": protocol.runs,
            "seconds": protocol.seconds,
            "keep": keep,
        }
        answer = self._ask(request)
        return Failure(job.path, answer["error"]) if "error" in answer else Timing(**answer)

    def _ask(self, request: dict[str, Any], tries: int = 2) -> dict[str, Any]:
        """The answer. A process that died is replaced and the next one asked: it may have died of something else."""
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=self.timeout)
        except queue.Empty:
            self.close()
            return {"error": f"no answer within {self.timeout:g} s"}
        except BrokenPipeError:
            line = None
        if line is None:
            code = process.wait()
            self.close()
            died = {"error": f"the measuring process died with status {code}"}
            return self._ask(request, tries - 1) if tries > 1 else died
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[str]:
        kind = type(self.runtime)
        command = [sys.executable, "-m", "stgnn.runtimes.worker", kind.__module__, kind.__qualname__, str(self.threads)]
        environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(self.threads))
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self._process, self._answers = process, queue.Queue()
        threading.Thread(target=_read, args=(process, self._answers), daemon=True).start()
        return process


def _read(process: subprocess.Popen[str], answers: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:  # closed while reading
        pass
    answers.put(None)


@dataclass
class Reference:
    """A file that shows how slow the machine is at the moment; what it loses against its usual latency is divided out.

    Attributes:
        job: The file.
        usual_ms: Its usual latency in the quietest window; None: that of the next call, kept from then on.
    """

    job: Job
    usual_ms: float | None = None

    def drift(self, timings: Sequence[Timing | Failure]) -> float:
        """Slowness of its quietest window, relative to the usual; 1 where every timing failed."""
        known = [timing.quiet_ms for timing in timings if isinstance(timing, Timing)]
        if not known:
            return 1.0
        self.usual_ms = self.usual_ms or min(known)
        return min(known) / self.usual_ms


def measure(
    jobs: Sequence[Job],
    runtime: Runtime,
    threads: int = 1,
    protocol: Protocol | None = None,
    reference: Reference | None = None,
    advance: Callable[[], None] | None = None,
) -> list[Timing | Failure]:
    """Time files.

    Args:
        jobs: What to time.
        runtime: The runtime that exported them.
        threads: Threads of the runtime.
        protocol: How long.
        reference: What the machine's drift is divided out by, so that times of several calls are comparable.
        advance: Called after each timing of a job, ``len(jobs) * protocol.rounds`` times.

    Returns:
        One entry for each job, in order: its timing, or why there is none. A file that kills the process costs only
        itself.
    """
    if not jobs:
        return []
    protocol = protocol or Protocol()
    rounds: list[dict[int, Timing | Failure]] = []
    references: list[Timing | Failure] = []
    for number in range(protocol.rounds):
        order = random.Random(number).sample(range(len(jobs)), len(jobs))
        with Worker(runtime, threads) as worker:
            found: dict[int, Timing | Failure] = {}
            for position, index in enumerate(order):
                if reference is not None and position % REFERENCE_EVERY == 0:
                    references.append(worker.time(reference.job, protocol, keep=True))
                found[index] = worker.time(jobs[index], protocol)
                if advance is not None:
                    advance()
            rounds.append(found)
    speed = reference.drift(references) if reference is not None else 1.0
    return [_combine([found[index] for found in rounds], speed) for index in range(len(jobs))]


def _combine(rounds: Sequence[Timing | Failure], speed: float) -> Timing | Failure:
    """One timing of several, corrected by the slowness of the machine."""
    timings = [timing for timing in rounds if isinstance(timing, Timing)]
    if not timings:
        return rounds[-1]
    return Timing(
        statistics.median_low([timing.median_ms for timing in timings]),
        statistics.median_low([timing.p10_ms for timing in timings]),
        statistics.median_low([timing.p90_ms for timing in timings]),
        sum(timing.runs for timing in timings),
        min(timing.quiet_ms for timing in timings),
    ).scaled(1 / speed)
