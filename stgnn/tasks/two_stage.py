"""AdaSGN in two stages: single models, then the policy over them. Every stage goes on where it was stopped.

``OUTPUT/singles/small-1.ckpt ...`` are the single models, ``OUTPUT/conv_alpha_4/best.ckpt`` a trained AdaSGN. A stage
that is done leaves ``result.json``; one that was stopped leaves ``last.ckpt`` and is continued from it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.files import SETTINGS, read_json, read_kept, remade, write_text
from stgnn.networks import SGN, load_model, save_checkpoint
from stgnn.progress import heading
from stgnn.tasks.adasgn import AdaSGNTask
from stgnn.tasks.base import BaseTask
from stgnn.tasks.branches import load_singles
from stgnn.tasks.classification import ClassificationTask
from stgnn.tasks.running import scorer
from stgnn.tasks.settings import claim, data_facts, differences, split_counts
from stgnn.tasks.sgn_supernet import SGNSupernet
from stgnn.tasks.stage import RESULT, evaluated, finish, fit_stage, predict
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
    return _Stages(plan, data, output, progress, supernet).summary(measure)


@dataclass(frozen=True)
class _Stages:
    """Both stages in the folder that is claimed for them; what an earlier run has finished is read.

    Attributes:
        plan: What to do.
        data: The clips.
        output: The folder.
        progress: Whether headings and bars are shown.
        supernet: Of which the single models are slices; None: they are trained.
    """

    plan: TwoStages
    data: SkeletonDataModule
    output: Path
    progress: bool
    supernet: SGNSupernet | None

    def summary(self, measure: bool) -> dict[str, Any]:
        """Do what is missing, and write and give ``summary.json``."""
        times = self.times(measure)
        singles = self.single_models() if self.plan.pretrain else []
        adaptive = [self.adaptive(name) for name in self.plan.runs]
        told = {"singles": [times.beside(row) for row in singles], "adaptive": [times.beside(row) for row in adaptive]}
        summary = {"stream": self.plan.stream, "clips": split_counts(self.data), **told}
        write_text(self.output / "summary.json", json.dumps(summary, indent=2))
        return summary

    def times(self, measure: bool) -> Times:
        """What is known of the milliseconds of actions and single models; where it is needed, it is measured first."""
        policies = dict.fromkeys(map(timed_as, self.plan.policies))
        networks = {policy: self.plan.network(self.data, policy) for policy in policies}
        if measure or self.plan.cost == "milliseconds":
            for policy, network in networks.items():
                if self.progress and not measured_file(self.output, policy).is_file():
                    heading(f"Time the actions on this device: {policy}")
                measure_actions(network, self.output, cut=self.supernet is not None)
        return read_times(self.output, networks.values())

    def single_models(self) -> list[dict[str, Any]]:
        """A row for each single model: it is trained, or cut out of a supernet, unless that is done."""
        folder = self.output / SINGLES
        if (folder / RESULT).is_file():
            return list(read_kept(folder / RESULT, KEPT))
        rows = self._trained(folder) if self.supernet is None else self._cut(self.supernet, folder)
        finish(folder, rows)
        return rows

    def _trained(self, folder: Path) -> list[dict[str, Any]]:
        """Train the single models on the same batches."""
        pl.seed_everything(self.plan.seed, verbose=False)
        task = self.plan.singles_task(self.data, folder)
        title = f"Train {len(task.models)} single models on the same batches"
        self._fit(task, folder, self.plan.single_epochs, title)
        trainer = scorer()
        for name, model in task.models.items():
            model.load_state_dict(load_model(folder / f"{name}.ckpt").module.state_dict())
        figures = evaluated(trainer, task, self.data)
        predict(trainer, task, self.data, folder / "predictions.csv")
        return [
            _single_row(name, model, figures, task.prefix("val", name), task.prefix("test", name))
            for name, model in task.models.items()
        ]

    def _cut(self, supernet: SGNSupernet, folder: Path) -> list[dict[str, Any]]:
        """Cut the single models out of a supernet."""
        rows, trainer = [], scorer()
        for name, path in supernet.cut(self.plan.actions, self.data, folder).items():
            task = ClassificationTask(self.data.layout, self.data.class_names, init_from=path)
            assert isinstance(task.network, SGN)
            rows.append(_single_row(name, task.network, evaluated(trainer, task, self.data), "val_", "test_"))
        predict(trainer, task, self.data, folder / "predictions.csv")
        return rows

    def adaptive(self, name: str) -> dict[str, Any]:
        """A row for one policy: it is trained over the single models, unless that is done."""
        plan, folder, (policy, alpha) = self.plan, self.output / name, self.plan.runs[name]
        if (folder / RESULT).is_file():
            return dict(read_kept(folder / RESULT, (*KEPT, "usage")))
        pl.seed_everything(plan.seed, verbose=False)
        cost = measured_file(self.output, policy) if plan.cost == "milliseconds" else plan.cost
        task = plan.policy_task(self.data, policy, alpha, cost)
        if plan.pretrain:
            with remade(self.output / SINGLES / RESULT):
                load_singles(task.network, self.output / SINGLES, task.class_names)
        title = f"Train {name.replace('_', ' ')}, {[*plan.runs].index(name) + 1} of {len(plan.runs)}"
        self._fit(task, folder, plan.epochs, title, monitor="val_choice")
        trainer = scorer()
        task.network.load_state_dict(load_model(folder / "best.ckpt").module.state_dict())
        figures = evaluated(trainer, task, self.data)
        row = {"name": name, "policy": policy, "alpha": alpha, **_adaptive_row(task, figures)}
        told = {**task.clips_seen(), "val_top1": figures.get("val_top1")}
        save_checkpoint(folder / "adasgn.ckpt", task.network, task.class_names, told)
        predict(trainer, task, self.data, folder / "predictions.csv")
        finish(folder, row)
        return row

    def _fit(self, task: BaseTask, folder: Path, epochs: int, title: str, monitor: str | None = None) -> None:
        shown = title if self.progress else None
        fit_stage(task, self.data, folder, epochs, self.plan.seed, self.plan.precision, monitor, shown)


def _single_row(name: str, model: SGN, figures: Mapping[str, float], val: str, test: str) -> dict[str, Any]:
    """What is told of a single model; ``val`` and ``test`` are what its metrics begin with."""
    scores = {"val": figures.get(f"{val}top1"), "test": figures.get(f"{test}top1")}
    return {"name": name, **scores, **counted_costs(model)}


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
