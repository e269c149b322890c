"""Streams: bones against the definition, motion, and shapes."""

import numpy as np
import pytest
import torch

from stgnn.errors import InputError
from stgnn.skeleton import STREAMS, layout_names, load_layout
from stgnn.skeleton.streams import bone_matrix, bone_parents, motion, stream


@pytest.mark.parametrize("name", layout_names())
def test_bone_matrix(name: str) -> None:
    layout = load_layout(name)
    matrix = bone_matrix(layout)
    x = np.random.default_rng(0).normal(size=(layout.num_joints, 3)).astype(np.float32)
    parents = list(layout.bone_parents or layout.parents)
    np.testing.assert_allclose(matrix @ x, x - x[parents], atol=1e-6)
    roots = [joint for joint, parent in enumerate(parents) if joint == parent]
    assert len(roots) == 1 and not matrix[roots].any()
    np.testing.assert_allclose(matrix.sum(axis=1), 0)


def test_golden_bone_parents() -> None:
    ntu, coco = load_layout("ntu25").bone_parents, load_layout("coco17").bone_parents
    assert ntu is not None and coco is not None
    assert (ntu[20], ntu[21], ntu[22], ntu[23], ntu[24]) == (20, 22, 7, 24, 11)
    assert coco == (0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 0, 0, 11, 12, 13, 14)


def test_streams() -> None:
    layout = load_layout("kinect20")
    parents = torch.from_numpy(bone_parents(layout))
    x = torch.randn(2, 6, 20, 3, generator=torch.Generator().manual_seed(0))
    values = {name: stream(name, x, parents) for name in STREAMS}
    assert values["joint"] is x
    assert all(value.shape == x.shape for value in values.values())
    torch.testing.assert_close(values["bone"][:, :, 3], x[:, :, 3] - x[:, :, 2])
    torch.testing.assert_close(values["joint_motion"][:, 2], x[:, 3] - x[:, 2])
    torch.testing.assert_close(values["bone_motion"], motion(values["bone"]))
    assert not values["joint_motion"][:, -1].any() and not values["bone_motion"][:, -1].any()
    assert not motion(x[:, :1]).any()


def test_unknown_stream() -> None:
    with pytest.raises(InputError, match=r"(?s)no such stream.*bones.*bone_motion"):
        stream("bones", torch.zeros(1, 1, 1, 3), torch.zeros(1, dtype=torch.int64))
