"""Writes clips in the format of NATOPS in the UEA archive."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

HEADER = "#A comment: with colons\n@problemName NATOPS\n@dimensions 24\n@classLabel true 1.0 2.0 3.0 4.0 5.0 6.0\n"


def write_natops(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three clips for training and two to test."""
    body, expected = load_layout("natops8"), []
    source = folder / "natops"
    source.mkdir(parents=True)
    for side, labels in (("train", (3, 0, 5)), ("test", (1, 4))):
        lines = []
        for number, label in enumerate(labels, start=1):
            keypoints = rng.normal(size=(1, 5, 8, 3)).astype(np.float32)
            series = keypoints[0].reshape(5, 24).T.tolist()  # (V C, T)
            lines.append(":".join([*(",".join(map(repr, values)) for values in series), f"{label + 1}.0"]))
            expected.append(SkeletonSequence(keypoints, label, body, f"{side}_{number:03d}"))
        (source / f"NATOPS_{side.upper()}.ts").write_text(f"{HEADER}@data\n" + "\n".join(lines) + "\n")
    return source, expected
