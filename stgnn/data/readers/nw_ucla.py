"""Northwestern-UCLA Multiview Action 3D: a folder of JSON files ``a<action>_s<subject>_e<episode>_v<view>.json``.

Each file holds ``file_name``, ``skeletons`` (T, 20, 3) in metres and ``label`` (1 to 10). For two actions every file of
view 3 repeats, number for number, the file of view 2, so that the usual cross-view test set holds training clips.
Two protocols are offered: ``xview`` is the usual one, ``xview_nodup`` drops from training what the test set repeats.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import coordinates, files_of, read_json_file, refuse_labels, split_pair, the_layout
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    "pick up with one hand",
    "pick up with two hands",
    "drop trash",
    "walk around",
    "sit down",
    "stand up",
    "donning",
    "doffing",
    "throw",
    "carry",
)
TEST_VIEW = 3
_NAME = re.compile(r"a(\d{1,9})_s(\d{1,9})_e(\d{1,9})_v(\d{1,9})", re.ASCII)


def read_nw_ucla(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of the original JSON files.

    Args:
        source: The folder.
        layout: The body. None: `kinect20`, which has the joint order of the files.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files; later, a file that does not follow the format.
    """
    refuse_labels(labels, "nw-ucla")
    body = the_layout(layout, "kinect20")
    files = [(file, match) for file in files_of(source, "*.json") if (match := _NAME.fullmatch(file.stem))]
    if not files:
        allowed = "a folder with files like a01_s01_e00_v01.json"
        raise InputError("there are no NW-UCLA files here", given=source, allowed=allowed)

    def clips(start: int) -> Iterator[SkeletonSequence | LeftOut]:
        return (_read_clip(file, int(match[2]), int(match[4]), body) for file, match in files[start:])

    return ClipSource(body, CLASSES, count=len(files), persons=1, clips=clips, splits=_splits)


def _read_clip(file: Path, subject: int, view: int, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    content = read_json_file(file, "a recording of NW-UCLA")
    if not isinstance(content, dict) or not {"skeletons", "label"} <= content.keys():
        raise InputError(
            f"{file} does not follow the NW-UCLA format",
            given=sorted(content) if isinstance(content, dict) else type(content).__name__,
            allowed="an object with 'skeletons' (T, 20, 3) and 'label' (1 to 10)",
        )
    label = content["label"]
    if not isinstance(label, int) or not 1 <= label <= len(CLASSES):
        raise InputError(f"the label of {file} is out of range", given=label, allowed=f"1 to {len(CLASSES)}")
    if content["skeletons"] == []:
        return LeftOut(file.stem, "no frames")
    keypoints = coordinates(content["skeletons"], f"the skeletons of {file}")[np.newaxis]  # (T, V, C) -> (1, T, V, C)
    return SkeletonSequence(keypoints, label - 1, layout, name=file.stem, subject=subject, view=view)


def _splits(store: SkeletonStore) -> dict[str, IntArray]:
    """The two cross-view protocols, of each only what has clips on both sides."""
    usual = split_pair("xview", store.views != TEST_VIEW)
    if not usual:
        return {}
    tested = {_content(store, index) for index in usual["xview_test"].tolist()}
    clean = [index for index in usual["xview_train"].tolist() if _content(store, index) not in tested]
    if not clean:
        return usual
    return {**usual, "xview_nodup_train": np.array(clean), "xview_nodup_test": usual["xview_test"]}


def _content(store: SkeletonStore, index: int) -> bytes:
    return sha256(store[index].keypoints.tobytes()).digest()
