"""Writes recordings in the format of SBU Kinect Interaction."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def write_sbu(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Four clips of four pairs, one pair of each of the first four folds."""
    body, expected = load_layout("sbu15"), []
    for name in ("s01s02/01/001", "s01s03/08/001", "s02s01/03/002", "s02s03/02/001"):
        keypoints = rng.normal(size=(2, int(rng.integers(1, 9)), 15, 3)).astype(np.float32)
        rows = keypoints.swapaxes(0, 1).reshape(keypoints.shape[1], -1).tolist()  # (T, M V C)
        lines = (",".join([str(7 + frame), *map(repr, row)]) for frame, row in enumerate(rows))
        file = folder / "sbu" / name / "skeleton_pos.txt"
        file.parent.mkdir(parents=True)
        file.write_text("\r\n".join(lines) + "\r\n")
        one, other = sorted((int(name[1:3]), int(name[4:6])))
        subject = 100 * one + other
        expected.append(SkeletonSequence(keypoints, int(name[7:9]) - 1, body, name, subject))
    return folder / "sbu", expected
