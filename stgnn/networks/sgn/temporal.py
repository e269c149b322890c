"""The temporal module of SGN and its classifier: features of all frames in, logits out."""

import math

import torch
from torch import Tensor, nn

from stgnn.networks.sgn.spatial import Semantics
from stgnn.space.sgn import FEATURES


class TemporalModule(nn.Module):
    """Frame semantics are added, two convolutions over time follow, then the maximum over time and the classifier.

    Args:
        frames: T.
        num_classes: Number of classes.
        width: Width of the network, a quarter of the features of a frame.
        dropout: Chance of a whole channel to be dropped between the convolutions.
    """

    def __init__(self, frames: int, num_classes: int, width: int = 64, dropout: float = 0.2) -> None:
        super().__init__()
        channels = FEATURES * width
        self.semantics = Semantics(frames, width, channels)
        self.near = nn.Conv1d(channels, channels, 3, padding=1)
        self.near_norm = nn.BatchNorm1d(channels)
        self.dropout = nn.Dropout1d(dropout)
        self.wide = nn.Conv1d(channels, 2 * channels, 1)
        self.wide_norm = nn.BatchNorm1d(2 * channels)
        self.head = nn.Linear(2 * channels, num_classes)
        for conv in (self.near, self.wide):
            nn.init.normal_(conv.weight, 0.0, math.sqrt(2 / (conv.kernel_size[0] * conv.out_channels)))

    def forward(self, features: Tensor) -> Tensor:
        """``(B, T, 4 * width) -> (B, classes)``."""
        y = (features + self.semantics()).transpose(1, 2)  # (B, 4 * width, T)
        y = self.dropout(torch.relu(self.near_norm(self.near(y))))
        y = torch.relu(self.wide_norm(self.wide(y)))
        return self.head(y.amax(dim=2))
