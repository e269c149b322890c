"""Writes annotation pickles of PYSKL's form."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def write_pyskl(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """One of the kinds that are shared, by chance: 3-D, 2-D, or 2-D with the key points in other files."""
    return (write_3d, write_2d, write_kinetics)[rng.integers(3)](folder, rng)


def write_3d(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """NTU RGB+D: half precision, one or two bodies, names that tell subject, camera and action."""
    clips, annotations = [], []
    for number in range(8):
        subject, view, label = number // 2 + 1, number % 3 + 1, number % 4
        name = f"S001C{view:03d}P{subject:03d}R001A{label + 1:03d}"
        array = rng.normal(size=(1 + number % 2, rng.integers(1, 7), 25, 3)).astype(np.float16)
        annotations.append(annotation(name, label, array))
        clips.append(SkeletonSequence(array, label, load_layout("ntu25"), name, subject, view))
    return dump(folder, annotations, rng, "xsub_train", "xsub_val"), clips


def write_2d(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Pixels with scores, as of HRNet; a joint that was not seen, and a second body that is there later."""
    clips, annotations = [], []
    for number in range(8):
        height, width = int(rng.integers(200, 500)), int(rng.integers(200, 900))
        array = (rng.random((2, rng.integers(2, 7), 17, 2)) * (width, height)).astype(np.float16)
        array[:, :, 3] = array[1, 0] = 0
        scores = rng.random(array.shape[:3]).astype(np.float16)
        entry = annotation(f"video{number}", number % 3, array, keypoint_score=scores, img_shape=(height, width))
        annotations.append(entry)
        half = np.array([width, height], np.float32) / 2
        shares = np.where(array.any(-1, keepdims=True), (array.astype(np.float32) - half) / half, np.float32(0))
        clips.append(SkeletonSequence(shares, number % 3, load_layout("coco17"), f"video{number}", scores=scores))
    return dump(folder, annotations, rng, "train", "val"), clips


def write_kinetics(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Skeletons in any order in files of their own, some files holding several clips."""
    clips, annotations, files = [], [], dict[str, dict[str, Any]]()
    for number in range(6):
        name, file = f"clip_{number}", f"part{number // 2}.pkl"
        bodies = rng.random((2, 3, 17, 3)).astype(np.float16)  # x, y and score of two bodies in three frames
        third = rng.random((1, 17, 3)).astype(np.float16)
        skeletons = np.concatenate([bodies[0], bodies[1], third])
        frames, boxes = np.array([2, 5, 9, 2, 5, 9, 5]), np.array([0.9, 0.9, 0.9, 0.6, 0.6, 0.6, 0.5])
        order = rng.permutation(7)
        files.setdefault(file, {})[name] = {"keypoint": skeletons[order]}
        extra = {"frame_inds": frames[order].astype(np.int16), "box_score": boxes[order].astype(np.float16)}
        annotations.append(annotation(name, number % 2, None, raw_file=f"data/k400/kpfiles/{file}", **extra))
        points, scores = bodies[..., :2].astype(np.float32), bodies[..., 2].astype(np.float32)
        clips.append(SkeletonSequence(points, number % 2, load_layout("coco17"), name, scores=scores))
    (folder / "kpfiles").mkdir()
    for file, content in files.items():
        (folder / "kpfiles" / file).write_bytes(pickle.dumps(content, int(rng.integers(6))))
    return dump(folder, annotations, rng, "train", "val"), clips


def annotation(name: str, label: int | None, keypoint: np.ndarray | None, **extra: Any) -> dict[str, Any]:
    """One entry of the list."""
    entry = {"frame_dir": name, "total_frames": 0 if keypoint is None else keypoint.shape[1], **extra}
    entry |= {} if keypoint is None else {"keypoint": keypoint}
    return entry | ({} if label is None else {"label": label})


def dump(folder: Path, annotations: list[dict[str, Any]], rng: np.random.Generator, train: str, test: str) -> Path:
    """Write the pickle, by any protocol."""
    names = [entry["frame_dir"] for entry in annotations]
    content = {"split": {train: names[:5], test: names[5:]}, "annotations": annotations}
    path = folder / "set.pkl"
    path.write_bytes(pickle.dumps(content, int(rng.integers(6))))
    return path
