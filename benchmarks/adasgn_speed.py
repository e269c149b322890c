"""Whether AdaSGN is faster on the clock: its deploy form beside SGN's deploy form.

    python benchmarks/adasgn_speed.py

One thread, 25 joints, 20 frames, 60 classes, one body per clip, random weights: this is about time alone. Actions are
read from the input, so that one file serves every policy; the policy is computed all the same. Every side works
through 32 clips in chunks of several sizes, sides interleaved in random order; medians of processor time, for the
machine may be shared. The best chunk up to a batch size counts, for each side its own. ``single`` are calls of one clip
in turn with the other sides, which find their weights out of the cache. ``alpha 4`` is the usage that the paper reports
for that weight of the efficiency loss; ``by clip`` gives all frames of a clip the same action; ``masked``
computes every branch for every frame and masks, as in training and as the authors' code does in evaluation, too. Writes
``benchmarks/adasgn_speed.json``.
"""

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stgnn.allocator import tune_allocator
from stgnn.latency.adaptive import action_costs
from stgnn.latency.cost import trace
from stgnn.networks.sgn import SGN, AdaSGN, DeployedAdaSGN
from stgnn.networks.sgn.choice import expected_cost
from stgnn.networks.sgn.deploy import route
from stgnn.runtimes import ONNXRuntime
from stgnn.runtimes.base import device_name
from stgnn.skeleton import load_layout

LAYOUT, FRAMES, CLASSES, CLIPS = load_layout("ntu25"), 20, 60, 32
ACTIONS = ("small-1", "big-1", "small-9", "big-9", "small-25", "big-25")
PAPER = (0.4836, 0.0, 0.0, 0.1647, 0.0, 0.3514)
BATCHES, CHUNKS = (1, 8, 32), (1, 2, 4, 8, 16, 32)
Bodies = NDArray[np.float32]
Run = Callable[[Bodies], Any]


class Steered(nn.Module):
    """A deployed AdaSGN that takes the action number in the first coordinate of the first joint."""

    outputs = ("logits", "actions")

    def __init__(self, deployed: DeployedAdaSGN) -> None:
        super().__init__()
        self.deployed = deployed

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, T, V, C)`` to logits and actions."""
        frames = self.deployed.inputs(x)
        first, *others = self.deployed.branches
        features = first(frames)
        scores = self.deployed.policy(features.reshape(-1, FRAMES, features.shape[1]))
        wanted = x[:, :, 0, 0].round()[:, :, None] == torch.arange(len(ACTIONS))
        actions = (scores + 1e6 * wanted).argmax(dim=2)
        return self.deployed.temporal(route(features, frames, actions.flatten(), others)), actions


class Masked(nn.Module):
    """AdaSGN as it is trained, with the action numbers where :class:`Steered` takes them."""

    def __init__(self, network: AdaSGN) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, V, C)`` to logits."""
        return self.network.dense(x, actions=x[:, :, 0, 0].round().long()).logits


@torch.no_grad()
def networks() -> dict[str, nn.Module]:
    """SGN and AdaSGN with weights as if trained: no layer may be trivial."""
    torch.manual_seed(0)
    sgn, adasgn = SGN(LAYOUT, CLASSES, FRAMES).eval(), AdaSGN(LAYOUT, CLASSES, (1, 9, 25), frames=FRAMES).eval()
    for network in (sgn, adasgn):
        for name, parameter in network.named_parameters():
            if "neighbours" in name:
                parameter.normal_(0, 0.05)
    deployed = adasgn.deploy()
    assert isinstance(deployed, DeployedAdaSGN)
    return {"SGN": sgn.deploy(), "AdaSGN": Steered(deployed).eval(), "masked": Masked(adasgn)}


def inputs() -> dict[str, Bodies]:
    """Clips that carry the actions of each policy."""
    rng = np.random.default_rng(0)
    shape = (CLIPS, FRAMES)
    actions = {name: np.full(shape, number) for number, name in enumerate(ACTIONS)}
    actions["uniform"] = dealt(rng, (1 / 6,) * 6, CLIPS * FRAMES).reshape(shape)
    actions["alpha 4"] = dealt(rng, PAPER, CLIPS * FRAMES).reshape(shape)
    actions["alpha 4 by clip"] = np.repeat(dealt(rng, PAPER, CLIPS)[:, None], FRAMES, axis=1)
    clips = rng.standard_normal((*shape, LAYOUT.num_joints, LAYOUT.dimensions)).astype(np.float32)
    found = {}
    for name, numbers in actions.items():
        found[name] = clips.copy()
        found[name][:, :, 0, 0] = numbers
    return found


def dealt(rng: np.random.Generator, shares: tuple[float, ...], count: int) -> NDArray[np.int64]:
    """Action numbers in random order whose shares are as near as they can be."""
    ends = np.round(np.cumsum(shares) / sum(shares) * count).astype(int)
    return rng.permutation(np.searchsorted(ends, np.arange(count), side="right"))


def eager(module: nn.Module) -> Run:
    """PyTorch without compilation."""

    def run(x: Bodies) -> Any:
        with torch.inference_mode():
            found = module(torch.from_numpy(x))
        return (found[0] if isinstance(found, tuple) else found).numpy()

    return run


def openvino_run(path: Path) -> Run:
    """OpenVINO in full precision on one thread."""
    import openvino  # type: ignore[import-untyped]

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
    return lambda x: compiled(x)[0]


