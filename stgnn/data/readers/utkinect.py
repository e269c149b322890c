"""UTKinect-Action3D (Xia, Chen, Aggarwal, CVPRW 2012): ``joints_s<subject>_e<episode>.txt`` and a list of actions.

Each line of a recording is the number of a frame and x, y, z of 20 joints, in metres; of lines with the same number
the first counts. ``actionLabel.txt`` says from which to which frame number each of the ten actions of a recording
lasts. Its published form has typing errors; ``actionLabel_modified.txt``, from the code of Vemulapalli et al. (CVPR
2014), has them corrected and is taken where it is at hand. Protocols:

* ``loseq1`` to ``loseq20``: leave one sequence (recording) out; the mean is what the authors report.
* ``random1`` to ``random10``: see :func:`~stgnn.data.readers.small.read_subject_splits`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import read_lines, refuse_labels, split_pair, the_layout
from stgnn.data.readers.small import (
    LIMIT,
    SubjectSplit,
    clip_of,
    numbered_files,
    read_rows,
    read_subject_splits,
    splits_note,
    subject_splits,
)
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray, IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = ("walk", "sitDown", "standUp", "pickUp", "carry", "throw", "push", "pull", "waveHands", "clapHands")
CORRECTED, PUBLISHED = "actionLabel_modified.txt", "actionLabel.txt"
_RECORDING = re.compile(r"s([0-9]{2})_e([0-9]{2})")
_ACTION = re.compile(r"(\w+):\s*([0-9]{1,7}|NaN)\s+([0-9]{1,7}|NaN)")


@dataclass(frozen=True)
class _Action:
    """One clip: frame numbers ``first`` to ``last`` of a recording; None where the list does not know them."""

    recording: str
    label: int
    frames: tuple[int, int] | None

    @property
    def name(self) -> str:
        return f"{self.recording}_{CLASSES[self.label]}"


def read_utkinect(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open the folder of the original files.

    Args:
        source: The folder with the list of actions; the recordings are in it or in its folder ``joints``.
        layout: The body. None: `kinect20`, which has the joint order of the files.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no recordings, no list of actions or one that does not follow the format, or labels.
    """
    refuse_labels(labels, "utkinect")
    body = the_layout(layout, "kinect20")
    joints = source / "joints" if (source / "joints").is_dir() else source
    files = {f"s{s:02d}_e{e:02d}": file for (s, e), file in numbered_files(joints, "joints_s*_e*.txt")}
    corrected = (source / CORRECTED).is_file()
    actions = _read_actions(source / (CORRECTED if corrected else PUBLISHED))
    tables = read_subject_splits(source)
    mended = () if corrected else (f"{PUBLISHED} has typing errors; put the {CORRECTED} of the same code beside it",)
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(actions),
        persons=1,
        clips=lambda start: _clips(actions[start:], files, body),
        splits=lambda store: _splits(store, tables),
        notes=(*splits_note(tables), *mended),
    )


def _read_actions(path: Path) -> list[_Action]:
    recording, actions = "", []
    for number, line in enumerate(read_lines(path, "the list of actions of UTKinect", LIMIT), start=1):
        text = line.strip()
        match = _ACTION.fullmatch(text)
        if _RECORDING.fullmatch(text):
            recording = text
        elif match is not None and match[1] in CLASSES and recording:
            frames = None if "NaN" in match.groups() else (int(match[2]), int(match[3]))
            actions.append(_Action(recording, CLASSES.index(match[1]), frames))
        elif text:
            raise InputError(
                f"line {number} of {path} does not follow the format",
                given=text[:80],
                allowed=f"s01_e01, and under it lines like 'walk: 252 390' of the actions {', '.join(CLASSES)}",
            )
    if not actions:
        raise InputError(f"{path} lists no actions", hint="copy it again")
    return actions


def _clips(
    actions: Sequence[_Action], files: dict[str, Path], layout: SkeletonLayout
) -> Iterator[SkeletonSequence | LeftOut]:
    recording = lru_cache(maxsize=1)(_read_recording)  # its ten actions follow each other
    for action in actions:
        if action.frames is None:
            yield LeftOut(action.name, "no frames in the list of actions")
        elif action.recording not in files:
            yield LeftOut(action.name, "no recording")
        else:
            frames, keypoints = recording(files[action.recording])
            chosen = (frames >= action.frames[0]) & (frames <= action.frames[1])
            yield clip_of(keypoints[:, chosen], action.label, layout, action.name, _subject(action.recording))


def _read_recording(file: Path) -> tuple[FloatArray, FloatArray]:
    """Frame numbers (T,), rising, and keypoints (1, T, V, C)."""
    rows = read_rows(file, 1 + 20 * 3, "a recording of UTKinect")
    frames, first = np.unique(rows[:, 0], return_index=True)
    return frames, rows[first, 1:].reshape(1, -1, 20, 3)


def _subject(name: str) -> int:
    return int(name[1:3])


def _splits(store: SkeletonStore, tables: Sequence[SubjectSplit]) -> dict[str, IntArray]:
    recordings = np.array([name[:7] for name in store.names])
    splits = subject_splits(store, tables, np.ones(len(store), dtype=bool))
    for number, recording in enumerate(np.unique(recordings), start=1):
        test = recordings == recording
        splits |= split_pair(f"loseq{number}", ~test, test)
    return splits
