"""What single operators promise beyond the contract that all of them share."""

import pytest
import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks import Block
from stgnn.operators import ACTIVATIONS, OPERATORS, fold_batch_norms
from stgnn.operators.spatial import GraphConv, JointMixer, LearnedGraphConv
from stgnn.operators.temporal import MultiBranchTemporalConv, MultiScaleTemporalConv, TemporalShift
from stgnn.skeleton import adjacency, load_layout
from stgnn.space import BlockSpec

LAYOUT = load_layout("ntu25")


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("narrow", "wide"), [(3, 4), (4, 3)])
def test_graph_conv_is_its_formula(narrow: int, wide: int, training: bool) -> None:
    operator = GraphConv(narrow, wide, LAYOUT).train(training)
    operator.importance_25.data.uniform_(0.5, 1.5)
    operator.bias.data.normal_()
    x = torch.randn(2, narrow, 5, 25)
    graphs = torch.tensor(adjacency(LAYOUT, "centripetal")) * operator.importance_25
    features = torch.einsum("kdc,bctv->bkdtv", operator.weight, x) + operator.bias[None, :, :, None, None]
    expected = torch.relu(operator.norm(torch.einsum("bkdtv,kvw->bdtw", features, graphs)))
    torch.testing.assert_close(operator(x), expected, rtol=1e-5, atol=1e-5)


def test_learned_graph_conv_starts_from_the_body_and_adds_its_input() -> None:
    operator = LearnedGraphConv(4, 4, LAYOUT).eval()
    assert torch.equal(operator.adjacency_25.data, torch.tensor(adjacency(LAYOUT, "spatial")))
    operator.weight.data.zero_()
    x = torch.randn(1, 4, 2, 25)
    torch.testing.assert_close(operator(x), torch.relu(x))


def test_shift_moves_one_eighth_of_the_channels_each_way() -> None:
    operator = TemporalShift(16, 3, 1, LAYOUT).eval()
    operator.pointwise = nn.Sequential()
    x = torch.randn(1, 16, 6, 25)
    y = operator(x)
    for channel in range(16):
        shift = {0: 1, 1: -1}.get(channel % 8, 0)  # channel 0 shows the frame before, channel 1 the frame after
        expected = torch.roll(x[:, channel], shift, dims=1)
        inner = slice(1, -1)
        torch.testing.assert_close(y[:, channel, inner], expected[:, inner])


@pytest.mark.parametrize("stride", [1, 2])
def test_branches_that_begin_together_are_the_branches_one_by_one(stride: int) -> None:
    operator = MultiBranchTemporalConv(20, 3, stride, LAYOUT)
    x = torch.randn(4, 20, 7, 25)
    y = torch.cat([branch(x) for branch in operator.branches], dim=1)
    expected = sum(
        conv(part) for conv, part in zip(operator.mix, torch.relu(y).split([5, 3, 3, 3, 3, 3], 1), strict=True)
    )
    expected = operator.norm(expected + operator.bias[:, None, None])
    torch.testing.assert_close(operator(x), expected, rtol=1e-4, atol=1e-5)


def test_interleaved_branches_keep_whole_groups_when_sliced() -> None:
    wide, narrow = (MultiScaleTemporalConv(width, 5, 1, LAYOUT).eval() for width in (16, 8))
    state = {}
    for name, tensor in narrow.state_dict().items():
        block = tuple(slice(0, size) for size in tensor.shape)
        state[name] = wide.state_dict()[name][block] if tensor.dim() else tensor
    narrow.load_state_dict(state)
    for branch in range(4):
        assert torch.equal(narrow.branches[branch][0].weight, wide.branches[branch][0].weight[:2, :8])


def test_mixer_needs_no_graph() -> None:
    """Renumbering joints, and its matrices with them, renumbers the output."""
    operator = JointMixer(3, 5, LAYOUT).eval()
    order = torch.randperm(25)
    x = torch.randn(2, 3, 4, 25)
    before = operator(x)
    operator.squeeze_25.data = operator.squeeze_25.data[order][:, order]
    operator.spread_25.data = operator.spread_25.data[order][:, order]
    torch.testing.assert_close(operator(x[..., order]), before[..., order])


def test_folding_keeps_the_function() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(1), nn.BatchNorm2d(4)).eval()
    for norm in (module[1], module[4]):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 3, 4, 5)
    expected = module(x)
    folded = fold_batch_norms(module)
    assert isinstance(folded[1], nn.Identity) and isinstance(folded[4], nn.BatchNorm2d)
    torch.testing.assert_close(folded(x), expected)


def test_wrong_names_and_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean GraphConv"):
        Block(BlockSpec("GraphCnov", "TemporalConv"), 3, 8, 1, LAYOUT)
    with pytest.raises(InputError, match="is not a SpatialOperator"):
        Block(BlockSpec("TemporalConv", "TemporalConv"), 3, 8, 1, LAYOUT)
    with pytest.raises(InputError, match="no activation called"):
        Block(BlockSpec("GraphConv", "TemporalConv", activation="Tanh"), 3, 8, 1, LAYOUT)
    with pytest.raises(InputError, match="one frame back and ahead"):
        TemporalShift(8, 5, 1, LAYOUT)
    assert "ReLU" in ACTIVATIONS and "GraphConv" in OPERATORS
