"""The slicing law and what rests on it."""

import copy
import random
from dataclasses import replace

import pytest
import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks import Network, Supernet
from stgnn.operators import OPERATORS, SpatialOperator
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import SearchSpace, cover, load_space, read_space, space_names
from tests.networks.spaces import EVERY_OPERATOR as SPACE

LAYOUT = load_layout("ntu25")


def bodies(count: int, frames: int, seed: int = 0) -> torch.Tensor:
    """Random bodies with some missing joints."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, frames, 25, 3, generator=generator)
    x[:, :, 7] = 0
    return x


def disturb(module: nn.Module) -> None:
    """Random batch-norm statistics and weights, so that nothing is 0 or 1 by accident."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if name.endswith("running_var"):
            tensor.data.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith(("running_mean", "bias")) or ("norm" in name and tensor.is_floating_point()):
            tensor.data.add_(torch.randn(tensor.shape, generator=generator) * 0.1)


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    torch.manual_seed(0)
    net = Supernet(SPACE, LAYOUT, 6)
    disturb(net)
    return net.eval()


@pytest.mark.parametrize("seed", range(12))
def test_extracting_does_not_change_the_function(supernet: Supernet, seed: int) -> None:
    architecture = SPACE.sample(random.Random(seed))
    x = bodies(3, architecture.frames)
    with torch.no_grad():
        assert torch.equal(supernet(x, architecture), supernet.extract(architecture)(x))


@pytest.mark.parametrize("seed", range(12))
def test_deploy_form_is_equal(supernet: Supernet, seed: int) -> None:
    architecture = SPACE.sample(random.Random(seed))
    network = supernet.extract(architecture)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    x = bodies(3, architecture.frames)
    with torch.no_grad():
        expected, deployed = network(x), network.deploy()(x)
    torch.testing.assert_close(deployed, expected, rtol=1e-5, atol=1e-5)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_every_architecture_finds_its_weights(supernet: Supernet) -> None:
    rng = random.Random(3)
    for _ in range(150):
        architecture = SPACE.sample(rng)
        with torch.device("meta"):
            names = Network(architecture, LAYOUT, 6).state_dict().keys()
        assert supernet.slices(architecture).keys() == names


@pytest.mark.parametrize("name", space_names())
def test_every_architecture_of_the_shipped_spaces_finds_its_weights(name: str) -> None:
    space, rng = read_space(name), random.Random(4)
    net = Supernet(space, LAYOUT, 6)
    for index in range(120):
        net.template(space.sample_sized(rng, index / 120))


def test_slices_are_leading_along_channels_and_centred_along_kernels(supernet: Supernet) -> None:
    small, large = SPACE.smallest(), SPACE.largest()
    genes = SPACE.encode(large) | {"stage1.width": 8, "stage1.block1.kernel": 3}
    cut = supernet.slices(SPACE.decode(genes))["stages.0.0.temporal.TemporalConv.conv.0.weight"]
    whole = dict(supernet.named_parameters())["stages.0.0.temporal.TemporalConv.conv.0.weight"]
    assert whole.shape == (32, 32, 9, 1) and small != large
    assert torch.equal(cut, whole[:8, :8, 3:6])


def test_a_step_changes_only_what_the_architecture_uses(supernet: Supernet) -> None:
    net = Supernet(SPACE, LAYOUT, 6).train()
    architecture = SPACE.smallest()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    net(bodies(4, architecture.frames), architecture).square().sum().backward()
    slices = net.slices(architecture)
    for name, parameter in net.named_parameters():
        touched = parameter.grad is not None and bool(parameter.grad.any())
        assert not touched or name in slices, name
    for name, tensor in net.named_buffers():
        if name.endswith("running_mean") and name in slices:
            block = tuple(slice(0, size) for size in slices[name].shape)
            assert not torch.equal(tensor[block], before[name][block]), name
            outside = tensor.clone()
            outside[block] = before[name][block]
            assert torch.equal(outside, before[name]), name


