r"""From a trained supernet and a measured device to the table of found networks beside ST-GCN++ and SGN, on real data.

    python benchmarks/real_data.py nw_ucla --supernet SUPERNET.ckpt

Needs the store of the data recipe, the supernet (``stgnn fit --config recipes/fit/supernet_edge_nw_ucla.yaml``) and the
device file (``stgnn profile --config recipes/profile/onnxruntime_1thread.yaml``). With ``--sgn`` and ``--sgn-study``
members of the space sgn join the table, and as a control its largest, which is SGN, cut out of the same supernet::

    stgnn fit --config recipes/fit/supernet_sgn_nw_ucla.yaml
    stgnn profile --config recipes/profile/sgn_1thread.yaml --classes 10 --output runs/device_sgn_nw.json
    stgnn search --config recipes/search/sgn.yaml --data recipes/data/nw_ucla.yaml --data.frames 20 --variants 4 \
        --supernet SGN_SUPERNET.ckpt --latency.device runs/device_sgn_nw.json --study runs/sgn_nw.journal

Choices are made on held-out training subjects; the final networks are trained on all training subjects, without
validation, for a fixed number of epochs, and see the test split once.
Every finished piece is kept in ``runs/benchmark/NAME``; the same command continues, and ``--part`` does one part of the
work, so that parts can run side by side. Writes ``benchmarks/NAME.json``.
"""

import argparse
import itertools
import json
import statistics
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from stgnn.allocator import tune_allocator
from stgnn.commands import search
from stgnn.latency import Calibrated
from stgnn.latency.benchmark import benchmark
from stgnn.networks import save_checkpoint
from stgnn.recipe import load_recipe
from stgnn.results import build_data
from stgnn.search import RegularizedEvolution
from stgnn.search.extract import choose
from stgnn.search.pareto import front, hypervolume
from stgnn.search.study import Evaluation, load_evaluations, reference_point
from stgnn.space import Architecture, BlockSpec, StageSpec, read_space
from stgnn.tasks import ClassificationTask, SGNTask
from stgnn.tasks.running import train_quietly

TAUGHT = " taught by SGN"
CONTROL = "SGN from its supernet"  # the largest of its space, which has had as much training as what is found there
FRAME_BY_FRAME = BlockSpec("GraphConv", "TemporalPool", 1)
BASELINES: dict[str, dict[str, Any]] = {
    "SGN": {"optimizer": "AdamW", "warmup": 0.1, "milestones": ()},  # what every other network here is trained with
    "ST-GCN++": {"architecture": "STGCN++", "frames": 32},
    # What a person would draw in the space edge after SGN: no step over time before the readout.
    "by hand": {
        "architecture": Architecture(
            streams=("joint", "joint_motion"),
            frames=20,
            joints=0,
            stem=32,
            stages=tuple(StageSpec(width, 1, (FRAME_BY_FRAME,)) for width in (32, 48, 64)),
            readout="TemporalReadout",
        )
    },
}


def candidates(evaluations: list[Evaluation], budgets: list[float]) -> dict[str, Evaluation]:
    """Networks of the front, chosen on the search split: fast, knee, accurate, and the best within each budget.

    ``accurate`` is the best of all, ``fast`` the quickest that is at most five points below it. A network that two of
    them name stands under the first name.
    """
    members = front(evaluations)
    accurate = members[-1]
    fast = next(one for one in members if one.accuracy >= accurate.accuracy - 0.05)
    named = {"fast": fast, "knee": choose(evaluations), "accurate": accurate}
    named |= {f"{budget:g}ms": choose(evaluations, budget) for budget in budgets}
    found: dict[str, Evaluation] = {}
    for name, one in named.items():
        if one.number not in [other.number for other in found.values()]:
            found[name] = one
    return found


def train(name: str, spec: dict[str, Any], arguments: argparse.Namespace, seed: int, folder: Path) -> dict[str, Any]:
    """Train one network on all training subjects with one seed; its accuracy on the test split. Kept in a file.

    A ``teacher`` is another row of the table, as it was trained with the first seed.
    """
    path = folder / f"{name}_{seed}.json"
    if path.is_file():
        return json.loads(path.read_text())
    pl.seed_everything(seed, verbose=False)
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    recipe["init_args"] = {**recipe["init_args"], "frames": 32, "val_subjects": [], "seed": seed, "batch_size": 32}
    data = build_data(recipe)
    kind = SGNTask if name == "SGN" else ClassificationTask
    if "teacher" in spec:
        spec = {**spec, "teacher": folder / f"{spec['teacher']}_0.ckpt"}
    spec = {**spec, "learning_rate": arguments.learning_rate, "weight_decay": 0.01}
    task = kind(data.layout, data.class_names, **spec)
    trainer = train_quietly(task, data, arguments.epochs)
    result = trainer.test(task, datamodule=data, verbose=False)[0]
    save_checkpoint(path.with_suffix(".ckpt"), task.network, data.class_names)
    path.write_text(json.dumps({key: float(value) for key, value in result.items()}))
    return json.loads(path.read_text())


