"""A writer of small folders of OpenPose and what a reader must make of them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.skeleton.layout import load_layout


def write_frame(folder: Path, frame: int, people: Sequence[FloatArray], person: int = -1) -> None:
    """Write the file of one frame: persons with joints (V, 3); with `person` the number of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [
        {
            "person_id": [person + number if person >= 0 else -1],
            "pose_keypoints_2d": joints.reshape(-1).tolist(),
            "face_keypoints_2d": [],
        }
        for number, joints in enumerate(people)
    ]
    content = {"version": 1.3, "people": entries}
    (folder / f"video_{frame}_keypoints.json").write_text(json.dumps(content))


def write_openpose(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three clips of two classes, 18 joints, without tracks: a bystander, a joint not seen, a frame with nobody."""
    source, expected, layout = folder / "openpose", [], load_layout("openpose18")
    for label, name in enumerate(("fall/a", "walk/a", "walk/b")):
        joints = rng.uniform(0.1, 1, size=(11, 18, 3)).astype(np.float32)
        joints[3, 5] = joints[6] = 0
        for frame, pose in enumerate(joints):
            bystander = pose / np.float32(2)
            write_frame(source / name, frame, [bystander, pose] if pose.any() else [])
        keypoints, scores = joints[np.newaxis, ..., :2], joints[np.newaxis, ..., 2]
        expected.append(SkeletonSequence(keypoints, min(label, 1), layout, name, scores=scores))
    return source, expected
