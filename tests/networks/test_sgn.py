"""SGN: the published network, in a faster layout."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from stgnn.errors import InputError
from stgnn.networks import SGN, AdaSGN, load_any, load_model, load_network, save_checkpoint
from stgnn.networks.sgn import SpatialModule, module_widths
from stgnn.networks.sgn.spatial import Embedding, GraphLayer, Pointwise, Semantics
from stgnn.skeleton import load_layout
from stgnn.skeleton.transforms import center

NTU, COCO = load_layout("ntu25"), load_layout("coco17")
Shake = Callable[[nn.Module], nn.Module]


def conv(x: Tensor, layer: Pointwise) -> Tensor:
    """A 1x1 convolution on ``(B, C, V, T)``, as the authors write it."""
    return torch.nn.functional.conv2d(x, layer.matrix[:, :, None, None], layer.bias)


def norm(x: Tensor, layer: nn.BatchNorm1d) -> Tensor:
    return batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias)


def one_hot_semantics(module: Semantics) -> Tensor:
    """``(1, C, count, 1)``."""
    one_hot = torch.eye(module.count)[None, :, :, None]
    return conv(conv(one_hot, module.get_submodule(f"first_{module.count}")).relu(), module.second).relu()  # type: ignore[arg-type]


def embedded(x: Tensor, module: Embedding) -> Tensor:
    """``(B, C, V, T)`` to ``(B, width, V, T)``."""
    batch, channels, joints, frames = x.shape
    flat = norm(x.transpose(1, 2).reshape(batch, joints * channels, frames), module.norm)
    x = flat.reshape(batch, joints, channels, frames).transpose(1, 2)
    return conv(conv(x, module.first).relu(), module.second).relu()


def textbook(network: SGN, x: Tensor) -> Tensor:
    """SGN as in the paper: tensors ``(B, C, V, T)``, convolutions, one product per frame."""
    x = center(x, network.layout.center).permute(0, 3, 2, 1)  # (B, C, V, T)
    velocity = torch.cat([torch.zeros_like(x[..., :1]), x[..., 1:] - x[..., :-1]], dim=-1)
    module = network.branch.spatial
    y = embedded(x, module.position) + embedded(velocity, module.velocity)
    y = torch.cat([y, one_hot_semantics(module.semantics).expand_as(y)], dim=1)
    theta, phi = conv(y, module.theta).permute(0, 3, 2, 1), conv(y, module.phi).permute(0, 3, 1, 2)
    graph = torch.softmax(theta @ phi, dim=-1)  # (B, T, V, V)
    for layer in module.layers:
        assert isinstance(layer, GraphLayer)
        mixed = (graph @ y.permute(0, 3, 2, 1)).permute(0, 3, 2, 1)
        y = norm(conv(mixed, layer.neighbours) + conv(y, layer.own), layer.norm).relu()
    temporal = network.temporal
    y = (y + one_hot_semantics(temporal.semantics).transpose(2, 3)).amax(dim=2)  # (B, C, T)
    y = temporal.near_norm(temporal.near(y)).relu()
    return temporal.head(temporal.wide_norm(temporal.wide(y)).relu().amax(dim=2))


@pytest.mark.parametrize("size", ["small", "big"])
def test_it_is_the_textbook_network(size: str, shaken: Shake) -> None:
    network = shaken(SGN(NTU, 5, frames=7, size=size, width=8))
    x = torch.randn(3, 7, 25, 3)
    assert isinstance(network, SGN)
    torch.testing.assert_close(network(x), textbook(network, x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("classes", "parameters"), [(60, 691_048), (120, 721_828)])
def test_parameters_are_those_of_the_paper(classes: int, parameters: int) -> None:
    assert sum(parameter.numel() for parameter in SGN(NTU, classes).parameters()) == parameters


def test_weights_start_as_the_authors_draw_them() -> None:
    """Normal, of variance 2 / (kernel * C_out)."""
    network = SGN(NTU, 5, width=32)
    for name, module in network.named_modules():
        if isinstance(module, Pointwise) and not name.endswith("neighbours"):
            wanted, weight = 2 / len(module.weight), module.weight
        elif isinstance(module, nn.Conv1d):
            wanted, weight = 2 / (module.kernel_size[0] * module.out_channels), module.weight
        else:
            continue
        error = 5 * (2 / weight.numel()) ** 0.5  # five standard errors of a variance
        assert float(weight.detach().square().mean()) == pytest.approx(wanted, rel=error), name


@torch.no_grad()
@pytest.mark.parametrize("chance", [0.0, 0.5])
def test_dropout_is_the_chance_that_was_asked_for(chance: float) -> None:
    for network in (SGN(NTU, 5, dropout=chance), AdaSGN(NTU, 5, (1, 9), width=4, dropout=chance)):
        assert network.temporal.dropout.p == chance


@torch.no_grad()
def test_an_untrained_network_does_not_see_the_graph() -> None:
    network, x = SGN(NTU, 5, width=8).eval(), torch.randn(2, 20, 25, 3)
    before = network(x)
    network.branch.spatial.theta.weight.normal_()
    assert torch.equal(network(x), before)


@torch.no_grad()
@pytest.mark.parametrize("stream", ["joint", "bone", "joint_motion", "bone_motion"])
@pytest.mark.parametrize("joints", [0, 1, 9, 25])
@pytest.mark.parametrize("size", ["small", "big", "1-2-4"])
def test_deployed_equals_trained(stream: str, joints: int, size: str, shaken: Shake) -> None:
    network = shaken(SGN(NTU, 5, frames=6, joints=joints, size=size, stream=stream, width=8))
    x = torch.randn(3, 6, 25, 3)
    assert isinstance(network, SGN)
    x[0, :2] = 0  # missing frames
    torch.testing.assert_close(network.deploy()(x), network(x), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_body_of_two_dimensions_is_as_good(shaken: Shake) -> None:
    network = shaken(SGN(COCO, 3, frames=1, width=4))
    x = torch.randn(2, 1, 17, 2)
    assert isinstance(network, SGN)
    torch.testing.assert_close(network.deploy()(x), network(x), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_frames_meet_in_the_temporal_module_only() -> None:
    module = SpatialModule(5, 3, "big", 4).eval()
    positions, velocities = torch.randn(6, 5, 3), torch.randn(6, 5, 3)
    alone = torch.cat([module(positions[i : i + 1], velocities[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(module(positions, velocities), alone)


def test_every_parameter_is_trained() -> None:
    network = SGN(NTU, 5, joints=9, width=4)
    for layer in network.branch.spatial.layers:
        nn.init.normal_(layer.neighbours.weight)  # type: ignore[arg-type, union-attr]
    network(torch.randn(4, 20, 25, 3)).square().sum().backward()
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_a_checkpoint_comes_back_equal(shaken: Shake, tmp_path: Path) -> None:
    network = shaken(SGN(NTU, 3, frames=5, joints=9, size="small", stream="bone", width=4))
    assert isinstance(network, SGN)
    path = save_checkpoint(tmp_path / "sgn.ckpt", network, ("a", "b", "c"))
    loaded = load_model(path)
    x = torch.randn(2, 5, 25, 3)
    assert torch.equal(loaded.module(x), network(x)) and isinstance(load_any(path).module, SGN)
    with pytest.raises(InputError, match="holds a sgn, not a network"):
        load_network(path)


def test_a_description_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "sgn.ckpt", SGN(NTU, 2, width=4), ("a", "b"))
    for damage in ({"unknown": 1}, {"size": 3}, {"width": None}, {"width": 10**9}, {"frames": "x"}):
        data = torch.load(path, weights_only=True)
        data["stgnn"]["options"] |= damage
        torch.save(data, tmp_path / "damaged.ckpt")
        with pytest.raises(InputError):
            load_model(tmp_path / "damaged.ckpt")


@pytest.mark.parametrize(
    "size", ["medium", "", "2-3", "0-4", "4-", "-4", "99-4", "w", "w0-8", "w9-8", "w8-x", "w8-999"]
)
def test_unknown_sizes_are_refused(size: str) -> None:
    with pytest.raises(InputError, match="module size"):
        module_widths(size, 8)


@pytest.mark.parametrize(("named", "channels"), [("small", "w8"), ("big", "w8-16-32"), ("2-4", "w8-16")])
def test_a_size_may_be_given_in_channels(named: str, channels: str) -> None:
    assert module_widths(named, 8) == module_widths(channels, 8)
    one, other = (SpatialModule(9, 3, size, 8) for size in (named, channels))
    assert {name: value.shape for name, value in one.state_dict().items()} == {
        name: value.shape for name, value in other.state_dict().items()
    }


@pytest.mark.parametrize("options", [{"frames": 0}, {"width": 0}, {"stream": "bones"}, {"num_classes": 1}])
def test_other_nonsense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        SGN(**{"layout": NTU, "num_classes": 3, **options})  # type: ignore[arg-type]


def test_bodies_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        SGN(NTU, 3, width=4)(torch.randn(1, 20, 17, 3))
