"""Do shared weights rank networks as training them alone does? And better than their size would?

    python benchmarks/shared_weights.py utd_mhad --supernet "600 steps of 32 clips"=SUPERNET.ckpt

Needs the store of the data recipe and a supernet (``stgnn fit --config recipes/fit/supernet_edge_utd_mhad.yaml``), or
several, each with a name. Random members of the space, small to large, are scored on the held-out training subjects as
a search scores them, and trained alone, from random weights, once for each seed. Kendall's tau of both accuracies says
how far a search can trust the cheap one. Two figures say what to compare it with: tau between two seeds of the
trainings themselves, as they are uncertain, too, and tau of the multiply-accumulates, which cost nothing to know.
Every finished training is kept in ``runs/benchmark/shared_weights``; the same command continues. Writes
``benchmarks/shared_weights_NAME.json``; the trainings and supernets that it holds already stay.
"""

import argparse
import itertools
import json
import random
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from numpy.typing import ArrayLike

from stgnn.allocator import tune_allocator
from stgnn.data import SkeletonDataModule
from stgnn.files import write_text
from stgnn.latency.cost import count
from stgnn.networks import load_supernet
from stgnn.networks.network import Network
from stgnn.ranking import rank_correlation, regret_at
from stgnn.recipe import load_recipe
from stgnn.results import build_data
from stgnn.runtimes.base import device_name
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.space import Architecture, Space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.running import accuracy, train_quietly

FAVOURITES = (1, 5)


def members(space: Space, number: int) -> list[Architecture]:
    """Different members of the space, of all sizes, drawn without looking at anything else."""
    rng = random.Random(0)
    drawn = (space.sample_sized(rng, place) for place in itertools.cycle((0.1, 0.3, 0.5, 0.7, 0.9)))
    found: dict[str, Architecture] = {}
    for architecture in itertools.takewhile(lambda _: len(found) < number, drawn):
        assert isinstance(architecture, Architecture)
        found[architecture.digest] = architecture
    return list(found.values())[:number]


def trained(architecture: Architecture, data: SkeletonDataModule, seed: int, epochs: int, folder: Path) -> float:
    """Accuracy on the held-out subjects of a network that was trained alone."""
    path = folder / f"{architecture.digest}_{seed}_{epochs}.json"
    if not path.is_file():
        torch.manual_seed(seed)
        task = ClassificationTask(data.layout, data.class_names, architecture, weight_decay=0.01)
        train_quietly(task, data, epochs, seed)
        write_text(path, json.dumps(accuracy(task, data)))
    return float(json.loads(path.read_text()))


def agreement(first: ArrayLike, second: ArrayLike) -> dict[str, float]:
    """Kendall's tau-b with its interval of 95 %, rounded."""
    found = asdict(rank_correlation(first, second))
    return {key: round(found[key], 3) for key in ("value", "low", "high")}


def baselines(rows: Sequence[dict[str, Any]], seeds: Sequence[int]) -> dict[str, Any]:
    """How the size of the networks, and one training of them, agree with the mean accuracy of the trainings."""
    between = {
        f"seeds {seeds[a]} and {seeds[b]}": agreement(*([row["alone"][place] for row in rows] for place in (a, b)))
        for a, b in itertools.combinations(range(len(seeds)), 2)
    }
    alone, macs = (column(rows, key) for key in ("alone", "macs"))
    return {
        "networks": len(rows),
        "mean accuracy": round(statistics.mean(alone), 4),
        "tau between trainings": between,
        "multiply-accumulates": {"tau": agreement(macs, alone), **favourites(macs, alone)},
    }


def column(rows: Sequence[dict[str, Any]], key: str) -> list[float]:
    """One figure of every row; of several trainings their mean."""
    return [statistics.mean(row[key]) if isinstance(row[key], list) else row[key] for row in rows]


def favourites(scores: Sequence[float], alone: Sequence[float]) -> dict[str, float]:
    """How much accuracy is lost with the best of those that ``scores`` puts first."""
    return {f"lost by the best of {count}": round(regret_at(scores, alone, count), 4) for count in FAVOURITES}


def judged(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the accuracies with the shared weights of one supernet are worth, over the networks that it has scored."""
    scored = [row for row in rows if name in row["shared"]]
    shared, alone = [row["shared"][name] for row in scored], column(scored, "alone")
    mean = round(statistics.mean(shared), 4)
    return {
        "networks": len(scored),
        "mean accuracy": mean,
        "tau": agreement(shared, alone),
        **favourites(shared, alone),
    }


def kept_rows(path: Path, told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows that the file holds of the same trainings, by architecture."""
    found = json.loads(path.read_text()) if path.is_file() else {}
    return {row["architecture"]: row for row in found["rows"]} if found and told.items() <= found.items() else {}


def main() -> None:
    """Score, train what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--supernet", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    tune_allocator()
    torch.set_num_threads(1)
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    recipe["init_args"] = {**recipe["init_args"], "frames": 32, "batch_size": 32}  # those of the supernet
    data, files = build_data(recipe), [text.rpartition("=") for text in arguments.supernet]
    evaluators = {name: SupernetEvaluator.from_data(load_supernet(file).module, data) for name, _, file in files}
    space = next(iter(evaluators.values())).space
    told = {"data": arguments.data, "space": space.name, "epochs": arguments.epochs, "seeds": arguments.seeds}
    output = Path(f"benchmarks/shared_weights_{arguments.data}.json")
    folder, rows = Path("runs/benchmark/shared_weights") / arguments.data, kept_rows(output, told)
    for architecture in members(space, arguments.networks):
        row = rows.setdefault(str(architecture), {"architecture": str(architecture), "shared": {}})
        if "alone" not in row:
            network = Network(architecture, data.layout, data.num_classes)
            row["macs"] = count(network, data.layout, data.num_classes).macs
            row["alone"] = [trained(architecture, data, seed, arguments.epochs, folder) for seed in arguments.seeds]
        for name, evaluator in evaluators.items():
            row["shared"][name] = round(evaluator.accuracy(architecture)[0], 4)
        print(row, flush=True)
    clips, all_rows = {"clips": len(data.splits()["val"]), "device": device_name()}, list(rows.values())
    names = dict.fromkeys(name for row in all_rows for name in row["shared"])
    supernets = {name: judged(name, all_rows) for name in names}
    result = {**told, **clips, **baselines(all_rows, arguments.seeds), "supernets": supernets, "rows": all_rows}
    write_text(output, json.dumps(result, indent=1) + "\n")
    print(json.dumps(supernets, indent=1))


if __name__ == "__main__":
    main()
