"""SGN, AdaSGN over alpha, and the controls on real data: accuracy, cost and usage in tables like those of the paper.

    python benchmarks/adasgn_accuracy.py train --data FOLDER --set utd_mhad --seed 0 --part joint
    python benchmarks/adasgn_accuracy.py table

FOLDER holds ``utd_mhad/utd_mhad.npz`` and so on. A part is one folder of ``runs/benchmark/adasgn``; parts may run side
by side, and a part that was stopped goes on with the same command. Parts, and their processor minutes on one core for
60 epochs on NW-UCLA (half of it on the other sets):

* ``joint``: six single models, AdaSGN at five alphas, random and fuse (Tables 1 and 3): 190
* ``bone``, ``joint_motion``: six single models and AdaSGN at alpha = 4 (with ``joint``: Table 4): 50 each
* ``joint_again``: the same two of the joint stream, where ``joint`` was trained on another machine, so that its
  predictions are not there to be fused: 50
* ``scratch``: AdaSGN without pretraining (Table 2): 25
* ``clip``: one action for a whole clip (needs ``joint``, whose single models it starts from): 25
* ``skip``: a frame may be left out (needs ``joint`` as well): 25
* ``time``: what actions and single models take on this device; to be run alone: 2

The epoch is chosen on subjects (or, where none are known, clips) that are held out of training, the same for every
seed; every network sees the test clips once. ``table`` writes ``benchmarks/adasgn_accuracy.json`` from whatever parts
are there and from the runs that the file holds already, so that seeds may be trained on several machines.
Costs are those of one real body; SGN skips empty bodies, too, and ``bodies_per_clip`` tells how many are paid for.
"""

import argparse
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from stgnn.data import SkeletonDataModule, import_data
from stgnn.errors import InputError
from stgnn.networks.sgn.adasgn import SKIP
from stgnn.report import markdown_table
from stgnn.report.adaptive import write_adaptive_page
from stgnn.report.units import percent
from stgnn.runtimes.base import device_name
from stgnn.tasks.fusion import fuse, read_predictions
from stgnn.tasks.two_stage import SINGLES, run
from stgnn.tasks.two_stage_costs import TIMED_SINGLES, measure_actions, measured_file
from stgnn.tasks.two_stage_plan import TwoStages

WORK = Path("runs/benchmark/adasgn")
RESULT = Path("benchmarks/adasgn_accuracy.json")
SETS: Mapping[str, dict[str, Any]] = {
    "utd_mhad": {"layout": "kinect20", "protocol": "xsub", "batch_size": 32},
    "nw_ucla": {"layout": "kinect20", "protocol": "xview_nodup", "batch_size": 64, "about_vertical": 1.2},
    "sfinge3d": {"layout": "sfinge20", "protocol": "dict2seq", "batch_size": 32},
    "sbu_kinect": {"layout": "sbu15", "protocol": "fold1", "batch_size": 32},
}
STREAMS = ("joint", "bone", "joint_motion")
ALPHAS = (0.0, 0.5, 1.0, 4.0, 10.0)
FIGURES = ("val", "test", "gflops", "macs", "milliseconds", "bodies_per_clip")
LENT = ("clip", "skip")  # parts that start from the single models of joint
AGAIN = "joint_again"
PARTS = (*STREAMS, AGAIN, "scratch", *LENT, "time")
FUSED = {"SGN": Path(SINGLES), "AdaSGN, alpha 4": Path("conv_alpha_4")}


def data_of(name: str, folder: Path | None, seed: int) -> SkeletonDataModule:
    """A set, imported on first use."""
    store, spec = WORK / "stores" / name, dict(SETS[name])
    layout = spec.pop("layout")
    if not store.exists():
        if folder is None:
            raise InputError(f"the store of {name} is not made yet", hint="give --data, the folder of the .npz files")
        import_data("npz", folder / name / f"{name}.npz", store, layout=layout)
    return SkeletonDataModule(store, frames=20, seed=seed, **spec)