def test_gradients_equal_those_of_the_extracted_network() -> None:
    net = Supernet(SPACE, LAYOUT, 6).train()
    architecture = SPACE.sample(random.Random(11))
    alone = net.extract(architecture).train()
    x = bodies(5, architecture.frames)
    net(x, architecture).square().sum().backward()
    alone(x).square().sum().backward()
    for name, parameter in alone.named_parameters():
        grown = dict(net.named_parameters())[name].grad
        assert grown is not None and parameter.grad is not None
        excess = [whole - part for whole, part in zip(grown.shape, parameter.shape, strict=True)]
        kernel = parameter.dim() == 4
        starts = [cut // 2 if kernel and axis >= 2 else 0 for axis, cut in enumerate(excess)]
        block = tuple(slice(start, start + size) for start, size in zip(starts, parameter.shape, strict=True))
        torch.testing.assert_close(grown[block], parameter.grad)


def test_calibration_is_exact_over_batches(supernet: Supernet) -> None:
    """Statistics of two batches are those of the joined one wherever a layer's input does not depend on the batch."""
    architecture = SPACE.largest()
    first, second = bodies(6, 16, 1), bodies(4, 16, 2) * 3
    split = supernet.calibrated(architecture, [first, second])
    joined = supernet.calibrated(architecture, [torch.cat([first, second])])
    name = "stems.joint.norm_25"
    torch.testing.assert_close(split[f"{name}.running_mean"], joined[f"{name}.running_mean"])
    torch.testing.assert_close(split[f"{name}.running_var"], joined[f"{name}.running_var"])


@pytest.mark.parametrize("readout", SPACE.readouts)
def test_calibrated_evaluation_equals_training_mode_on_the_same_batch(supernet: Supernet, readout: str) -> None:
    """Without dropout: the statistics are of what evaluation sees, and the same every time."""
    architecture = replace(SPACE.sample(random.Random(5)), readout=readout)
    x = bodies(16, architecture.frames)
    state = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    buffers = supernet.calibrated(architecture, [x])
    assert all(torch.equal(state[name], tensor) for name, tensor in supernet.state_dict().items())
    again = supernet.calibrated(architecture, [x])
    assert all(torch.equal(again[name], value) for name, value in buffers.items())
    assert not any(module.training for module in supernet.eval().template(architecture).modules())
    alone = supernet.extract(architecture).train()
    for module in alone.modules():
        if isinstance(module, nn.Dropout2d):
            module.eval()
    with torch.no_grad():
        torch.testing.assert_close(supernet.eval()(x, architecture, buffers), alone(x), rtol=1e-4, atol=1e-4)


def test_training_after_a_calibration_goes_on_as_before(supernet: Supernet) -> None:
    """Its batch norms average over steps, as those of a supernet that was never calibrated."""
    architecture, after = SPACE.smallest(), {}
    for calibrated in (False, True):
        net = copy.deepcopy(supernet)
        if calibrated:
            net.calibrated(architecture, [bodies(4, architecture.frames)])
        net.train()(bodies(4, architecture.frames, 9), architecture)
        after[calibrated] = net.state_dict()
    assert all(torch.equal(value, after[True][name]) for name, value in after[False].items())


def test_looking_at_an_architecture_draws_no_random_numbers() -> None:
    """So a run that goes on, and has its templates still to build, trains as one that has them."""
    net = Supernet(SPACE, LAYOUT, 6)
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    net.template(SPACE.sample(random.Random(77)))
    assert torch.equal(torch.rand(3), wanted)


def test_readouts_have_classifiers_of_their_own(supernet: Supernet) -> None:
    mean, other = (replace(SPACE.largest(), readout=readout) for readout in SPACE.readouts)
    assert set(supernet.slices(mean)).symmetric_difference(supernet.slices(other)) > {"head.weight"}
    assert "head.weight" not in supernet.slices(other)
    assert supernet.extract(other).classifier.in_features == 2 * supernet.extract(mean).classifier.in_features


def test_motion_of_a_coarse_body_survives_autocast() -> None:
    """Rounded positions differ by more than neighbouring frames do."""
    torch.manual_seed(0)
    architecture = replace(SPACE.smallest(), streams=("joint_motion", "bone_motion"), joints=5)
    network = Network(architecture, LAYOUT, 6).eval()
    generator = torch.Generator().manual_seed(0)
    steps = 0.01 * torch.randn(4, architecture.frames, 25, 3, generator=generator)
    x = 0.5 * torch.randn(4, 1, 25, 3, generator=generator) + steps.cumsum(dim=1)
    with torch.no_grad():
        exact = torch.stack(list(network._streams(x)))
        with torch.autocast("cpu", torch.bfloat16):
            rounded = torch.stack(list(network._streams(x))).float()
    assert (rounded - exact).norm() < 0.02 * exact.norm()


def test_an_architecture_of_another_space_is_refused(supernet: Supernet) -> None:
    foreign = load_space("edge").largest()
    with pytest.raises(InputError, match="no weights for the architecture"):
        supernet.template(foreign)


def test_bodies_of_another_shape_are_refused(supernet: Supernet) -> None:
    with pytest.raises(InputError, match="do not fit the network"):
        supernet(bodies(2, 12), SPACE.smallest())


def little(**fields: object) -> SearchSpace:
    """A space of one operator of each kind, with some fields changed; ``widths`` are those of its only stage."""
    stage = {"depths": [1, 2], "widths": fields.pop("widths", [8, 16]), "stride": 2}
    data = {"name": "little", "streams": ["joint"], "frames": [8], "joints": [0], "stems": [8], "stages": [stage]}
    return SearchSpace.from_dict({**data, "spatial": ["GraphConv"], "temporal": {"TemporalConv": [3]}, **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temporal": {"TemporalShift": [1, 3]}}, "looks one frame back and ahead(.|\\n)*kernel 1"),
        ({"temporal": {"TemporalConv": [3, 9], "TemporalShift": [3, 5, 7]}}, "looks one frame back and ahead"),
        ({"temporal": {"MultiScaleTemporalConv": [3]}, "widths": [8, 18, 24, 32]}, "four equal branches(.|\\n)*18"),
        ({"temporal": {"MultiScaleTemporalConv": [3]}, "widths": [10, 16]}, "four equal branches(.|\\n)*10"),
    ],
)
def test_an_operator_refuses_a_width_or_kernel_at_construction(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Supernet(little(**fields), LAYOUT, 6)


def test_a_branch_that_is_wider_in_a_narrow_network_finds_its_weights() -> None:
    space = little(temporal={"MultiBranchTemporalConv": [3]}, widths=[16, 20, 24])
    net = Supernet(space, LAYOUT, 6).eval()
    name = "stages.0.0.temporal.MultiBranchTemporalConv.branches.0.0.weight"
    widths = {}
    for width in (16, 20, 24):
        architecture = space.decode(space.encode(space.largest()) | {"stage1.width": width})
        x = bodies(2, 8)
        with torch.no_grad():
            assert torch.equal(net(x, architecture), net.extract(architecture)(x))
        widths[width] = net.slices(architecture)[name].shape[0]
    assert widths == {16: 6, 20: 5, 24: 4}
    assert dict(net.named_parameters())[name].any(dim=(1, 2, 3)).all()


def test_narrow_networks_change_no_initial_value() -> None:
    """The same numbers are drawn as for the cover alone, and where both have values the cover's count."""
    torch.manual_seed(7)
    net = Supernet(SPACE, LAYOUT, 6)
    after = torch.rand(3)
    torch.manual_seed(7)
    networks = [Network(architecture, LAYOUT, 6) for architecture in cover(SPACE)]
    assert torch.equal(after, torch.rand(3))
    name = "stages.1.0.temporal.TemporalConv.conv.0.weight"
    first = next(network.state_dict()[name] for network in networks if name in network.state_dict())
    assert torch.equal(net.state_dict()[name][-1], first[-1])


class Gated(SpatialOperator):
    """A 1x1 convolution times a constant per channel that a state leaves out."""

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        self.conv = nn.Conv2d(in_channels, out_channels, 1)
        self.register_buffer("gate", 1 / torch.arange(1.0, out_channels + 1)[:, None, None], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.activation(self.conv(x) * self.get_buffer("gate"))


def test_buffers_that_a_state_leaves_out_are_sliced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATORS._classes, "Gated", Gated)
    space = little(spatial=["Gated"])
    net = Supernet(space, LAYOUT, 6)
    name = "stages.0.0.spatial.Gated.gate"
    assert name not in net.state_dict()
    for architecture in (space.smallest(), space.largest()):
        x = bodies(2, 8)
        net.train()(x, architecture).square().sum().backward()
        with torch.no_grad():
            assert torch.equal(net.eval()(x, architecture), net.extract(architecture)(x))
        assert torch.equal(net.slices(architecture)[name], Network(architecture, LAYOUT, 6).get_buffer(name))
    with torch.no_grad():
        net.get_buffer(name).mul_(2)
        assert torch.equal(net(x, space.smallest()), net.extract(space.smallest())(x))
