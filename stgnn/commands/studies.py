"""The words about a device, a supernet and a study: profile, rank, search, report."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stgnn.files import write_text
from stgnn.latency import LatencyModel
from stgnn.results import (
    DataSpec,
    build_data,
    check_study_of,
    front_rows,
    keep_ranks,
    study_name,
)
from stgnn.search import SearchStrategy

if TYPE_CHECKING:
    from stgnn.data import SkeletonDataModule
    from stgnn.search.evaluate import SupernetEvaluator


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
    from stgnn.latency.comparison import summary
    from stgnn.latency.profile import profile as measure

    device = measure(space, layout, classes, output, runtime, threads, calibration, holdout, quick, seed)
    return {"output": str(output), **summary(device)}


def rank(
    supernet: Path,
    data: DataSpec,
    output: Path = Path("runs/rank"),
    networks: int = 20,
    seeds: Sequence[int] = (0, 1),
    epochs: int = 40,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.01,
    finetune_epochs: int = 5,
    variants: int = 1,
    study: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """Ask how far a search can trust a supernet: train random members alone, and compare; the same command goes on.

    Args:
        supernet: Checkpoint of the supernet.
        data: Data module the supernet was trained on; accuracy is that of its validation subjects.
        output: Folder of the trainings; other supernets of the same space and data may be asked about in it.
        networks: Members of the space, of all sizes.
        seeds: One training of each for each seed.
        epochs: Epochs of each training.
        learning_rate: Peak learning rate.
        weight_decay: Of weights.
        finetune_epochs: Epochs for which each share of the supernet is fine-tuned, as ``stgnn finetune`` does it.
        variants: Versions of every clip to score with the shared weights, as in a search.
        study: Journal file of a study of this supernet: its report shows the answer.
        name: Name of the study in it; not needed when it is the only one.

    Returns:
        Kendall's tau of the accuracies with shared weights, and of fine-tuned ones, with those of trainings alone,
        beside that of sizes and between trainings.
    """
    from stgnn.progress import counting
    from stgnn.search.rank_agreement import agreement, verdict
    from stgnn.search.rank_check import RankCheck, check_ranks

    key = None if study is None else study_name(study, name)
    plan = RankCheck(networks, tuple(seeds), epochs, learning_rate, weight_decay, finetune_epochs)
    clips = build_data(data)
    evaluator = _evaluator(supernet, clips, variants)
    checksum = evaluator.identity()["supernet"]
    if study is not None and key is not None:
        check_study_of(study, key, checksum)
    with counting("trainings") as progress:
        rows = check_ranks(plan, evaluator, supernet, clips, output, progress)
    found = agreement(rows)
    told: dict[str, Any] = {"supernet": str(supernet), "networks": networks, "seeds": [*plan.seeds], "epochs": epochs}
    told |= {
        "checksum": checksum,
        "finetune_epochs": finetune_epochs,
        "clips": len(clips.splits()["val"]),
        **found,
        "verdict": verdict(found),
    }
    answer = {**told, "rows": rows}
    write_text(output / "rank.json", json.dumps(answer, indent=1) + "\n")
    if study is not None and key is not None:
        told["study"] = str(keep_ranks(study, key, answer))
    return {"output": str(output / "rank.json"), **told}


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
    from stgnn.search import Random
    from stgnn.search.study import RANDOM_SUFFIX, run_search

    evaluator = _evaluator(supernet, build_data(data), variants)
    runs = {name: strategy, **({name + RANDOM_SUFFIX: Random()} if compare_random else {})}
    found = {
        key: run_search(evaluator, latency, one, study, key, trials, seed, budget_ms, max_parameters)
        for key, one in runs.items()
    }
    architectures = {key: len(evaluations) for key, evaluations in found.items()}
    return {"study": study, "name": name, "architectures": architectures, **front_rows(found[name])}


def _evaluator(path: Path, data: "SkeletonDataModule", variants: int) -> "SupernetEvaluator":
    """What scores the members of a supernet."""
    from stgnn.search.evaluate import SupernetEvaluator
    from stgnn.tasks.cutting import load_for

    return SupernetEvaluator.from_data(load_for(path, data).module, data, variants=variants)


def report(study: str, output: Path = Path("runs/report"), name: str | None = None, title: str = "") -> dict[str, Any]:
    """Write the Pareto page, CSV, JSON and picture of a study.

    Args:
        study: Journal file, or any storage URL of Optuna.
        output: Folder to write.
        name: Name of the study in it; not needed when it is the only one.
        title: Heading of the page.

    Returns:
        The files, the front from fast to slow, and the chosen network: the knee of what was fine-tuned, or of all.
    """
    from dataclasses import asdict

    from stgnn.report import write_report
    from stgnn.report.study import report_data
    from stgnn.search.study import load_evaluations

    data, evaluations = report_data(study, name, title), load_evaluations(study, study_name(study, name))
    files = asdict(write_report(output, data))
    tuned = {point.digest: {"fine_tuned": point.fine_tuned} for point in data.points if point.fine_tuned is not None}
    front = [{**row, **tuned.get(row["digest"], {})} for row in front_rows(evaluations)["front"]]
    chosen = next(one.to_dict() for one in evaluations if one.number == data.chosen)
    told = {"front": front, "chosen": {**chosen, **tuned.get(chosen["digest"], {})}, "chosen_by": data.chosen_by}
    return {**{key: str(path) for key, path in files.items()}, **told}
