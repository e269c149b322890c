"""Writes files of CTR-GCN's form."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

FRAMES = 12


def write_ctr_gcn(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Nine clips of two bodies, the second one empty now and then, compressed or not."""
    arrays, clips = {}, []
    for side, count in (("train", 5), ("test", 4)):
        labels = rng.integers(3, size=count)
        labels[0] = 2
        padded = np.zeros((count, FRAMES, 2, 25, 3), np.float32)
        for number in range(count):
            frames = int(rng.integers(1, FRAMES + 1))
            padded[number, :frames, : 1 + number % 2] = rng.normal(size=(frames, 1 + number % 2, 25, 3))
            keypoints = padded[number, :frames].swapaxes(0, 1)
            name = f"{side}_{number:06d}"
            clips.append(SkeletonSequence(keypoints, int(labels[number]), load_layout("ntu25"), name))
        arrays |= {f"x_{side}": padded.reshape(count, FRAMES, 150), f"y_{side}": np.eye(3)[labels]}
    source = folder / "NTU60_CS.npz"
    (np.savez_compressed if rng.random() < 0.5 else np.savez)(source, **arrays)
    return source, clips
