"""Northwestern-UCLA Multiview Action 3D: a folder of JSON files ``a<action>_s<subject>_e<episode>_v<view>.json``.

Each file holds ``file_name``, ``skeletons`` (T, 20, 3) in metres and ``label`` (1 to 10). For two actions every file of
view 3 repeats, number for number, the file of view 2, so that the usual cross-view test set holds training clips.
Two protocols are offered: ``xview`` is the usual one, ``xview_nodup`` drops from training what the test set repeats.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.errors import InputError
from stgnn.files import read_json
from stgnn.skeleton.layout import SkeletonLayout, load_layout

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
_NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_v(\d+)")


def read_nw_ucla(source: Path, layout: SkeletonLayout | None = None) -> SkeletonStore:
    """Read a folder of the original JSON files.

    Args:
        source: The folder.
        layout: The body. None: `kinect20`, which has the joint order of the files.

    Raises:
        InputError: no files, or a file that does not follow the format.
    """
    body = layout or load_layout("kinect20")
    files = sorted(file for file in source.glob("*.json") if _NAME.fullmatch(file.stem))
    if not files:
        raise InputError(
            "there are no NW-UCLA files here", given=source, allowed="a folder with files like a01_s01_e00_v01.json"
        )
    clips = [_read_clip(file, body) for file in files]
    return SkeletonStore.from_sequences(clips, CLASSES, _splits(clips), body)


def _read_clip(file: Path, layout: SkeletonLayout) -> SkeletonSequence:
    match = _NAME.fullmatch(file.stem)
    content = read_json(file, "a recording of NW-UCLA")
    try:
        keypoints = np.array(content["skeletons"], dtype=np.float32)[np.newaxis]  # (T, V, C) -> (1, T, V, C)
        label = int(content["label"]) - 1
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{file} does not follow the NW-UCLA format",
            given=f"{type(error).__name__}: {error}",
            allowed="an object with 'skeletons' (T, 20, 3) and 'label' (1 to 10)",
        ) from error
    if not 0 <= label < len(CLASSES):
        raise InputError(f"the label of {file} is out of range", given=label + 1, allowed="1 to 10")
    if keypoints.shape[1:2] == (0,):
        raise InputError(f"the clip {file} is empty", hint="leave the file out of the folder")
    assert match is not None
    return SkeletonSequence(
        keypoints, label, layout, name=file.stem, subject=int(match.group(2)), view=int(match.group(4))
    )


def _splits(clips: Sequence[SkeletonSequence]) -> dict[str, npt.NDArray[np.int64]]:
    """The two cross-view protocols; none if the folder holds only one side of them."""
    views = np.array([clip.view for clip in clips])
    train, test = np.flatnonzero(views != TEST_VIEW), np.flatnonzero(views == TEST_VIEW)
    if len(train) == 0 or len(test) == 0:
        return {}
    tested = {clips[index].keypoints.tobytes() for index in test.tolist()}
    clean = np.array(
        [index for index in train.tolist() if clips[index].keypoints.tobytes() not in tested], dtype=np.int64
    )
    return {"xview_train": train, "xview_test": test, "xview_nodup_train": clean, "xview_nodup_test": test}
