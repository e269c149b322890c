"""A writer of small files of COCO's form and what a reader must make of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.skeleton.layout import load_layout

SIZE = (64, 32)


def write_detections(path: Path, detections: Sequence[Mapping[str, Any]], images: int = 0) -> None:
    """Write one clip: a list of detections, or with images of `SIZE` a data set."""
    listed = [{"id": number, "width": SIZE[0], "height": SIZE[1]} for number in range(images)]
    content = {"images": listed, "annotations": detections} if images else detections
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def detection(image: int | str, joints: FloatArray, **more: Any) -> dict[str, Any]:
    """One detection of joints (V, 3)."""
    return {"image_id": image, "category_id": 1, "keypoints": joints.reshape(-1).tolist(), **more}


def write_coco(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three clips of two classes with tracks and image sizes: two persons, one who comes late, an empty last frame."""
    source, expected, layout = folder / "coco", [], load_layout("coco17")
    half = np.array(SIZE, np.float32) / 2
    for label, name in enumerate(("jump/a", "jump/b", "wave/a")):
        joints = rng.uniform(1, 31, size=(2, 4, 17, 3)).astype(np.float32)
        joints[..., 2] = rng.uniform(0.1, 0.9, size=(2, 4, 17))
        joints[1, ..., 2] /= 4  # the second person is the less certain one
        joints[0, 1, 3] = 0  # a joint that was not seen
        joints[1, 0] = joints[:, 3] = 0
        found = [
            detection(frame, joints[body, frame], track_id=7 - body, score=0.5)
            for frame in (2, 0, 1)  # in no order
            for body in (1, 0)
            if joints[body, frame].any()
        ]
        write_detections(source / f"{name}.json", found, images=4)
        points = np.where(joints[..., 2:] > 0, (joints[..., :2] - half) / half, np.float32(0))
        expected.append(SkeletonSequence(points, label // 2, layout, name, scores=joints[..., 2]))
    return source, expected
