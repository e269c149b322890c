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
from lightning.pytorch.callbacks import Callback

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
from stgnn.tasks.lottery import averages, run_lottery
from stgnn.tasks.lottery_plan import Lottery
from stgnn.tasks.running import accuracy, train_quietly

PARTS = {  # processor minutes of one seed on UTD-MHAD with 40 epochs; NW-UCLA takes 2.3 times as long
    "dense": 4,  # the dense network, and the one with two thirds of its weights
    "from_dense": 18,  # the dense network trained on, as it is and at four levels in two scopes
    "generator": 33,  # from random weights: four levels in four scopes
    "rates": 7,  # learning rates of scores, chosen on the validation clips
    "levels": 32,  # four levels that vote, independent and nested, from random weights and from the dense network
    "structured": 25,  # channels pruned to five levels in three ways, and plain narrower networks
    "lottery": 25,
    "table": 0,  # nothing is trained: the table of what is there, and milliseconds
}
LEVELS = (0.6, 0.8, 0.95, 0.99)
FIGURES = ("seed", "test_top1", "test_top1_of_levels", "val_top1", "kept", "minutes")  # of every training in the table
SCOPES = ("erdos_renyi", "global_standardised", "layer", "global_raw")
TICKETS = ("erdos_renyi", "global")  # scopes of lottery tickets; "global" empties layers
PRUNED = (0.5, 0.55, 0.6, 0.75, 0.9)
RATES = (1.0, 10.0, 100.0)  # beside the usual one, 30
WIDTHS = (32, 24, 16, 8)  # first width of plain networks; the first one is pruned
COURSE: Mapping[str, Any] = {"dense_until": 0.2, "ramp": "cubic", "ramp_until": 0.6}
SHORT_COURSE: Mapping[str, Any] = {"dense_until": 0.0, "ramp": "cubic", "ramp_until": 0.4}  # of a trained network


@dataclass(frozen=True)
class Run:
    """One training: what the task is called with, beside data and optimiser."""

    name: str
    task: type[BaseTask]
    arguments: Mapping[str, Any]
    source: "Run | None" = None  # the training of the same seed that this one starts from
    teacher: "Run | None" = None  # the training of the same seed that this one also learns from


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
    dense = Run("dense", ClassificationTask, network)
    if part == "dense":
        yield dense
        given = {**network, "sparsity": 0.34, "scope": "global_standardised", **COURSE}
        yield Run("sparse_0.34", SparseTask, given)
    if part == "generator":
        for scope in SCOPES:
            for level in LEVELS:
                given = {**network, "sparsity": level, "scope": scope, **COURSE}
                yield Run(f"sparse_{scope}_{level:g}", SparseTask, given)
    if part == "from_dense":
        yield Run("dense_again", ClassificationTask, {}, dense)
        for scope in SCOPES[:2]:
            for level in LEVELS:
                given = {"sparsity": level, "scope": scope, **SHORT_COURSE}
                yield Run(f"from_dense_{scope}_{level:g}", SparseTask, given, dense)
    if part == "rates":
        for rate in RATES:
            given = {**network, "sparsity": 0.95, "scope": "erdos_renyi", "score_rate": rate, **COURSE}
            yield Run(f"rate_{rate:g}", SparseTask, given)
        given = {"sparsity": 0.75, "granularity": "channel", "round_to": 8, "score_rate": 30.0, **COURSE}
        yield Run("channels_rate_30", SparseTask, {"architecture": other(), **given})
    if part == "levels":
        for nested in (False, True):
            kind, given = "nested" if nested else "independent", {"levels": LEVELS, "nested": nested}
            yield Run(f"levels_{kind}", MultiLevelTask, {**network, **given, **COURSE})
            yield Run(f"levels_from_dense_{kind}", MultiLevelTask, {**given, **SHORT_COURSE}, dense)
    if part == "structured":
        plain = [Run(f"plain_{width}", ClassificationTask, {"architecture": other(width)}) for width in WIDTHS]
        again = [Run(f"{one.name}_again", ClassificationTask, {}, one) for one in plain]
        yield from (*plain, *again)
        for level in PRUNED:
            given = {"sparsity": level, "granularity": "channel", "round_to": 8}
            yield Run(f"channels_{level:g}", SparseTask, {"architecture": other(), **given, **COURSE})
            given |= SHORT_COURSE
            yield Run(f"channels_from_dense_{level:g}", SparseTask, given, plain[0])
            yield Run(f"channels_taught_{level:g}", SparseTask, given, plain[0], again[0])


