"""Several networks timed in one session, so that they compare."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks import Model
from stgnn.runtimes.base import Runtime, check_threads, resolve_runtime
from stgnn.runtimes.measure import Failure, Job, measure
from stgnn.runtimes.timing import Protocol, Timing

Shape = tuple[int, int, int, int]


def time_together(
    networks: Mapping[str, Model],
    runtime: str | Runtime = "ONNXRuntime",
    threads: int = 1,
    protocol: Protocol | None = None,
) -> dict[str, Timing]:
    """Latency of one body through the deploy form of every network, interleaved in several rounds.

    Args:
        networks: By name.
        runtime: Registry name of the runtime.
        threads: Threads of the runtime.
        protocol: How long to measure.

    Raises:
        InputError: a network cannot be exported or timed.
    """
    runtime = resolve_runtime(runtime)
    check_threads(threads)
    deployed = ((name, network.eval().deploy(), input_shape(network)) for name, network in networks.items())
    timings = time_deployed(deployed, runtime, threads, protocol or Protocol(runs=50, seconds=0.5, rounds=3))
    return dict(zip(networks, timings, strict=True))


def input_shape(network: Model) -> Shape:
    """The input of a network for one body: ``(1, T, V, C)``."""
    return (1, network.frames, network.layout.num_joints, network.layout.dimensions)


def time_deployed(
    modules: Iterable[tuple[str, nn.Module, Shape]], runtime: Runtime, threads: int, protocol: Protocol | None
) -> list[Timing]:
    """Latency of one call of every module, interleaved; two of them may have the same name.

    Args:
        modules: Name, deploy form and input shape of each.
        runtime: Runtime that executes them.
        threads: Threads of the runtime.
        protocol: How long to measure.

    Raises:
        InputError: a module cannot be exported or timed.
    """
    names, jobs, found = [], [], []
    with tempfile.TemporaryDirectory(prefix="stgnn-together-") as folder:
        for number, (name, module, shape) in enumerate(modules):
            path = Path(folder) / f"{number}{runtime.suffix}"
            runtime.export(module, path, torch.randn(shape), {})
            names.append(name)
            jobs.append(Job(path, shape))
        timings = measure(jobs, runtime, threads, protocol)
    for name, timing in zip(names, timings, strict=True):
        if isinstance(timing, Failure):
            raise InputError(f"the network {name} cannot be timed", given=timing.reason)
        found.append(timing)
    return found
