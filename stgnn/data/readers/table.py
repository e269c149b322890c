"""Plain CSV: one line for each joint, in UTF-8, the first line naming the columns.

============  ======================================================================================
column        meaning
============  ======================================================================================
`clip`        name of the clip; the lines of one clip stand together; required
`frame`       a whole number that orders the frames; required
`person`      which person: a number or a name; may be left out
`joint`       name of the joint, or its 0-based number in the layout; required
`x`, `y`      coordinates; required; empty: the joint was not seen
`z`           depth of 3-D coordinates
`score`       confidence; 0 does not make a joint missing
`label`       name of the class, or its 0-based number; without this column a table of labels is needed
`subject`     who performs it: a name or a number
`view`        the camera: a name or a number
`split`       `train`, `test` or empty: the clips of the protocol `own`
============  ======================================================================================

The last four say the same in each line of a clip. A joint without a line is missing: exactly zero. A frame without a
line does not exist: give a frame in which nobody was seen a line with an empty x and y.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stgnn.data.readers.common import refuse_labels, require_labels
from stgnn.data.readers.csv_file import Row, csv_rows
from stgnn.data.readers.labels import clip_labels, label_splits
from stgnn.data.readers.poses import Poses, known_clips
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, layout_names, load_layout

REQUIRED = ("clip", "frame", "joint", "x", "y")
ABOUT = ("clip", "label", "subject", "view", "split")
COLUMNS = (*REQUIRED, "person", "z", "score", *ABOUT[1:])
MOST_PERSONS = 16
"""Bodies of a clip; more of them are more likely names of frames or joints in the wrong column."""
_FORM = "clip,frame[,person],joint,x,y[,z][,score][,label][,subject][,view][,split]"


@dataclass
class _Clip:
    """Where the lines of a clip stand, and what they say of it."""

    start: int
    line: int
    end: int
    about: list[str]
    persons: dict[str, int] = field(default_factory=dict)


def read_csv(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a CSV file: its clips are found and checked, their coordinates stay in the file.

    Args:
        source: The file.
        layout: The body. None: the shipped one that has the joints that the first clip names.
        labels: The table, by clip names, of a file without a column `label`.

    Raises:
        InputError: not such a file; later, a line that does not follow the format.
    """
    columns = _columns(source)
    index = _index(source, columns)
    axes = [name for name in ("x", "y", "z") if name in columns]
    body = layout or _layout(source, columns, next(iter(index.values())), len(axes))
    _check_axes(axes, body, source)
    if "label" in columns:
        refuse_labels(labels, "csv")
        table = clip_labels(source, {clip.line: dict(zip(ABOUT, clip.about, strict=True)) for clip in index.values()})
    else:
        table = require_labels(labels, "csv")
    known, order = known_clips(index, table), list(index.items())

    def read(name: str, clip: _Clip) -> SkeletonSequence | LeftOut:
        if name not in known:
            return LeftOut(name, "not in the table of labels")
        poses, row = _poses(source, columns, clip, body, axes), table.rows[known[name]]
        if not poses.keypoints.any():
            return LeftOut(name, "no body")
        return SkeletonSequence(poses.keypoints, row.label, body, known[name], row.subject, row.view, poses.scores)

    return ClipSource(
        body,
        table.class_names,
        count=len(order),
        persons=max(len(clip.persons) for clip in index.values()),
        clips=lambda start: (read(name, clip) for name, clip in order[start:]),
        splits=label_splits(table),
        scored="score" in columns,
    )


def _columns(path: Path) -> dict[str, int]:
    """The place of each column."""
    header = next((row.words for row in csv_rows(path)), [])
    columns = {word.removeprefix("\ufeff").strip(): place for place, word in enumerate(header)}
    if not set(REQUIRED) <= set(columns) <= set(COLUMNS) or len(columns) != len(header):
        hint = "the first line names the columns; commas part them"
        raise InputError(f"{path}, line 1: these are not the columns", given=header, allowed=_FORM, hint=hint)
    return columns


def _index(path: Path, columns: Mapping[str, int]) -> dict[str, _Clip]:
    """The clips by name, in the order of the file."""
    about = [columns.get(column) for column in ABOUT]
    person_at = columns.get("person")
    index: dict[str, _Clip] = {}
    current = _Clip(0, 0, 0, [])
    for row in _body(path):
        where = f"{path}, line {row.line}"
        if len(row.words) != len(columns):
            given, allowed = f"{len(row.words)} words", f"{len(columns)}: {', '.join(columns)}"
            raise InputError(f"{where}: wrong number of words", given=given, allowed=allowed)
        said = ["" if place is None else row.words[place] for place in about]
        if not current.about or said[0] != current.about[0]:
            if said[0] in index:
                given, hint = said[0], "sort the lines by clip"
                raise InputError(f"{where}: the lines of a clip do not stand together", given=given, hint=hint)
            current = index.setdefault(said[0], _Clip(row.start, row.line, row.end, said))
        if said != current.about:
            allowed = f"as in line {current.line}: {', '.join(current.about)}"
            raise InputError(f"{where}: a clip has one label", given=", ".join(said), allowed=allowed)
        current.end = row.end
        current.persons.setdefault("" if person_at is None else row.words[person_at], len(current.persons))
        if len(current.persons) > MOST_PERSONS:
            given, hint = f"{', '.join(list(current.persons)[:4])}, ...", "leave some of them out"
            raise InputError(f"{where}: too many persons", given=given, allowed=f"at most {MOST_PERSONS}", hint=hint)
    if not index:
        raise InputError(f"{path} has no lines below its first", allowed=_FORM)
    return index


