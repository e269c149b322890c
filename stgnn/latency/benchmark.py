"""Time one network on one runtime, beside its parameters and MACs."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from stgnn.errors import InputError, check_between
from stgnn.latency.adaptive import count_adaptive
from stgnn.latency.cost import Cost, count, count_as_is
from stgnn.latency.together import input_shape
from stgnn.networks import Ensemble, Model, Network, load_model
from stgnn.networks.models import CONTENT, build, is_compact, make_network
from stgnn.networks.sparsity import fit_to
from stgnn.runtimes.base import RUNTIMES, Runtime, check_threads, device_name, resolve_runtime
from stgnn.runtimes.measure import Failure, Job, measure
from stgnn.runtimes.timing import Protocol, Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import read_architecture

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
    """Parameters, MACs and measured latency of one network, for one body. AdaSGN's MACs are those of all actions taken
    equally often; its latency is that of the actions it takes for random keypoints.

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
    check_threads(threads)
    check_between(1, frames=1 if frames is None else frames)
    path = Path(network)
    with tempfile.TemporaryDirectory(prefix="stgnn-benchmark-") as folder:
        exported = path if _is_exported(path, runtime) else None
        if exported is not None:
            module = _described(runtime.metadata(exported), exported, frames)
        else:
            module = _network(path, layout, frames, num_classes)
            exported = Path(folder) / f"network{runtime.suffix}"
            runtime.export(module.eval().deploy(), exported, torch.randn(input_shape(module)), {})
        timing = _time(Job(exported, input_shape(module)), runtime, threads, protocol)
    return {
        "network": str(network),
        **_cost(module).to_dict(),
        "layout": module.layout.name,
        "classes": module.num_classes,
        "runtime": runtime.name,
        "runtime_version": runtime.version(),
        "threads": threads,
        "device": device_name(),
        "latency_ms": timing.to_dict(),
    }


def _network(
    path: Path, layout: str | Path | Mapping[str, Any] | SkeletonLayout, frames: int | None, num_classes: int
) -> Model:
    if path.suffix in CHECKPOINTS:
        module = load_model(path).module
        if frames not in (None, module.frames):
            raise InputError("a trained network has its own number of frames", given=frames, allowed=module.frames)
        return module
    architecture = read_architecture(path)
    chosen = architecture if frames is None else architecture.with_frames(frames)
    return make_network(chosen, load_layout(layout), num_classes)


def _cost(module: Model) -> Cost:
    if isinstance(module, Ensemble) or is_compact(module):
        return count_as_is(module)
    if isinstance(module, Network):
        return count(module, module.layout, module.num_classes)
    return count_adaptive(module)


def _described(metadata: Mapping[str, str], path: Path, frames: int | None) -> Model:
    """The network that a file says it holds, untrained."""
    kind = metadata.get("kind", "network")
    try:
        content = {"kind": kind, CONTENT[kind]: json.loads(metadata[CONTENT[kind]])}
        layout = SkeletonLayout.from_dict(json.loads(metadata["layout"]))
        module = build(content, layout, len(json.loads(metadata["class_names"])))
        if "shapes" in metadata:  # units were removed
            shapes = json.loads(metadata["shapes"])
            fit_to(module, {name: torch.zeros(shape) for name, shape in shapes.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "this file does not say what network it holds", given=path, hint="write it with: stgnn export"
        ) from error
    if frames not in (None, module.frames):
        raise InputError("an exported network has its own number of frames", given=frames, allowed=module.frames)
    return module


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
