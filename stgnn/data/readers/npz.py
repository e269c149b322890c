"""The plain `.npz` layout: NumPy arrays under fixed names, no pickled objects.

========================  ======================  ==========================================================
array                     type                    meaning
========================  ======================  ==========================================================
``keypoint``              float (sum_T, M, V, C)  all frames of all clips, one after the other; required
``frame_offset``          int (n + 1,)            clip i is ``keypoint[frame_offset[i]:frame_offset[i + 1]]``; required
``label_<what>``          int (n,)                0-based class; required, exactly one
``label_names_<what>``    str (classes,)          names of the classes
``score``                 float (sum_T, M, V)     confidence of each joint
``subject, view, name``   (n,)                    who, which camera, what the clip is called
``split_<protocol>_*``    int                     indices of the ``train`` and ``test`` clips of a protocol
``joint_names``           str (V,)                names of the joints, to find the layout and the order of the joints
========================  ======================  ==========================================================
"""

from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.arrays import Rows
from stgnn.data.readers.common import LARGEST_CLIP, MOST_CLASSES, refuse_labels
from stgnn.data.readers.joints import match_joints
from stgnn.data.readers.npz_file import NpzFile
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray, IntArray, check_joints
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout


def read_npz(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open one `.npz` file.

    Args:
        source: The file.
        layout: The body. None: the shipped layout that has the joint names of the file, in any order.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: the file cannot be read, lacks an array, or its arrays do not fit each other or the layout.
    """
    refuse_labels(labels, "npz")
    file = NpzFile.open(source)
    keypoints = file.frames("keypoint", 4)
    scores = file.frames("score", 3) if "score" in file.names else None
    if scores is not None and scores.shape != keypoints.shape[:3]:
        what = f"the scores of {source} do not fit its keypoints"
        raise InputError(what, given=scores.shape, allowed=keypoints.shape[:3])
    body, order = match_joints(file.texts("joint_names"), keypoints.shape[2], layout, source)
    check_joints(keypoints.shape[2], keypoints.shape[3], body, str(source))
    label_array = _label_array(file)
    index = _index(file, label_array, keypoints)
    splits = _splits(file, index)
    return ClipSource(
        layout=body,
        class_names=_classes(file, label_array, index),
        count=len(index.labels),
        persons=keypoints.shape[1],
        clips=_Clips(keypoints, scores, order, body, index).since,
        splits=lambda store: splits,
        scored=scores is not None,
    )


@dataclass(frozen=True)
class _Index:
    """What the file says of each of its n clips; clip i has the frames ``offsets[i]`` to ``offsets[i + 1]``."""

    offsets: IntArray
    labels: IntArray
    names: Sequence[str]
    subjects: IntArray
    views: IntArray


@dataclass(frozen=True)
class _Clips:
    """The clips of the file; ``order`` puts the joints of the file into the order of the layout."""

    keypoints: Rows
    scores: Rows | None
    order: list[int] | None
    layout: SkeletonLayout
    index: _Index

    def since(self, start: int) -> Iterator[SkeletonSequence | LeftOut]:
        """The clips from ``start`` on."""
        index, first = self.index, int(self.index.offsets[start])
        keypoints = self.keypoints.read(first)
        scores = None if self.scores is None else self.scores.read(first)
        for number in range(start, len(index.labels)):
            frames = int(index.offsets[number + 1] - index.offsets[number])
            if frames == 0:
                yield LeftOut(index.names[number], "no frames")
                continue
            yield SkeletonSequence(
                keypoints=self._take(keypoints, frames),
                label=int(index.labels[number]),
                layout=self.layout,
                name=index.names[number],
                subject=int(index.subjects[number]),
                view=int(index.views[number]),
                scores=None if scores is None else self._take(scores, frames),
            )

    def _take(self, rows: Iterator[npt.NDArray[Any]], frames: int) -> FloatArray:
        """The next frames (M, T, V, ...), with the joints of the layout."""
        with np.errstate(over="ignore"):  # infinity is refused with the name of the clip
            values = np.stack(list(islice(rows, frames))).astype(np.float32)  # (T, M, V, ...)
        return (values if self.order is None else values[:, :, self.order]).swapaxes(0, 1)


def _label_array(file: NpzFile) -> str:
    """The name of the one array of labels."""
    names = [name for name in file.names if name.startswith("label_") and not name.startswith("label_names_")]
    if len(names) != 1:
        raise InputError(
            f"{file.source} needs exactly one array of labels",
            given=names,
            allowed="label_action, label_gesture, ...: 0-based integers, one for each clip",
            hint="leave one of them in the file" if names else "add the class of each clip as label_action",
        )
    return names[0]


def _index(file: NpzFile, label_array: str, keypoints: Rows) -> _Index:
    labels, offsets = file.integers(label_array), file.integers("frame_offset")
    count = len(labels)
    names = file.texts("name") or [f"clip{number:06d}" for number in range(count)]
    subjects, views = file.codes("subject", count), file.codes("view", count)
    if len(offsets) != count + 1:
        what = f"frame_offset of {file.source} needs the first frame of each clip, and the end of the last"
        raise InputError(what, given=f"{len(offsets)} numbers", allowed=f"{count + 1}: there are {count} labels")
    per_clip: dict[str, Sized] = {"name": names, "subject": subjects, "view": views}
    for name, values in per_clip.items():
        if len(values) != count:
            what = f"{file.source} needs one entry of {name} for each clip"
            raise InputError(what, given=len(values), allowed=count)
    if offsets[0] != 0 or offsets[-1] != len(keypoints) or (offsets[1:] < offsets[:-1]).any():
        given = f"{offsets[0]} to {offsets[-1]}"
        allowed = f"0 to {len(keypoints)}, never falling"
        raise InputError(f"the clips of {file.source} do not cover its frames", given=given, allowed=allowed)
    _check_size(file, offsets, keypoints, names)
    return _Index(offsets, labels, names, subjects, views)


def _check_size(file: NpzFile, offsets: IntArray, keypoints: Rows, names: Sequence[str]) -> None:
    """Refuse a clip that memory should not hold, before any is read."""
    frame = keypoints.dtype.itemsize * int(np.prod(keypoints.shape[1:]))
    longest = int(np.diff(offsets).max(initial=0))
    if longest * frame > LARGEST_CLIP:
        name = names[int(np.diff(offsets).argmax())]
        what = f"the clip {name!r} of {file.source} is too long"
        raise InputError(what, given=f"{longest} frames of {frame} bytes", allowed=f"{LARGEST_CLIP} bytes")


def _classes(file: NpzFile, label_array: str, index: _Index) -> tuple[str, ...]:
    """The names of the classes, after checking that every clip has one of them."""
    names = file.texts(label_array.replace("label_", "label_names_", 1))
    most = len(names) if names else MOST_CLASSES
    wrong = np.flatnonzero((index.labels < 0) | (index.labels >= most))
    if len(wrong):
        what = f"the label of clip {wrong[0]} of {file.source} is out of range"
        raise InputError(what, given=int(index.labels[wrong[0]]), allowed=f"0 to {most - 1}")
    return tuple(names or (str(label) for label in range(int(index.labels.max(initial=-1)) + 1)))


def _splits(file: NpzFile, index: _Index) -> dict[str, IntArray]:
    """The splits of the file, as splits of those clips that have frames."""
    full = np.diff(index.offsets) > 0
    places = np.cumsum(full) - 1
    splits = {}
    for name in [name for name in file.names if name.startswith("split_") and name.endswith(("_train", "_test"))]:
        clips = file.integers(name)
        if len(clips) and not 0 <= clips.min() <= clips.max() < len(full):
            what = f"the array {name!r} of {file.source} names clips that are not there"
            raise InputError(what, given=f"{clips.min()} to {clips.max()}", allowed=f"0 to {len(full) - 1}")
        splits[name.removeprefix("split_")] = places[clips[full[clips]]]
    return splits
