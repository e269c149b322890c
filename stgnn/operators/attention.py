"""Attention over joints and frames."""

import torch
from torch import Tensor, nn

from stgnn.operators.base import OPERATORS, AttentionOperator
from stgnn.skeleton import SkeletonLayout


@OPERATORS.register
class JointFrameAttention(AttentionOperator):
    """Light gate of EfficientGCN: which joints and which frames matter, from their means.

    ``h = hardswish(BN(W [mean_V x ; mean_T x]))`` with C / 4 channels, ``y = x sigmoid(W_t h_t) sigmoid(W_v h_v)``.
    Source: Song et al., "Constructing Stronger and Faster Baselines for Skeleton-based Action Recognition", TPAMI 2022
    (the residual around it is the block's).
    """

    def __init__(self, channels: int, layout: SkeletonLayout) -> None:
        super().__init__(channels, layout)
        hidden = max(channels // 4, 1)
        self.reduce = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.frame_gate = nn.Conv2d(hidden, channels, 1)
        self.joint_gate = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T, V)``."""
        frames = x.shape[2]
        means = torch.cat(
            [x.mean(dim=3, keepdim=True), x.mean(dim=2, keepdim=True).transpose(2, 3)], dim=2
        )  # (B, C, T+V, 1)
        hidden = self.reduce(means)
        frame = torch.sigmoid(self.frame_gate(hidden[:, :, :frames]))  # (B, C, T, 1)
        joint = torch.sigmoid(self.joint_gate(hidden[:, :, frames:])).transpose(2, 3)  # (B, C, 1, V)
        return x * frame * joint
