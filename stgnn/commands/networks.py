"""The words about one network: quickstart (which makes one), export, benchmark; recipes, and what there is to list."""

from pathlib import Path
from typing import Any

from stgnn.results import DataSpec, build_data, data_of


def quickstart(output: Path = Path("runs/quickstart"), seed: int = 0, quick: bool = False) -> dict[str, Any]:
    """Train, measure, search and export on synthetic data.

    Args:
        output: Folder for the results.
        seed: Seed of everything.
        quick: A few steps of everything, to see that it runs; the numbers mean nothing.

    Returns:
        What ``summary.json`` holds.
    """
    from stgnn.quickstart import quickstart as run

    return run(output, seed, quick)


def export(
    checkpoint: Path,
    output: Path | None = None,
    runtime: str = "ONNXRuntime",
    data: DataSpec | None = None,
    clips: int = 64,
) -> dict[str, Any]:
    """Write a network as a file for a runtime; the file is removed unless it agrees with PyTorch on real clips.

    Args:
        checkpoint: Checkpoint of a network.
        output: File to write; beside the checkpoint when left out.
        runtime: Runtime that will execute the file.
        data: Data module with real clips; that of the checkpoint's recipe when left out.
        clips: Training clips that outputs are compared on.

    Returns:
        The file, the largest difference and the agreement.
    """
    from dataclasses import asdict

    from stgnn.runtimes import RUNTIMES
    from stgnn.runtimes.export import export_network

    data = data_of(checkpoint, data)
    output = output or checkpoint.with_suffix(RUNTIMES[runtime].suffix)
    module = build_data(data)
    return asdict(export_network(checkpoint, runtime, output, module.real_bodies(clips), module.align))


def benchmark(
    network: str,
    layout: str = "ntu25",
    frames: int | None = None,
    classes: int = 60,
    runtime: str = "ONNXRuntime",
    threads: int = 1,
) -> dict[str, Any]:
    """Time one network on one runtime.

    Args:
        network: A classic by name (STGCN, STGCN++, AAGCN, CTRGCN, DGSTGCN), an architecture file, a checkpoint or an
            exported file.
        layout: Skeleton layout.
        frames: Frames; those of the architecture when left out.
        classes: Number of classes.
        runtime: Runtime.
        threads: Threads of the runtime.

    Returns:
        Parameters, MACs, and latency: median, 10th and 90th percentile, and that of the quietest window.
    """
    from stgnn.latency.benchmark import benchmark as run

    return run(network, layout, frames, classes, runtime, threads)


def recipes(output: Path = Path("recipes")) -> dict[str, Any]:
    """Copy the recipes of this package here, to run them and to change them; a clone has them already.

    Args:
        output: Folder to write; it must be new.

    Returns:
        The folder, and how many there are.
    """
    from stgnn.errors import InputError
    from stgnn.files import read_text, write_text
    from stgnn.listing import shipped_recipes

    if output.exists():
        hint = "use what is there, or name another folder with --output"
        raise InputError("recipes are copied to a new folder", given=f"{output}, which exists", hint=hint)
    found = shipped_recipes()
    for name, path in found.items():
        write_text(output / name, read_text(path, "a recipe"))
    return {"output": str(output), "recipes": len(found)}


def list_names(kind: str) -> dict[str, str]:
    """List what a recipe or an Architecture can name, plugins included. Nothing is imported to find classes.

    Args:
        kind: operators, latency, strategies, runtimes, spaces, architectures, layouts, formats, recipes, tasks or data.

    Returns:
        The names, sorted, and what each is, in a line.
    """
    from stgnn.listing import listed

    return listed(kind)
