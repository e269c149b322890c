"""Time one network on one runtime, beside its parameters and MACs."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from stgnn.errors import InputError, check_between
from stgnn.latency.cost import count
from stgnn.networks import Network, load_network
from stgnn.runtimes.base import RUNTIMES, Runtime, device_name, resolve_runtime
from stgnn.runtimes.measure import Failure, Job, measure
from stgnn.runtimes.timing import Protocol, Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, load_architecture

CHECKPOINTS = (".ckpt", ".pt", ".pth")


def benchmark(
    network: str | Path,
    layout: str | Path | Mapping[str, Any] | SkeletonLayout = "ntu25",
    frames: int | None = None,
    num_classes: int = 60,
    runtime: str | Runtime = "ONNXRuntime",
    threads: int = 1,
    protocol: Protocol | None = None,
) -> dict[str, Any]:
    """Parameters, MACs and measured latency of one network, for one body.

    Args:
        network: Name or file of an architecture, a checkpoint (which brings its own layout and classes), or a file
            exported for ``runtime`` by :func:`stgnn.runtimes.export.export_network`.
        layout: The body.
        frames: T; the architecture's when not given.
        num_classes: Number of classes.
        runtime: Registry name of the runtime.
        threads: Threads of the runtime.
        protocol: How long to measure.

    Raises:
        InputError: there is no such network, or it cannot be timed.
    """
    runtime = resolve_runtime(runtime)
    check_between(1, threads=threads, frames=1 if frames is None else frames)
    path = Path(network)
    with tempfile.TemporaryDirectory(prefix="stgnn-benchmark-") as folder:
        exported = path if _is_exported(path, runtime) else None
        if exported is not None:
            architecture, body, classes = _described(runtime.metadata(exported), exported, frames)
        else:
            module, body = _network(path, layout, frames, num_classes)
            architecture, classes = module.architecture, module.num_classes
            exported = Path(folder) / f"network{runtime.suffix}"
            example = torch.randn(1, architecture.frames, body.num_joints, body.dimensions)
            runtime.export(module.eval().deploy(), exported, example, {})
        timing = _time(
            Job(exported, (1, architecture.frames, body.num_joints, body.dimensions)), runtime, threads, protocol
        )
    cost = count(architecture, body, classes)
    return {
        "network": str(network),
        **cost.to_dict(),
        "layout": body.name,
        "classes": classes,
        "runtime": runtime.name,
        "runtime_version": runtime.version(),
        "threads": threads,
        "device": device_name(),
        "latency_ms": timing.to_dict(),
    }


def _network(
    path: Path, layout: str | Path | Mapping[str, Any] | SkeletonLayout, frames: int | None, num_classes: int
) -> tuple[Network, SkeletonLayout]:
    if path.suffix in CHECKPOINTS:
        module = load_network(path).module
        if frames not in (None, module.architecture.frames):
            raise InputError(
                "a trained network has its own number of frames", given=frames, allowed=module.architecture.frames
            )
        return module, module.layout
    architecture, body = load_architecture(path), load_layout(layout)
    architecture = architecture if frames is None else replace(architecture, frames=frames)
    return Network(architecture, body, num_classes), body


def _described(metadata: Mapping[str, str], path: Path, frames: int | None) -> tuple[Architecture, SkeletonLayout, int]:
    try:
        architecture = Architecture.from_json(metadata["architecture"])
        body = SkeletonLayout.from_dict(json.loads(metadata["layout"]))
        classes = len(json.loads(metadata["class_names"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "this file does not say what network it holds", given=path, hint="write it with: stgnn export"
        ) from error
    if frames not in (None, architecture.frames):
        raise InputError("an exported network has its own number of frames", given=frames, allowed=architecture.frames)
    return architecture, body, classes


def _is_exported(path: Path, runtime: Runtime) -> bool:
    """Whether the path is a file of the runtime, judged by its ending.

    Raises:
        InputError: it is a file of another runtime.
    """
    owners = [name for name in RUNTIMES if RUNTIMES[name].suffix == path.suffix]
    if owners and runtime.name not in owners:
        raise InputError(
            f"{path} is a file of another runtime",
            given=runtime.name,
            allowed=owners,
            hint=f"say --runtime {owners[0]}",
        )
    return bool(owners)


def _time(job: Job, runtime: Runtime, threads: int, protocol: Protocol | None) -> Timing:
    timing = measure([job], runtime, threads, protocol or Protocol(runs=50, seconds=1.0, rounds=3))[0]
    if isinstance(timing, Failure):
        raise InputError("the network cannot be timed", given=timing.reason)
    return timing