def train(run: Run, arguments: argparse.Namespace, seed: int, data: SkeletonDataModule, folder: Path) -> None:
    """One training with one seed, kept in a file; the epoch is chosen on the validation clips."""
    path = folder / f"{run.name}_{seed}.json"
    if path.is_file():
        return
    settings = {"learning_rate": arguments.learning_rate, "weight_decay": 0.01}
    begin = {}
    for key, other_run in (("init_from", run.source), ("teacher", run.teacher)):
        if other_run:
            begin[key] = folder / f"{other_run.name}_{seed}.ckpt"
            if not begin[key].is_file():  # its row may come from another machine
                train(other_run, arguments, seed, data, folder)
    pl.seed_everything(seed, verbose=False)
    task = run.task(layout=data.layout, class_names=data.class_names, **settings, **begin, **run.arguments)
    first = task.sparse_networks[0].network if isinstance(task, SparseTask | MultiLevelTask) else task.network
    total = sum(weight.numel() for _, weight in maskable(first))  # of the dense network
    best, start = KeepBest(), time.process_time()
    train_quietly(task, data, arguments.epochs, seed, [best], validate=True)
    row: dict[str, Any] = {"name": run.name, "seed": seed, "epoch": best.epoch, "val_top1": best.top1}
    row["minutes"] = (time.process_time() - start) / 60
    row["test_top1"] = accuracy(task, data, "test")
    if isinstance(task, MultiLevelTask):
        row["test_top1_of_levels"] = accuracy_of_levels(task, data)
        pairs = zip(task.sparse_networks, task.network.levels, strict=False)  # nested: the densest holds the others
        kept = sum(one.kept for network, level in pairs for one in network.densities(level))
    else:
        network = task.finished() if isinstance(task, SparseTask) else task.network
        kept = sum(int(weight.count_nonzero()) for _, weight in maskable(network))
        save_checkpoint(path.with_suffix(".ckpt"), network, data.class_names, {"test_top1": row["test_top1"]})
    row["kept"] = kept / total
    path.write_text(json.dumps(row))
    print(f"{run.name}, seed {seed}: test {row['test_top1']:.3f}, {row['minutes']:.1f} minutes", flush=True)


class KeepBest(Callback):
    """Keeps the state of the epoch that was best on the validation clips, the later one of two that tie.

    Attributes:
        top1: Its accuracy.
        epoch: Its number, from 0.
    """

    def __init__(self) -> None:
        self.top1, self.epoch, self._state = -1.0, -1, dict[str, torch.Tensor]()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the state if it is the best so far."""
        top1 = float(trainer.callback_metrics["val_top1"])
        if top1 >= self.top1:
            self.top1, self.epoch = top1, trainer.current_epoch
            self._state = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go back to it."""
        if self._state:
            pl_module.load_state_dict(self._state)


@torch.no_grad()
def accuracy_of_levels(task: MultiLevelTask, data: SkeletonDataModule) -> dict[str, float]:
    """Test accuracy of every level alone."""
    task.eval()
    hits, clips = torch.zeros(len(task.network.levels)), 0
    for batch in data.test_dataloader():
        _, *each = task.clip_scores(batch)
        hits += torch.tensor([int((scores.argmax(dim=1) == batch.label).sum()) for scores in each])
        clips += len(batch.label)
    return {f"{level:g}": float(hit) / clips for level, hit in zip(task.network.levels, hits, strict=True)}


