"""Every operator is the formula of its docstring, written out joint by joint and frame by frame."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from stgnn.operators import OPERATORS, Operator
from stgnn.skeleton import load_layout
from stgnn.testing.common import randomise

BODY = load_layout("ntu25").coarsen(5)
FRAMES = 7
ACTIVATIONS = ("ReLU", "Hardswish")
Act = Callable[[Tensor], Tensor]


def built(name: str, *sizes: object, **options: object) -> tuple[Operator, Act]:
    """An operator whose every part matters, in evaluation mode, and its activation."""
    torch.manual_seed(3)
    operator = OPERATORS[name](*sizes, BODY, **options)  # type: ignore[call-arg, arg-type]
    randomise(operator.eval())
    for strength in ("strength", "difference", "similarity", "global_weight_5"):
        if hasattr(operator, strength):
            nn.init.uniform_(getattr(operator, strength), 0.5, 1.5)
    return operator, getattr(operator, "activation", nn.Identity())


def features(channels: int) -> Tensor:
    """``(B, C, T, V)``."""
    return torch.randn(2, channels, FRAMES, BODY.num_joints, generator=torch.Generator().manual_seed(4))


def projected(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """K 1x1 convolutions: ``(B, C, T, V)`` to ``(B, K, C', T, V)``."""
    return torch.einsum("kdc,bctv->bkdtv", weight, x) + bias[None, :, :, None, None]


def same(operator: nn.Module, x: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(operator(x), wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("source", "target"), [(8, 8), (6, 12)])
def test_adaptive_graph_conv(source: int, target: int, activation: str) -> None:
    operator, act = built("AdaptiveGraphConv", source, target, activation=activation)
    x = features(source)
    theta, phi = projected(x, operator.theta, operator.theta_bias), projected(x, operator.phi, operator.phi_bias)
    similarity = torch.einsum("bketu,bketv->bkuv", theta, phi) / (theta.shape[2] * FRAMES)
    graphs = operator.adjacency_5 + operator.strength * similarity.tanh()
    mixed = torch.einsum("bctu,bkuv->bkctv", x, graphs)
    y = torch.einsum("kdc,bkctv->bdtv", operator.weight, mixed) + operator.bias.sum(0)[:, None, None]
    y = act(operator.norm(y) + operator.shortcut(x))
    y = y * (1 + operator.joint_gate_5(y.mean(2)).sigmoid()[:, :, None, :])
    y = y * (1 + operator.frame_gate(y.mean(3)).sigmoid()[:, :, :, None])
    y = y * (1 + operator.excite(operator.squeeze(y.mean((2, 3))).relu()).sigmoid()[:, :, None, None])
    same(operator, x, y)


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_channel_topology_graph_conv(activation: str) -> None:
    operator, act = built("ChannelTopologyGraphConv", 6, 12, activation=activation)
    x = features(6)
    mean = x.mean(dim=2, keepdim=True)
    # a joint v gets from a joint u what u has, by how the two differ
    target = projected(mean, operator.target, operator.target_bias)[:, :, :, 0]  # (B, K, R, V)
    source = projected(mean, operator.source, operator.source_bias)[:, :, :, 0]
    relation = (target[..., None, :] - source[..., :, None]).tanh()  # (B, K, R, u, v)
    refined = torch.einsum("kdr,bkruv->bkduv", operator.refine, relation) + operator.refine_bias[..., None, None]
    graphs = operator.adjacency_5[:, None] + operator.strength * refined
    given = projected(x, operator.feature, operator.feature_bias)
    y = torch.einsum("bkdtu,bkduv->bdtv", given, graphs)
    same(operator, x, act(operator.norm(y) + operator.shortcut(x)))


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dynamic_group_graph_conv(activation: str) -> None:
    operator, act = built("DynamicGroupGraphConv", 6, 16, activation=activation)
    x = features(6)
    mean = x.mean(dim=2, keepdim=True)
    # channel w K + k belongs to group k: (B, W, K, V)
    one, other = (conv(mean)[:, :, 0].unflatten(1, (2, 8)) for conv in (operator.source, operator.target))
    pair = (one[..., :, None] - other[..., None, :]).tanh()  # (B, W, K, u, v)
    group = torch.einsum("bwku,bwkv->bkuv", one, other).softmax(dim=2)
    graphs = operator.adjacency_5 + operator.similarity * group  # (B, K, u, v)
    graphs = graphs[:, None] + operator.difference * pair
    y = torch.einsum("bwktu,bwkuv->bwktv", operator.pre(x).unflatten(1, (2, 8)), graphs).flatten(1, 2)
    same(operator, x, act(operator.post(y) + operator.shortcut(x)))
    assert isinstance(operator.pre[2], type(act)), "also inside"


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_joint_attention(activation: str) -> None:
    operator, act = built("JointAttention", 6, 10, activation=activation)
    x = features(6)
    graph = torch.einsum("betv,betu->btvu", operator.theta(x), operator.phi(x)).softmax(dim=3)
    y = operator.neighbours(torch.einsum("btvu,bctu->bctv", graph, x)) + operator.own(x)
    same(operator, x, act(operator.norm(y)))


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("source", "target"), [(8, 8), (6, 12)])
def test_learned_graph_conv(source: int, target: int, activation: str) -> None:
    operator, act = built("LearnedGraphConv", source, target, activation=activation)
    x = features(source)
    y = torch.einsum("bkdtu,kuv->bdtv", projected(x, operator.weight, operator.bias), operator.adjacency_5)
    same(operator, x, act(operator.norm(y) + operator.shortcut(x)))


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_joint_mixer(activation: str) -> None:
    operator, act = built("JointMixer", 6, 10, activation=activation)
    x = features(6)
    squeezed = torch.einsum("bctu,uv->bctv", x, operator.squeeze_5).relu()
    same(operator, x, act(operator.project(x + torch.einsum("bctu,uv->bctv", squeezed, operator.spread_5))))


@torch.no_grad()
def test_joint_frame_attention() -> None:
    operator, _ = built("JointFrameAttention", 8)
    x = features(8)
    frame, joint = operator.reduce(x.mean(3, keepdim=True)), operator.reduce(x.mean(2, keepdim=True))
    y = x * operator.frame_gate(frame).sigmoid() * operator.joint_gate(joint).sigmoid()
    same(operator, x, y)


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_depthwise_temporal_conv(activation: str) -> None:
    operator, act = built("DepthwiseTemporalConv", 8, 5, 2, activation=activation)
    assert operator.depthwise[0].groups == 8
    x = features(8)
    same(operator, x, operator.pointwise(act(operator.depthwise(x))))


@torch.no_grad()
def test_temporal_pool() -> None:
    operator, _ = built("TemporalPool", 8, 5, 2)
    x = features(8)
    around = [x[:, :, max(frame - 2, 0) : frame + 3].amax(dim=2) for frame in range(0, FRAMES, 2)]
    same(operator, x, operator.pointwise(torch.stack(around, dim=2)))


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_multi_branch_convs(activation: str) -> None:
    """One branch after the other; of the dynamic groups on one joint more, the mean of the others."""
    x = features(20)
    for name in ("MultiBranchTemporalConv", "DynamicGroupTemporalConv"):
        operator, act = built(name, 20, 3, 2, activation=activation)
        if name.startswith("Dynamic"):
            every = torch.cat([x, x.mean(dim=3, keepdim=True)], dim=3)
            outputs = [branch(every) for branch in operator.branches]
            parts = [y[..., :-1] + operator.global_weight_5 * y[..., -1:] for y in outputs]
        else:
            parts = [branch(x) for branch in operator.branches]
        mixed = sum(conv(act(part)) for conv, part in zip(operator.mix, parts, strict=True))
        same(operator, x, operator.norm(mixed + operator.bias[:, None, None]))
        assert all(isinstance(branch[2], type(act)) for branch in operator.branches[:5]), "also inside"


@torch.no_grad()
def test_multi_scale_conv_interleaves_its_branches() -> None:
    operator, _ = built("MultiScaleTemporalConv", 8, 5, 2)
    x = features(8)
    same(operator, x, torch.stack([branch(x) for branch in operator.branches], dim=2).flatten(1, 2))


@pytest.mark.parametrize(
    ("name", "kernel", "reaches"),
    [
        ("MultiBranchTemporalConv", 3, [(1, 1), (2, 1), (3, 1), (4, 1), (1, 1), (1, 0)]),
        ("MultiBranchTemporalConv", 5, [(1, 2), (2, 2), (3, 2), (4, 2), (1, 1), (1, 0)]),
        ("DynamicGroupTemporalConv", 3, [(1, 1), (2, 1), (3, 1), (4, 1), (1, 1), (1, 0)]),
        ("MultiScaleTemporalConv", 5, [(1, 2), (2, 2), (1, 1), (1, 0)]),
    ],
)
def test_branches_see_the_frames_of_their_dilation(name: str, kernel: int, reaches: list[tuple[int, int]]) -> None:
    """Steps between the frames that a branch sees, and how many of them on either side."""
    operator, _ = built(name, 24, kernel, 1, activation="SiLU")
    x = torch.randn(1, 24, 31, BODY.num_joints, requires_grad=True)
    for branch, (dilation, steps) in zip(operator.branches, reaches, strict=True):
        (seen,) = torch.autograd.grad(branch(x)[:, :, 15].sum(), x)
        frames = seen.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0].tolist()
        wanted = [15 + dilation * step for step in range(-steps, steps + 1)]
        assert frames == wanted if branch is not operator.branches[-2] else set(frames) <= set(wanted)


@torch.no_grad()
def test_readouts() -> None:
    x = features(8)
    mean, _ = built("MeanReadout", 8)
    same(mean, x, x.flatten(2).mean(dim=2))
    last, _ = built("TemporalReadout", 8)
    y = last.near(x.amax(dim=3, keepdim=True)).relu()
    same(last, x, last.wide(y).relu().flatten(2).amax(dim=2))


def test_every_operator_has_its_formula_here() -> None:
    """Written out in this file, or beside what else is promised of it."""
    elsewhere = {"GraphConv", "TemporalConv", "TemporalShift"}  # the second is a convolution of PyTorch
    here = {
        *("AdaptiveGraphConv", "ChannelTopologyGraphConv", "DynamicGroupGraphConv", "JointAttention", "JointMixer"),
        *("LearnedGraphConv", "JointFrameAttention", "DepthwiseTemporalConv", "TemporalPool", "MultiScaleTemporalConv"),
        *("MultiBranchTemporalConv", "DynamicGroupTemporalConv", "MeanReadout", "TemporalReadout"),
    }
    own = {name for name in OPERATORS if OPERATORS[name].__module__.startswith("stgnn.operators")}
    assert own == here | elsewhere
