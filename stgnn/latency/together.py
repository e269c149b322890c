"""Several networks timed in one session, so that they compare."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch

from stgnn.errors import InputError, check_between
from stgnn.networks import Model
from stgnn.runtimes.base import Runtime, resolve_runtime
from stgnn.runtimes.measure import Failure, Job, measure
from stgnn.runtimes.timing import Protocol, Timing


def time_together(
    networks: Mapping[str, Model],
    runtime: str | Runtime = "ONNXRuntime",
    threads: int = 1,
    protocol: Protocol | None = None,
) -> dict[str, Timing]:
    """Latency of one body through the deploy form of every network, interleaved; the first is the reference.

    Args:
        networks: By name.
        runtime: Registry name of the runtime.
        threads: Threads of the runtime.
        protocol: How long to measure.

    Raises:
        InputError: a network cannot be exported or timed.
    """
    runtime = resolve_runtime(runtime)
    check_between(1, threads=threads)
    with tempfile.TemporaryDirectory(prefix="stgnn-together-") as folder:
        jobs = []
        for number, network in enumerate(networks.values()):
            shape = (1, network.frames, network.layout.num_joints, network.layout.dimensions)
            path = Path(folder) / f"{number}{runtime.suffix}"
            runtime.export(network.eval().deploy(), path, torch.randn(shape), {})
            jobs.append(Job(path, shape))
        timings = measure(jobs, runtime, threads, protocol or Protocol(runs=50, seconds=0.5, rounds=3))
    found = {}
    for name, timing in zip(networks, timings, strict=True):
        if isinstance(timing, Failure):
            raise InputError(f"the network {name} cannot be timed", given=timing.reason)
        found[name] = timing
    return found
