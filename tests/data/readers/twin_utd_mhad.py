"""Writes recordings in the format of UTD-MHAD."""

from pathlib import Path

import numpy as np

from stgnn.data.readers.utd_mhad import JOINTS
from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout
from tests.data.readers.twin_matlab import write_mat


def write_utd_mhad(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Six clips of three actions and two subjects, compressed and not; 2 comes before 10, as numbers do."""
    body, expected = load_layout("kinect20"), []
    order = [JOINTS.index(joint) for joint in body.joints]
    for action in (2, 10, 27):
        for subject in (1, 8):
            joints = rng.normal(size=(len(JOINTS), 3, int(rng.integers(1, 9))))  # (V, C, T)
            name = f"a{action}_s{subject}_t1"
            write_mat(folder / "Skeleton" / f"{name}_skeleton.mat", {"d_skel": joints}, deflate=subject == 1)
            keypoints = joints[order].transpose(2, 0, 1)[np.newaxis].astype(np.float32)
            expected.append(SkeletonSequence(keypoints, action - 1, body, name, subject))
    return folder / "Skeleton", expected
