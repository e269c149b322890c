"""What a training step costs: slices against the extracted network, batch assembly, and page faults.

    python benchmarks/training_step.py

One thread, batch 64, the shipped ``edge`` space on synthetic actions; sides interleaved, medians of paired ratios.
Writes ``benchmarks/training_step.json``.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stgnn.allocator import tune_allocator
from stgnn.data import SyntheticActions
from stgnn.data.batches import Augmentation, ClipData, Draw, keyed_generator
from stgnn.networks import Supernet
from stgnn.runtimes.base import device_name
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import load_space

BATCH, FRAMES, ROUNDS = 64, 32, 9


def timed(call: Callable[[], object]) -> float:
    """Processor seconds of one call: the machine may be shared, and one thread computes."""
    start = time.process_time()
    call()
    return time.process_time() - start


def step(module: torch.nn.Module, forward: Callable[[], torch.Tensor], label: torch.Tensor) -> None:
    """Forward, backward."""
    module.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(forward(), label).backward()


def slicing(data: ClipData) -> dict[str, Any]:
    """Steps of six architectures through the slices and extracted, interleaved."""
    space = load_space("edge")
    supernet = Supernet(space, data.layout, 16).train()
    batch = data.gather(torch.arange(BATCH), FRAMES)
    bodies, label = batch.bodies, batch.label[batch.clip]
    rng = random.Random(0)
    architectures = [
        space.smallest(),
        *(space.sample_sized(rng, size) for size in (0.25, 0.5, 0.75, 0.9)),
        space.largest(),
    ]
    rows = []
    for architecture in architectures:
        x, alone = resample_frames(bodies, architecture.frames), supernet.extract(architecture).train()
        sides = (
            partial(step, supernet, partial(supernet, x, architecture), label),
            partial(step, alone, partial(alone, x), label),
        )
        for side in sides:
            side()
        pairs = [tuple(timed(side) for side in sides) for _ in range(ROUNDS)]
        ratios = sorted(sliced / extracted for sliced, extracted in pairs)
        rows.append(
            {
                "architecture": str(architecture),
                "extracted_seconds": statistics.median(extracted for _, extracted in pairs),
                "ratio": statistics.median(ratios),
                "ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
            }
        )
    total = sum(row["extracted_seconds"] for row in rows)
    weighted = sum(row["extracted_seconds"] * row["ratio"] for row in rows) / total
    return {"architectures": rows, "ratio_weighted_by_time": weighted}


def assembly(data: ClipData, step_seconds: float) -> dict[str, float]:
    """Time of a batch with frame choice, rotation and scaling, beside a sandwich step of the same batch."""
    augmentation = Augmentation(about_vertical=0.3, about_others=0.1, scale=0.1)
    indices = torch.arange(BATCH)
    batches = (
        partial(data.gather, indices, FRAMES, keyed_generator(Draw.BATCH, 0, batch), augmentation)
        for batch in range(50)
    )
    seconds = statistics.median(timed(batch) for batch in batches)
    return {"seconds": seconds, "share_of_a_step": seconds / step_seconds}


def faults() -> None:
    """In a process of its own: page faults and wall seconds of three steps of the largest network."""
    if os.environ.get("STGNN_ALLOCATOR") != "default":
        tune_allocator()
    torch.set_num_threads(1)
    data = ClipData(SyntheticActions(clips=128).store())
    space = load_space("edge")
    supernet = Supernet(space, data.layout, 16).train()
    batch = data.gather(torch.arange(BATCH), FRAMES)
    architecture, label = space.largest(), batch.label[batch.clip]
    step(supernet, lambda: supernet(batch.bodies, architecture), label)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(3):
        step(supernet, lambda: supernet(batch.bodies, architecture), label)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 3
    print(json.dumps({"page_faults": (after.ru_minflt - before.ru_minflt) // 3, "cpu_seconds": cpu}))


def allocators() -> dict[str, Any]:
    """The step with the allocator as it comes and as we set it, interleaved, three processes each."""
    results: dict[str, list[dict[str, float]]] = {"default": [], "tuned": []}
    for _ in range(3):
        for name, found in results.items():
            environment = {**os.environ, "STGNN_ALLOCATOR": name}
            command = [sys.executable, __file__, "--faults"]
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            found.append(json.loads(answer))
    summary: dict[str, Any] = {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]} for name, found in results.items()
    }
    return {**summary, "speed_up": summary["default"]["cpu_seconds"] / summary["tuned"]["cpu_seconds"]}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().faults:
        faults()
        return
    tune_allocator()
    torch.set_num_threads(1)
    data = ClipData(SyntheticActions(clips=256).store())
    slices = slicing(data)
    sandwich = sum(row["extracted_seconds"] for row in (slices["architectures"][index] for index in (0, 2, 3, 5)))
    result = {
        "device": device_name(),
        "batch": BATCH,
        "frames": FRAMES,
        "threads": 1,
        "slicing": slices,
        "batch_assembly": assembly(data, sandwich),
        "allocator": allocators(),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
