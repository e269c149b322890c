"""What a training step of the sparse generator costs beside a dense step of the same network.

    python benchmarks/sparse_step.py

One thread, random bodies of 25 joints; forward, backward and an AdamW step over weights (and scores). Sides take turns
in random order; medians of paired ratios of processor time, for the machine may be shared. ``pull`` is a step of the
warm-up, in which the penalty is computed too. Writes ``benchmarks/sparse_step.json``.
"""

import argparse
import copy
import json
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from stgnn.allocator import tune_allocator
from stgnn.networks import Network
from stgnn.networks.sparsity import SparseNetwork
from stgnn.runtimes.base import device_name
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture

NETWORKS = {"STGCN++": (32, 16), "STGCN": (32, 16), "DGSTGCN": (32, 8)}  # frames and bodies of a step
SPARSE: dict[str, dict[str, Any]] = {
    "unstructured, erdos_renyi": {},
    "unstructured, global_standardised": {"scope": "global_standardised"},
    "unstructured, global_raw": {"scope": "global_raw"},
    "unstructured, block": {"scope": "block"},
    "unstructured, pull": {},
    "blocks of four": {"granularity": "block"},
    "channels": {"granularity": "channel", "round_to": 16},
}
CLASSES = 16
WANTED = 1.25


def step(module: nn.Module, forward: Callable[[], tuple[Tensor, Tensor]], label: Tensor) -> Callable[[], None]:
    """A whole training step of one side."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        logits, penalty = forward()
        (cross_entropy(logits, label) + penalty).backward()
        optimizer.step()

    return run


def sparse_forward(sparse: SparseNetwork, x: Tensor, pull: bool) -> Callable[[], tuple[Tensor, Tensor]]:
    """Logits and penalty: in the warm-up nothing is masked yet and the penalty counts, afterwards neither."""
    if pull:
        return lambda: (sparse(x, 0.0), sparse.penalty(0.95))
    return lambda: (sparse(x, 0.95), x.new_zeros(()))


def measured(name: str, rounds: int) -> dict[str, Any]:
    """Steps of one network, dense and sparse, interleaved."""
    frames, bodies = NETWORKS[name]
    layout = load_layout("ntu25")
    network = Network(replace(load_architecture(name), frames=frames), layout, CLASSES).train()
    x, label = torch.randn(bodies, frames, 25, 3), torch.randint(0, CLASSES, (bodies,))
    dense = copy.deepcopy(network)
    sides = {"dense": step(dense, lambda: (dense(x), x.new_zeros(())), label)}
    for key, arguments in SPARSE.items():
        sparse = SparseNetwork(copy.deepcopy(network), **arguments)
        sides[key] = step(sparse, sparse_forward(sparse, x, key.endswith("pull")), label)
    taken: dict[str, list[float]] = {key: [] for key in sides}
    for number in range(rounds + 1):
        for key in random.Random(number).sample([*sides], len(sides)):
            start = time.process_time()
            sides[key]()
            if number:  # the first round warms up
                taken[key].append(time.process_time() - start)
    ratios = {
        key: statistics.median(one / dense for one, dense in zip(taken[key], taken["dense"], strict=True))
        for key in SPARSE
    }
    return {
        "network": name,
        "frames": frames,
        "bodies": bodies,
        "dense_seconds": statistics.median(taken["dense"]),
        "ratio": ratios,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    tune_allocator()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = [measured(name, rounds) for name in NETWORKS]
    worst = max(ratio for row in rows for ratio in row["ratio"].values())
    result = {
        "device": device_name(),
        "threads": 1,
        "rounds": rounds,
        "wanted": WANTED,
        "worst_ratio": worst,
        "networks": rows,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
