"""The slicing law for SGN: single models in steps are slices of one supernet."""

import random

import pytest
import torch

from stgnn.networks import SGN, Supernet, load_supernet, save_checkpoint
from stgnn.skeleton import load_layout
from stgnn.space import SGNArchitecture, SGNSpace

LAYOUT = load_layout("ntu25")
SPACE = SGNSpace("small", (1, 5, 0), (4, 8), ((4, 16), (8, 16, 32)), stream="bone", frames=6)


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    return shaken().eval()


def shaken() -> Supernet:
    """A supernet whose every part matters: a new one's graph layers see no neighbours."""
    torch.manual_seed(1)
    net = Supernet(SPACE, LAYOUT, 5)
    generator = torch.Generator().manual_seed(1)
    for name, tensor in [*net.named_parameters(), *net.named_buffers()]:
        if name.endswith("running_var"):
            tensor.data.uniform_(0.5, 1.5, generator=generator)
        elif tensor.is_floating_point():
            tensor.data.add_(torch.randn(tensor.shape, generator=generator) * 0.1)
    return net


def bodies(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 6, 25, 3, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("member", list(SPACE.members()), ids=lambda member: member.action(25))
def test_every_member_is_a_slice(supernet: Supernet, member: SGNArchitecture) -> None:
    network, x = supernet.extract(member), bodies()
    assert isinstance(network, SGN) and network.options["size"] == member.module
    with torch.no_grad():
        assert torch.equal(supernet(x, member), network(x))
        torch.testing.assert_close(network.deploy()(x), network(x), rtol=1e-5, atol=1e-5)
    for name, tensor in network.state_dict().items():
        whole = supernet.state_dict()[name]
        assert torch.equal(tensor, whole[tuple(slice(0, size) for size in tensor.shape)]), name


def test_members_of_all_widths_share_the_temporal_module(supernet: Supernet) -> None:
    small, large = (supernet.extract(one) for one in (SPACE.smallest(), SPACE.largest()))
    for (name, one), (_, other) in zip(
        small.temporal.named_parameters(), large.temporal.named_parameters(), strict=True
    ):
        assert torch.equal(one, other), name


def test_a_step_trains_the_slice_alone() -> None:
    net, member = shaken().train(), SPACE.of_action("w4-4-8-5", 25)
    net(bodies(8), member).square().sum().backward()
    slices = net.slices(member)
    for name, parameter in net.named_parameters():
        if name not in slices:
            assert parameter.grad is None or not parameter.grad.any(), name
            continue
        assert parameter.grad is not None, name
        inside = tuple(slice(0, size) for size in slices[name].shape)
        assert parameter.grad[inside].any() or name.endswith("bias"), name  # norm and softmax undo some biases
        outside = parameter.grad.clone()
        outside[inside] = 0
        assert not outside.any(), name


def test_statistics_of_a_member_are_those_of_its_bodies(supernet: Supernet) -> None:
    member, x = SPACE.sample(random.Random(0)), bodies(16)
    network = supernet.extract(member).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = 1.0
        if isinstance(module, torch.nn.Dropout1d):
            module.eval()
    with torch.no_grad():
        network(x)
    found = supernet.calibrated(member, [x])
    for name, value in found.items():
        torch.testing.assert_close(
            value, network.state_dict()[name], rtol=0.2 if name.endswith("var") else 1e-4, atol=1e-4
        )


def test_a_checkpoint_comes_back(supernet: Supernet, tmp_path: object) -> None:
    path = save_checkpoint(f"{tmp_path}/supernet.ckpt", supernet, list("abcde"))
    again = load_supernet(path).module
    assert again.space == SPACE
    with torch.no_grad():
        assert torch.equal(again(bodies(), SPACE.largest()), supernet(bodies(), SPACE.largest()))
