"""The process that times files: one JSON request per line in, one JSON answer per line out.

Started by :mod:`stgnn.runtimes.measure` as ``python -m stgnn.runtimes.worker MODULE CLASS THREADS``. It is a process
of its own so that nothing else runs in it, so that thread pools have the size asked for, and so that a crash costs
one file.
"""

import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stgnn.runtimes.base import Run, Runtime


def main() -> None:
    """Answer requests until the input ends."""
    module, name, threads = sys.argv[1:4]
    _hurry()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    runtime: Runtime = getattr(import_module(module), name)()
    sessions: dict[str, Run] = {}
    for line in sys.stdin:
        try:
            answer = _answer(json.loads(line), runtime, int(threads), sessions)
        except Exception as error:  # the parent reports whatever a runtime raises beside the file's name
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _hurry() -> None:
    """Run ahead of ordinary processes, whose slices of time would be measured too; granted to privileged users only."""
    with suppress(AttributeError, OSError):  # no such call on this platform, or not allowed
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def _answer(request: dict[str, Any], runtime: "Runtime", threads: int, sessions: dict[str, "Run"]) -> dict[str, Any]:
    import numpy as np

    from stgnn.runtimes.timing import Protocol, time_calls

    path = request["path"]
    run = sessions.get(path) or runtime.session(Path(path), threads)
    if request["keep"]:
        sessions[path] = run
    inputs = np.random.default_rng(0).standard_normal(request["shape"], dtype=np.float32)
    return time_calls(lambda: run(inputs), Protocol(request["runs"], request["seconds"], 1)).to_dict()


if __name__ == "__main__":
    main()
