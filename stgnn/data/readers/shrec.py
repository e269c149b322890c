"""SHREC'17 and DHG 14/28: hands of 22 joints, one text file a recording.

::

    gesture_G/finger_F/subject_S/essai_E/skeletons_world.txt     SHREC'17; DHG: skeleton_world.txt
        one line a frame: x y z of each joint in metres

Each of 14 gestures is made with one finger (F = 1) and with the whole hand (F = 2): 14 classes, or 28.

SHREC'17: `train_gestures.txt` and `test_gestures.txt` in the source say what there is (protocol ``official``, 1,960 and
840 recordings); a line is gesture, finger, subject, trial, class of 14, class of 28, number of frames, all 1-based.

DHG: 20 subjects, each of them once the test set (``loso1`` to ``loso20``). `informations_troncage_sequences.txt` in the
source says where in a recording the gesture begins and ends: gesture, finger, subject, trial, first and last frame
(0-based); a recording is cut to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stgnn.data.readers.common import (
    files_of,
    numbers,
    read_lines,
    refuse_labels,
    split_pair,
    splits_by_name,
    the_layout,
)
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut, Splits
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray, IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

GESTURES = (
    "grab",
    "tap",
    "expand",
    "pinch",
    "rotation clockwise",
    "rotation counter-clockwise",
    "swipe right",
    "swipe left",
    "swipe up",
    "swipe down",
    "swipe x",
    "swipe +",
    "swipe v",
    "shake",
)
FINGERS = ("one finger", "whole hand")
DHG_SUBJECTS = 20
_CUTS = "informations_troncage_sequences.txt"
_NO_CUTS = (
    f"the source has no {_CUTS}, which says where each gesture begins and ends: recordings are whole, with the hand at "
    "rest before and after"
)
_PARTS = ("train", "test")


class _Recording(NamedTuple):
    """Where a recording stands in the tree; all numbers are 1-based."""

    gesture: int
    finger: int
    subject: int
    trial: int

    @property
    def name(self) -> str:
        return f"g{self.gesture:02d}_f{self.finger}_s{self.subject:02d}_e{self.trial:02d}"

    def label(self, classes: int) -> int:
        return self.gesture - 1 if classes == 14 else 2 * (self.gesture - 1) + self.finger - 1


@dataclass(frozen=True)
class _Clip:
    """A recording, its file (None: there is none) and its first and last frame (None: all)."""

    recording: _Recording
    file: Path | None
    cut: tuple[int, int] | None = None


def read_shrec17_14(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of SHREC'17 with 14 classes.

    Args:
        source: The folder with `gesture_1`, `gesture_2`, ..., `train_gestures.txt` and `test_gestures.txt`.
        layout: The body. None: `shrec22`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no such files, a damaged list, or an argument that does not fit.
    """
    return _read_shrec17(source, layout, labels, 14)


