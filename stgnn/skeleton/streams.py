"""The four streams: joint, bone, and the motion of either. Pure functions on bodies (B, T, V, C)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout
from stgnn.skeleton.names import STREAMS

__all__ = ["STREAMS", "bone_matrix", "bone_parents", "motion", "stream"]


def bone_parents(layout: SkeletonLayout) -> npt.NDArray[np.int64]:
    """The joint that each joint's bone starts at (V,); a root is its own parent."""
    return np.array(layout.bone_parents or layout.parents, dtype=np.int64)


def bone_matrix(layout: SkeletonLayout) -> npt.NDArray[np.float32]:
    """D (V, V) with bones = D @ x on the joint axis: a joint minus its bone parent; the row of a root is zero."""
    matrix = np.eye(layout.num_joints, dtype=np.float32)
    matrix[np.arange(layout.num_joints), bone_parents(layout)] -= 1  # for a root 1 - 1 = 0
    return matrix


def motion(x: Tensor) -> Tensor:
    """Next frame minus this one; the last frame is 0. (B, T, V, C) -> (B, T, V, C)."""
    return torch.cat((x[:, 1:] - x[:, :-1], torch.zeros_like(x[:, :1])), dim=1)


def stream(name: str, x: Tensor, parents: Tensor) -> Tensor:
    """One stream of keypoints.

    Args:
        name: One of `STREAMS`.
        x: Keypoints (B, T, V, C).
        parents: `bone_parents` of the layout as a tensor (V,).

    Returns:
        The stream (B, T, V, C).

    Raises:
        InputError: no such stream.
    """
    if name not in STREAMS:
        raise InputError("no such stream", given=name, allowed=STREAMS)
    if name.startswith("bone"):
        x = x - x.index_select(2, parents)  # many times faster than small products with `bone_matrix`
    return motion(x) if name.endswith("motion") else x