def runtimes(modules: dict[str, nn.Module], folder: Path) -> dict[str, dict[str, Run]]:
    """For each runtime the function that runs each network."""
    found: dict[str, dict[str, Run]] = {"PyTorch": {name: eager(module) for name, module in modules.items()}}
    example = torch.randn(1, FRAMES, LAYOUT.num_joints, LAYOUT.dimensions)
    paths = {name: folder / f"{name}.onnx" for name in ("SGN", "AdaSGN")}
    for name, path in paths.items():
        ONNXRuntime().export(modules[name], path, example, {})
    found["ONNXRuntime"] = {name: ONNXRuntime().session(path) for name, path in paths.items()}
    if find_spec("openvino"):
        found["OpenVINO"] = {name: openvino_run(path) for name, path in paths.items()}
    return found


def difference(runs: dict[str, dict[str, Run]], bodies: dict[str, Bodies]) -> dict[str, float]:
    """Largest difference of a logit from PyTorch's over all policies."""
    wanted = {name: runs["PyTorch"]["AdaSGN"](x) for name, x in bodies.items()}
    return {
        runtime: max(float(np.abs(sides["AdaSGN"](x) - wanted[name]).max()) for name, x in bodies.items())
        for runtime, sides in runs.items()
    }


def timed(run: Run, x: Bodies, chunk: int) -> float:
    """Processor milliseconds per clip."""
    start = time.process_time()
    for begin in range(0, len(x), chunk):
        run(x[begin : begin + chunk])
    return 1e3 * (time.process_time() - start) / len(x)


def measured(sides: dict[str, tuple[Run, Bodies]], rounds: int) -> dict[str, dict[str, float]]:
    """Median milliseconds per clip of every side, by chunk size and for single calls in turn."""
    rng = random.Random(0)
    times: dict[str, dict[str, list[float]]] = {name: {str(chunk): [] for chunk in CHUNKS} for name in sides}
    clips = min(len(x) for _, x in sides.values())
    singles: dict[str, list[list[float]]] = {name: [[] for _ in range(clips)] for name in sides}
    for number in range(rounds + 1):
        for chunk in CHUNKS:
            for name in rng.sample(list(sides), len(sides)):
                run, x = sides[name]
                times[name][str(chunk)].append(timed(run, x, chunk))
        for clip in range(clips):
            for name in rng.sample(list(sides), len(sides)):
                run, x = sides[name]
                singles[name][clip].append(timed(run, x[clip : clip + 1], 1))
        if not number:  # the first round warms up
            for name in sides:
                singles[name] = [[] for _ in range(clips)]
                times[name] = {chunk: [] for chunk in times[name]}
    return {
        name: {chunk: statistics.median(values) for chunk, values in found.items()}
        | {"single": statistics.fmean(map(statistics.median, singles[name]))}
        for name, found in times.items()
    }


def ratios(times: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Each policy's time beside SGN's, each at its best chunk size up to the batch size."""

    def best(side: dict[str, float], batch: int) -> float:
        return min(side[str(chunk)] for chunk in CHUNKS if chunk <= batch)

    sgn = times["SGN"]
    return {
        name: {f"batch {batch}": round(best(side, batch) / best(sgn, batch), 3) for batch in BATCHES}
        | {"single": round(side["single"] / sgn["single"], 3)}
        for name, side in times.items()
    }


def mac_ratios(modules: dict[str, nn.Module]) -> dict[str, float]:
    """The usage of alpha 4 beside SGN, in multiply-accumulates as trained and as deployed: what time can hope for."""
    adasgn, sgn = action_costs(AdaSGN(LAYOUT, CLASSES, (1, 9, 25))), action_costs(SGN(LAYOUT, CLASSES))

    def macs(module: nn.Module, *shape: int) -> int:
        return sum(operation.macs for operation in trace(module, torch.zeros(shape)))

    frames = (FRAMES, 2 * LAYOUT.dimensions, LAYOUT.num_joints)
    deployed, features = modules["AdaSGN"].deployed, (1, FRAMES, 256)
    assert isinstance(deployed, DeployedAdaSGN)
    branches = [macs(branch, *frames) for branch in deployed.branches]
    fixed = branches[0] + macs(deployed.policy, *features) + macs(deployed.temporal, *features[1:])
    whole = macs(modules["SGN"], 1, FRAMES, LAYOUT.num_joints, LAYOUT.dimensions)
    return {
        "trained": round(adasgn.total(PAPER) / sgn.total(), 3),
        "deployed": round(expected_cost(PAPER, branches, fixed) / whole, 3),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    tune_allocator()
    torch.set_num_threads(1)
    bodies = inputs()
    result: dict[str, Any] = {"device": device_name(), "threads": 1, "rounds": rounds}
    result["versions"] = {name: version(name) for name in ("torch", "onnxruntime", "openvino") if find_spec(name)}
    modules = networks()
    result["alpha 4, MACs beside SGN's"] = mac_ratios(modules)
    with tempfile.TemporaryDirectory() as folder:
        runs = runtimes(modules, Path(folder))
        result["largest difference of a logit"] = difference(runs, bodies)
        for runtime, sides in runs.items():
            jobs = {"SGN": (sides["SGN"], bodies["uniform"])} | {n: (sides["AdaSGN"], x) for n, x in bodies.items()}
            if "masked" in sides:
                jobs["alpha 4 masked"] = (sides["masked"], bodies["alpha 4"])
            times = measured(jobs, rounds)
            rounded = {n: {k: round(v, 4) for k, v in side.items()} for n, side in times.items()}
            result[runtime] = {"ratio to SGN": ratios(times), "milliseconds per clip": rounded}
            print(runtime, json.dumps(result[runtime]["ratio to SGN"], indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
