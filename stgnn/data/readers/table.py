"""Plain CSV: one line for each joint, in UTF-8, the first line naming the columns.

============  ======================================================================================
column        meaning
============  ======================================================================================
`clip`        name of the clip; the lines of one clip stand together; required
`frame`       a whole number that orders the frames; required
`person`      which person: a number or a name; may be left out
`joint`       name of the joint, or its 0-based number in the layout; required
`x`, `y`      coordinates; required; empty: the joint was not seen; pixels: see ``image_size`` of the import
`z`           depth of 3-D coordinates
`score`       confidence; 0 does not make a joint missing
`label`       name of the class, or its 0-based number; without this column a table of labels is needed
`subject`     who performs it: a name or a number
`view`        the camera: a name or a number
`split`       `train`, `test` or empty: the clips of the protocol `own`
============  ======================================================================================

The last four say the same in each line of a clip. A joint without a line is missing: exactly zero.

A frame without a line does not exist: numbers only put the frames in order, so that 0, 100 and 200 are three frames in
a row. Where the numbers of a clip step unevenly, as they do if its body was lost for a while, a note says so. To keep a
frame in which nobody was seen, give it a line with an empty x and y.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise, takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stgnn.data.readers.common import refuse_labels, require_labels
from stgnn.data.readers.csv_file import Row, csv_rows, read_columns, rows_below
from stgnn.data.readers.joints import find_layout
from stgnn.data.readers.labels import clip_labels
from stgnn.data.readers.poses import Estimates, Poses, clip_source, known_clips
from stgnn.data.readers.source import ClipLabels, ClipSource
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

REQUIRED = ("clip", "frame", "joint", "x", "y")
ABOUT = ("clip", "label", "subject", "view", "split")
COLUMNS = (*REQUIRED, "person", "z", "score", *ABOUT[1:])
MOST_PERSONS = 16
"""Bodies of a clip; more of them are more likely names of frames or joints in the wrong column."""
MOST_DIGITS = 18
"""Of a frame's number: more may not fit into 64 bits."""
_FORM = "clip,frame[,person],joint,x,y[,z][,score][,label][,subject][,view][,split]"


@dataclass(frozen=True)
class _Clip:
    """Where the lines of a clip stand in the file, and what they say of it.

    Args:
        start: Its first byte.
        end: The byte after its last.
        line: The number of its first line.
        about: Its words under `ABOUT`; empty where there is no such column.
        persons: Number of each person by name.
        uneven: Whether the numbers of its frames rise by unequal steps.
    """

    start: int
    end: int
    line: int
    about: list[str]
    persons: Mapping[str, int]
    uneven: bool


def read_csv(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a CSV file: its clips are found and checked, their coordinates stay in the file.

    Args:
        source: The file.
        layout: The body. None: the shipped one that has the joints that the first clip names.
        labels: The table, by clip names, of a file without a column `label`.

    Raises:
        InputError: not such a file; later, a line that does not follow the format.
    """
    columns = read_columns(source, REQUIRED, COLUMNS, _FORM)
    index = _index(source, columns)
    axes = [name for name in ("x", "y", "z") if name in columns]
    body = layout or find_layout(_joint_names(source, columns, next(iter(index.values()))), source)
    _check_axes(axes, body, source)
    if "label" in columns:
        refuse_labels(labels, "csv")
        table = clip_labels(source, {clip.line: dict(zip(ABOUT, clip.about, strict=True)) for clip in index.values()})
    else:
        table = require_labels(labels, "csv")

    def read(clip: _Clip) -> Poses | None:
        poses = _poses(source, columns, clip, body, axes)
        return poses if poses.keypoints.any() else None

    persons = max(len(clip.persons) for clip in index.values())
    notes = _notes([name for name in known_clips(index, table) if index[name].uneven])
    return clip_source(index, table, "csv", Estimates(body, persons, "score" in columns, notes, read))


def _index(path: Path, columns: Mapping[str, int]) -> dict[str, _Clip]:
    """The clips by name, in the order of the file."""
    index: dict[str, _Clip] = {}
    for name, rows in groupby(rows_below(path, columns), key=lambda row: row.words[columns["clip"]]):
        clip = _clip(path, columns, rows)
        if name in index:
            what = f"{path}, line {clip.line}: the lines of a clip do not stand together"
            raise InputError(what, given=name, hint="sort the lines by clip")
        index[name] = clip
    if not index:
        raise InputError(f"{path} has no lines below its first", allowed=_FORM)
    return index


def _clip(path: Path, columns: Mapping[str, int], rows: Iterator[Row]) -> _Clip:
    """What the rows of a clip say of it, without their coordinates."""
    person_at = columns.get("person")
    first = row = next(rows)
    about, persons, frames = _about(first, columns), dict[str, int](), set[str]()
    for row in chain([first], rows):
        where, said = f"{path}, line {row.line}", _about(row, columns)
        if said != about:
            allowed = f"as in line {first.line}: {', '.join(about)}"
            raise InputError(f"{where}: a clip has one label", given=", ".join(said), allowed=allowed)
        persons.setdefault("" if person_at is None else row.words[person_at], len(persons))
        if len(persons) > MOST_PERSONS:
            given, hint = f"{', '.join(list(persons)[:4])}, ...", "leave some of them out"
            raise InputError(f"{where}: too many persons", given=given, allowed=f"at most {MOST_PERSONS}", hint=hint)
        frames.add(row.words[columns["frame"]])
    return _Clip(first.start, row.end, first.line, about, persons, _uneven(frames))


def _about(row: Row, columns: Mapping[str, int]) -> list[str]:
    return [row.words[columns[column]] if column in columns else "" for column in ABOUT]


def _uneven(frames: Iterable[str]) -> bool:
    """Whether frame numbers rise by unequal steps; what is no number is refused when the clip is read."""
    numbers = sorted(int(word) for word in frames if _is_whole(word))
    return len({after - before for before, after in pairwise(numbers)}) > 1


def _notes(uneven: Sequence[str]) -> tuple[str, ...]:
    """What the user should know of the clips that step unevenly."""
    if not uneven:
        return ()
    clips = f"the clip {uneven[0]!r}" if len(uneven) == 1 else f"{len(uneven)} clips ({uneven[0]!r}, ...)"
    return (
        f"frame numbers only put frames in order, and those of {clips} leave gaps, which are closed; to keep a frame "
        "in which nobody was seen, give it a line with an empty x and y",
    )


def _joint_names(path: Path, columns: Mapping[str, int], clip: _Clip) -> list[str]:
    return sorted({row.words[columns["joint"]] for row in _lines(path, clip)})


def _check_axes(axes: Sequence[str], layout: SkeletonLayout, path: Path) -> None:
    if layout.dimensions != len(axes):
        what, hint = f"the columns of {path} do not fit the layout {layout.name!r}", "say --layout with another layout"
        raise InputError(what, given=", ".join(axes), allowed=f"{layout.dimensions} coordinates", hint=hint)


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
    wrong = next((row for row, word in enumerate(words) if not _is_whole(word)), None)
    if wrong is not None:
        raise InputError(f"{lines[wrong]}: the frame is no number", given=words[wrong], allowed="0, 1, 2, ...")
    return np.array([int(word) for word in words], dtype=np.int64)


def _is_whole(word: str) -> bool:
    return word.isdecimal() and len(word) <= MOST_DIGITS


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
