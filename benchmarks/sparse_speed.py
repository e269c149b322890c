"""Whether pruned networks are faster: without channels, without branches, without single weights, beside the dense one.

    python benchmarks/sparse_speed.py

One thread, 25 joints, 60 classes, one body, random weights: this is about time alone. Each runtime times all networks
of a family in one session, in random order, with the dense network in between. ``single weights`` have the shapes of
the dense network and 95 % zeros. A family that is done is kept in ``runs/benchmark/sparse_speed``; the same command
continues. Writes ``benchmarks/sparse_speed.json``.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from stgnn.allocator import tune_allocator
from stgnn.latency.cost import count_as_is
from stgnn.latency.together import time_together
from stgnn.networks import Network
from stgnn.networks.models import Model
from stgnn.networks.sparsity import SparseNetwork
from stgnn.runtimes.base import device_name, resolve_runtime
from stgnn.runtimes.timing import Protocol
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture

NETWORKS = {"STGCN": 64, "STGCN++": 64, "DGSTGCN": 64}  # frames
LEVELS = (0.5, 0.75, 0.9)
RUNTIMES = ("ONNXRuntime", "Torch")
ROUND_TO = 16


def members(network: Network) -> Iterator[tuple[str, Model]]:
    """The network, and what is left of it at every level."""
    yield "dense", network
    channels = SparseNetwork(network, "channel", round_to=ROUND_TO, initial="magnitude")
    for level in LEVELS:
        yield f"channels {level:.0%}", channels.compacted(level)  # type: ignore[misc]
    yield "branches 50%", SparseNetwork(network, "branch", initial="magnitude").compacted(0.5)  # type: ignore[misc]
    yield "single weights 95%", SparseNetwork(network, initial="magnitude").masked(0.95)  # type: ignore[misc]


def measured(name: str, protocol: Protocol) -> list[dict[str, Any]]:
    """Every member of one network's family on every runtime; kept in a file."""
    path = Path("runs/benchmark/sparse_speed") / f"{name}.json"
    if path.is_file():
        return list(json.loads(path.read_text()))
    network = Network(replace(load_architecture(name), frames=NETWORKS[name]), load_layout("ntu25"), 60).eval()
    networks = dict(members(network))
    times = {runtime: time_together(networks, runtime, 1, protocol) for runtime in RUNTIMES}
    rows = []
    for key, module in networks.items():
        cost = count_as_is(module)
        row: dict[str, Any] = {"network": name, "form": key, "parameters": cost.parameters, "macs": cost.macs}
        for runtime, found in times.items():
            row[runtime] = {
                **found[key].to_dict(),
                "times_faster": round(found["dense"].quiet_ms / found[key].quiet_ms, 3),
            }
        rows.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows))
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    tune_allocator()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    protocol = Protocol(runs=20, seconds=arguments.seconds, rounds=arguments.rounds)
    result = {
        "device": device_name(),
        "threads": 1,
        "runtimes": {name: resolve_runtime(name).version() for name in RUNTIMES},
        "channel_step": ROUND_TO,
        "rows": [row for name in NETWORKS for row in measured(name, protocol)],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    for row in result["rows"]:
        faster = ", ".join(f"{name} {row[name]['times_faster']:.2f}" for name in RUNTIMES)
        print(f"{row['network']:<10}{row['form']:<22}{row['parameters']:>10,} parameters, times faster: {faster}")


if __name__ == "__main__":
    main()
