"""The classic networks beside the numbers of the literature, and files that must load for ever."""

import json
from dataclasses import replace

import pytest
import torch

from stgnn.latency.cost import count
from stgnn.networks import Network
from stgnn.skeleton import load_layout
from stgnn.space import Architecture, load_architecture

# PYSKL's backbones with a 60-class head at 25 joints: parameters, and GMACs of two persons at 100 and at 64 frames.
PUBLISHED = {
    "STGCN": (3_098_832, 5.70, 3.65),
    "STGCN++": (1_403_144, 2.93, 1.87),
    "AAGCN": (3_781_668, 6.47, 4.14),
    "CTRGCN": (1_446_672, 2.97, 1.94),
    "DGSTGCN": (1_701_172, 2.50, 1.61),
}
# AAGCN and CTR-GCN normalise the coordinates of two persons jointly: 150 parameters more. DG-STGCN keeps K = 8
# strengths of each kind per block of which it uses one: 140 more.
UNSHARED = {"STGCN": 0, "STGCN++": 0, "AAGCN": 150, "CTRGCN": 150, "DGSTGCN": 140}


def relation_macs(architecture: Architecture, joints: int) -> int:
    """MACs of CTR-GCN's relation convolutions over all frames but one: ours see the mean frame only, equally."""
    total = 0
    for block in architecture.placed_blocks(coordinates=3):
        relation = max(block.source // 8, 8)
        total += 2 * 3 * block.source * relation * (block.frames - 1) * joints
    return total


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters(name: str) -> None:
    with torch.device("meta"):
        network = Network(load_architecture(name), load_layout("ntu25"), 60)
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED[name][0] - UNSHARED[name]


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(("frames", "column"), [(100, 1), (64, 2)])
def test_macs(name: str, frames: int, column: int) -> None:
    architecture = replace(load_architecture(name), frames=frames)
    macs = count(architecture, load_layout("ntu25"), 60).macs
    if name == "CTRGCN":
        macs += relation_macs(architecture, 25)
    assert 2 * macs / 1e9 == pytest.approx(PUBLISHED[name][column], rel=0.005)


def test_an_architecture_of_the_first_form_loads_for_ever() -> None:
    block = {"spatial": "GraphConv", "temporal": "TemporalConv", "kernel": 9, "activation": "ReLU", "attention": "none"}
    stored = {
        "format": 1,
        "streams": ["joint", "bone"],
        "frames": 16,
        "joints": 9,
        "stem": 8,
        "stages": [{"width": 16, "stride": 2, "blocks": [block]}],
    }
    architecture = Architecture.from_json(json.dumps(stored))
    assert json.loads(architecture.to_json()) == stored
    assert architecture.digest == "ae8b58d8a291"
