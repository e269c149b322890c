"""Compares what a reader makes of the original files at hand with the prepared npz file of the whole data set."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers import FORMATS
from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore

REAL = Path(os.environ.get("STGNN_DATA", "."))
needs_data = pytest.mark.skipif("STGNN_DATA" not in os.environ, reason="STGNN_DATA names no folder of data sets")

Arrays = Mapping[str, np.ndarray]


def open_both(format: str, name: str) -> tuple[ClipSource, dict[str, np.ndarray]]:
    """The original files of a set, and its npz file."""
    with np.load(REAL / name / f"{name}.npz", allow_pickle=False) as file:
        return FORMATS[format].open(REAL / name / "raw"), {key: file[key] for key in file.files}


def check_clips_against(source: ClipSource, arrays: Arrays, names: Sequence[str]) -> dict[str, int]:
    """Assert that every clip is bit for bit that of the npz file; gives how many there are, or why they are not."""
    joints = arrays["joint_names"].tolist()
    order, offsets = [joints.index(joint) for joint in source.layout.joints], arrays["frame_offset"]
    what = "gesture" if "label_gesture" in arrays else "action"
    assert source.class_names == tuple(arrays[f"label_names_{what}"])
    counts: dict[str, int] = {}
    for clip in source.clips(0):
        reason = clip.reason if isinstance(clip, LeftOut) else "read"
        counts[reason] = counts.get(reason, 0) + 1
        if isinstance(clip, SkeletonSequence):
            place = names.index(clip.name)
            frames = slice(offsets[place], offsets[place + 1])
            assert clip.label == arrays[f"label_{what}"][place]
            assert np.array_equal(clip.keypoints.swapaxes(0, 1), arrays["keypoint"][frames][:, :, order])
            if clip.scores is not None:
                assert np.array_equal(clip.scores.swapaxes(0, 1), arrays["score"][frames][:, :, order])
    return counts


def check_splits_against(source: ClipSource, arrays: Arrays, names: Sequence[str], subjects: object = -1) -> None:
    """Assert that the protocols of a reader, applied to the whole data set, are those of the npz file."""
    index = index_store(source, arrays, names, subjects)
    splits = source.splits(index)
    expected = {key.removeprefix("split_"): value for key, value in arrays.items() if key.startswith("split_")}
    assert expected.keys() <= splits.keys()
    assert all(np.array_equal(splits[key], value) for key, value in expected.items())


def index_store(source: ClipSource, arrays: Arrays, names: Sequence[str], subjects: object = -1) -> SkeletonStore:
    """A store of all clips of the npz file with one empty frame each."""
    labels = arrays["label_gesture" if "label_gesture" in arrays else "label_action"]
    count, body = len(labels), source.layout
    return SkeletonStore(
        keypoints=np.zeros((count, source.persons, body.num_joints, body.dimensions), np.float32),
        offsets=np.arange(count + 1),
        labels=labels,
        class_names=source.class_names,
        layout=body,
        names=tuple(names),
        subjects=np.broadcast_to(np.asarray(subjects), count),
        views=np.full(count, -1),
    )
