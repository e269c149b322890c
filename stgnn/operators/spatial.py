"""Spatial operators with a graph that does not depend on the input, and the graph-free mixer."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from stgnn.operators.base import OPERATORS, SpatialOperator, fan_out_, point_conv
from stgnn.operators.folding import affine, fixed_conv
from stgnn.skeleton import SkeletonLayout, adjacency


def aggregate(x: Tensor, graphs: Tensor) -> Tensor:
    """``(B, C, T, V)`` over every graph of ``(K, V, V)``: ``(B, K*C, T, V)``, graph-major."""
    batch, channels, frames, joints = x.shape
    return (x.reshape(batch, 1, channels * frames, joints) @ graphs).reshape(batch, -1, frames, joints)


class AggregatedConv(nn.Module):
    """Deploy form of a convolution over fixed graphs: one batched product with the graphs, one 1x1 convolution.

    ``y = act( W [x A_1 | ... | x A_K | x] + b_v (+ x) )``: batch norm, graph biases and a projecting residual are all
    inside W and b.

    Args:
        graphs: Constant graphs ``(K, V, V)``, right operands on the joint axis.
        weight: ``(K, C_out, C_in)``.
        joint_bias: ``(C_out, V)``.
        shortcut: Weight ``(C_out, C_in)`` of a projecting residual, if there is one.
        identity: Whether the input itself is added.
        activation: The final activation.
    """

    def __init__(
        self,
        graphs: Tensor,
        weight: Tensor,
        joint_bias: Tensor,
        shortcut: Tensor | None,
        identity: bool,
        activation: nn.Module,
    ) -> None:
        super().__init__()
        self.register_buffer("graphs", graphs.detach().clone())
        weights = [*weight, *([] if shortcut is None else [shortcut])]
        constant = bool(torch.allclose(joint_bias, joint_bias[:, :1].expand_as(joint_bias), atol=1e-7))
        self.conv = fixed_conv(torch.cat(weights, dim=1), joint_bias[:, 0] if constant else None)
        self.joint_bias = None if constant else nn.Parameter(joint_bias.detach().clone()[None, :, None, :])
        self.project, self.identity, self.activation = shortcut is not None, identity, activation

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        mixed = aggregate(x, self.get_buffer("graphs"))
        y = self.conv(torch.cat([mixed, x], dim=1) if self.project else mixed)
        y = y if self.joint_bias is None else y + self.joint_bias
        return self.activation(y + x if self.identity else y)


class _FixedGraphConv(SpatialOperator, ABC):
    """``y = act( BN( sum_k (W_k x + b_k) A_k ) (+ residual) )`` with graphs A that are the same for every input."""

    partition = "spatial"

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        graphs = adjacency(layout, self.partition)  # (K, V, V)
        self.weight = nn.Parameter(
            fan_out_(torch.empty(len(graphs), out_channels, in_channels), len(graphs) * out_channels)
        )
        self.bias = nn.Parameter(torch.zeros(len(graphs), out_channels))
        self.norm = nn.BatchNorm2d(out_channels)
        self.register_graphs(torch.tensor(graphs))

    @abstractmethod
    def register_graphs(self, graphs: Tensor) -> None:
        """Store the graphs ``(K, V, V)``."""

    @property
    @abstractmethod
    def graphs(self) -> Tensor:
        """The graphs in use, ``(K, V, V)``."""

    def residual(self, x: Tensor) -> Tensor | None:
        """What is added before the activation."""
        return None

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        # Training takes the cheaper order; evaluation the published one, whose multiply-accumulates are counted.
        widens = self.training and self.weight.shape[2] < self.weight.shape[1]
        y = self.norm(self._graphs_first(x) if widens else self._channels_first(x))
        residual = self.residual(x)
        return self.activation(y if residual is None else y + residual)

    def _graphs_first(self, x: Tensor) -> Tensor:
        graphs = self.graphs
        y = point_conv(aggregate(x, graphs), self.weight.transpose(0, 1).flatten(1))  # (B, C_out, T, V)
        return y + self._joint_bias(graphs)[:, None]

    def _channels_first(self, x: Tensor) -> Tensor:
        batch, _, frames, joints = x.shape
        y = point_conv(x, self.weight.flatten(0, 1), self.bias.flatten())  # (B, K*C_out, T, V)
        y = y.reshape(batch, len(self.weight), -1, joints) @ self.graphs  # (B, K, C_out*T, V)
        return y.sum(dim=1).reshape(batch, -1, frames, joints)

    def _joint_bias(self, graphs: Tensor) -> Tensor:
        """``(C_out, V)``: what the biases of all graphs add up to at every joint."""
        return torch.einsum("kc,kv->cv", self.bias, graphs.sum(dim=1))

    def _folded(self) -> tuple[Tensor, Tensor, Tensor]:
        """Graphs ``(K, V, V)``, weight ``(K, C_out, C_in)`` and bias ``(C_out, V)`` with the batch norm inside."""
        scale, shift = affine(self.norm)
        graphs = self.graphs.detach()
        bias = self._joint_bias(graphs).detach()
        return graphs, self.weight.detach() * scale[:, None], bias * scale[:, None] + shift[:, None]

    def deploy(self) -> nn.Module:
        """One product with the graphs, one convolution."""
        return AggregatedConv(*self._folded(), None, False, self.activation)


@OPERATORS.register
class GraphConv(_FixedGraphConv):
    """Graph convolution of ST-GCN: the body's graph times a learned importance of every edge.

    ``y = act( BN( sum_k (W_k x + b_k) (A_k * M_k) ) )``, A the centripetal partition (K = 3), M learned, ones at first.
    Source: Yan et al., "Spatial Temporal Graph Convolutional Networks", AAAI 2018, in the form of PYSKL.
    """

    partition = "centripetal"

    def register_graphs(self, graphs: Tensor) -> None:
        """A is a constant, M a parameter; both belong to this joint count."""
        self.register_buffer(f"adjacency_{self.num_joints}", graphs)
        self.joint_parameter("importance", torch.ones_like(graphs))

    @property
    def graphs(self) -> Tensor:
        """``A * M``, ``(K, V, V)``."""
        return self.of_joints("adjacency") * self.of_joints("importance")


@OPERATORS.register
class LearnedGraphConv(_FixedGraphConv):
    """Graph convolution of ST-GCN++: the graph itself is learned, and the input is added.

    ``y = act( BN( sum_k (W_k x + b_k) A_k ) + R(x) )``, A starting from the spatial partition (K = 3), R the identity
    or a 1x1 convolution with batch norm. Source: Duan et al., "PYSKL: Towards Good Practices for Skeleton Action
    Recognition", 2022.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        self.shortcut = shortcut(in_channels, out_channels)

    def register_graphs(self, graphs: Tensor) -> None:
        """A is a parameter of this joint count."""
        self.joint_parameter("adjacency", graphs)

    @property
    def graphs(self) -> Tensor:
        """A, ``(K, V, V)``."""
        return self.of_joints("adjacency")

    def residual(self, x: Tensor) -> Tensor:
        """``R(x)``."""
        return self.shortcut(x)

    def deploy(self) -> nn.Module:
        """The residual's projection becomes one more block of the convolution."""
        graphs, weight, bias = self._folded()
        if isinstance(self.shortcut, nn.Identity):
            return AggregatedConv(graphs, weight, bias, None, True, self.activation)
        conv, norm = self.shortcut.get_submodule("0"), self.shortcut.get_submodule("1")
        assert isinstance(conv, nn.Conv2d) and conv.bias is not None and isinstance(norm, nn.BatchNorm2d)
        scale, shift = affine(norm)
        bias = bias + (conv.bias.detach() * scale + shift)[:, None]
        return AggregatedConv(
            graphs, weight, bias, conv.weight.detach()[:, :, 0, 0] * scale[:, None], False, self.activation
        )


def shortcut(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    """A residual path: the identity, or a 1x1 convolution with batch norm where the shape changes."""
    if in_channels == out_channels and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride=(stride, 1)), nn.BatchNorm2d(out_channels))


@OPERATORS.register
class JointMixer(SpatialOperator):
    """No graph: two learned matrices mix the joints, a 1x1 convolution mixes the channels.

    ``y = act( BN( W (x + relu(x P) Q) ) )`` with P, Q of shape (V, V). The token mixing of Tolstikhin et al.,
    "MLP-Mixer", NeurIPS 2021, on joints.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        joints = layout.num_joints
        self.joint_parameter("squeeze", torch.randn(joints, joints) * joints**-0.5)
        self.joint_parameter("spread", torch.randn(joints, joints) * 0.5 * joints**-0.5)
        self.project = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        squeeze = self.of_joints("squeeze")
        spread = self.of_joints("spread")
        return self.activation(self.project(x + torch.relu(x @ squeeze) @ spread))
