"""AdaSGN in two stages: single models, then the policy over them. Every stage goes on where it was stopped.

``OUTPUT/singles/small-1.ckpt ...`` are the single models, ``OUTPUT/conv_alpha_4/best.ckpt`` a trained AdaSGN. A stage
that is done leaves ``result.json``; one that was stopped leaves ``last.ckpt`` and is continued from it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.files import SETTINGS, read_json, read_kept, remade, write_text
from stgnn.networks import SGN, load_model, save_checkpoint
from stgnn.progress import heading
from stgnn.tasks.adasgn import AdaSGNTask
from stgnn.tasks.branches import load_singles
from stgnn.tasks.classification import ClassificationTask
from stgnn.tasks.running import scorer
from stgnn.tasks.settings import claim, data_facts, differences, split_counts
from stgnn.tasks.sgn_supernet import SGNSupernet
from stgnn.tasks.stage import RESULT, Attempt, evaluated, finish, fit_stage, predict
from stgnn.tasks.two_stage_costs import (
    Times,
    check_cost,
    counted_costs,
    forget,
    measure_actions,
    measured_file,
    read_times,
    timed_as,
)
from stgnn.tasks.two_stage_plan import TwoStages

SINGLES = "singles"
KEPT = ("name", "val", "test", "macs")  # of every network


def run(
    plan: TwoStages,
    data: SkeletonDataModule,
    output: Path,
    measure: bool = False,
    progress: bool = True,
    supernet: SGNSupernet | None = None,
) -> dict[str, Any]:
    """Carry out both stages, whatever of them is not done yet.

    Args:
        plan: What to do.
        data: The clips; its frames are those of the networks.
        output: Folder of the results.
        measure: Whether actions and single models are timed on this device; always done when the cost is milliseconds.
        progress: Whether headings and bars are shown.
        supernet: That of the plan, when it has been read already.

    Returns:
        What ``summary.json`` holds: ``singles`` and ``adaptive``, a row for each network.

    Raises:
        InputError: the folder holds results of something else, or whatever is wrong with plan and data.
        KeyboardInterrupt: Ctrl-C; the same command goes on.
    """
    for policy in plan.policies:  # what cannot be built or counted is refused before anything is written
        check_cost(plan.network(data, policy), plan.cost)
    if plan.supernet is not None:
        supernet = supernet or SGNSupernet.load(plan.supernet)
        supernet.check(plan.actions, data, plan.stream, plan.width)
    _claim(plan, data, output, supernet)
    times = _times(plan, data, output, measure, progress)
    singles = _single_models(plan, data, output / SINGLES, progress, supernet) if plan.pretrain else []
    adaptive = [_adaptive(plan, data, output, name, progress) for name in plan.runs]
    told = {"singles": [times.beside(row) for row in singles], "adaptive": [times.beside(row) for row in adaptive]}
    summary = {"stream": plan.stream, "clips": split_counts(data), **told}
    write_text(output / "summary.json", json.dumps(summary, indent=2))
    return summary


def _times(plan: TwoStages, data: SkeletonDataModule, output: Path, measure: bool, progress: bool) -> Times:
    """What is known of the milliseconds of actions and single models; where it is needed, it is measured first."""
    networks = [plan.network(data, policy) for policy in dict.fromkeys(map(timed_as, plan.policies))]
    if measure or plan.cost == "milliseconds":
        for network in networks:
            policy = network.options["policy"]
            if progress and not measured_file(output, policy).is_file():
                heading(f"Time the actions on this device: {policy}")
            measure_actions(network, output, cut=plan.supernet is not None)
    return read_times(output, networks)


def _claim(plan: TwoStages, data: SkeletonDataModule, output: Path, supernet: SGNSupernet | None = None) -> None:
    """Refuse a folder with trained networks of other settings; more alphas and policies may be added to one.

    Where nothing is trained there is nothing to keep: what was measured for other settings goes.
    """
    left_out = {"alphas", "policies", "supernet", *([] if plan.actions else ["actions"])}
    settings = {key: value for key, value in asdict(plan).items() if key not in left_out}
    settings["data"] = data_facts(data)
    if supernet is not None:
        settings["supernet"] = supernet.checksum
    path, what = output / SETTINGS, "a two-stage training"
    trained = any(output.rglob("*.ckpt")) or any(output.rglob(RESULT))
    different = differences(path, settings, what)
    if different and not trained:
        forget(output)
        path.unlink()  # last: as long as it is there, what is left of the others is known to be of other settings
    try:
        claim(path, settings, what)
    except InputError as error:
        before = read_json(path, what).get("actions")
        if set(different) != {"actions"} or not before:
            raise
        kept = f"--study null --actions [{','.join(before)}]"
        hint = f"{error.hint}; where a study has grown since, go on with the actions that it gave then: {kept}"
        raise error.advising(hint) from error


def _single_models(
    plan: TwoStages, data: SkeletonDataModule, folder: Path, progress: bool, supernet: SGNSupernet | None
) -> list[dict[str, Any]]:
    """A row for each single model: it is trained, or cut out of a supernet, unless that is done."""
    if (folder / RESULT).is_file():
        return list(read_kept(folder / RESULT, KEPT))
    if supernet is None:
        rows = _trained_singles(plan, data, folder, progress)
    else:
        rows = _cut_singles(plan, data, folder, supernet)
    finish(folder, rows)
    return rows


def _trained_singles(plan: TwoStages, data: SkeletonDataModule, folder: Path, progress: bool) -> list[dict[str, Any]]:
    """Train the single models on the same batches."""
    pl.seed_everything(plan.seed, verbose=False)
    task = plan.singles_task(data, folder)
    title = f"Train {len(task.models)} single models on the same batches" if progress else None
    attempt = Attempt(
        epochs=plan.single_epochs,
        folder=folder,
        monitor=None,
        seed=plan.seed,
        precision=plan.precision,
        heading=title,
    )
    fit_stage(task, data, attempt)
    trainer = scorer()
    for name, model in task.models.items():
        model.load_state_dict(load_model(folder / f"{name}.ckpt").module.state_dict())
    figures = evaluated(trainer, task, data)
    predict(trainer, task, data, folder / "predictions.csv")
    return [
        _single_row(name, model, figures, task.prefix("val", name), task.prefix("test", name))
        for name, model in task.models.items()
    ]


def _cut_singles(
    plan: TwoStages, data: SkeletonDataModule, folder: Path, supernet: SGNSupernet
) -> list[dict[str, Any]]:
    """Cut the single models out of a supernet."""
    rows, trainer = [], scorer()
    for name, path in supernet.cut(plan.actions, data, folder).items():
        task = ClassificationTask(data.layout, data.class_names, init_from=path)
        assert isinstance(task.network, SGN)
        rows.append(_single_row(name, task.network, evaluated(trainer, task, data), "val_", "test_"))
    predict(trainer, task, data, folder / "predictions.csv")
    return rows


def _single_row(name: str, model: SGN, figures: Mapping[str, float], val: str, test: str) -> dict[str, Any]:
    """What is told of a single model; ``val`` and ``test`` are what its metrics begin with."""
    scores = {"val": figures.get(f"{val}top1"), "test": figures.get(f"{test}top1")}
    return {"name": name, **scores, **counted_costs(model)}


def _adaptive(plan: TwoStages, data: SkeletonDataModule, output: Path, name: str, progress: bool) -> dict[str, Any]:
    """A row for one policy: it is trained over the single models, unless that is done."""
    folder, (policy, alpha) = output / name, plan.runs[name]
    if (folder / RESULT).is_file():
        return dict(read_kept(folder / RESULT, (*KEPT, "usage")))
    pl.seed_everything(plan.seed, verbose=False)
    cost = measured_file(output, policy) if plan.cost == "milliseconds" else plan.cost
    task = plan.policy_task(data, policy, alpha, cost)
    if plan.pretrain:
        with remade(output / SINGLES / RESULT):
            load_singles(task.network, output / SINGLES, task.class_names)
    place = f"{[*plan.runs].index(name) + 1} of {len(plan.runs)}"
    title = f"Train {name.replace('_', ' ')}, {place}" if progress else None
    attempt = Attempt(
        epochs=plan.epochs,
        folder=folder,
        monitor="val_choice",
        seed=plan.seed,
        precision=plan.precision,
        heading=title,
    )
    fit_stage(task, data, attempt)
    trainer = scorer()
    task.network.load_state_dict(load_model(folder / "best.ckpt").module.state_dict())
    figures = evaluated(trainer, task, data)
    row = {"name": name, "policy": policy, "alpha": alpha, **_adaptive_row(task, figures)}
    told = {**task.clips_seen(), "val_top1": figures.get("val_top1")}
    save_checkpoint(folder / "adasgn.ckpt", task.network, task.class_names, told)
    predict(trainer, task, data, folder / "predictions.csv")
    finish(folder, row)
    return row


def _adaptive_row(task: AdaSGNTask, figures: Mapping[str, float]) -> dict[str, Any]:
    counted = task.test_usage
    shares = counted.compute().tolist()
    return {
        "val": figures.get("val_top1"),
        "test": figures["test_top1"],
        "usage": dict(zip(task.network.actions, shares, strict=True)),
        "usage_by_class": dict(zip(task.class_names, counted.by_class(), strict=True)),
        "bodies_per_clip": counted.bodies_per_clip,
        **counted_costs(task.network, shares),
    }
