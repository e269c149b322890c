"""Kinetics-Skeleton as published with ST-GCN: OpenPose bodies of 18 joints in the clips of Kinetics-400.

::

    kinetics_train/<clip>.json         {"data": [{"frame_index": 1, "skeleton": [{"pose": [36], "score": [18]}, ...]},
                                                 ...], "label": ..., "label_index": ...}
    kinetics_train_label.json          {"<clip>": {"has_skeleton": true, "label": ..., "label_index": ...}, ...}
    kinetics_val/, kinetics_val_label.json

A pose is x, y of each joint as shares of the image's width and height. As in the authors' feeder, the coordinates are
moved by -0.5, a joint of score 0 is zero, and in each frame the two of the first five bodies with the largest mean
score are kept, the better one first. Differences: a clip has the frames that the file lists, not 300; and scores stand
beside the coordinates. The protocol ``main`` trains on `kinetics_train` and tests on `kinetics_val`; clips are called
``train/<clip>`` and ``val/<clip>``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.readers.common import (
    MOST_CLASSES,
    files_of,
    read_json_file,
    refuse_labels,
    splits_by_name,
    the_layout,
)
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

PARTS = ("train", "val")
JOINTS, PERSONS, LOOKED_AT = 18, 2, 5
MAX_FRAMES = 100_000
"""Of a clip, from its first frame to its last: a wrong number must not fill the memory with empty frames."""
LIST_LIMIT = 256 << 20
"""Largest label list, in bytes: ten times 240,000 training clips of a hundred bytes each."""
_NOTE = "coordinates are shares of the image's width and height, moved by -0.5; joints of score 0 are zero"


@dataclass(frozen=True)
class _Entry:
    """A clip of a label list; no file if there is none."""

    name: str
    label: int
    class_name: str
    has_skeleton: bool
    file: Path | None


def read_kinetics_skeleton(
    source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None
) -> ClipSource:
    """Open the folder that holds `kinetics_train`, `kinetics_val` or both, and their label lists.

    Args:
        source: The folder.
        layout: The body. None: `openpose18`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: neither part is there, or a list is missing, damaged or contradicts the other.
    """
    refuse_labels(labels, "kinetics-skeleton")
    body = the_layout(layout, "openpose18")
    parts = [part for part in PARTS if (source / f"kinetics_{part}").is_dir()]
    if not parts:
        allowed = "kinetics_train and kinetics_train_label.json, kinetics_val and kinetics_val_label.json, or one pair"
        raise InputError("the source holds no part of Kinetics-Skeleton", given=source, allowed=allowed)
    entries, unlisted = [], 0
    for part in parts:
        files = {file.stem: file for file in files_of(source / f"kinetics_{part}", "*.json")}
        listed = _label_list(source / f"kinetics_{part}_label.json", part, files)
        unlisted += len(files) - sum(entry.file is not None for entry in listed)
        entries += listed
    passed_over = f"{unlisted} files were passed over: no label list names them"
    return ClipSource(
        layout=body,
        class_names=_class_names(entries),
        count=len(entries),
        persons=PERSONS,
        clips=lambda start: _clips(entries[start:], body),
        splits=splits_by_name("main", lambda name: name.startswith("train/")),
        scored=True,
        notes=(_NOTE, *(passed_over,) * (unlisted > 0)),
        in_image=True,
    )


def _label_list(path: Path, part: str, files: Mapping[str, Path]) -> list[_Entry]:
    """The clips of a part, sorted by name."""
    content = read_json_file(path, "a label list of Kinetics-Skeleton", LIST_LIMIT)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{path} is no label list", given=type(content).__name__, allowed="an object of clips")
    return [_entry(path, part, name, content[name], files.get(name)) for name in sorted(content)]


def _entry(path: Path, part: str, name: str, given: Any, file: Path | None) -> _Entry:
    try:
        label, class_name, has_skeleton = given["label_index"], given["label"], given["has_skeleton"]
    except (KeyError, TypeError) as error:
        allowed = "an object with has_skeleton, label and label_index"
        raise InputError(f"{path} does not describe the clip {name!r}", given=given, allowed=allowed) from error
    if not (isinstance(label, int) and 0 <= label < MOST_CLASSES and isinstance(class_name, str)):
        given = f"label_index {label!r}, label {class_name!r}"
        allowed = f"label_index from 0 to {MOST_CLASSES - 1}, label a text"
        raise InputError(f"the class of {name!r} in {path} is wrong", given=given, allowed=allowed)
    return _Entry(f"{part}/{name}", int(label), class_name, has_skeleton is True, file)


def _class_names(entries: Sequence[_Entry]) -> tuple[str, ...]:
    """The names of the classes up to the largest label; one that no clip has is called by its number."""
    names: dict[int, str] = {}
    for entry in entries:
        if names.setdefault(entry.label, entry.class_name) != entry.class_name:
            given = f"{names[entry.label]!r}, {entry.class_name!r} (clip {entry.name!r})"
            raise InputError(f"the label lists give two names to class {entry.label}", given=given)
    return tuple(names.get(label, f"class {label}") for label in range(max(names) + 1))


def _clips(entries: Sequence[_Entry], layout: SkeletonLayout) -> Iterator[SkeletonSequence | LeftOut]:
    for entry in entries:
        if not entry.has_skeleton:
            yield LeftOut(entry.name, "without a skeleton, as the label list says")
        elif entry.file is None:
            yield LeftOut(entry.name, "no file")
        else:
            yield _read_clip(entry, entry.file, layout)


def _read_clip(entry: _Entry, file: Path, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    content = read_json_file(file, "a clip of Kinetics-Skeleton")
    try:
        frames, label = [(frame["frame_index"], frame["skeleton"]) for frame in content["data"]], content["label_index"]
        bodies = [_best(skeletons) for _, skeletons in frames]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{file} does not follow the format of Kinetics-Skeleton",
            given=f"{type(error).__name__}: {error}",
            allowed=f"data of frames with frame_index and skeletons of {2 * JOINTS} pose numbers and {JOINTS} scores",
        ) from error
    if label != entry.label:
        raise InputError(f"{file} and the label list differ", given=f"class {label!r}", allowed=f"class {entry.label}")
    if not any(map(len, bodies)):
        return LeftOut(entry.name, "no body")
    joints = _lay_out(_places([index for index, _ in frames], file), bodies)
    scores = joints[..., 2]
    if not np.isfinite(scores).all():
        frame, joint = np.argwhere(~np.isfinite(scores))[0][1:]
        raise InputError(f"{file} holds scores that are not finite numbers", given=f"frame {frame}, joint {joint}")
    keypoints = np.where(scores[..., np.newaxis] == 0, np.float32(0), joints[..., :2])
    return SkeletonSequence(keypoints, entry.label, layout, name=entry.name, scores=scores)


def _best(skeletons: Sequence[Any]) -> FloatArray:
    """The best bodies of a frame, centred: x, y, score (bodies, V, 3)."""
    looked_at = skeletons[:LOOKED_AT]
    if not looked_at:
        return np.zeros((0, JOINTS, 3), dtype=np.float32)
    pose = np.array([one["pose"] for one in looked_at], dtype=np.float64).reshape(len(looked_at), JOINTS, 2)
    scores = np.array([one["score"] for one in looked_at], dtype=np.float64).reshape(len(looked_at), JOINTS, 1)
    with np.errstate(over="ignore", invalid="ignore"):  # NaN and infinity are refused with the clip's name
        order = np.argsort(-scores.sum(axis=(1, 2)), kind="stable")[:PERSONS]
        return np.concatenate([pose - 0.5, scores], axis=2)[order].astype(np.float32)


def _places(indices: Sequence[Any], file: Path) -> list[int]:
    """Where each listed frame stands in the clip, which begins with the first of them."""
    numbers = [index for index in indices if isinstance(index, int) and index >= 0]
    rising = all(one < other for one, other in pairwise(numbers))
    if len(numbers) < len(indices) or not rising or numbers[-1] - numbers[0] >= MAX_FRAMES:
        allowed = f"rising whole numbers from 0, the last at most {MAX_FRAMES - 1} after the first"
        given = f"{len(indices)} frames, {indices[0]!r} to {indices[-1]!r}"
        raise InputError(f"the frame_index of {file} is wrong", given=given, allowed=allowed)
    return [number - numbers[0] for number in numbers]


def _lay_out(places: Sequence[int], bodies: Sequence[FloatArray]) -> FloatArray:
    """Bodies of each frame -> (M, T, V, 3), zero where there is none."""
    joints = np.zeros((max(map(len, bodies)), places[-1] + 1, JOINTS, 3), dtype=np.float32)
    for place, found in zip(places, bodies, strict=True):
        joints[: len(found), place] = found
    return joints