def read_shrec17_28(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of SHREC'17 with 28 classes, gesture by finger; see :func:`read_shrec17_14`."""
    return _read_shrec17(source, layout, labels, 28)


def read_dhg_14(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of DHG with 14 classes.

    Args:
        source: The folder with `gesture_1`, `gesture_2`, ... and `informations_troncage_sequences.txt`.
        layout: The body. None: `shrec22`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no such files, a damaged list, or an argument that does not fit.
    """
    return _read_dhg(source, layout, labels, 14)


def read_dhg_28(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of DHG with 28 classes, gesture by finger; see :func:`read_dhg_14`."""
    return _read_dhg(source, layout, labels, 28)


def _read_shrec17(source: Path, layout: SkeletonLayout | None, labels: ClipLabels | None, classes: int) -> ClipSource:
    refuse_labels(labels, f"shrec17-{classes}")
    files = _files(source, "skeletons_world.txt", subjects=28)
    parts = {}
    for part in _PARTS:
        for one in _official_list(source / f"{part}_gestures.txt"):
            if one in parts:
                raise InputError(f"the official lists of {source} name a recording twice", given=one.name)
            parts[one] = part
    clips = [_Clip(one, files.get(one)) for one in sorted(parts)]
    training = {one.name for one, part in parts.items() if part == "train"}
    unlisted = len(files.keys() - parts.keys())
    notes = (f"{unlisted} files were passed over: no official list names them",) * (unlisted > 0)
    splits = splits_by_name("official", lambda name: name in training)
    return _source(clips, the_layout(layout, "shrec22"), classes, splits, notes)


def _read_dhg(source: Path, layout: SkeletonLayout | None, labels: ClipLabels | None, classes: int) -> ClipSource:
    refuse_labels(labels, f"dhg-{classes}")
    files = _files(source, "skeleton_world.txt", subjects=DHG_SUBJECTS)
    cuts = _cuts(source / _CUTS, files) if (source / _CUTS).exists() else None
    clips = [_Clip(one, files[one], cuts[one] if cuts is not None else None) for one in sorted(files)]
    return _source(clips, the_layout(layout, "shrec22"), classes, _leave_one_out, (_NO_CUTS,) if cuts is None else ())


def _source(
    clips: Sequence[_Clip],
    layout: SkeletonLayout,
    classes: int,
    splits: Splits,
    notes: tuple[str, ...],
) -> ClipSource:
    both = tuple(f"{gesture} ({finger})" for gesture in GESTURES for finger in FINGERS)
    return ClipSource(
        layout=layout,
        class_names=GESTURES if classes == 14 else both,
        count=len(clips),
        persons=1,
        clips=lambda start: _read_clips(clips[start:], layout, classes),
        splits=splits,
        notes=notes,
    )


def _leave_one_out(store: SkeletonStore) -> Mapping[str, IntArray]:
    splits: dict[str, IntArray] = {}
    for subject in range(1, DHG_SUBJECTS + 1):
        splits |= split_pair(f"loso{subject}", store.subjects != subject)
    return splits


def _files(source: Path, name: str, subjects: int) -> dict[_Recording, Path]:
    """The recordings of a tree; folders of other names are passed over."""
    found = files_of(source, f"gesture_*/finger_*/subject_*/essai_*/{name}")
    files: dict[_Recording, Path] = {}
    for file in found:
        texts = [folder.name.rpartition("_")[2] for folder in list(file.parents)[3::-1]]
        if all(text.isascii() and text.isdigit() and len(text) < 4 for text in texts):
            one = _Recording(*map(int, texts))
            _check_range(one, file, subjects)
            if one in files:
                raise InputError("two files hold the same recording", given=f"{files[one]}, {file}")
            files[one] = file
    return files


def _check_range(one: _Recording, where: object, subjects: int) -> None:
    if not (1 <= one.gesture <= len(GESTURES) and 1 <= one.finger <= 2 and 1 <= one.subject <= subjects):
        given = f"gesture {one.gesture}, finger {one.finger}, subject {one.subject}"
        allowed = f"gestures 1 to {len(GESTURES)}, fingers 1 and 2, subjects 1 to {subjects}"
        raise InputError(f"{where}: there is no such recording in the data set", given=given, allowed=allowed)


def _official_list(path: Path) -> Iterator[_Recording]:
    for where, row in _rows(path, 7):
        one = _Recording(*row[:4])
        _check_range(one, where, 28)
        if row[4:6] != [one.label(14) + 1, one.label(28) + 1]:
            allowed = f"{one.label(14) + 1} and {one.label(28) + 1}"
            raise InputError(f"{where}: the classes are not those of the gesture", given=row[4:6], allowed=allowed)
        yield one


def _cuts(path: Path, files: Mapping[_Recording, Path]) -> dict[_Recording, tuple[int, int]]:
    """First and last frame of each gesture, those of all ``files`` among them."""
    cuts = {}
    for where, row in _rows(path, 6):
        if not 0 <= row[4] <= row[5]:
            raise InputError(f"{where}: a gesture ends before it begins", given=f"frames {row[4]} to {row[5]}")
        cuts[_Recording(*row[:4])] = (row[4], row[5])
    absent = sorted(files.keys() - cuts.keys())
    if absent:
        given = f"{len(absent)} of {len(files)}, the first is {files[absent[0]]}"
        hint = "the list is cut off: copy it again, or take it away to import all recordings whole"
        raise InputError(f"{path} lacks recordings of the source", given=given, allowed="a line for each", hint=hint)
    return cuts


def _rows(path: Path, columns: int) -> Iterator[tuple[str, list[int]]]:
    """Where each line of a list stands, and its whole numbers."""
    for number, line in enumerate(read_lines(path, "a list of gestures"), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != columns or not all(
            field.isascii() and field.isdigit() and len(field) < 10 for field in fields
        ):
            allowed = f"{columns} whole numbers"
            raise InputError(f"{path}, line {number}: this is no line of the list", given=line[:80], allowed=allowed)
        yield f"{path}, line {number}", [int(field) for field in fields]


def _read_clips(clips: Sequence[_Clip], layout: SkeletonLayout, classes: int) -> Iterator[SkeletonSequence | LeftOut]:
    for clip in clips:
        one = clip.recording
        if clip.file is None:
            yield LeftOut(one.name, "no file")
            continue
        keypoints = _keypoints(clip.file, layout.num_joints)
        if clip.cut is not None:
            keypoints = _trim(keypoints, clip.cut, clip.file)
        if len(keypoints) == 0:
            yield LeftOut(one.name, "no frames")
            continue
        yield SkeletonSequence(keypoints[np.newaxis], one.label(classes), layout, name=one.name, subject=one.subject)


def _keypoints(file: Path, joints: int) -> FloatArray:
    """The frames of a recording (T, V, C)."""
    frames = []
    for number, line in enumerate(read_lines(file, "a recording of hand joints"), start=1):
        values = numbers(line, f"line {number} of {file}")
        if len(values) not in (0, 3 * joints):
            allowed = f"{3 * joints} numbers, x y z of each joint"
            raise InputError(
                f"{file}, line {number}: this is no frame", given=f"{len(values)} numbers", allowed=allowed
            )
        if len(values):
            frames.append(values)
    return np.array(frames, dtype=np.float32).reshape(-1, joints, 3)


def _trim(keypoints: FloatArray, cut: tuple[int, int], file: Path) -> FloatArray:
    """The frames of the gesture; a last frame beyond the end of the recording is taken as its end."""
    first, last = cut
    if 0 < len(keypoints) <= first:
        given, allowed = f"frames {first} to {last}", f"frames 0 to {len(keypoints) - 1}"
        hint = f"the recording is cut off: copy it again, or correct {_CUTS}"
        raise InputError(f"the gesture in {file} begins after its last frame", given=given, allowed=allowed, hint=hint)
    return keypoints[first : last + 1]
