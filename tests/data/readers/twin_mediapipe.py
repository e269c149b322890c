"""A writer of small files of MediaPipe landmarks and what a reader must make of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.skeleton.layout import load_layout


def landmarks(joints: FloatArray) -> list[dict[str, float]]:
    """Joints (V, 3), or (V, 4) with visibility, as objects."""
    names = ("x", "y", "z", "visibility")[: joints.shape[1]]
    return [dict(zip(names, joint, strict=True)) for joint in joints.tolist()]


def write_entries(path: Path, entries: Sequence[Any]) -> None:
    """Write one clip, one entry for each frame, as JSON or as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(map(json.dumps, entries))
    path.write_text(lines if path.suffix == ".jsonl" else json.dumps(list(entries)))


def write_mediapipe(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three clips of two classes: a frame with nobody, a second person, both kinds of files and of entries."""
    source, expected, layout = folder / "mediapipe", [], load_layout("mediapipe33")
    for label, name in enumerate(("sit/a.json", "stand/a.jsonl", "stand/b.json")):
        joints = rng.normal(size=(5, 33, 4)).astype(np.float32)
        joints[2] = 0
        entries = [
            {"pose_landmarks": landmarks(frame), "pose_world_landmarks": _persons(frame, plain=label == 2)}
            for frame in joints
        ]
        write_entries(source / name, entries)
        stem = name.rpartition(".")[0]
        keypoints, scores = joints[np.newaxis, ..., :3], joints[np.newaxis, ..., 3]
        expected.append(SkeletonSequence(keypoints, min(label, 1), layout, stem, scores=scores))
    return source, expected


def _persons(joints: FloatArray, plain: bool) -> list[Any]:
    """Two persons, or with `plain` one as lists of numbers; nobody if all is zero."""
    if not joints.any():
        return []
    return joints.tolist() if plain else [landmarks(joints), landmarks(joints + 1)]
