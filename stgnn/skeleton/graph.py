"""Graphs of a layout: hop distances, and adjacency partitions (K, V, V). Free of torch.

An adjacency `A` is used as `x @ A[k]` on the joint axis: `A[k, i, j]` is what joint i contributes to joint j.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

PARTITIONS = ("uniform", "distance", "spatial", "centripetal")
UNREACHABLE = np.iinfo(np.int32).max


def hop_distance(layout: SkeletonLayout, max_hop: int | None = None) -> npt.NDArray[np.int64]:
    """Number of bones between two joints, (V, V); pairs farther apart than `max_hop` are `UNREACHABLE`."""
    linked = np.eye(layout.num_joints, dtype=bool)
    for parent, child in layout.bones:
        linked[parent, child] = linked[child, parent] = True
    distance = np.full(linked.shape, UNREACHABLE, np.int64)
    reached = np.eye(layout.num_joints, dtype=bool)
    for hop in range(layout.num_joints if max_hop is None else max_hop + 1):
        distance[reached & (distance == UNREACHABLE)] = hop
        reached = reached @ linked
    return distance


def adjacency(layout: SkeletonLayout, partition: str) -> npt.NDArray[np.float32]:
    """The neighbourhood of every joint (itself and one hop), divided into K subsets.

    * ``uniform`` (K=1): self and neighbours.
    * ``distance`` (K=2): self; neighbours.
    * ``spatial`` (K=3): self; from the parent; from the children. Each subset normalised by itself.
    * ``centripetal`` (K=3): self; neighbours not closer to the centre than the joint; closer neighbours. As in the
      code of ST-GCN and pyskl (`stgcn_spatial`), distances to the centre are known up to one hop only, so that
      among joints farther out every neighbour counts as "not closer".

    Each column is divided by its sum: over all subsets together, except for ``spatial``.

    Returns:
        A of shape (K, V, V).

    Raises:
        InputError: no such partition.
    """
    if partition not in PARTITIONS:
        raise InputError("no such graph partition", given=partition, allowed=PARTITIONS)
    return _adjacency(layout, partition).copy()


@functools.lru_cache(maxsize=256)
def _adjacency(layout: SkeletonLayout, partition: str) -> npt.NDArray[np.float32]:
    distance = hop_distance(layout, max_hop=1)
    identity, near = distance == 0, distance == 1
    if partition == "spatial":
        inward = np.zeros_like(near)
        for parent, child in layout.bones:
            inward[parent, child] = True
        return np.stack([_normalised(subset) for subset in (identity, inward, inward.T)])
    whole = _normalised(identity | near)
    if partition == "uniform":
        return np.stack([whole])
    subsets = [identity, near]
    if partition == "centripetal":
        to_center = distance[layout.center]
        closer = near & (to_center[:, None] < to_center[None, :])
        subsets = [identity, near & ~closer, closer]
    return np.where(np.stack(subsets), whole, np.float32(0))


def _normalised(matrix: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Columns divided by their sum; an empty column stays empty."""
    sums: npt.NDArray[np.int64] = matrix.sum(axis=0)
    return np.divide(matrix, np.maximum(sums, 1), dtype=np.float32)
