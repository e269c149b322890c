"""What sparsity costs in accuracy, on real data: the sparse generator, levels that vote, structured pruning, tickets.

    python benchmarks/sparse_accuracy.py nw_ucla
    python benchmarks/sparse_accuracy.py utd_mhad --part generator --seeds 1

Needs the store of the data recipe. The network is the one of recipes/lottery: ST-GCN++ of half width and six blocks on
16 frames; ``structured`` also takes ST-GCN of the same widths, whose temporal convolutions have channels to spare. The
epoch is chosen on held-out training subjects, whatever the method; the test split is scored once for each training.
Every training is kept in ``runs/benchmark/sparse/DATA``; the same command continues, and ``--part`` does one part of
the work, so that parts can run side by side. Minutes for each part stand in PARTS. Writes
``benchmarks/sparse_accuracy_DATA.json``; what that file holds of other seeds stays, so that they may be trained on
several machines with the same settings.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from stgnn.allocator import tune_allocator
from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.latency.cost import count_as_is
from stgnn.latency.together import time_together
from stgnn.networks import load_model, save_checkpoint
from stgnn.networks.sparsity import maskable
from stgnn.recipe import load_recipe
from stgnn.results import build_data
from stgnn.runtimes.base import device_name
from stgnn.tasks import BaseTask, ClassificationTask, MultiLevelTask, SparseTask
from stgnn.tasks.lottery import Lottery, averages, run_lottery
from stgnn.tasks.running import KeepBest, accuracy, trained

PARTS = {  # processor minutes of one seed on NW-UCLA with 40 epochs, on a slow core
    "dense": 10,  # the dense network, and the one with two thirds of its weights
    "generator": 60,  # four levels in three scopes
    "levels": 40,  # four levels that vote, independent and nested
    "structured": 15,  # channels pruned to three levels, and plain narrower networks
    "lottery": 60,
    "table": 0,  # nothing is trained: the table of what is there
}
LEVELS = (0.6, 0.8, 0.95, 0.99)
SCOPES = ("global_standardised", "layer", "global_raw")
PRUNED = (0.5, 0.75, 0.9)
WIDTHS = (24, 16, 8)  # first width of plain networks; the base has 32
COURSE: Mapping[str, Any] = {"dense_until": 0.2, "ramp": "cubic", "ramp_until": 0.6}


@dataclass(frozen=True)
class Run:
    """One training: what the task is called with, beside data and optimiser."""

    name: str
    task: type[BaseTask]
    arguments: Mapping[str, Any]


def base() -> dict[str, Any]:
    """The network of the lottery recipes as plain data."""
    return dict(load_recipe(Path("recipes/lottery/nw_ucla.yaml"))["architecture"])


def other(
    width: int = 32, spatial: str = "GraphConv", temporal: str = "TemporalConv", kernel: int = 9
) -> dict[str, Any]:
    """A network of the same shape with other operators or another width."""
    block = {"spatial": spatial, "temporal": temporal, "kernel": kernel}
    stages = [
        {**stage, "width": width * factor, "blocks": [block, block]}
        for stage, factor in zip(base()["stages"], (1, 2, 4), strict=True)
    ]
    return {**base(), "stages": stages}


def runs(part: str) -> Iterator[Run]:
    """The trainings of a part."""
    network = {"architecture": base()}
    if part == "dense":
        yield Run("dense", ClassificationTask, network)
        yield Run("sparse_0.34", SparseTask, {**network, "sparsity": 0.34, **COURSE})
    if part == "generator":
        for scope in SCOPES:
            for level in LEVELS:
                given = {**network, "sparsity": level, "scope": scope, **COURSE}
                yield Run(f"sparse_{scope}_{level:g}", SparseTask, given)
    if part == "levels":
        for nested in (False, True):
            given = {**network, "levels": LEVELS, "nested": nested, **COURSE}
            yield Run("levels_nested" if nested else "levels_independent", MultiLevelTask, given)
    if part == "structured":
        yield Run("plain_32", ClassificationTask, {"architecture": other()})
        for level in PRUNED:
            given = {"sparsity": level, "granularity": "channel", "step": 8, **COURSE}
            yield Run(f"channels_{level:g}", SparseTask, {"architecture": other(), **given})
        for width in WIDTHS:
            yield Run(f"plain_{width}", ClassificationTask, {"architecture": other(width)})


def train(run: Run, arguments: argparse.Namespace, seed: int, data: SkeletonDataModule, folder: Path) -> None:
    """One training with one seed, kept in a file; the epoch is chosen on the validation clips."""
    path = folder / f"{run.name}_{seed}.json"
    if path.is_file():
        return
    pl.seed_everything(seed, verbose=False)
    settings = {"learning_rate": arguments.learning_rate, "weight_decay": 0.01}
    task = run.task(layout=data.layout, class_names=data.class_names, **settings, **run.arguments)
    best, start = KeepBest(), time.process_time()
    trained(task, data, arguments.epochs, seed, [best])
    row: dict[str, Any] = {"name": run.name, "seed": seed, "epoch": best.epoch, "val_top1": best.top1}
    row["minutes"] = (time.process_time() - start) / 60
    row["test_top1"] = accuracy(task, data, "test")
    if isinstance(task, MultiLevelTask):
        pairs = zip(task.sparse_networks, task.network.levels, strict=False)  # nested: the densest holds the others
        kept = sum(one.kept for network, level in pairs for one in network.densities(level))
        row["kept"] = kept / total_weights(run.arguments["architecture"], data)
    else:
        network = task.finished() if isinstance(task, SparseTask) else task.network
        row["kept"] = sum(int(weight.count_nonzero()) for _, weight in maskable(network))
        row["kept"] /= total_weights(run.arguments["architecture"], data)
        save_checkpoint(path.with_suffix(".ckpt"), network, data.class_names, {"test_top1": row["test_top1"]})
    path.write_text(json.dumps(row))
    print(f"{run.name}, seed {seed}: test {row['test_top1']:.3f}, {row['minutes']:.1f} minutes", flush=True)


def total_weights(architecture: Any, data: SkeletonDataModule) -> int:
    """Maskable weights of the dense network."""
    network = ClassificationTask(data.layout, data.class_names, architecture).network
    return sum(weight.numel() for _, weight in maskable(network))


def table(folder: Path, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Mean and spread over seeds of everything that was trained, here or, as the file tells, on another machine."""
    before = {row["name"]: row for row in known.get("table", [])}
    rows = []
    for part, run in [(name, one) for name in PARTS for one in runs(name)]:
        found = {one["seed"]: one for one in before.get(run.name, {}).get("runs", [])}
        for path in folder.glob(f"{run.name}_[0-9]*.json"):
            one = json.loads(path.read_text())
            found[one["seed"]] = {key: one[key] for key in ("seed", "test_top1", "kept")}
        if found:
            scores = [one["test_top1"] for one in found.values()]
            spread = statistics.stdev(scores) if len(scores) > 1 else None
            kept = statistics.mean(one["kept"] for one in found.values())
            told = {"part": part, "name": run.name, "kept": kept, "mean": statistics.mean(scores), "spread": spread}
            rows.append({**before.get(run.name, {}), **told, "runs": [found[seed] for seed in sorted(found)]})
    return rows


