"""The four streams: joint, bone, and the motion of either. Pure functions on bodies (B, T, V, C)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout
from stgnn.skeleton.names import STREAMS

__all__ = ["STREAMS", "bone_matrix", "motion", "stream"]


def bone_matrix(layout: SkeletonLayout) -> npt.NDArray[np.float32]:
    """D (V, V) with bones = D @ x on the joint axis: a joint minus its bone parent; the row of a root is zero."""
    parents = layout.bone_parents or layout.parents
    joints = np.arange(layout.num_joints)
    matrix = np.eye(layout.num_joints, dtype=np.float32)
    matrix[joints, parents] -= 1  # a root is its own parent: 1 - 1 = 0
    return matrix


def motion(x: Tensor) -> Tensor:
    """Next frame minus this one; the last frame is 0. (B, T, V, C) -> (B, T, V, C)."""
    return torch.cat((x[:, 1:] - x[:, :-1], torch.zeros_like(x[:, :1])), dim=1)


def stream(name: str, x: Tensor, bones: Tensor) -> Tensor:
    """One stream of keypoints.

    Args:
        name: One of `STREAMS`.
        x: Keypoints (B, T, V, C).
        bones: `bone_matrix` of the layout as a tensor (V, V).

    Returns:
        The stream (B, T, V, C).

    Raises:
        InputError: No such stream.
    """
    if name not in STREAMS:
        raise InputError("no such stream", given=name, allowed=STREAMS)
    if name.startswith("bone"):
        x = torch.matmul(bones, x)  # (V, V) @ (B, T, V, C)
    return motion(x) if name.endswith("motion") else x
