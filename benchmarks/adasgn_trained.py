"""Whether trained policies are faster on the clock: AdaSGN beside the single models it was made of, on real test clips.

    python benchmarks/adasgn_trained.py "utd_mhad, width 64, 40 epochs, bf16-mixed"

Needs what ``benchmarks/adasgn_accuracy.py train --part joint`` has left in ``runs/benchmark/adasgn`` for the first
seed. Every network is exported in its deploy form, and all run the same bodies in ONNX Runtime on one thread,
interleaved as in :mod:`adasgn_speed`. To be run alone. Writes ``benchmarks/adasgn_trained.json``, which keeps what it
holds of others.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from adasgn_accuracy import WORK, data_of
from adasgn_speed import Run, measured, ratios

from stgnn.allocator import tune_allocator
from stgnn.networks import load_model
from stgnn.runtimes import ONNXRuntime
from stgnn.runtimes.base import device_name

RESULT = Path("benchmarks/adasgn_trained.json")
BODIES = 64  # test bodies, drawn at random


def networks(folder: Path) -> dict[str, Path]:
    """Checkpoints by name: the dearest single model, which is SGN, the other singles, and every trained policy."""
    singles = {path.stem: path for path in sorted((folder / "singles").glob("*-*.ckpt"))}
    rows = json.loads((folder / "singles" / "result.json").read_text(encoding="utf-8"))
    policies = {path.parent.name: path for path in sorted(folder.glob("conv_alpha_*/adasgn.ckpt"))}
    return {"SGN": singles.pop(rows[-1]["name"]), **singles, **policies}


def accuracies(folder: Path) -> dict[str, float]:
    """Test accuracy of every network."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    found = {row["name"]: row["test"] for row in (*summary["singles"], *summary["adaptive"])}
    return {"SGN": found[summary["singles"][-1]["name"]], **found}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", help=f"name of a folder of {WORK}")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    tune_allocator()
    torch.set_num_threads(1)
    folder = WORK / arguments.place / "seed0" / "joint"
    data = data_of(arguments.place.split(",")[0], None, 0)
    clips = data.splits()["test"]
    order = torch.randperm(len(clips), generator=torch.Generator().manual_seed(0))[:BODIES].numpy()
    bodies = data.clips().gather(clips[order], data.frames).bodies[:BODIES]
    sides: dict[str, tuple[Run, Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, path in networks(folder).items():
            exported = Path(place) / f"{name}.onnx"
            ONNXRuntime().export(load_model(path).module.deploy(), exported, bodies[:1], {})
            sides[name] = ONNXRuntime().session(exported), bodies.numpy()
        times = measured(sides, arguments.rounds)
    test = accuracies(folder)
    table = {
        name: {"test": test[name], "ratio to SGN": ratio, "milliseconds per body": times[name]}
        for name, ratio in ratios(times).items()
    }
    known = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    known[arguments.place] = {
        "device": device_name(),
        "rounds": arguments.rounds,
        "bodies": len(bodies),
        "networks": table,
    }
    RESULT.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    for name, row in table.items():
        print(f"{name:>16} {row['test']:.1%}", row["ratio to SGN"])


if __name__ == "__main__":
    main()
