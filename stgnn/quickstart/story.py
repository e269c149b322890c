"""The whole story on synthetic data, in minutes: train a supernet, measure the device, search, report, tune, export.

Every stage leaves a file in the output folder, and a run that was stopped continues from them. It uses nothing but the
public parts, so it reads as an example of how to put them together in Python; recipes do the same on real data.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from rich.console import Console

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.files import remade, write_text
from stgnn.latency import Calibrated
from stgnn.latency.benchmark import benchmark
from stgnn.latency.profile import profile
from stgnn.networks import Network, load_network, load_supernet, save_checkpoint
from stgnn.quickstart.plan import STUDY, Plan, claim_folder, keep_recipes
from stgnn.quickstart.summary import chosen_numbers, end_numbers, latency_numbers, search_numbers, tell
from stgnn.report import Measured, write_report
from stgnn.report.study import device_facts, report_data
from stgnn.runtimes.export import ExportReport, export_network
from stgnn.search import Random, RegularizedEvolution
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.extract import choose, extract
from stgnn.search.study import RANDOM_SUFFIX, Evaluation, run_search
from stgnn.tasks import ClassificationTask, SupernetTask
from stgnn.tasks.running import train_quietly


@dataclass
class _Clock:
    """Seconds of every stage, and a line on the screen when one begins and ends."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, text: str) -> Iterator[None]:
        self.console.rule(f"[bold]{len(self.seconds) + 1}. {text}", align="left")
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)
        self.console.print(f"[dim]{self.seconds[name]:.0f} s")


def quickstart(output: str | Path, seed: int = 0, quick: bool = False) -> dict[str, Any]:
    """Run the whole story.

    Args:
        output: Folder for ``summary.json``, ``pareto.csv``, ``report.html``, ``device.json``, ``study.journal`` and
            ``model.onnx``.
        seed: Seed of everything.
        quick: A few steps of everything, to see that it runs; the numbers mean nothing.

    Returns:
        What ``summary.json`` holds.
    """
    plan = Plan(Path(output), seed)
    if quick:
        plan = replace(plan, clips=160, epochs=1, tuning_epochs=1, trials=4, calibration=3, holdout=2)
    return run(plan, Console())


def run(plan: Plan, console: Console) -> dict[str, Any]:
    """Run a plan; see :func:`quickstart`."""
    # Networks this small gain nothing from a second thread, and wait long for it when its core is busy.
    torch.set_num_threads(1)
    data = SyntheticDataModule(**plan.data["init_args"])
    resumed = claim_folder(plan, data)
    keep_recipes(plan)
    clock = _Clock(console)
    with clock.stage("supernet", "Train one supernet that holds every network of the space"):
        supernet_path = _supernet(plan, data)
        with remade(supernet_path):
            supernet = load_supernet(supernet_path).module
    with clock.stage("profile", "Measure this device"):
        device = profile(
            supernet.space,
            data.layout,
            data.num_classes,
            plan.output / "device.json",
            calibration=plan.calibration,
            holdout=plan.holdout,
            quick=True,
            seed=plan.seed,
        )
        latency = Calibrated(device)
    evaluator = SupernetEvaluator.from_data(supernet, data)
    with clock.stage("search", "Search: accuracy against latency, no training"):
        found = _searched(plan, evaluator, latency, random=False)
    with clock.stage("random", "Random search at equal cost, for comparison"):
        rival = _searched(plan, evaluator, latency, random=True)
    chosen = choose(found)
    with clock.stage("tune", "Extract the chosen network and fine-tune it"):
        inherited = load_network(extract(supernet_path, chosen.architecture, plan.output / "chosen.ckpt", data)).module
        tuned = _tuned(plan, data)
        before, after = (_accuracy(network, data) for network in (inherited, tuned))
    with clock.stage("export", "Export it, prove the file equal, measure it"):
        exported = _exported(tuned, data, plan.output / "model.onnx")
        measured = benchmark(exported.path, layout=data.layout.name)["latency_ms"]
    with clock.stage("report", "Write the report"):
        _report(plan, chosen, measured, after["val"], device_facts(device, latency))
    summary = {
        "seconds": {"total": round(sum(clock.seconds.values()), 2), **clock.seconds},
        "resumed": resumed,
        "trials": plan.trials,
        **search_numbers(plan, found, rival),
        **end_numbers(supernet, evaluator),
        "chosen": chosen_numbers(chosen, before, after, measured),
        **latency_numbers(latency, device),
        "export_max_abs_difference": exported.max_abs_difference,
    }
    write_text(plan.output / "summary.json", json.dumps(summary, indent=2))
    tell(console, plan, summary)
    return summary


def _supernet(plan: Plan, data: SyntheticDataModule) -> Path:
    path = plan.output / "supernet.ckpt"
    if not path.is_file():
        pl.seed_everything(plan.seed, verbose=False)
        task = SupernetTask("tiny", data.layout, data.class_names, seed=plan.seed, learning_rate=4e-3)
        train_quietly(task, data, plan.epochs, plan.seed, progress=True)
        save_checkpoint(path, task.network, data.class_names, task.clips_seen())
    return path


def _tuned(plan: Plan, data: SyntheticDataModule) -> Network:
    path = plan.output / "tuned.ckpt"
    if not path.is_file():
        task = ClassificationTask(
            data.layout, data.class_names, init_from=plan.output / "chosen.ckpt", learning_rate=2e-3
        )
        train_quietly(task, data, plan.tuning_epochs, plan.seed, progress=True)
        save_checkpoint(path, task.network, data.class_names, task.clips_seen())
    with remade(path):
        return load_network(path).module


def _searched(plan: Plan, evaluator: SupernetEvaluator, latency: Calibrated, random: bool) -> list[Evaluation]:
    strategy = Random() if random else RegularizedEvolution(**plan.search["strategy"]["init_args"])
    name = STUDY + RANDOM_SUFFIX if random else STUDY
    return run_search(evaluator, latency, strategy, plan.search["study"], name, plan.trials, plan.seed)


@torch.inference_mode()
def _accuracy(network: Network, data: SyntheticDataModule) -> dict[str, float]:
    """Top-1 on the held-out training subjects and on the test subjects."""
    task = ClassificationTask(data.layout, data.class_names, network.architecture)
    task.network = network.eval()
    result = {}
    for split in ("val", "test"):
        batch = data.clips().gather(data.splits()[split], data.frames)
        result[split] = float((task.score(batch).argmax(dim=1) == batch.label).float().mean())
    return result


def _exported(network: Network, data: SyntheticDataModule, path: Path) -> ExportReport:
    return export_network((network, data.class_names), "ONNXRuntime", path, data.real_bodies())


def _report(plan: Plan, chosen: Evaluation, measured: dict[str, float], tuned: float, facts: dict[str, Any]) -> None:
    story = report_data(str(plan.output / "study.journal"), STUDY, "Quickstart: synthetic actions")
    timing = Measured(measured["quiet_ms"], measured["p10_ms"], measured["p90_ms"])
    points = tuple(
        replace(point, measured=timing, fine_tuned=tuned) if point.number == chosen.number else point
        for point in story.points
    )
    story = replace(story, points=points, chosen=chosen.number, data="synthetic actions, held-out subjects", **facts)
    write_report(plan.output, story)
