"""Do shared weights rank networks as training them alone does? The same networks, asked of several supernets.

    python benchmarks/shared_weights.py utd_mhad --supernet "600 steps of 32 clips"=SUPERNET.ckpt

Needs the store of the data recipe, and supernets of ``recipes/fit/supernet_edge_DATA.yaml``, trained as their names
say. What is asked and how is ``stgnn rank``; here the answers of supernets stand side by side. Trainings are kept in
``runs/benchmark/shared_weights``; those that ``benchmarks/shared_weights_DATA.json`` holds are not done again, and what
it holds of other supernets stays.
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import torch

from stgnn.allocator import tune_allocator
from stgnn.files import write_text
from stgnn.networks import load_supernet
from stgnn.recipe import load_recipe
from stgnn.results import build_data
from stgnn.runtimes.base import device_name
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.rank_agreement import agreement, verdict
from stgnn.search.rank_check import RankCheck, check_ranks
from stgnn.space import read_architecture

OWN = ("shared", "error", "fine_tuned")  # what a row holds of each supernet
FRAMES = {"frames": 32, "batch_size": 32}  # of the trainings


def restore(rows: list[dict[str, Any]], seeds: tuple[int, ...], folder: Path) -> None:
    """Put the trainings of known rows where they are looked for."""
    for row in rows:
        for seed, score in zip(seeds, row["alone"], strict=True):
            kept = {"architecture": str(read_architecture(row["architecture"])), "seed": seed, "val_top1": score}
            write_text(folder / f"{row['digest']}_{seed}.json", json.dumps(kept))


def main() -> None:
    """Ask each supernet, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="name of a recipe under recipes/data")
    parser.add_argument("--supernet", action="append", required=True, metavar="NAME=FILE")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--finetune-epochs", type=int, default=20, help="as many as stgnn finetune takes")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    tune_allocator()
    torch.set_num_threads(1)
    plan = RankCheck(arguments.networks, finetune_epochs=arguments.finetune_epochs)
    output = Path(f"benchmarks/shared_weights_{arguments.data}.json")
    folder = Path("runs/benchmark/shared_weights") / arguments.data
    known = json.loads(output.read_text()) if output.is_file() else {"rows": [], "supernets": {}}
    restore(known["rows"], plan.seeds, folder)
    shared = {row["digest"]: row["shared"] for row in known["rows"]}
    answers = dict(known["supernets"])
    recipe = dict(load_recipe(Path(f"recipes/data/{arguments.data}.yaml")))
    data = build_data({**recipe, "init_args": {**recipe["init_args"], **FRAMES}})
    for text in arguments.supernet:
        name, _, file = text.rpartition("=")
        evaluator = SupernetEvaluator.from_data(load_supernet(file).module, data)
        rows = check_ranks(
            plan, evaluator, Path(file), data, folder, lambda done, total: print(f"{done}/{total}", flush=True)
        )
        found = agreement(rows)
        answers[name] = {**found, "verdict": verdict(found)}
        for row in rows:
            shared.setdefault(row["digest"], {})[name] = {key: round(row.pop(key), 4) for key in OWN}
    told = {"data": arguments.data, "space": evaluator.space.name, "epochs": plan.epochs, "seeds": plan.seeds}
    told["finetune_epochs"] = plan.finetune_epochs
    rows = [{**row, "shared": shared[row["digest"]]} for row in rows]
    clips = {"clips": len(data.splits()["val"]), "device": device_name()}
    write_text(output, json.dumps({**told, **clips, "supernets": answers, "rows": rows}, indent=1) + "\n")
    print(json.dumps(answers, indent=1))


if __name__ == "__main__":
    main()