def times(rows: list[dict[str, Any]], folder: Path) -> None:
    """Parameters, MACs and milliseconds of the first seed's structured networks, on two runtimes."""
    members = [row for row in rows if row["part"] == "structured" and (folder / f"{row['name']}_0.ckpt").is_file()]
    networks = {row["name"]: load_model(folder / f"{row['name']}_0.ckpt").module for row in members}
    if not networks:
        return
    found = {runtime: time_together(networks, runtime) for runtime in ("ONNXRuntime", "Torch")}
    for row in members:
        cost = count_as_is(networks[row["name"]])
        row |= {"device": device_name(), "parameters": cost.parameters, "macs": cost.macs}
        row["latency_ms"] = {runtime: timing[row["name"]].to_dict() for runtime, timing in found.items()}


def claims(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The paper's two claims in points of accuracy, as far as they can be told from what is there."""
    means = {row["name"]: row["mean"] for row in rows}
    dense = means.get("dense")
    if dense is None:
        return {}
    lost = {name: 100 * (dense - mean) for name, mean in means.items() if name.endswith("_0.95")}
    gained = {name: 100 * (mean - dense) for name, mean in means.items() if name.startswith("levels_")}
    return {
        "points lost at 95 % sparsity, by scope": lost,
        "less than one point lost": {name: points < 1 for name, points in lost.items()},
        "points gained by four levels with 66 % of the weights": gained,
        "more than one point gained": {name: points > 1 for name, points in gained.items()},
    }


def run_tickets(arguments: argparse.Namespace, data: SkeletonDataModule, folder: Path) -> list[dict[str, Any]]:
    """The lottery-ticket experiment of the recipe, with the test split."""
    recipe = load_recipe(Path("recipes/lottery/nw_ucla.yaml"))
    plan = Lottery(
        recipe["architecture"],
        recipe["epochs"],
        rate=recipe["rate"],
        every=recipe["every"],
        seeds=tuple(range(arguments.seeds)),
        learning_rate=arguments.learning_rate,
        test=True,
    )
    rows = run_lottery(plan, data, folder / "lottery", lambda done, total: print(f"tickets {done}/{total}", flush=True))
    return averages(rows, "test_top1")


def main() -> None:
    """Do one part of the work, or all that is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--part", choices=["all", *PARTS], default="all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    folder = Path("runs/benchmark/sparse") / arguments.data
    folder.mkdir(parents=True, exist_ok=True)
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    recipe["init_args"] = {**recipe["init_args"], "frames": 16, "batch_size": 32}
    data = build_data(recipe)
    path = Path(f"benchmarks/sparse_accuracy_{arguments.data}.json")
    known = json.loads(path.read_text()) if path.is_file() else {}
    settings = {"epochs": arguments.epochs, "learning_rate": arguments.learning_rate}
    if known.get("settings", settings) != settings:
        hint = f"give the same settings, or move {path} away"
        raise InputError("the table is of other settings", given=settings, allowed=known["settings"], hint=hint)
    done = {(row["name"], one["seed"]) for row in known.get("table", []) for one in row["runs"]}
    for seed in range(arguments.seeds):
        for part in PARTS if arguments.part == "all" else [arguments.part]:
            for run in runs(part):
                if (run.name, seed) not in done:
                    train(run, arguments, seed, data, folder)
    rows = table(folder, known)
    times(rows, folder)
    result = {**known, "settings": settings, "table": rows, "claims": claims(rows)}
    if arguments.part in ("all", "lottery") or (folder / "lottery" / "done.json").is_file():
        result["lottery"] = run_tickets(arguments, data, folder)
        (folder / "lottery" / "done.json").write_text("{}")
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    tune_allocator()
    main()
