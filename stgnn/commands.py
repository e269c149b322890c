"""The words of the command line as typed functions. Each returns plain data; heavy imports happen inside the bodies.

>>> from stgnn.commands import list_names
>>> list_names("layouts")
['coco17', 'hand21', 'kinect20', 'ntu25', 'openpose18', 'shrec22']
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stgnn.latency import LatencyModel
from stgnn.results import (
    DataSpec,
    build_data,
    evaluation_row,
    front_rows,
    keep_recipe,
    needed,
    real_bodies,
    recipe_beside,
    study_name,
)
from stgnn.search import SearchStrategy


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


def data_import(
    format: str, source: Path, output: Path, layout: str | Path | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Read a data set in a foreign format and write it as a store.

    Args:
        format: Name of a reader: npz, nw-ucla.
        source: File or folder to read.
        output: Store to write.
        layout: A shipped layout or a layout file; what the reader finds in the source when left out.
        overwrite: Whether an existing store may be replaced.

    Returns:
        What is in the store.
    """
    from stgnn.data import import_data

    return import_data(format, source, output, layout, overwrite)


def data_check(store: Path) -> dict[str, Any]:
    """Say what is in a store and what may be wrong with it.

    Args:
        store: Folder of the store.

    Returns:
        Counts, lengths and problems.
    """
    from stgnn.data import SkeletonStore, check_store

    return check_store(SkeletonStore.open(store))


def data_list(folder: Path = Path("data")) -> list[dict[str, Any]]:
    """List the stores of a folder.

    Args:
        folder: Where to look.

    Returns:
        Path, layout, clips and classes of each store.
    """
    from stgnn.data import list_stores

    return list_stores(folder)


def profile(
    space: str | Path | Mapping[str, Any],
    layout: str | Path | Mapping[str, Any],
    classes: int,
    output: Path = Path("runs/device.json"),
    runtime: str = "ONNXRuntime",
    threads: int = 1,
    calibration: int = 10,
    holdout: int = 0,
    quick: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure this device for a space; a second run continues the file.

    Args:
        space: Search space: a name, a file or plain data.
        layout: Skeleton layout: a name, a file or plain data.
        classes: Number of classes of the networks.
        output: Device file to write.
        runtime: Runtime that executes the networks.
        threads: Threads of the runtime.
        calibration: Whole networks that predictions are calibrated with.
        holdout: Whole networks that predictions are checked with.
        quick: Fewer sizes and fewer rounds.
        seed: Seed of the drawn networks.

    Returns:
        The conditions, what was measured, and how well held-out networks are predicted.
    """
    from stgnn.latency.profile import profile as measure
    from stgnn.latency.side_by_side import summary

    device = measure(space, layout, classes, output, runtime, threads, calibration, holdout, quick, seed)
    return {"output": str(output), **summary(device)}


def search(
    supernet: Path,
    data: DataSpec,
    latency: LatencyModel,
    strategy: SearchStrategy,
    study: str = "runs/study.journal",
    name: str = "search",
    trials: int = 1000,
    budget_ms: float | None = None,
    max_parameters: int | None = None,
    compare_random: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Search for accurate and fast architectures; the same command continues a study that was stopped.

    Args:
        supernet: Checkpoint of the supernet.
        data: Data module the supernet was trained on; clips of its validation subjects are scored.
        latency: Latency model.
        strategy: Search strategy.
        study: Journal file, or any storage URL of Optuna.
        name: Name of the study in it.
        trials: Distinct architectures to evaluate.
        budget_ms: Latency above which an architecture is infeasible.
        max_parameters: Parameters above which an architecture is infeasible.
        compare_random: Whether random search at equal cost runs too, in a study of its own.
        seed: Seed of the proposals.

    Returns:
        Numbers of the study, its front from fast to slow, and the knee of the front.
    """
    from stgnn.networks import load_supernet
    from stgnn.search import Random
    from stgnn.search.evaluate import SupernetEvaluator, check_classes
    from stgnn.search.study import RANDOM_SUFFIX, run_search

    loaded, clips = load_supernet(supernet), build_data(data)
    evaluator = SupernetEvaluator.from_data(loaded.module, clips)
    check_classes(loaded.class_names, clips)
    runs = {name: strategy, **({name + RANDOM_SUFFIX: Random()} if compare_random else {})}
    found = {
        key: run_search(evaluator, latency, one, study, key, trials, seed, budget_ms, max_parameters)
        for key, one in runs.items()
    }
    architectures = {key: len(evaluations) for key, evaluations in found.items()}
    return {"study": study, "name": name, "architectures": architectures, **front_rows(found[name])}


def report(study: str, output: Path = Path("runs/report"), name: str | None = None, title: str = "") -> dict[str, Any]:
    """Write the Pareto page, CSV, JSON and picture of a study.

    Args:
        study: Journal file, or any storage URL of Optuna.
        output: Folder to write.
        name: Name of the study in it; not needed when it is the only one.
        title: Heading of the page.

    Returns:
        The files, the front from fast to slow, and its knee.
    """
    from dataclasses import asdict

    from stgnn.report import write_report
    from stgnn.report.study import report_data
    from stgnn.search.study import load_evaluations

    files = asdict(write_report(output, report_data(study, name, title)))
    evaluations = load_evaluations(study, study_name(study, name))
    return {**{key: str(path) for key, path in files.items()}, **front_rows(evaluations)}


def extract(
    study: str,
    output: Path = Path("runs/chosen.ckpt"),
    budget_ms: float | None = None,
    name: str | None = None,
    supernet: Path | None = None,
    data: DataSpec | None = None,
) -> dict[str, Any]:
    """Cut the chosen network out of the supernet: the most accurate within a budget, or the knee of the front.

    Args:
        study: Journal file, or any storage URL of Optuna.
        output: Checkpoint to write.
        budget_ms: Largest predicted latency; the knee when left out.
        name: Name of the study in it; not needed when it is the only one.
        supernet: Checkpoint of the supernet; that of the search when left out.
        data: Data module the supernet was trained on; that of the search when left out.

    Returns:
        The chosen architecture and what the study knows of it.
    """
    from stgnn.search.extract import choose
    from stgnn.search.extract import extract as write
    from stgnn.search.study import load_evaluations, study_identity

    key = study_name(study, name)
    chosen = choose(load_evaluations(study, key), budget_ms)
    recipe = recipe_beside(study, key)
    supernet = supernet or needed(recipe, "supernet", f"the study {study}")
    data = data or needed(recipe, "data", f"the study {study}")
    write(supernet, chosen.architecture, output, build_data(data), study_identity(study, key))
    keep_recipe({"data": data}, output)
    return {"output": str(output), **evaluation_row(chosen)}


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

    data = data or needed(recipe_beside(checkpoint), "data", f"the checkpoint {checkpoint}")
    output = output or checkpoint.with_suffix(RUNTIMES[runtime].suffix)
    return asdict(export_network(checkpoint, runtime, output, real_bodies(build_data(data), clips)))


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
        Parameters, MACs, and latency: median, 10th and 90th percentile.
    """
    from stgnn.latency.benchmark import benchmark as run

    return run(network, layout, frames, classes, runtime, threads)


def list_names(kind: str) -> list[str]:
    """List what a recipe or an Architecture can name, plugins included. Nothing is imported to find classes.

    Args:
        kind: operators, latency, strategies, runtimes, spaces, architectures, layouts, formats, tasks or data.

    Returns:
        The names, sorted.
    """
    from stgnn.listing import names

    return names(kind)
