"""The ``.npz`` files of NTU RGB+D that CTR-GCN made common: both sides of one protocol, with frames of padding.

=====================  =========================  ===============================================
array                  type                       meaning
=====================  =========================  ===============================================
``x_train, x_test``    float (N, T, M * V * C)    clips, padded with zeros at the end (300 frames)
``y_train, y_test``    float (N, classes)         one-hot, or int (N,): 0-based class
=====================  =========================  ===============================================

Clips have no names there; they are called ``train_000000``, ``test_000000`` after their places. The name of the file
tells the protocol: ``CS`` and ``CSub`` are `xsub`, ``CV`` is `xview`, ``CSet`` is `xset`, and another is `main`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stgnn.data.arrays import Array, Rows, member_names, open_rows, rows_from
from stgnn.data.readers.common import refuse_labels, splits_by_name
from stgnn.data.readers.published import class_names, protocol_of, without_padding
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, load_layout

_FORM = "x_train, y_train, x_test, y_test"
_NOTES = (
    "frames of zeros at the end of a clip are padding and left out",
    "the file does not say who performs a clip nor which camera recorded it",
)


class _Side(NamedTuple):
    """One side of the protocol."""

    name: str
    clips: Rows
    labels: list[int]


def read_ctr_gcn(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Read one ``.npz`` file.

    Args:
        source: The file.
        layout: The body. None: `ntu25`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: an array is missing, damaged or does not fit the others or the layout.
    """
    refuse_labels(labels, "ctr-gcn")
    body = layout or load_layout("ntu25")
    missing = set(_FORM.split(", ")) - set(member_names(source))
    if missing:
        raise InputError(f"{source} is not a file of CTR-GCN's form: arrays are missing", given=missing, allowed=_FORM)
    sides = [_side(source, name) for name in ("train", "test")]
    persons = [_persons(side.clips, body, source) for side in sides]
    names = [f"{side.name}_{place:06d}" for side in sides for place in range(len(side.clips))]
    classes = [label for side in sides for label in side.labels]

    def clips(start: int) -> Iterator[SkeletonSequence | LeftOut]:
        rows = rows_from([side.clips for side in sides], start)
        return (_clip(*one, body) for one in zip(rows, names[start:], classes[start:], strict=True))

    return ClipSource(
        layout=body,
        class_names=class_names(names, classes, source),
        count=len(names),
        persons=max(persons),
        clips=clips,
        splits=splits_by_name(protocol_of(source.stem), lambda name: name.startswith("train_")),
        notes=_NOTES,
    )


def _side(source: Path, name: str) -> _Side:
    clips, labels = open_rows(source, f"x_{name}"), open_rows(source, f"y_{name}")
    if len(clips) != len(labels):
        given = f"{len(clips)} clips and {len(labels)} labels"
        raise InputError(
            f"x_{name} and y_{name} of {source} do not fit each other", given=given, allowed="equally many"
        )
    kinds = {1: "iu", 2: "fiub"}
    if labels.dtype.kind not in kinds.get(len(labels.shape), ""):
        given, allowed = f"{labels.dtype} {labels.shape}", "(N, classes), one of each row being 1, or integers (N,)"
        raise InputError(f"y_{name} of {source} is of the wrong kind", given=given, allowed=allowed)
    return _Side(
        name, clips, [_label(row, f"row {place} of y_{name}", source) for place, row in enumerate(labels.read(0))]
    )


def _label(row: np.ndarray, where: str, source: Path) -> int:
    if row.ndim == 0:
        return int(row)
    chosen = np.flatnonzero(row)
    if len(chosen) != 1:
        raise InputError(f"{where} of {source} does not say one class", given=f"{len(chosen)} of them", allowed="one")
    return int(chosen[0])


def _persons(clips: Rows, body: SkeletonLayout, source: Path) -> int:
    size = body.num_joints * body.dimensions
    if len(clips.shape) != 3 or clips.dtype.kind not in "fiu" or clips.shape[2] % size or clips.shape[2] == 0:
        raise InputError(
            f"the clips of {source} do not fit the layout {body.name!r}",
            given=f"{clips.dtype} {clips.shape}",
            allowed=f"numbers (N, T, M * {size})",
            hint="name the layout of the joints of the file",
        )
    return clips.shape[2] // size


def _clip(row: Array, name: str, label: int, body: SkeletonLayout) -> SkeletonSequence | LeftOut:
    persons = row.shape[1] // (body.num_joints * body.dimensions)
    # (T, M * V * C) -> (M, T, V, C)
    keypoints = without_padding(row.reshape(len(row), persons, body.num_joints, body.dimensions).swapaxes(0, 1))
    return SkeletonSequence(keypoints, label, body, name) if keypoints.shape[1] else LeftOut(name, "no body")
