"""Graphs: hop distances and partitions against brute force and against the loops of pyskl's definition."""

import math

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.skeleton import PARTITIONS, SkeletonLayout, adjacency, hop_distance, layout_names, load_layout

# 1 - 0 - 2 - 3 - 4, rooted at 2
FIVE = SkeletonLayout("five", tuple("abcde"), ((2, 0), (0, 1), (2, 3), (3, 4)), center=2)


def test_hop_distance() -> None:
    line = np.array([1, 0, 2, 3, 4]).argsort()  # place of each joint on the line
    np.testing.assert_array_equal(hop_distance(FIVE), abs(line[:, None] - line[None]))
    assert (hop_distance(FIVE, max_hop=1) <= 1).sum() == 5 + 2 * 4


def test_five_joints_by_hand() -> None:
    degree = np.array([3, 2, 3, 3, 2])  # itself and its neighbours
    uniform = np.zeros((5, 5))
    for a, b in FIVE.bones:
        uniform[a, b] = 1 / degree[b]
        uniform[b, a] = 1 / degree[a]
    neighbours = uniform.copy()
    uniform[range(5), range(5)] = 1 / degree
    np.testing.assert_allclose(adjacency(FIVE, "uniform"), uniform[None], rtol=1e-6)
    np.testing.assert_allclose(adjacency(FIVE, "distance"), [np.diag(1 / degree), neighbours], rtol=1e-6)
    inward, outward = np.zeros((2, 5, 5))
    children = [1, 0, 2, 1, 0]
    for parent, child in FIVE.bones:
        inward[parent, child] = 1
        outward[child, parent] = 1 / children[parent]
    np.testing.assert_allclose(adjacency(FIVE, "spatial"), [np.eye(5), inward, outward], rtol=1e-6)
    closer = np.zeros((5, 5))
    for joint, nearer in ((0, 2), (3, 2), (1, 0), (4, 3)):
        closer[nearer, joint] = 1 / degree[joint]
    expected = [np.diag(1 / degree), neighbours - closer, closer]
    np.testing.assert_allclose(adjacency(FIVE, "centripetal"), expected, rtol=1e-6)


@pytest.mark.parametrize("name", layout_names())
def test_partition_laws(name: str) -> None:
    full = load_layout(name)
    for layout in (full, *(full.coarsen(count) for count in full.coarse_counts)):
        whole = adjacency(layout, "uniform")[0]
        np.testing.assert_allclose(whole.sum(axis=0), 1, rtol=1e-6)
        assert ((whole > 0) == (hop_distance(layout) <= 1)).all()
        for partition in ("distance", "centripetal"):
            np.testing.assert_allclose(adjacency(layout, partition).sum(axis=0), whole)
        spatial = adjacency(layout, "spatial")
        assert ((spatial.sum(axis=0) > 0) == (whole > 0)).all()
        for partition, subsets in zip(PARTITIONS, (1, 2, 3, 3), strict=True):
            matrices = adjacency(layout, partition)
            assert matrices.shape == (subsets, layout.num_joints, layout.num_joints)
            assert matrices.dtype == np.float32


def test_golden_centripetal_of_ntu() -> None:
    """The definition in loops: one hop, centre 20, distances beyond one hop infinite."""
    layout = load_layout("ntu25")
    hops = hop_distance(layout)
    distance = np.where(hops <= 1, hops, math.inf)
    expected = np.zeros((3, 25, 25))
    for i in range(25):
        share = 1 / (hops[:, i] <= 1).sum()
        for j in range(25):
            if hops[j, i] == 0:
                expected[0, j, i] = share
            elif hops[j, i] == 1:
                expected[1 if distance[j, 20] >= distance[i, 20] else 2, j, i] = share
    np.testing.assert_allclose(adjacency(layout, "centripetal"), expected, rtol=1e-6)
    assert [int((subset > 0).sum()) for subset in expected] == [25, 40, 8]


def test_golden_spatial_of_ntu() -> None:
    identity, inward, outward = adjacency(load_layout("ntu25"), "spatial")
    np.testing.assert_array_equal(identity, np.eye(25))
    assert inward.sum() == 24 and set(np.unique(inward)) == {0, 1}
    assert inward[20, 2] == inward[1, 0] == inward[7, 21] == inward[7, 22] == inward[11, 24] == 1
    assert outward[2, 20] == np.float32(1 / 4) and outward[21, 7] == np.float32(1 / 2) and outward[0, 1] == 1


def test_result_is_the_callers_own() -> None:
    layout = load_layout("ntu25")
    adjacency(layout, "uniform")[:] = 0
    assert adjacency(layout, "uniform").any()


def test_unknown_partition() -> None:
    with pytest.raises(InputError, match=r"(?s)no such graph partition.*spacial.*centripetal"):
        adjacency(FIVE, "spacial")
