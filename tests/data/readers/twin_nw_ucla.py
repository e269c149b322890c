"""Writes recordings in the format of Northwestern-UCLA."""

import json
from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def write_recording(folder: Path, name: str, keypoints: np.ndarray, label: int) -> None:
    """One file of frames (T, V, C); ``label`` counts from 1."""
    folder.mkdir(exist_ok=True)
    content = {"file_name": name, "skeletons": keypoints.tolist(), "label": label}
    (folder / f"{name}.json").write_text(json.dumps(content))


def write_nw_ucla(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Nine clips of three views; one of view 3 repeats that of view 2."""
    body, expected = load_layout("kinect20"), []
    for take in (1, 2, 3):
        views = {view: rng.normal(size=(int(rng.integers(1, 9)), 20, 3)).astype(np.float32) for view in (1, 2, 3)}
        if take == 2:
            views[3] = views[2]
        for view, keypoints in views.items():
            name = f"a0{take}_s0{take}_e00_v0{view}"
            write_recording(folder / "all", name, keypoints, label=take)
            expected.append(SkeletonSequence(keypoints[np.newaxis], take - 1, body, name, take, view))
    return folder / "all", expected