def row(name: str, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One line of the table: accuracies of all finished seeds, parameters, MACs, measured latency."""
    files = [folder / f"{name}_{seed}.json" for seed in range(arguments.seeds)]
    scores = [json.loads(path.read_text())["test_top1"] for path in files if path.is_file()]
    facts = benchmark(folder / f"{name}_0.ckpt")
    return {
        "network": name,
        "test_top1": scores,
        "mean": statistics.mean(scores),
        "spread": statistics.stdev(scores) if len(scores) > 1 else None,
        **{key: facts[key] for key in ("parameters", "macs", "frames", "joints", "streams", "runtime", "threads")},
        "latency_ms": facts["latency_ms"],
    }


def chosen_networks(arguments: argparse.Namespace, study: Path) -> dict[str, tuple[Evaluation, Path]]:
    """What was found, and the supernet that holds it: in the space edge, and in that of SGN if there is a search."""
    found = {
        f"found-{key}": (one, arguments.supernet)
        for key, one in candidates(load_evaluations(study, arguments.data), arguments.budgets).items()
    }
    if arguments.sgn is not None:
        slices = candidates(load_evaluations(arguments.sgn_study, "search"), arguments.budgets)
        found |= {f"found-sgn-{key}": (one, arguments.sgn) for key, one in slices.items()}
    return found


def wanted(arguments: argparse.Namespace, chosen: dict[str, tuple[Evaluation, Path]]) -> dict[str, dict[str, Any]]:
    """What a part trains or tells of, by name: arguments of the task; first those that others learn from."""
    found = {key: {"architecture": one.architecture, "init_from": supernet} for key, (one, supernet) in chosen.items()}
    taught = {f"{key}{TAUGHT}": {**spec, "teacher": "SGN"} for key, spec in found.items()}
    if arguments.sgn is not None:
        found[CONTROL] = {"architecture": read_space("sgn").largest(), "init_from": arguments.sgn}
    everything = BASELINES | found | taught
    return {"search": {}, "baselines": BASELINES, "found": found, "taught": taught}.get(arguments.part, everything)


def study_numbers(study: Path, name: str) -> dict[str, Any]:
    """Hypervolume of the search and of random search at equal trials, and the front of all."""
    reference = reference_point(study, name)
    found = {key: load_evaluations(study, key) for key in (name, f"{name}-random")}
    equal = min(map(len, found.values()))
    volumes = {
        key: hypervolume([(one.accuracy, one.latency_ms) for one in some[:equal]], reference)
        for key, some in found.items()
    }
    return {
        "architectures": {key: len(some) for key, some in found.items()},
        "compared": equal,
        "hypervolume": volumes[name],
        "hypervolume_random": volumes[f"{name}-random"],
        "front": [
            {
                "accuracy": one.accuracy,
                "latency_ms": one.latency_ms,
                "parameters": one.parameters,
                "architecture": str(one.architecture),
            }
            for one in front(found[name])
        ],
    }


def run_search(arguments: argparse.Namespace, study: Path) -> None:
    """Search, and random search at equal cost, on held-out training subjects."""
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    recipe["init_args"] = {**recipe["init_args"], "frames": 32}
    search(
        arguments.supernet,
        recipe,
        Calibrated(arguments.device),
        RegularizedEvolution(),
        str(study),
        arguments.data,
        arguments.trials,
        compare_random=True,
        variants=arguments.variants,
    )


def write_table(
    arguments: argparse.Namespace,
    specs: dict[str, dict[str, Any]],
    chosen: dict[str, tuple[Evaluation, Path]],
    folder: Path,
) -> None:
    """The table of every network that has been trained with at least one seed, and the numbers of the search."""
    rows = [row(key, arguments, folder) for key in specs if (folder / f"{key}_0.json").is_file()]
    for line in rows:
        name = line["network"].removesuffix(TAUGHT)
        if name in chosen:
            one, _ = chosen[name]
            line["predicted_ms"] = one.latency_ms
            line["inherited_accuracy_on_search_split"] = one.accuracy
            line["architecture"] = one.architecture.to_dict()
    settings = {
        key: str(value) for key, value in vars(arguments).items() if key not in ("supernet", "sgn", "device", "part")
    }
    result = {"settings": settings, "table": rows, "search": study_numbers(folder / "study.journal", arguments.data)}
    Path(f"benchmarks/{arguments.data}.json").write_text(json.dumps(result, indent=1) + "\n")


def main() -> None:
    """Do one part of the work, or all that is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--supernet", type=Path, required=True)
    parser.add_argument("--sgn", type=Path, help="supernet of the space sgn, whose slices join the table")
    parser.add_argument("--sgn-study", default="runs/sgn.journal", help="what recipes/search/sgn.yaml wrote about it")
    parser.add_argument("--device", type=Path, default=Path("runs/device.json"))
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--budgets", type=float, nargs="*", default=[1.0, 2.5], help="in milliseconds")
    parser.add_argument("--variants", type=int, default=4, help="how often the search looks at every clip")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", choices=["all", "search", "found", "taught", "baselines", "table"], default="all")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    folder = Path("runs/benchmark") / arguments.data
    folder.mkdir(parents=True, exist_ok=True)
    study = folder / "study.journal"
    if arguments.part in ("all", "search"):
        run_search(arguments, study)
    chosen = chosen_networks(arguments, study) if arguments.part not in ("search", "baselines") else {}
    specs = wanted(arguments, chosen)
    if arguments.part in ("all", "found", "taught", "baselines"):
        for seed, (key, spec) in itertools.product(range(arguments.seeds), specs.items()):
            train(key, spec, arguments, seed, folder)
    if arguments.part in ("all", "table"):
        write_table(arguments, specs, chosen, folder)


if __name__ == "__main__":
    tune_allocator()
    main()
