"""A writer of a small synthetic Kinetics-Skeleton and what a reader must make of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

CLASSES = ("abseiling", "air drumming", "answering questions")


def skeleton(rng: np.random.Generator, score: float) -> dict[str, list[float]]:
    """One body whose scores are about a value, with one joint that was not seen."""
    pose = rng.uniform(0, 1, size=36).round(3)
    scores = rng.uniform(score - 0.05, score + 0.05, size=18).round(3)
    pose[6:8] = scores[3] = 0
    return {"pose": pose.tolist(), "score": scores.tolist()}


def joints(body: dict[str, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Centred coordinates (V, C) and scores (V,) of a body as the store has them."""
    scores = np.array(body["score"])
    keypoints = (np.array(body["pose"]).reshape(18, 2) - 0.5) * (scores != 0)[:, np.newaxis]
    return keypoints.astype(np.float32), scores.astype(np.float32)


def write_clip(file: Path, label: int, frames: list[tuple[int, list[Any]]]) -> None:
    """Write one clip from the number and the bodies of each frame."""
    data = [{"frame_index": index, "skeleton": bodies} for index, bodies in frames]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"data": data, "label": CLASSES[label], "label_index": label}))


def write_list(source: Path, part: str, clips: dict[str, int], without: tuple[str, ...] = ()) -> None:
    """Write the label list of a part; the clips of ``without`` have no skeleton."""
    content = {
        name: {"has_skeleton": name not in without, "label": CLASSES[label], "label_index": label}
        for name, label in clips.items()
    }
    (source / f"kinetics_{part}_label.json").write_text(json.dumps(content))


def write_kinetics_skeleton(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three clips: one body; six bodies of rising score with an empty frame; two bodies that change places."""
    source, layout = folder / "kinetics", load_layout("openpose18")
    single = [skeleton(rng, 0.5) for _ in range(4)]
    write_clip(source / "kinetics_train" / "a.json", 2, [(1 + t, [body]) for t, body in enumerate(single)])
    crowd = [skeleton(rng, score) for score in (0.1, 0.2, 0.3, 0.4, 0.5, 0.9)]
    write_clip(source / "kinetics_train" / "b.json", 0, [(0, crowd), (1, []), (3, crowd[:2])])
    pair = [skeleton(rng, 0.3), skeleton(rng, 0.6)]
    write_clip(source / "kinetics_val" / "a.json", 1, [(7, pair), (8, pair[::-1]), (9, pair[:1])])
    write_list(source, "train", {"b": 0, "a": 2})
    write_list(source, "val", {"a": 1})
    empty: dict[str, list[float]] = {"pose": [0] * 36, "score": [0] * 18}
    empty["pose"] = [0.5] * 36  # centred: zero
    table = [
        ("train/a", 2, [single]),
        ("train/b", 0, [[crowd[4], empty, empty, crowd[1]], [crowd[3], empty, empty, crowd[0]]]),
        ("val/a", 1, [[pair[1], pair[1], pair[0]], [pair[0], pair[0], empty]]),
    ]
    return source, [_expected(name, label, persons, layout) for name, label, persons in table]


def _expected(name: str, label: int, persons: list[list[Any]], layout: Any) -> SkeletonSequence:
    keypoints = np.array([[joints(body)[0] for body in frames] for frames in persons])
    scores = np.array([[joints(body)[1] for body in frames] for frames in persons])
    return SkeletonSequence(keypoints, label, layout, name, scores=scores)
