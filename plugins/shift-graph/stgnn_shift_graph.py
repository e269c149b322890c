"""The non-local spatial shift of Shift-GCN: joints exchange channels instead of being multiplied by a graph."""

import torch
from torch import Tensor, nn

from stgnn.operators import OPERATORS, SpatialOperator
from stgnn.operators.spatial import shortcut
from stgnn.skeleton import SkeletonLayout


@OPERATORS.register
class ShiftGraphConv(SpatialOperator):
    """Every joint sees every other joint through some channels, at the cost of one 1x1 convolution.

    ``y = act( S_-( BN( W ((1 + tanh(m)) S_+(x)) ) ) + R(x) )`` where S_+ moves channel c by c joints around the list of
    joints, ``S_+(x)[c, v] = x[c, (v + c) mod V]``, S_- moves it back, and m is a learned mask (C_in, V), zero at first.
    R is the identity or a 1x1 convolution with batch norm. Source: Cheng et al., "Skeleton-Based Action Recognition
    with Shift Graph Convolutional Network", CVPR 2020.

    The shift of a channel depends on its number alone, so a leading block of channels is shifted alike at every width.
    Where we differ: the batch norm is over channels, not over joints and channels, which lets it be folded into W (it
    commutes with S_-).
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        joints = layout.num_joints
        self.register_buffer(f"there_{joints}", shift_index(in_channels, joints, 1))
        self.register_buffer(f"back_{joints}", shift_index(out_channels, joints, -1))
        self.joint_parameter("mask", torch.zeros(in_channels, joints))
        self.project = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))
        nn.init.normal_(self.project[0].weight, 0.0, out_channels**-0.5)  # type: ignore[arg-type]
        self.shortcut = shortcut(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, T, V)``."""
        gate = (1 + torch.tanh(self.of_joints("mask")))[:, None]  # (C_in, 1, V)
        y = self.project(shift(x, self.of_joints("there")) * gate)
        return self.activation(shift(y, self.of_joints("back")) + self.shortcut(x))


def shift_index(channels: int, joints: int, direction: int) -> Tensor:
    """For each channel and joint, which of the ``C * V`` joints of all channels comes there: ``(C, V)``."""
    channel = torch.arange(channels)[:, None]
    return channel * joints + (torch.arange(joints) + direction * channel) % joints


def shift(x: Tensor, index: Tensor) -> Tensor:
    """Move joints within their channel, ``(B, C, T, V) -> (B, C, T, V)``."""
    batch, channels, frames, joints = x.shape
    rows = x.transpose(2, 3).reshape(batch, channels * joints, frames)  # (B, C*V, T)
    return rows[:, index.flatten()].reshape(batch, channels, joints, frames).transpose(2, 3)
