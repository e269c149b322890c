"""Writes recordings in the format of MSR Action3D."""

from pathlib import Path

import numpy as np

from stgnn.data.readers.msr_action3d import JOINTS
from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout
from tests.data.readers.twin_matlab import write_mat

NAMES = ("a01_s01_e01", "a02_s02_e01", "a06_s03_e02", "a06_s04_e01", "a13_s09_e01", "a20_s05_e03")


def write_msr_action3d(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Six clips; the fifth is one that no protocol uses. Two random splits by subject stand beside the folder."""
    body, expected = load_layout("kinect20"), []
    order = [JOINTS.index(joint) for joint in body.joints]
    source = folder / "real_world_coordinates"
    source.mkdir(parents=True)
    for name in NAMES:
        joints = rng.normal(size=(int(rng.integers(1, 9)), len(JOINTS), 4)).astype(np.float32)
        lines = (" ".join(map(repr, joint)) for joint in joints.reshape(-1, 4).tolist())
        (source / f"{name}_skeleton3D.txt").write_text("\n".join(lines) + "\n")
        ordered = joints[np.newaxis, :, order]  # (1, T, V, 4)
        label, subject = int(name[1:3]) - 1, int(name[5:7])
        clip = SkeletonSequence(ordered[..., :3], label, body, name, subject, scores=ordered[..., 3])
        expected.append(clip)
    tables = {"tr_subjects": np.array([[1, 2, 9], [3, 4, 5]]), "te_subjects": np.array([[3, 4, 5], [1, 2, 9]])}
    write_mat(folder / "tr_te_splits.mat", {name: table.astype("u1") for name, table in tables.items()})
    return source, expected