def table(folder: Path, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Mean and spread over seeds of everything that was trained, here or, as the file tells, on another machine."""
    before = {row["name"]: row for row in known.get("table", [])}
    rows = []
    for part, run in [(name, one) for name in PARTS for one in runs(name)]:
        found = {one["seed"]: one for one in before.get(run.name, {}).get("runs", [])}
        for path in folder.glob(f"{run.name}_[0-9]*.json"):
            one = json.loads(path.read_text())
            own = {key: one[key] for key in FIGURES if key in one}
            found.setdefault(one["seed"], own)  # a source that was trained again for its weights has its row already
        if found:
            scores = [one["test_top1"] for one in found.values()]
            spread = statistics.stdev(scores) if len(scores) > 1 else None
            kept, val = (statistics.mean(one[key] for one in found.values()) for key in ("kept", "val_top1"))
            told = {"part": part, "name": run.name, "kept": kept, "mean": statistics.mean(scores), "spread": spread}
            told["val_mean"] = val
            rows.append({**before.get(run.name, {}), **told, "runs": [found[seed] for seed in sorted(found)]})
    return rows


def times(rows: list[dict[str, Any]], folder: Path) -> None:
    """Parameters, MACs and milliseconds of one seed's structured networks, on two runtimes, beside the dense one.

    The seed is the one of which most networks are on this machine, the dense one among them. Networks that are not keep
    what is known of them; ``times_faster``, in each network's quietest moment, can be compared over machines.
    """
    dense = f"plain_{WIDTHS[0]}"
    structured = [row for row in rows if row["part"] == "structured"]
    ends = [path.name.removeprefix(dense) for path in sorted(folder.glob(f"{dense}_[0-9]*.ckpt"))]  # seed and suffix
    if not ends:
        return
    here = {end: [row for row in structured if (folder / f"{row['name']}{end}").is_file()] for end in ends}
    end, members = max(here.items(), key=lambda item: len(item[1]))
    networks = {row["name"]: load_model(folder / f"{row['name']}{end}").module for row in members}
    found = {runtime: time_together(networks, runtime) for runtime in ("ONNXRuntime", "Torch")}
    for row in members:
        cost = count_as_is(networks[row["name"]])
        row |= {"device": device_name(), "parameters": cost.parameters, "macs": cost.macs}
        row["latency_ms"] = {runtime: timing[row["name"]].to_dict() for runtime, timing in found.items()}
        row["times_faster"] = {
            runtime: timing[dense].quiet_ms / timing[row["name"]].quiet_ms for runtime, timing in found.items()
        }


def claims(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The paper's two claims in points of accuracy, each beside dense networks of as many epochs and its seeds."""
    scores = {row["name"]: {one["seed"]: 100 * one["test_top1"] for one in row["runs"]} for row in rows}

    def gains(name: str) -> list[float]:
        dense = scores.get("dense_again" if "from_dense" in name else "dense", {})
        return [score - dense[seed] for seed, score in scores[name].items() if seed in dense]

    sparse = {name: gains(name) for name in scores if name.endswith("_0.95")}
    levels = {name: gains(name) for name in scores if name.startswith("levels_")}
    lost = {name: -statistics.mean(found) for name, found in sparse.items() if found}
    gained = {name: statistics.mean(found) for name, found in levels.items() if found}
    return {
        "seeds": {name: len(found) for name, found in {**sparse, **levels}.items()},
        "points lost at 95 % sparsity": lost,
        "less than one point lost": {name: points < 1 for name, points in lost.items()},
        "points gained by four levels": gained,  # independent ones have 66 % of the weights, nested ones 40 %
        "more than one point gained": {name: points > 1 for name, points in gained.items()},
    }


def run_tickets(arguments: argparse.Namespace, data: SkeletonDataModule, folder: Path) -> list[dict[str, Any]]:
    """The lottery-ticket experiment of the recipe, with the test split: a row for every training."""
    recipe = load_recipe(Path("recipes/lottery/nw_ucla.yaml"))
    plan = Lottery(
        recipe["architecture"],
        recipe["epochs"],
        rate=recipe["rate"],
        every=recipe["every"],
        seeds=tuple(arguments.seeds),
        learning_rate=arguments.learning_rate,
        scope=arguments.scope,
        test=True,
    )
    return run_lottery(plan, data, folder, lambda done, total: print(f"tickets {done}/{total}", flush=True))


def tickets(folder: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """By scope, every training of the lottery and their averages, of this machine and, as the file tells, of others."""
    found = {}
    for scope in TICKETS:
        before = known.get("lottery", {}).get(scope, {}).get("runs", [])
        rows = {(row["seed"], row["method"], row["sparsity"]): row for row in before}
        for path in (folder / scope).glob("seed_*/**/*.json"):
            row = json.loads(path.read_text())
            rows[row["seed"], row["method"], row["sparsity"]] = row
        if rows:
            runs = [rows[key] for key in sorted(rows)]
            found[scope] = {"averages": averages(runs, "test_top1"), "runs": runs}
    return found


def main() -> None:
    """Do one part of the work, or all that is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the parts, only the trainings of these names")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--scope", choices=TICKETS, default=TICKETS[0], help="of the lottery tickets")
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
    settings = {key: vars(arguments)[key] for key in ("epochs", "learning_rate")}
    known = read_known(path, settings)
    done = {(row["name"], one["seed"]) for row in known.get("table", []) for one in row["runs"]}
    for seed in arguments.seeds:
        for part in arguments.part:
            for run in runs(part):
                if (run.name, seed) not in done and run.name in (arguments.only or [run.name]):
                    train(run, arguments, seed, data, folder)
    if "lottery" in arguments.part:
        run_tickets(arguments, data, folder / "lottery" / arguments.scope)
    known = read_known(path, settings)  # other parts may have been written meanwhile
    rows = table(folder, known)
    if "table" in arguments.part:
        times(rows, folder)
    result = {
        "settings": settings,
        "table": rows,
        "claims": claims(rows),
        "lottery": tickets(folder / "lottery", known),
    }
    path.write_text(json.dumps(result, indent=1) + "\n")


def read_known(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the file holds already.

    Raises:
        InputError: it is of other settings.
    """
    known = dict(json.loads(path.read_text())) if path.is_file() else {}
    if known.get("settings", settings) != settings:
        hint = f"give the same settings, or move {path} away"
        raise InputError("the table is of other settings", given=settings, allowed=known["settings"], hint=hint)
    return known


if __name__ == "__main__":
    tune_allocator()
    main()
