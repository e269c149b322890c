"""Networks whose weights are nothing by accident, and random structured masks."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from stgnn.networks import Network
from stgnn.networks.sparsity import find_units
from stgnn.networks.sparsity.units import UnitGroup
from stgnn.skeleton import load_layout
from stgnn.space import Architecture, load_architecture

LAYOUT = load_layout("ntu25")
Masks = dict[str, Tensor]


@pytest.fixture(scope="session")
def make() -> Callable[[Architecture, int], Network]:
    """A network of 6 classes and at most 12 frames in eval mode, with random norms, biases, gates and graphs."""

    def build(architecture: Architecture, seed: int = 0) -> Network:
        torch.manual_seed(seed)
        network = Network(replace(architecture, frames=min(architecture.frames, 12)), LAYOUT, 6)
        with torch.no_grad():
            for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
                if name.endswith("running_var") or ("norm" in name and name.endswith("weight")):
                    tensor.uniform_(0.5, 1.5)
                elif name.endswith(("running_mean", "bias", "strength", "difference", "similarity")) or "gate" in name:
                    tensor.add_(torch.randn(tensor.shape) * 0.3)
            network.classifier.weight.normal_()
        return network.eval()

    return build


@pytest.fixture(scope="session")
def shrunk() -> Callable[[str], Architecture]:
    """A classic network with two narrow blocks in each of two stages."""

    def shrink(name: str) -> Architecture:
        data = load_architecture(name).to_dict()
        data["stages"] = data["stages"][-2:]
        for stage, width in zip(data["stages"], (24, 48), strict=False):
            stage.update(width=width, blocks=stage["blocks"][:2])
        return Architecture.from_dict(data)

    return shrink


@pytest.fixture(scope="session")
def branched(shrunk: Callable[[str], Architecture]) -> Architecture:
    """A small network of ST-GCN++'s blocks."""
    return shrunk("STGCN++")


@pytest.fixture(scope="session")
def all_units() -> Callable[[nn.Module], list[UnitGroup]]:
    """Channels and graph subsets."""
    return lambda network: [*find_units(network, "channel"), *find_units(network, "subset")]


@pytest.fixture(scope="session")
def unit_masks() -> Callable[[nn.Module, Sequence[UnitGroup], int], Masks]:
    """Masks that close about half the units of every group, and now and then a whole group."""

    def draw(network: nn.Module, groups: Sequence[UnitGroup], seed: int) -> Masks:
        rng, parameters, masks = random.Random(seed), dict(network.named_parameters()), {}
        for group in groups:
            part = rng.choice([0.0, 0.3, 0.5, 0.8])
            kept = [rng.random() >= part for _ in range(group.size)] if rng.random() > 0.1 else [False] * group.size
            values = torch.tensor([*kept, True])
            for one in group.axes:
                if one.tensor in parameters:
                    weight = parameters[one.tensor]
                    shape = [-1 if axis == one.axis else 1 for axis in range(weight.dim())]
                    mask = values[torch.from_numpy(one.index)].reshape(shape)
                    masks[one.tensor] = masks.get(one.tensor, torch.ones_like(weight, dtype=torch.bool)) & mask
        return masks

    return draw
