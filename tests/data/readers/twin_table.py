"""A writer of small CSV files and what a reader must make of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

HEADER = "clip,frame,person,joint,x,y,z,score,label,subject,split"


def write_lines(path: Path, lines: Sequence[str], header: str = HEADER) -> None:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def write_csv(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Four clips of two classes: two persons, joints without a line, joints with empty words, names and numbers."""
    path, expected, lines, layout = folder / "poses.csv", [], [], load_layout("natops8")
    for clip, (name, label) in enumerate({"a, b": 0, "c": 1, "d": 0, "e": 1}.items()):
        keypoints = rng.normal(size=(1 + clip % 2, 3, 8, 3)).astype(np.float32)
        scores = rng.random(size=keypoints.shape[:3]).astype(np.float32)
        keypoints[:, 1, 2] = 0  # empty words
        keypoints[0, 2, 5] = scores[0, 2, 5] = 0  # no line
        for person, frame, joint in np.ndindex(*keypoints.shape[:3]):
            if (person, frame, joint) == (0, 2, 5):
                continue
            words = [""] * 3 if (frame, joint) == (1, 2) else [repr(float(x)) for x in keypoints[person, frame, joint]]
            about = f"{('go', 'stop')[label]},{clip},{('train', 'test')[clip % 2]}"
            number = layout.joints[joint] if clip < 3 else joint
            place = f'"{name}",{10 + 2 * frame},p{person},{number}'
            lines.append(f"{place},{','.join(words)},{float(scores[person, frame, joint])!r},{about}")
        expected.append(SkeletonSequence(keypoints, label, layout, name, clip, scores=scores))
    write_lines(path, lines)
    return path, expected
