"""The compaction law: a network without what its masks emptied is the same function."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks import Network
from stgnn.networks.sgn import SGN
from stgnn.networks.sparsity import compact, find_units, fit_to, list_weights, masked
from stgnn.networks.sparsity.slicing import cut_out
from stgnn.operators import OPERATORS, SpatialOperator
from stgnn.skeleton import load_layout
from stgnn.space import Architecture, load_architecture, load_space
from tests.networks.spaces import EVERY_OPERATOR

LAYOUT = load_layout("ntu25")
CLASSICS = ("STGCN", "STGCN++", "AAGCN", "CTRGCN", "DGSTGCN", "SGN-like")


def bodies(network: nn.Module, seed: int = 0) -> torch.Tensor:
    frames = network.architecture.frames if isinstance(network, Network) else 20
    return torch.randn(3, frames, 25, 3, generator=torch.Generator().manual_seed(seed))


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def assert_law(network: Any, masks: dict[str, torch.Tensor], groups: Any = None) -> nn.Module:
    smaller = compact(network, masks, groups=groups)
    x = bodies(network)
    expected = masked(network, masks)(x)
    torch.testing.assert_close(smaller(x), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    if isinstance(network, (Network, SGN)):
        torch.testing.assert_close(smaller.deploy()(x), expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))
    return smaller


@pytest.mark.parametrize("name", CLASSICS)
def test_small_classic_networks_obey_the_law(
    name: str, make: Any, shrunk: Any, all_units: Any, unit_masks: Any
) -> None:
    network = make(shrunk(name), 1)
    groups = all_units(network)
    for draw in range(3):
        assert_law(network, unit_masks(network, groups, draw), groups)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSICS)
def test_classic_networks_obey_the_law(name: str, make: Any, all_units: Any, unit_masks: Any) -> None:
    network = make(load_architecture(name), 1)
    groups = all_units(network)
    smaller = assert_law(network, unit_masks(network, groups, 1), groups)
    assert size(smaller) < 0.6 * size(network)


@pytest.mark.parametrize("space", ["tiny", "edge", "every"])
@pytest.mark.parametrize("seed", range(3))
def test_random_architectures_obey_the_law(space: str, seed: int, make: Any, all_units: Any, unit_masks: Any) -> None:
    source = EVERY_OPERATOR if space == "every" else load_space(space)
    network = make(source.sample(random.Random(seed)), seed)
    groups = all_units(network)
    for draw in range(3):
        assert_law(network, unit_masks(network, groups, 10 * seed + draw), groups)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_random_architectures_obey_the_law(seed: int, make: Any, all_units: Any, unit_masks: Any) -> None:
    for source in (EVERY_OPERATOR, load_space("edge"), load_space("tiny")):
        network = make(source.sample(random.Random(seed)), seed)
        groups = all_units(network)
        assert_law(network, unit_masks(network, groups, seed), groups)


def test_sgn_obeys_the_law(all_units: Any, unit_masks: Any) -> None:
    network = SGN(LAYOUT, 6).eval()
    groups = all_units(network)
    assert sum(group.size for group in groups) > 1500
    assert size(assert_law(network, unit_masks(network, groups, 2), groups)) < 0.6 * size(network)


def test_without_masks_nothing_changes(make: Any) -> None:
    network = make(load_space("tiny").largest())
    smaller = compact(network, {})
    assert all(torch.equal(tensor, smaller.state_dict()[name]) for name, tensor in network.state_dict().items())


def test_the_network_itself_is_left_alone(make: Any, all_units: Any, unit_masks: Any) -> None:
    network = make(load_space("tiny").largest())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    compact(network, unit_masks(network, all_units(network), 3))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_random_unstructured_masks_obey_the_law(make: Any) -> None:
    for seed, density in enumerate((0.5, 0.05, 0.005)):
        network = make(EVERY_OPERATOR.sample(random.Random(seed)), seed)
        weights = {weight.name for weight in list_weights(network) if not weight.kept_because}
        masks = {name: torch.rand(tensor.shape) < density for name, tensor in network.named_parameters()}
        assert_law(network, {name: mask for name, mask in masks.items() if name in weights})


def test_what_nobody_reads_goes_although_its_own_weights_stay(make: Any) -> None:
    network = make(load_architecture("STGCN"))
    name = "stages.0.1.temporal.TemporalConv.conv.0.weight"
    mask = torch.ones_like(network.get_parameter(name), dtype=torch.bool)
    mask[:, 5:] = False  # the temporal step reads 5 channels of its spatial step
    smaller = assert_law(network, {name: mask})
    assert smaller.get_parameter("stages.0.1.spatial.GraphConv.weight").shape == (3, 5, 64)
    assert smaller.get_parameter(name).shape == (64, 5, 9, 1)


def test_an_empty_branch_leaves_its_lists_and_the_others_keep_their_names(make: Any, branched: Any) -> None:
    network = make(branched)
    place = "stages.1.0.temporal.MultiBranchTemporalConv"
    mix = f"{place}.mix.4.weight"
    smaller = assert_law(network, {mix: torch.zeros_like(network.get_parameter(mix))})
    assert [*smaller.get_submodule(f"{place}.branches")._modules] == ["0", "1", "2", "3", "5"]
    assert [*smaller.get_submodule(f"{place}.mix")._modules] == ["0", "1", "2", "3", "5"]


def test_what_was_concatenated_may_be_taken_apart_but_nothing_else() -> None:
    class Apart(nn.Module):
        """Two convolutions computed as one, then taken apart; and an axis cut in the middle."""

        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList(nn.Conv2d(3, width, 1) for width in (4, 6))
            self.tails = nn.ModuleList(nn.Conv2d(width, 2, 1) for width in (4, 6, 2, 4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            first, second = self.heads
            weight, bias = torch.cat([first.weight, second.weight]), torch.cat([first.bias, second.bias])
            parts = nn.functional.conv2d(x.permute(0, 3, 1, 2), weight, bias).split(
                [len(first.bias), len(second.bias)], 1
            )
            cut = parts[1].split([2, 4], 1)
            return sum(tail(part) for tail, part in zip(self.tails, (*parts, *cut), strict=True)).mean((2, 3))

    groups = find_units(Apart(), "channel", (5, 7, 3))
    assert [(group.size, group.name) for group in groups] == [(4, "heads.0.weight:0")]


def test_when_everything_is_masked_one_unit_of_everything_stays(make: Any, branched: Any) -> None:
    for source in (branched, EVERY_OPERATOR.largest()):
        network = make(source)
        masks = {name: torch.zeros_like(tensor) for name, tensor in network.named_parameters() if "head" not in name}
        smaller = assert_law(network, masks)
        assert all(parameter.numel() for parameter in smaller.parameters())


def test_a_state_alone_rebuilds_the_compact_network(
    make: Any, shrunk: Any, branched: Any, all_units: Any, unit_masks: Any
) -> None:
    network = make(branched, 4)
    smaller = compact(network, unit_masks(network, all_units(network), 5))
    rebuilt = fit_to(make(branched, 9), smaller.state_dict())
    x = bodies(network)
    with torch.no_grad():
        assert torch.equal(rebuilt(x), smaller(x))
    with pytest.raises(InputError, match="another network"):
        fit_to(make(shrunk("STGCN"), 9), smaller.state_dict())


def test_a_mask_that_does_not_fit_is_refused(make: Any) -> None:
    network = make(load_space("tiny").smallest())
    with pytest.raises(InputError, match="no such parameter"):
        compact(network, {"nothing": torch.ones(1)})
    with pytest.raises(InputError, match="another shape"):
        compact(network, {"head.weight": torch.ones(7, 7)})


def test_units_of_a_stage_go_through_its_residual_paths(make: Any) -> None:
    network = make(load_architecture("STGCN"))
    stage = next(group for group in find_units(network) if len(group.axes) > 20)
    blocks = {one.tensor.split(".spatial")[0].split(".temporal")[0].split(".residual")[0] for one in stage.axes}
    assert stage.size == 64 and {f"stages.0.{number}" for number in range(4)} <= blocks


def test_channels_that_are_interleaved_go_in_whole_groups(make: Any) -> None:
    network = make(load_architecture("CTRGCN"))
    stage = next(group for group in find_units(network) if len(group.axes) > 20)
    assert stage.size == 16  # 64 channels in four branches


class TwelveWide(SpatialOperator):
    """Two convolutions with twelve channels between them, whatever the width of the network."""

    def __init__(self, in_channels: int, out_channels: int, layout: Any, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        self.first = nn.Conv2d(in_channels, 12, 1)
        self.second = nn.Conv2d(12, out_channels, 1)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch, make: Any, shrunk: Any) -> Any:
    """Makes a small ST-GCN with an operator of the test in its second block, or in every one."""

    def network(operator: type[SpatialOperator], everywhere: bool = False) -> Any:
        monkeypatch.setitem(OPERATORS._classes, operator.__name__, operator)
        data = shrunk("STGCN").to_dict()
        blocks = [block for stage in data["stages"] for block in stage["blocks"]]
        for block in blocks if everywhere else blocks[1:2]:
            block["spatial"] = operator.__name__
        return make(Architecture.from_dict(data))

    return network


def test_an_operator_with_sizes_in_its_code_keeps_its_channels(plant: Any) -> None:
    class Stubborn(TwelveWide):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.first(x)
            return self.activation(self.second(y * torch.ones(1, 1, 1, 1).expand(1, 12, 1, 1)))

    network = plant(Stubborn, everywhere=True)
    groups = find_units(network)
    assert groups and not any(one.tensor.endswith("first.weight") and one.axis == 0 for g in groups for one in g.axes)


def test_an_operator_that_computes_with_its_number_of_channels_keeps_them(plant: Any) -> None:
    class Scaled(TwelveWide):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.first(x)
            return self.activation(self.second(y / y.shape[1]))

    network = plant(Scaled)
    names = {(one.tensor, one.axis) for group in find_units(network) for one in group.axes}
    assert ("stages.0.1.spatial.Scaled.first.weight", 0) not in names
    assert ("stages.0.1.spatial.Scaled.second.weight", 0) in names


def test_a_sum_of_weights_is_read_through_every_one_of_them(plant: Any) -> None:
    class Summed(SpatialOperator):
        def __init__(self, in_channels: int, out_channels: int, layout: Any, activation: str = "ReLU") -> None:
            super().__init__(in_channels, out_channels, layout, activation)
            self.inner = nn.Conv2d(in_channels, 12, 1)
            self.left = nn.Parameter(torch.randn(out_channels, 12, 1, 1))
            self.right = nn.Parameter(torch.randn(out_channels, 12, 1, 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.activation(nn.functional.conv2d(self.inner(x), self.left + self.right))

    network = plant(Summed)
    for leaf in ("left", "right"):
        name = f"stages.0.1.spatial.Summed.{leaf}"
        smaller = assert_law(network, {name: torch.arange(12)[:, None, None] < 6})
        assert smaller.get_parameter(name).shape[1] == 12


def test_an_operation_without_a_rule_costs_freedom_only(plant: Any) -> None:
    class Sorted(SpatialOperator):
        def __init__(self, in_channels: int, out_channels: int, layout: Any, activation: str = "ReLU") -> None:
            super().__init__(in_channels, out_channels, layout, activation)
            self.conv = nn.Conv2d(in_channels, out_channels, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x).sort(dim=1).values

    network = plant(Sorted)
    names = {(one.tensor, one.axis) for group in find_units(network) for one in group.axes}
    assert ("stages.0.1.spatial.Sorted.conv.weight", 0) not in names
    assert ("stages.1.1.spatial.GraphConv.weight", 1) in names


def test_cutting_tells_convolutions_their_sizes() -> None:
    network = nn.Sequential(nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6))
    gone = torch.tensor([True, False, False, True, False, False]).numpy()
    cut_out(network, {(f"0.{leaf}", 0): gone for leaf in ("weight", "bias")})
    conv = network[0]
    assert isinstance(conv, nn.Conv2d) and (conv.groups, conv.in_channels, conv.out_channels) == (4, 4, 4)
    assert conv(torch.randn(1, 4, 5, 5)).shape == (1, 4, 3, 3)


@pytest.mark.parametrize(("columns", "rows", "groups"), [(8, 16, 4), (16, 8, 4), (8, 8, 2), (4, 8, 4), (6, 6, 6)])
def test_a_convolution_of_which_nothing_is_cut_keeps_its_groups(columns: int, rows: int, groups: int) -> None:
    network = nn.Sequential(nn.Conv2d(columns, rows, 1, groups=groups))
    x = torch.randn(2, columns, 3, 3)
    expected = network(x)
    cut_out(network, {})
    conv = network[0]
    assert isinstance(conv, nn.Conv2d)
    assert (conv.groups, conv.in_channels, conv.out_channels) == (groups, columns, rows)
    assert torch.equal(network(x), expected)


@pytest.mark.parametrize(("middle", "groups"), [(16, 4), (24, 12), (12, 3)])
def test_an_operator_with_grouped_convolutions_obeys_the_law(
    middle: int, groups: int, plant: Any, all_units: Any, unit_masks: Any
) -> None:
    class Grouped(SpatialOperator):
        def __init__(self, in_channels: int, out_channels: int, layout: Any, activation: str = "ReLU") -> None:
            super().__init__(in_channels, out_channels, layout, activation)
            self.first = nn.Conv2d(in_channels, 12, 1)
            self.grouped = nn.Conv2d(12, middle, 1, groups=groups)
            self.last = nn.Conv2d(middle, out_channels, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.activation(self.last(self.grouped(self.first(x))))

    network = plant(Grouped, everywhere=True)
    assert_law(network, {})
    units = all_units(network)
    assert size(assert_law(network, unit_masks(network, units, 1), units)) < size(network)


def test_no_such_kind_of_unit(make: Callable[..., Network]) -> None:
    with pytest.raises(InputError, match="no such kind"):
        find_units(make(load_space("tiny").smallest()), "joints")
    with pytest.raises(InputError, match="does not say what it takes"):
        find_units(nn.Linear(3, 3))
