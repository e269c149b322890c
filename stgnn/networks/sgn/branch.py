"""A branch: joint reduction and spatial module. SGN is one of them, AdaSGN a choice among several."""

import numpy as np
import torch
from torch import Tensor, nn

from stgnn.networks.sgn.spatial import SpatialModule
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import stream
from stgnn.skeleton.transforms import center


class Branch(nn.Module):
    """Frames of the full body to features: ``x M`` on the joint axis, then the spatial module.

    M starts as the means of the layout's joint groups and is free afterwards. Velocities are reduced, not recomputed:
    ``diff(x M) = diff(x) M``.

    Args:
        layout: The full body.
        joints: Joints of the reduced body; 0 leaves the body as it is, without a matrix. The layout's own count gives
            a matrix that starts as the identity.
        size: Size of the spatial module.
        width: Width of the network, a quarter of the features of a frame.

    Raises:
        InputError: the layout has no body of so many joints, or there is no such size.
    """

    def __init__(self, layout: SkeletonLayout, joints: int, size: str, width: int = 64) -> None:
        super().__init__()
        self.joints = joints
        if joints:
            self.register_parameter(f"coarsening_{joints}", nn.Parameter(_reduction(layout, joints)))
        self.spatial = SpatialModule(joints or layout.num_joints, layout.dimensions, size, width)

    @property
    def coarsening(self) -> nn.Parameter | None:
        """The matrix ``(V_full, V)``; None without a reduction."""
        return getattr(self, f"coarsening_{self.joints}") if self.joints else None

    def forward(self, frames: Tensor) -> Tensor:
        """``(n, V_full, 2 * C)``, see :func:`frame_inputs`, to ``(n, 4 * width)``."""
        if self.coarsening is not None:
            frames = self.coarsening.T @ frames  # (n, V, 2 * C)
        positions, velocities = frames.chunk(2, dim=-1)
        return self.spatial(positions, velocities)


def frame_inputs(x: Tensor, layout: SkeletonLayout, name: str, parents: Tensor) -> Tensor:
    """Keypoints as the frames that branches take: centred, one stream of them, beside its velocity.

    Args:
        x: Bodies ``(B, T, V, C)``.
        layout: The full body.
        name: The stream.
        parents: Bone parents ``(V,)``.

    Returns:
        ``(B * T, V, 2 * C)``.
    """
    x = stream(name, center(x, layout.center), parents)
    return torch.cat([x, velocity(x)], dim=-1).flatten(0, 1)


def velocity(x: Tensor) -> Tensor:
    """A frame minus the one before, 0 in the first; ``(B, T, ...)`` to the same shape."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, 1:] - x[:, :-1]], dim=1)


def _reduction(layout: SkeletonLayout, joints: int) -> Tensor:
    whole = joints == layout.num_joints
    return torch.tensor(np.eye(joints, dtype=np.float32) if whole else layout.coarsening(joints))
