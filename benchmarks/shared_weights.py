"""Do shared weights rank networks as training them alone does? And better than their size would?

    python benchmarks/shared_weights.py utd_mhad --supernet SUPERNET.ckpt

Needs the store of the data recipe and the supernet (``stgnn fit --config recipes/fit/supernet_edge_utd_mhad.yaml``).
Random members of its space, small to large, are scored on the held-out training subjects as a search scores them, and
then trained alone, from random weights, once for each seed. Kendall's tau of both accuracies says how far a search can
trust the cheap one. Two figures say what to compare it with: tau between two seeds of the trainings themselves, as
they are uncertain, too, and tau of the multiply-accumulates, which cost nothing to know.
Every finished training is kept in ``runs/benchmark/shared_weights``; the same command continues. Writes
``benchmarks/shared_weights_NAME.json``.
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
from stgnn.networks import Supernet, load_supernet
from stgnn.networks.network import Network
from stgnn.ranking import rank_correlation, regret_at
from stgnn.recipe import load_recipe
from stgnn.results import build_data
from stgnn.runtimes.base import device_name
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.space import Architecture
from stgnn.tasks import ClassificationTask
from stgnn.tasks.running import accuracy, train_quietly

FAVOURITES = (1, 5)


def members(supernet: Supernet, number: int) -> list[Architecture]:
    """Different members of the space, of all sizes, drawn without looking at anything else."""
    rng = random.Random(0)
    drawn = (supernet.space.sample_sized(rng, place) for place in itertools.cycle((0.1, 0.3, 0.5, 0.7, 0.9)))
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


def summary(rows: Sequence[dict[str, Any]], seeds: Sequence[int]) -> dict[str, Any]:
    """How scores agree with the mean accuracy of the trainings, and the trainings with each other."""
    shared, macs = ([row[key] for row in rows] for key in ("shared", "macs"))
    alone = [statistics.mean(row["alone"]) for row in rows]
    between = {
        f"seeds {seeds[a]} and {seeds[b]}": agreement(*([row["alone"][place] for row in rows] for place in (a, b)))
        for a, b in itertools.combinations(range(len(seeds)), 2)
    }
    return {
        "networks": len(rows),
        "tau of shared weights": agreement(shared, alone),
        "tau of multiply-accumulates": agreement(macs, alone),
        "tau between trainings": between,
        "accuracy lost by the favourites": {
            f"best of {favourites}": {
                name: round(regret_at(score, alone, favourites), 4)
                for name, score in (("shared", shared), ("macs", macs))
            }
            for favourites in FAVOURITES
        },
        "mean accuracy": {"shared": round(statistics.mean(shared), 4), "alone": round(statistics.mean(alone), 4)},
    }


def main() -> None:
    """Score, train what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--supernet", type=Path, required=True)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    tune_allocator()
    torch.set_num_threads(1)
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    recipe["init_args"] = {**recipe["init_args"], "frames": 32, "batch_size": 32}  # those of the supernet
    data, supernet = build_data(recipe), load_supernet(arguments.supernet).module
    evaluator = SupernetEvaluator.from_data(supernet, data)
    folder, rows = Path("runs/benchmark/shared_weights") / arguments.data, []
    for architecture in members(supernet, arguments.networks):
        network = Network(architecture, data.layout, data.num_classes)
        shared, error = evaluator.accuracy(architecture)
        alone = [trained(architecture, data, seed, arguments.epochs, folder) for seed in arguments.seeds]
        macs = count(network, data.layout, data.num_classes).macs
        rows.append({"architecture": str(architecture), "macs": macs, "shared": shared, "error": error, "alone": alone})
        print(f"{len(rows)}/{arguments.networks} shared {shared:.3f} alone {alone}", flush=True)
    told = {"data": arguments.data, "space": supernet.space.name, "epochs": arguments.epochs, "seeds": arguments.seeds}
    clips = {"clips": len(data.splits()["val"]), "device": device_name()}
    result = {**told, **clips, **summary(rows, arguments.seeds), "rows": rows}
    write_text(Path(f"benchmarks/shared_weights_{arguments.data}.json"), json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rows"}, indent=1))


if __name__ == "__main__":
    main()
