"""JHMDB as DD-Net (Yang et al., 2019) distributes it: ``GT_train_<k>.pkl`` and ``GT_test_<k>.pkl`` of protocol ``k``.

Each pickle is ``{"pose": [(T, 15, 2), ...], "label": [text, ...]}``; clips have no names. The same clips come in
every protocol in another order, so a clip is known by its class and coordinates; it is called after the first pickle
that holds it and its place there. (The files that go around hold 14 of the 21 classes.)
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.pickles import read_pickle
from stgnn.data.readers.common import files_of, split_pair
from stgnn.data.readers.small import clip_of, to_floats
from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray, IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

PICKLES = "GT_*_[0-9].pkl"
LIMIT = 32 << 20
"""Largest file, in bytes."""

_NAME = re.compile(r"GT_(train|test)_([0-9])")


@dataclass(frozen=True)
class _Pose:
    """Where a clip stands first, and what it is called."""

    file: Path
    place: int
    label: str

    @property
    def name(self) -> str:
        return f"{self.file.stem}/{self.place:03d}"


@dataclass(frozen=True)
class _Index:
    """All clips, each once, and which of them each side (protocol, train or test) has, by name."""

    poses: list[_Pose] = field(default_factory=list)
    sides: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def read_jhmdb_pickles(source: Path, layout: SkeletonLayout) -> ClipSource:
    """Open a folder of pickles.

    Args:
        source: The folder.
        layout: The body.

    Raises:
        InputError: a file that is not a plain pickle of this form.
    """
    index = _read_index(source)
    class_names = tuple(sorted({pose.label for pose in index.poses}))
    return ClipSource(
        layout=layout,
        class_names=class_names,
        count=len(index.poses),
        persons=1,
        clips=lambda start: _clips(index.poses[start:], class_names, layout),
        splits=lambda store: _splits(store, index.sides),
    )


def _read_index(source: Path) -> _Index:
    index, known = _Index(), dict[tuple[object, ...], str]()
    matches = [(_NAME.fullmatch(file.stem), file) for file in files_of(source, PICKLES)]
    named = sorted((m[2], m[1] == "test", m[1], file) for m, file in matches if m)  # training before test
    repeats: dict[str, Counter[tuple[object, ...]]] = {protocol: Counter() for protocol, *_ in named}
    for protocol, _, side, file in named:
        for place, (pose, label) in enumerate(_read(file)):
            content = (label, pose.shape, hashlib.sha256(pose.tobytes()).digest())
            repeats[protocol][content] += 1
            key = (*content, repeats[protocol][content])  # equal clips of one protocol are as many clips
            if key not in known:
                index.poses.append(_Pose(file, place, label))
                known[key] = index.poses[-1].name
            index.sides.setdefault((protocol, side), []).append(known[key])
    return index


def _read(file: Path) -> list[tuple[FloatArray, str]]:
    """Coordinates (T, V, C) and class of each clip."""
    size = file.stat().st_size
    if size > LIMIT:
        raise InputError(f"{file} is too large for JHMDB", given=f"{size} bytes", allowed=LIMIT)
    content: Any = read_pickle(file)
    poses, labels = (content.get(key) if isinstance(content, dict) else None for key in ("pose", "label"))
    if not isinstance(poses, list) or not isinstance(labels, list) or len(poses) != len(labels):
        raise InputError(
            f"{file} does not follow the format", allowed="a dict of lists 'pose' and 'label', equally long"
        )
    if sum(np.size(pose) for pose in poses if isinstance(pose, np.ndarray)) > size:  # one array many times
        raise InputError(f"{file} repeats its arrays", hint="write it again with each clip once")
    return [
        (_checked(pose, label, f"clip {place} of {file}"), label)
        for place, (pose, label) in enumerate(zip(poses, labels, strict=True))
    ]


def _checked(pose: object, label: object, where: str) -> FloatArray:
    if not isinstance(label, str):
        raise InputError(f"the class of {where} is no text", given=type(label).__name__)
    if not isinstance(pose, np.ndarray) or pose.dtype.kind not in "fiu" or pose.ndim != 3 or pose.shape[1:] != (15, 2):
        given = f"{pose.dtype} {pose.shape}" if isinstance(pose, np.ndarray) else type(pose).__name__
        raise InputError(f"the pose of {where} is wrong", given=given, allowed="numbers (frames, 15, 2)")
    return to_floats(pose)


def _clips(
    poses: Sequence[_Pose], class_names: Sequence[str], layout: SkeletonLayout
) -> Iterator[SkeletonSequence | LeftOut]:
    contents = lru_cache(maxsize=1)(_read)
    for pose in poses:
        keypoints, label = contents(pose.file)[pose.place]
        yield clip_of(keypoints[np.newaxis], class_names.index(label), layout, pose.name)


def _splits(store: SkeletonStore, sides: Mapping[tuple[str, str], Sequence[str]]) -> dict[str, IntArray]:
    splits: dict[str, IntArray] = {}
    for protocol in sorted({protocol for protocol, _ in sides}):
        train, test = (np.isin(store.names, sides.get((protocol, side), [])) for side in ("train", "test"))
        splits |= split_pair(protocol, train, test)
    return splits