def plan_of(part: str, seed: int, epochs: int, width: int) -> TwoStages:
    """What a part trains."""
    plan = TwoStages((1, 9, 0), width=width, single_epochs=epochs, epochs=epochs, frozen_epochs=epochs // 4, seed=seed)
    if part == "joint":
        return replace(plan, policies=("conv", "random", "fuse"), alphas=ALPHAS)
    if part == "scratch":
        return replace(plan, pretrain=False)
    if part == "skip":
        return replace(plan, skip=True)
    if part in ("clip", "time"):
        return replace(plan, scope="clip")
    return replace(plan, stream=part.removesuffix("_again"))


def train(arguments: argparse.Namespace) -> None:
    """Carry out one part."""
    torch.set_num_threads(1)  # networks this small gain little from a second
    data = data_of(arguments.set, arguments.data, arguments.seed)
    plan = plan_of(arguments.part, arguments.seed, arguments.epochs, arguments.width)
    plan = replace(plan, precision=arguments.precision)
    place = WORK / f"{arguments.set}, width {arguments.width}, {arguments.epochs} epochs, {arguments.precision}"
    folder = place / f"seed{arguments.seed}"
    if arguments.part == "time":
        measure_actions(replace(plan, scope="frame").network(data), place)
        return
    output = folder / arguments.part
    if arguments.part in LENT:
        _lend(folder / "joint" / SINGLES, output / SINGLES)
    write_adaptive_page(output / "adaptive.html", run(plan, data, output))


def _lend(source: Path, target: Path) -> None:
    """Give a part the single models of another."""
    if not (source / "result.json").is_file():
        raise InputError("the single models are not trained yet", given=source, hint="run --part joint first")
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if not (target / path.name).exists():
            (target / path.name).hardlink_to(path)


def table(arguments: argparse.Namespace) -> None:
    """Sum up whatever parts are there, and what the file knows of others."""
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    found = {}
    for name in sorted({*known, *(path.parent.name for path in WORK.glob("*/seed*"))}):
        rows = [*known.get(name, {}).get("runs", []), *_trained(WORK / name)]
        runs = {(row["name"], row["seed"]): row for row in rows}
        networks = _summed(list(runs.values()))
        found[name] = {"networks": networks, "runs": sorted(runs.values(), key=lambda run: (run["seed"], run["name"]))}
        print(f"\n{name}\n\n{_shown(networks)}")
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _trained(place: Path) -> Iterable[dict[str, Any]]:
    """A row for every network that was trained here."""
    for folder in sorted(place.glob("seed*")):
        for row in (*_rows(folder, place), *_fused(folder)):
            kept = {key: row[key] for key in ("name", *FIGURES, "device", "usage") if row.get(key) is not None}
            yield {"seed": int(folder.name.removeprefix("seed")), **kept}


def _rows(seed: Path, place: Path) -> Iterable[dict[str, Any]]:
    for part in PARTS:
        path = seed / part / "summary.json"
        if path.is_file():
            summary = json.loads(path.read_text(encoding="utf-8"))
            singles = summary["singles"] if part in (*STREAMS, AGAIN) else []
            for row in (*singles, *summary["adaptive"]):
                yield {**row, "name": f"{part}: {row['name']}", **_milliseconds(row, place)}


def _milliseconds(row: Mapping[str, Any], place: Path) -> dict[str, Any]:
    measured = measured_file(place, row.get("policy", "conv"))
    if not measured.is_file():
        return {}
    if "usage" not in row:
        return {"milliseconds": json.loads((place / TIMED_SINGLES).read_text())[row["name"]], "device": device_name()}
    if row["policy"] == "fuse":
        return {}
    content = json.loads(measured.read_text())
    costs = {**content["added"], SKIP: 0.0}  # a frame that is left out adds nothing
    added = sum(share * costs[action] for action, share in row["usage"].items())
    return {"milliseconds": content["fixed"] + added, "device": device_name()}


def _fused(seed: Path) -> Iterable[dict[str, Any]]:
    """Three streams together, for every kind of weights."""
    for name, place in FUSED.items():
        streams = ("joint" if (seed / "joint").is_dir() else AGAIN, *STREAMS[1:])
        paths = [seed / stream / place / "predictions.csv" for stream in streams]
        if all(path.is_file() for path in paths):
            predictions = [read_predictions(path) for path in paths]
            for weights in ("equal", "authors", "fitted"):
                mixed, _ = fuse(predictions, weights)
                scores = {split: mixed.accuracy(split) for split in ("val", "test")}
                yield {"name": f"three streams, {weights}: {name}", **scores}


def _summed(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and deviation over the seeds, by network."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        told: dict[str, Any] = {"runs": len(own)}
        for key in FIGURES:
            values = [row[key] for row in own if row.get(key) is not None]
            if values:
                told[key] = statistics.mean(values)
                told[f"{key}_std"] = statistics.stdev(values) if len(values) > 1 else 0.0
        if "usage" in own[0]:
            told["usage"] = {action: statistics.mean(row["usage"][action] for row in own) for action in own[0]["usage"]}
        found[name] = told
    return found


def _shown(networks: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, one in networks.items():
        usage = ", ".join(f"{action} {share:.1%}" for action, share in one.get("usage", {}).items() if share >= 0.002)
        scores = [percent(one[split], one[f"{split}_std"]) for split in ("val", "test")]
        costs = [f"{one[key]:.3g}" if key in one else "" for key in ("gflops", "macs", "milliseconds")]
        rows.append([name, one["runs"], *scores, *costs, usage])
    return markdown_table(["Network", "Runs", "Validation", "Test", "GFLOPs", "MACs", "ms", "Usage"], rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = parser.add_subparsers(required=True)
    training = words.add_parser("train")
    training.add_argument("--data", type=Path, help="folder of the .npz files; needed once for each set")
    training.add_argument("--set", choices=tuple(SETS), required=True)
    training.add_argument("--seed", type=int, default=0)
    training.add_argument("--part", choices=PARTS, required=True)
    training.add_argument("--epochs", type=int, default=60)
    training.add_argument("--width", type=int, default=64, help="embedding width; 64 is the paper's")
    training.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true")
    training.set_defaults(function=train)
    words.add_parser("table").set_defaults(function=table)
    chosen = parser.parse_args()
    chosen.function(chosen)
