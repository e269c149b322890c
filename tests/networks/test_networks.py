"""Classic networks: parameter counts of the literature; invariants of the first layers."""

import pytest
import torch

from stgnn.networks import Network
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture

# Parameters of PYSKL's backbones with a 60-class head at 25 joints.
PUBLISHED = {"STGCN": 3_098_832, "STGCN++": 1_403_144, "AAGCN": 3_781_668, "CTRGCN": 1_446_672, "DGSTGCN": 1_701_172}
# AAGCN and CTR-GCN normalise the coordinates of two persons jointly: 150 parameters more. DG-STGCN keeps K = 8
# strengths per block of which it uses one: 140 more.
EXPLAINED = {"STGCN": 0, "STGCN++": 0, "AAGCN": 150, "CTRGCN": 150, "DGSTGCN": 140}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_the_classics(name: str) -> None:
    with torch.device("meta"):
        network = Network(load_architecture(name), load_layout("ntu25"), 60)
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED[name] - EXPLAINED[name]


def test_a_classic_runs_on_any_body() -> None:
    network = Network(load_architecture("STGCN++"), load_layout("coco17"), 5).eval()
    with torch.no_grad():
        assert network(torch.randn(2, 100, 17, 2)).shape == (2, 5)


def test_position_in_the_room_does_not_matter() -> None:
    network = Network(load_architecture("SGN-like"), load_layout("kinect20"), 4).eval()
    x = torch.randn(2, 20, 20, 3, dtype=torch.float64)
    network.double()
    with torch.no_grad():
        torch.testing.assert_close(network(x), network(x + torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)))
