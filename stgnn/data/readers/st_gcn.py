"""The arrays of ST-GCN, 2s-AGCN and AdaSGN: a folder with both sides of one protocol.

=============================================  ==================  ==================================================
file                                           content             meaning
=============================================  ==================  ==================================================
``train_data.npy``, ``train_data_joint.npy``   (N, C, T, V, M)     clips, padded with zeros at the end (300 frames)
``train_label.pkl``                            (names, labels)     names of the clips and 0-based classes
``val_...`` or ``test_...``                                        the same of the other side
=============================================  ==================  ==================================================

25 joints of 3 channels are `ntu25`, 18 of 3 are `openpose18` with scores. Names of recordings of NTU RGB+D tell subject
and camera. The name of the folder tells the protocol: ``xsub`` and ``CS`` are `xsub`, ``xview`` and ``CV`` are `xview`,
and another is `main`. The arrays are mapped into memory, never loaded.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stgnn.data.arrays import Array, Rows, open_rows, rows_from
from stgnn.data.pickles import read_pickle
from stgnn.data.readers.common import refuse_labels, splits_by_name
from stgnn.data.readers.published import Body, body_of, class_names, people, protocol_of, without_padding
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

_SIDES = {"train": "train", "val": "test", "test": "test"}
_NOTES = (
    "frames of zeros at the end of a clip are padding and left out; the scripts of 2s-AGCN repeat frames instead, and "
    "repeated frames stay in",
)


class _Part(NamedTuple):
    """One side of the protocol."""

    side: str
    clips: Rows
    names: list[str]
    labels: list[int]


def read_st_gcn(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Read a folder of arrays and label pickles.

    Args:
        source: The folder.
        layout: The body. None: told by joints and channels.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: a file is missing or damaged, or does not fit the others or the layout.
    """
    refuse_labels(labels, "st-gcn")
    parts = _parts(source)
    shapes = {(part.clips.shape[3], part.clips.shape[1]) for part in parts}
    if len(shapes) > 1:
        raise InputError(f"the arrays of {source} hold different bodies", given=shapes, allowed="one (V, C)")
    body = body_of(*shapes.pop(), layout, source)
    names = [name for part in parts for name in part.names]
    classes = [label for part in parts for label in part.labels]
    first = set(parts[0].names)  # those that train, if both sides are there

    def clips(start: int) -> Iterator[SkeletonSequence | LeftOut]:
        rows = rows_from([part.clips for part in parts], start)
        return (_clip(*one, body) for one in zip(rows, names[start:], classes[start:], strict=True))

    return ClipSource(
        layout=body.layout,
        class_names=class_names(names, classes, source),
        count=len(names),
        persons=max(part.clips.shape[4] for part in parts),
        clips=clips,
        splits=splits_by_name(protocol_of(source.name), lambda name: name in first),
        scored=body.scored,
        notes=_NOTES,
    )


def _parts(source: Path) -> list[_Part]:
    """The sides that the folder holds, training first."""
    if not source.is_dir():
        allowed = "a folder with train_data.npy, train_label.pkl, val_data.npy and val_label.pkl"
        raise InputError("the source is not a folder", given=source, allowed=allowed)
    parts = [_part(source, name, file) for name in _SIDES for file in _files(source, name)]
    if not parts:
        raise InputError(
            "the folder holds no arrays of ST-GCN's form",
            given=sorted(path.name for path in source.iterdir())[:20],
            allowed="train_data.npy or train_data_joint.npy with train_label.pkl, and the same for val or test",
            hint="name the folder of one protocol, such as .../ntu/xsub",
        )
    if len({part.side for part in parts}) != len(parts):
        raise InputError(f"{source} holds a side of the protocol twice", allowed="one array for each of train and val")
    common = set(parts[0].names).intersection(parts[-1].names if len(parts) > 1 else ())
    if common:
        raise InputError(f"both sides of {source} name a clip", given=sorted(common)[:3], allowed="no clip in both")
    return parts


def _files(source: Path, name: str) -> list[Path]:
    candidates = (source / f"{name}_data.npy", source / f"{name}_data_joint.npy")
    return [path for path in candidates if path.is_file()]


def _part(source: Path, name: str, file: Path) -> _Part:
    clips, path = open_rows(file), source / f"{name}_label.pkl"
    if len(clips.shape) != 5 or clips.dtype.kind not in "fiu":
        given = f"{clips.dtype} {clips.shape}"
        raise InputError(f"{file} is of the wrong kind", given=given, allowed="numbers (N, C, T, V, M)")
    names, labels = _labels(read_pickle(path), path)
    if len(names) != len(clips):
        given = f"{len(clips)} clips and {len(names)} labels"
        raise InputError(f"{file} and {path.name} do not fit each other", given=given, allowed="equally many")
    return _Part(_SIDES[name], clips, names, labels)


def _labels(content: Any, path: Path) -> tuple[list[str], list[int]]:
    """Names without endings, and classes."""
    columns = [_column(column) for column in content[:2]] if isinstance(content, list | tuple) else []
    if len(columns) != 2 or len(columns[0]) != len(columns[1]):
        allowed = "(names, labels), equally many"
        raise InputError(f"{path} does not hold names and labels", given=type(content).__name__, allowed=allowed)
    names, labels = columns
    for name, label in zip(names, labels, strict=True):
        if not isinstance(name, str) or not isinstance(label, int | np.integer):
            given = f"{type(name).__name__} and {type(label).__name__}"
            raise InputError(f"{path} has a wrong entry", given=given, allowed="a text and an integer")
    return [_bare(str(name)) for name in names], [int(label) for label in labels]


def _column(column: Any) -> Sequence[Any]:
    if isinstance(column, np.ndarray):
        return column.tolist() if column.ndim == 1 else ()
    return column if isinstance(column, list | tuple) else ()


def _bare(name: str) -> str:
    return name.removesuffix(".skeleton").removesuffix(".json")


def _clip(row: Array, name: str, label: int, body: Body) -> SkeletonSequence | LeftOut:
    clip = without_padding(row.transpose(3, 1, 2, 0))  # (C, T, V, M) -> (M, T, V, C)
    if clip.shape[1] == 0:
        return LeftOut(name, "no body")
    keypoints, scores = (clip[..., :2], clip[..., 2]) if body.scored else (clip, None)
    return SkeletonSequence(keypoints, label, body.layout, name, *people(name), scores)
