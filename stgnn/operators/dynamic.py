"""Spatial operators whose graph depends on the input: AAGCN, CTR-GCN, DG-STGCN and SGN."""

import copy

import torch
from torch import Tensor, nn

from stgnn.operators.base import ACTIVATIONS, OPERATORS, SpatialOperator, fan_out_, point_conv
from stgnn.operators.folding import affine, fixed_conv
from stgnn.operators.spatial import shortcut
from stgnn.skeleton import SkeletonLayout, adjacency


@OPERATORS.register
class AdaptiveGraphConv(SpatialOperator):
    """Adaptive graph convolution of AAGCN, with its joint, frame and channel attention.

    ``y = act( BN( sum_k W_k (x (A_k + a tanh(theta_k(x)^T phi_k(x) / (C_e T)))) ) + R(x) )``, C_e = C_out / 4, then
    ``y (1 + gate)`` for joints, frames and channels in turn. Source: Shi et al., "Skeleton-Based Action Recognition
    with Multi-Stream Adaptive Graph Convolutional Networks", TIP 2020, in the form of PYSKL.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        graphs = torch.tensor(adjacency(layout, "spatial"))  # (K, V, V)
        subsets, joints, self.embedding = len(graphs), layout.num_joints, max(out_channels // 4, 1)
        self.joint_parameter("adjacency", graphs)
        self.strength = nn.Parameter(torch.zeros(1))
        self.theta = _subset_weight(subsets, self.embedding, in_channels)
        self.theta_bias = nn.Parameter(torch.zeros(subsets, self.embedding))
        self.phi = _subset_weight(subsets, self.embedding, in_channels)
        self.phi_bias = nn.Parameter(torch.zeros(subsets, self.embedding))
        self.weight = _subset_weight(subsets, out_channels, in_channels)
        self.bias = nn.Parameter(torch.zeros(subsets, out_channels))
        self.norm = nn.BatchNorm2d(out_channels)
        nn.init.constant_(self.norm.weight, 1e-6)
        self.shortcut = shortcut(in_channels, out_channels)
        window = joints if joints % 2 else joints - 1
        self.add_module(f"joint_gate_{joints}", nn.Conv1d(out_channels, 1, window, padding=window // 2))
        self.frame_gate = nn.Conv1d(out_channels, 1, 9, padding=4)
        self.squeeze = nn.Linear(out_channels, out_channels // 2)
        self.excite = nn.Linear(out_channels // 2, out_channels)
        for layer in (self.frame_gate, self.excite):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        batch, channels, frames, joints = x.shape
        subsets = self.theta.shape[0]
        theta = point_conv(x, self.theta.flatten(0, 1), self.theta_bias.flatten()).reshape(batch, subsets, -1, joints)
        phi = point_conv(x, self.phi.flatten(0, 1), self.phi_bias.flatten()).reshape(batch, subsets, -1, joints)
        similarity = torch.tanh(theta.transpose(2, 3) @ phi / (self.embedding * frames))  # (B, K, V, V)
        graphs = self.of_joints("adjacency") + self.strength * similarity
        mixed = x.reshape(batch, 1, channels * frames, joints) @ graphs  # (B, K, C*T, V)
        weight = self.weight.transpose(0, 1).flatten(1)  # (C_out, K*C_in)
        y = point_conv(mixed.reshape(batch, subsets * channels, frames, joints), weight, self.bias.sum(dim=0))
        return self._gate(self.activation(self.norm(y) + self.shortcut(x)))

    def _gate(self, y: Tensor) -> Tensor:
        joint_gate = self.get_submodule(f"joint_gate_{self.num_joints}")
        y = y * (1 + torch.sigmoid(joint_gate(y.mean(dim=2))))[:, :, None, :]
        y = y * (1 + torch.sigmoid(self.frame_gate(y.mean(dim=3))))[:, :, :, None]
        channel = torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean(dim=(2, 3))))))
        return y * (1 + channel)[:, :, None, None]


@OPERATORS.register
class ChannelTopologyGraphConv(SpatialOperator):
    """Channel-wise topology refinement of CTR-GCN: every channel has a graph of its own.

    ``Q_k = A_k + a W4_k tanh(W1_k m_u - W2_k m_v)`` with m the mean of x over the frames; ``y = act( BN( sum_k (W3_k x)
    Q_k ) + R(x) )``. The mean is taken before the 1x1 convolutions W1 and W2, not after them as in the authors' code:
    equal, and cheaper.
    Source: Chen et al., "Channel-wise Topology Refinement Graph Convolution", ICCV 2021.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        graphs = torch.tensor(adjacency(layout, "spatial"))
        subsets, relation = len(graphs), max(in_channels // 8, 8)
        self.joint_parameter("adjacency", graphs)
        self.strength = nn.Parameter(torch.zeros(1))
        self.source = _subset_weight(subsets, relation, in_channels)
        self.source_bias = nn.Parameter(torch.zeros(subsets, relation))
        self.target = _subset_weight(subsets, relation, in_channels)
        self.target_bias = nn.Parameter(torch.zeros(subsets, relation))
        self.feature = _subset_weight(subsets, out_channels, in_channels)
        self.feature_bias = nn.Parameter(torch.zeros(subsets, out_channels))
        self.refine = _subset_weight(subsets, out_channels, relation)
        self.refine_bias = nn.Parameter(torch.zeros(subsets, out_channels))
        self.norm = nn.BatchNorm2d(out_channels)
        nn.init.constant_(self.norm.weight, 1e-6)
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        mean = x.mean(dim=2, keepdim=True)  # (B, C_in, 1, V)
        graphs = self.of_joints("adjacency")
        total = self._subset(0, x, mean, graphs[0])
        for subset in range(1, graphs.shape[0]):
            total = total + self._subset(subset, x, mean, graphs[subset])
        return self.activation(self.norm(total) + self.shortcut(x))

    def _subset(self, k: int, x: Tensor, mean: Tensor, graph: Tensor) -> Tensor:
        source = point_conv(mean, self.source[k], self.source_bias[k])  # (B, R, 1, V)
        target = point_conv(mean, self.target[k], self.target_bias[k])
        relation = torch.tanh(target - source.transpose(2, 3))  # (B, R, V source, V target)
        topology = point_conv(relation, self.refine[k], self.refine_bias[k]) * self.strength + graph  # (B, C_out, V, V)
        return point_conv(x, self.feature[k], self.feature_bias[k]) @ topology


@OPERATORS.register
class DynamicGroupGraphConv(SpatialOperator):
    """Dynamic group graph convolution of DG-STGCN: K = 8 groups of channels, each with a learned and two data-dependent
    graphs.

    ``h = act(BN(W_pre x))`` in K groups of C_out / 8 channels; group k uses
    ``A_k + a tanh(x1_u - x2_v) + b softmax_u(x1_k . x2_k)`` with x1, x2 1x1 convolutions of the mean of x over the
    frames; ``y = act( BN( W_post (h A) ) + R(x) )``. Source: Duan et al., "DG-STGCN", arXiv 2210.05895, in the form of
    PYSKL.
    """

    groups = 8

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        joints, hidden = layout.num_joints, max(out_channels // self.groups, 1) * self.groups
        # The K groups are interleaved (channel w * K + k): a leading block keeps the first channels of every group.
        self.joint_parameter("adjacency", torch.randn(self.groups, joints, joints) * 0.02 + 0.04)
        self.difference = nn.Parameter(torch.zeros(1))
        self.similarity = nn.Parameter(torch.zeros(1))
        self.pre = nn.Sequential(nn.Conv2d(in_channels, hidden, 1), nn.BatchNorm2d(hidden), ACTIVATIONS[activation]())
        self.source = nn.Conv2d(in_channels, hidden, 1)
        self.target = nn.Conv2d(in_channels, hidden, 1)
        self.post = nn.Sequential(nn.Conv2d(hidden, out_channels, 1), nn.BatchNorm2d(out_channels))
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        mean = x.mean(dim=2, keepdim=True)  # (B, C_in, 1, V)
        y = self.pre(x) @ self._graphs(self.source(mean), self.target(mean))
        return self.activation(self.post(y) + self.shortcut(x))

    def _graphs(self, source: Tensor, target: Tensor) -> Tensor:
        """One graph per channel and body, ``(B, W*K, V, V)``, from two maps ``(B, W*K, 1, V)`` of the mean."""
        batch, hidden, _, joints = source.shape
        grouped = (batch, hidden // self.groups, self.groups, joints)
        left = source.reshape(grouped).permute(0, 2, 3, 1)  # (B, K, V, W)
        right = target.reshape(grouped).permute(0, 2, 1, 3)  # (B, K, W, V)
        group = torch.softmax(left @ right, dim=2) * self.similarity + self.of_joints("adjacency")
        group = group.reshape(batch, 1, -1).expand(batch, hidden // self.groups, self.groups * joints * joints)
        pair = torch.tanh(source.transpose(2, 3) - target)  # (B, W*K, V source, V target)
        return pair * self.difference + group.reshape(batch, hidden, joints, joints)


@OPERATORS.register
class JointAttention(SpatialOperator):
    """Attention over the joints of each frame, the graph convolution of SGN.

    ``G_t = softmax( theta(x_t)^T phi(x_t) )`` without scaling, ``y = act( BN( W (G x) + W_1 x ) )``, embedding C_out /
    2. Here every layer computes its own G; SGN shares one. Source: Zhang et al., "Semantics-Guided Neural Networks",
    CVPR 2020.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        embedding = max(out_channels // 2, 1)
        self.theta = nn.Conv2d(in_channels, embedding, 1)
        self.phi = nn.Conv2d(in_channels, embedding, 1)
        self.neighbours = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.own = nn.Conv2d(in_channels, out_channels, 1)
        self.norm = nn.BatchNorm2d(out_channels)
        for conv in (self.theta, self.phi, self.neighbours, self.own):
            fan_out_(conv.weight.data, conv.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        theta = self.theta(x).permute(0, 2, 3, 1)  # (B, T, V, E)
        phi = self.phi(x).permute(0, 2, 1, 3)  # (B, T, E, V)
        graph = torch.softmax(theta @ phi, dim=3).transpose(2, 3)  # (B, T, V source, V target)
        mixed = (x.transpose(1, 2) @ graph).transpose(1, 2)  # (B, C_in, T, V)
        return self.activation(self.norm(self.neighbours(mixed) + self.own(x)))

    def deploy(self) -> nn.Module:
        """Batch norm inside the last convolution, which also takes the residual path."""
        return _DeployedJointAttention(copy.deepcopy(self).eval())


class _DeployedJointAttention(nn.Module):
    """``y = act( [W | W_1] [G x | x] + b )``."""

    def __init__(self, trained: JointAttention) -> None:
        super().__init__()
        scale, shift = affine(trained.norm)
        weight = torch.cat([trained.neighbours.weight, trained.own.weight], dim=1).detach()[:, :, 0, 0]
        assert trained.own.bias is not None
        self.theta, self.phi, self.activation = trained.theta, trained.phi, trained.activation
        self.conv = fixed_conv(weight * scale[:, None], trained.own.bias.detach() * scale + shift)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        theta = self.theta(x).permute(0, 2, 3, 1)
        graph = torch.softmax(theta @ self.phi(x).permute(0, 2, 1, 3), dim=3).transpose(2, 3)
        mixed = (x.transpose(1, 2) @ graph).transpose(1, 2)
        return self.activation(self.conv(torch.cat([mixed, x], dim=1)))


def _subset_weight(subsets: int, out_channels: int, in_channels: int) -> nn.Parameter:
    """Weights of K 1x1 convolutions, ``(K, C_out, C_in)``, the subset axis kept apart from the channels."""
    return nn.Parameter(fan_out_(torch.empty(subsets, out_channels, in_channels), out_channels))
