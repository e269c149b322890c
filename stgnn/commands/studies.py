"""The words about a device and a study: profile, search, report, extract."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.latency import LatencyModel
from stgnn.results import (
    DataSpec,
    build_data,
    front_rows,
    keep_recipe,
    needed,
    recipe_beside,
    study_name,
)
from stgnn.search import SearchStrategy


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
    variants: int = 1,
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
        variants: Versions of every clip to score: the first as it is, the others augmented like training clips.

    Returns:
        Numbers of the study, its front from fast to slow, and the knee of the front.
    """
    from stgnn.networks import load_supernet
    from stgnn.search import Random
    from stgnn.search.evaluate import SupernetEvaluator
    from stgnn.search.study import RANDOM_SUFFIX, run_search
    from stgnn.tasks.continuing import warn_if_stopped
    from stgnn.tasks.cutting import check_classes
    from stgnn.tasks.seen import check_unseen

    loaded, clips = load_supernet(supernet), build_data(data)
    evaluator = SupernetEvaluator.from_data(loaded.module, clips, variants=variants)
    check_classes(loaded.class_names, clips)
    check_unseen(loaded.extra, clips)
    warn_if_stopped(supernet, loaded.extra)
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
    if supernet is None:
        supernet = Path(needed(recipe, "supernet", f"the study {study}"))
        if not supernet.exists():
            hint = "run it in the folder of the search, where its recipe's paths begin, or give --supernet and --data"
            raise InputError("the supernet that the recipe of the study names is not there", given=supernet, hint=hint)
    data = data or needed(recipe, "data", f"the study {study}")
    write(supernet, chosen.architecture, output, build_data(data), study_identity(study, key))
    keep_recipe({"data": data}, output)
    return {"output": str(output), **chosen.to_dict()}
