"""The deploy form of a network: an exact rewrite for inference."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stgnn.operators.folding import affine
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import motion
from stgnn.skeleton.transforms import center

_Array = npt.NDArray[np.float32]


class DeployedNetwork(nn.Module):
    """What a runtime executes: batch norms folded into the convolutions they follow, constants merged, at most 4-D
    tensors, matrix products and convolutions only. A batch norm behind a sum of branches or a maximum stays.

    Joint coarsening and bones are linear in the coordinates of a frame, so all position streams are one product with a
    constant matrix ``(V_full * C, S * C * V)``, all motion streams another; the stems of all streams are one 1x1
    convolution.

    Args:
        layout: The full body.
        bones: ``(V, V)`` bone matrix of the coarse body.
        coarsening: ``(V_full, V)``.
        stems: Batch norm and convolution of every stream.
        stem_norm: Batch norm after the stems, if there are stems.
        blocks: Blocks in deploy form.
        readout: The readout in deploy form.
        head: The classifier.
    """

    def __init__(
        self,
        layout: SkeletonLayout,
        bones: _Array,
        coarsening: _Array,
        stems: Mapping[str, tuple[nn.BatchNorm1d, nn.Conv2d | None]],
        stem_norm: nn.BatchNorm2d | None,
        blocks: Sequence[nn.Module],
        readout: nn.Module,
        head: nn.Linear,
    ) -> None:
        super().__init__()
        self.center_joint, self.num_joints, self.coordinates = layout.center, coarsening.shape[1], layout.dimensions
        still = [name for name in stems if not name.endswith("motion")]
        moving = [name for name in stems if name.endswith("motion")]
        self.still, self.moving = bool(still), bool(moving)
        ordered = still + moving
        maps = {
            name: coarsening @ bones.T if name.startswith("bone") else coarsening for name in ordered
        }  # each (V_full, V)
        folded = {name: _stem_matrix(maps[name], stems[name][0], self.coordinates) for name in ordered}
        if still:
            self.register_buffer("still_matrix", torch.cat([folded[name][0] for name in still], dim=1))
        if moving:
            self.register_buffer("moving_matrix", torch.cat([folded[name][0] for name in moving], dim=1))
        self.register_buffer("shift", torch.cat([folded[name][1] for name in ordered]))  # (S*C*V,)
        self.stem = _stem_conv([stems[name][1] for name in ordered], stem_norm)
        self.blocks = nn.ModuleList(blocks)
        self.readout, self.head = readout, head

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V_full, C)`` to logits ``(B, classes)``."""
        batch, frames = x.shape[:2]
        x = center(x, self.center_joint)
        parts = []
        if self.still:
            parts.append(x.reshape(batch, frames, -1) @ self.get_buffer("still_matrix"))  # (B, T, S*C*V)
        if self.moving:
            parts.append(motion(x).reshape(batch, frames, -1) @ self.get_buffer("moving_matrix"))
        y = torch.cat(parts, dim=2) + self.get_buffer("shift")
        y = y.reshape(batch, frames, -1, self.num_joints).transpose(1, 2)  # (B, S*C, T, V)
        if self.stem is not None:
            y = torch.relu(self.stem(y))
        for block in self.blocks:
            y = block(y)
        return self.head(self.readout(y))


def _stem_matrix(joint_map: _Array, norm: nn.BatchNorm1d, coordinates: int) -> tuple[Tensor, Tensor]:
    """Matrix ``(V_full * C, C * V)`` and shift ``(C * V,)`` of one stream with its batch norm, coordinate-major."""
    scale, shift = affine(norm)  # (V * C,), joint-major
    full, joints = joint_map.shape
    matrix = torch.zeros(full, coordinates, coordinates, joints)
    for axis in range(coordinates):
        matrix[:, axis, axis] = torch.tensor(joint_map) * scale.cpu().reshape(joints, coordinates)[:, axis]
    return matrix.reshape(full * coordinates, -1), shift.cpu().reshape(joints, coordinates).T.flatten()


def _stem_conv(convs: Sequence[nn.Conv2d | None], norm: nn.BatchNorm2d | None) -> nn.Conv2d | None:
    """The stems of all streams as one 1x1 convolution with the batch norm inside; None without stems."""
    if norm is None:
        return None
    scale, shift = (value.cpu() for value in affine(norm))
    weight = (
        torch.cat([conv.weight.detach().cpu() for conv in convs if conv is not None], dim=1)
        * scale[:, None, None, None]
    )
    bias = torch.stack([conv.bias.detach().cpu() for conv in convs if conv is not None and conv.bias is not None]).sum(
        dim=0
    )
    merged = nn.Conv2d(weight.shape[1], weight.shape[0], 1)
    merged.weight.data, merged.bias = weight, nn.Parameter(bias * scale + shift)
    return merged
