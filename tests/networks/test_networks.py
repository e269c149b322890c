"""Invariants of a network's first layers and of its input."""

import torch

from stgnn.networks import Network
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture


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


def test_bodies_of_a_batch_do_not_touch_each_other() -> None:
    network = Network(load_architecture("SGN-like"), load_layout("kinect20"), 4).eval()
    x = torch.randn(3, 20, 20, 3)
    with torch.no_grad():
        torch.testing.assert_close(network(x)[1:2], network(x[1:2]))
