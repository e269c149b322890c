"""Readouts: from the features of all frames and joints to one vector that the classifier sees."""

import torch
from torch import Tensor, nn

from stgnn.operators.base import OPERATORS, ReadoutOperator, fan_out_
from stgnn.skeleton import SkeletonLayout


@OPERATORS.register
class MeanReadout(ReadoutOperator):
    """The mean over frames and joints, as in the ST-GCN family.

    Args:
        channels: C.
        layout: The body, already coarsened to V joints.
    """

    def __init__(self, channels: int, layout: SkeletonLayout) -> None:
        super().__init__(channels, layout)
        self.out_channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C)``."""
        return x.mean(dim=(2, 3))


@OPERATORS.register
class TemporalReadout(ReadoutOperator):
    """The strongest joint of every frame, two convolutions over time, the strongest frame: what SGN ends with.

    Zhang et al., "Semantics-Guided Neural Networks for Efficient Skeleton-Based Human Action Recognition", CVPR 2020,
    without its frame semantics, which would tie the weights to one frame count.

    Args:
        channels: C; 2 C come out.
        layout: The body, already coarsened to V joints.
        dropout: Chance of a whole channel to be dropped between the convolutions.
    """

    def __init__(self, channels: int, layout: SkeletonLayout, dropout: float = 0.2) -> None:
        super().__init__(channels, layout)
        self.out_channels = 2 * channels
        near = nn.Conv2d(channels, channels, (3, 1), padding=(1, 0))
        wide = nn.Conv2d(channels, self.out_channels, 1)
        fan_out_(near.weight.data, 3 * channels)
        fan_out_(wide.weight.data, self.out_channels)
        self.near = nn.Sequential(near, nn.BatchNorm2d(channels))
        self.dropout = nn.Dropout2d(dropout)
        self.wide = nn.Sequential(wide, nn.BatchNorm2d(self.out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, 2 C)``."""
        y = x.amax(dim=3, keepdim=True)  # (B, C, T, 1)
        y = self.dropout(torch.relu(self.near(y)))
        return torch.relu(self.wide(y)).amax(dim=(2, 3))