def _body(path: Path) -> Iterator[Row]:
    """The rows below the names of the columns."""
    rows = csv_rows(path)
    next(rows, None)
    return rows


def _layout(path: Path, columns: Mapping[str, int], clip: _Clip, dimensions: int) -> SkeletonLayout:
    """The shipped layout that has the joints that the first clip names."""
    named = {row.words[columns["joint"]] for row in _lines(path, clip)}
    for layout in map(load_layout, layout_names()):
        if layout.dimensions == dimensions and set(layout.joints) == named:
            return layout
    raise InputError(
        f"the layout of {path} is not known",
        given=f"{dimensions} coordinates; joints {', '.join(sorted(named)[:40])}",
        allowed=f"the joints of one of: {', '.join(layout_names())}",
        hint="say --layout NAME, or --layout FILE.yaml with a layout of your own",
    )


def _check_axes(axes: Sequence[str], layout: SkeletonLayout, path: Path) -> None:
    if layout.dimensions != len(axes):
        given, allowed = ", ".join(axes), f"{layout.dimensions} coordinates"
        raise InputError(f"the columns of {path} do not fit the layout {layout.name!r}", given=given, allowed=allowed)


def _lines(path: Path, clip: _Clip) -> Iterator[Row]:
    return takewhile(lambda row: row.start < clip.end, csv_rows(path, clip.start, clip.line))


def _poses(path: Path, columns: Mapping[str, int], clip: _Clip, layout: SkeletonLayout, axes: Sequence[str]) -> Poses:
    rows = list(_lines(path, clip))
    words = dict(zip(columns, zip(*(row.words for row in rows), strict=True), strict=True))
    lines = [f"{path}, line {row.line}" for row in rows]
    _, frames = np.unique(_whole(words["frame"], lines), return_inverse=True)
    bodies = np.array([clip.persons[name] for name in words.get("person", ("",) * len(rows))])
    joints = _joints(words["joint"], layout, lines)
    shape = (len(clip.persons), int(frames.max()) + 1, layout.num_joints)
    _no_repeat(np.ravel_multi_index((bodies, frames, joints), shape), lines)
    keypoints = np.zeros((*shape, len(axes)), np.float32)
    empty = np.array([[not word for word in words[axis]] for axis in axes])  # (C, rows)
    if (empty.any(axis=0) != empty.all(axis=0)).any():
        line = lines[int(np.argmax(empty.any(axis=0) != empty.all(axis=0)))]
        raise InputError(f"{line}: a joint has only some of its coordinates", allowed="all of them, or none")
    with np.errstate(over="ignore"):  # infinity is refused with the name of the clip
        for number, axis in enumerate(axes):
            keypoints[bodies, frames, joints, number] = _floats(words[axis], axis, lines)
        if "score" not in columns:
            return Poses(keypoints, None)
        scores = np.zeros(shape, np.float32)
        scores[bodies, frames, joints] = _floats(words["score"], "score", lines)
    return Poses(keypoints, scores)


def _no_repeat(places: IntArray, lines: Sequence[str]) -> None:
    _, first = np.unique(places, return_index=True)
    if len(first) < len(places):
        repeated = int(np.setdiff1d(np.arange(len(places)), first)[0])
        hint = "if there are several persons, say which in a column `person`"
        raise InputError(f"{lines[repeated]}: the clip has this joint of this frame already", hint=hint)


def _joints(words: Sequence[str], layout: SkeletonLayout, lines: Sequence[str]) -> IntArray:
    known = {str(joint): joint for joint in range(layout.num_joints)}
    known |= {name: joint for joint, name in enumerate(layout.joints)}
    unknown = next((row for row, word in enumerate(words) if word not in known), None)
    if unknown is not None:
        allowed = f"0 to {layout.num_joints - 1}, or {', '.join(layout.joints)}"
        raise InputError(f"{lines[unknown]}: {layout.name!r} has no such joint", given=words[unknown], allowed=allowed)
    return np.array([known[word] for word in words], dtype=np.int64)


def _whole(words: Sequence[str], lines: Sequence[str]) -> IntArray:
    wrong = next((row for row, word in enumerate(words) if not word.isdecimal() or len(word) > 18), None)
    if wrong is not None:
        raise InputError(f"{lines[wrong]}: the frame is no number", given=words[wrong], allowed="0, 1, 2, ...")
    return np.array([int(word) for word in words], dtype=np.int64)


def _floats(words: Sequence[str], column: str, lines: Sequence[str]) -> npt.NDArray[np.float64]:
    """The numbers of a column; an empty word is zero."""
    values = np.zeros(len(words))
    for row, word in enumerate(words):
        try:
            values[row] = float(word or 0)
        except ValueError:
            what = f"{lines[row]}: {column} is no number"
            raise InputError(what, given=word, allowed="a number with a point") from None
    return values
