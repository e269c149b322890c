"""SFINGE 3D hand gestures, version 1 (Caputo et al., Computers & Graphics 2020), recorded by a Leap Motion sensor.

``Dictionary/<gesture>/<n>.txt`` are single gestures; ``Sequences/<k>.txt`` are longer recordings, in which
``Sequences/sequencesGT.csv`` marks gestures: ``k, count, (gesture, first frame, last frame) * count``. Frames count
from 1 and both ends belong to the gesture; a last frame one beyond the end of the recording, as the published list has
two of, is taken as its end. Each line of a recording is a frame: for each of 20 joints the position, 3 numbers (in
metres, by their ranges), and a rotation, 4 numbers, which is not imported. Protocol ``dict2seq``: train on the
dictionary, test on the gestures cut from the sequences. (The paper's own is detection in the uncut sequences.)
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stgnn.data.readers.common import files_of, read_lines, refuse_labels, splits_by_name, the_layout
from stgnn.data.readers.small import LIMIT, clip_of, index_of, read_rows
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    *("one", "two", "three", "four", "ok"),  # static poses
    *("pinch", "grab", "expand", "tap", "swipe left", "swipe right", "swipe V", "swipe O"),
)
TRUTH = "sequencesGT.csv"
_ROW = re.compile(r"[0-9]{1,7}(,[0-9]{1,7})*")


@dataclass(frozen=True)
class _Gesture:
    """One clip: frames ``first`` to ``last`` (1-based, inclusive) of a file; to the end where ``last`` is None."""

    file: Path
    label: int
    name: str
    first: int = 1
    last: int | None = None


def read_sfinge3d(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open the folder of the original files.

    Args:
        source: The folder with ``Dictionary`` and ``Sequences``; one of them is enough.
        layout: The body. None: `sfinge20`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a damaged list of gestures, or labels.
    """
    refuse_labels(labels, "sfinge3d")
    body = the_layout(layout, "sfinge20")
    gestures = [
        *(_dictionary(source / "Dictionary") if (source / "Dictionary").is_dir() else ()),
        *(_sequences(source / "Sequences") if (source / "Sequences").is_dir() else ()),
    ]
    if not gestures:
        raise InputError("the source is not SFINGE 3D", given=source, allowed="a folder with Dictionary and Sequences")
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(gestures),
        persons=1,
        clips=lambda start: _clips(gestures[start:], body),
        splits=splits_by_name("dict2seq", lambda name: name.startswith("dict/")),
    )


def _dictionary(folder: Path) -> list[_Gesture]:
    files = files_of(folder, "*/*.txt")
    strange = [file for file in files if not all(re.fullmatch("[0-9]{1,4}", n) for n in (file.stem, file.parent.name))]
    if strange:
        raise InputError(
            "a file is not where SFINGE 3D has it", given=strange[0], allowed="Dictionary/<gesture>/<n>.txt"
        )
    numbered = sorted((int(file.parent.name), int(file.stem), file) for file in files)
    return [_Gesture(file, index_of(g, len(CLASSES), file), f"dict/{g}/{n}") for g, n, file in numbered]


def _sequences(folder: Path) -> list[_Gesture]:
    truth = folder / TRUTH
    gestures = []
    for number, line in enumerate(read_lines(truth, "the list of gestures of SFINGE 3D", LIMIT), start=1):
        text = "".join(line.split())
        row = [int(value) for value in text.split(",")] if _ROW.fullmatch(text) else []
        if text and (len(row) < 2 or len(row) != 2 + 3 * row[1]):
            allowed = "sequence, count, and count times: gesture, first frame, last frame"
            raise InputError(f"line {number} of {truth} does not follow the format", given=text[:80], allowed=allowed)
        for place in range(2, len(row), 3):
            gesture, first, last = row[place : place + 3]
            if not 1 <= first <= last:
                given = f"frames {first} to {last} of gesture {place // 3 + 1}"
                allowed = "a first frame from 1 on, and a last one not before it"
                raise InputError(f"line {number} of {truth} marks no frames", given=given, allowed=allowed)
            name = f"seq/{row[0]}/{place // 3 + 1}"
            label = index_of(gesture, len(CLASSES), truth)
            gestures.append(_Gesture(folder / f"{row[0]}.txt", label, name, first, last))
    return gestures


def _clips(gestures: Sequence[_Gesture], layout: SkeletonLayout) -> Iterator[SkeletonSequence | LeftOut]:
    recording = lru_cache(maxsize=1)(_read_recording)  # the gestures of a sequence follow each other
    for gesture in gestures:
        if gesture.file.is_file():
            keypoints = _cut(recording(gesture.file), gesture)
            yield clip_of(keypoints, gesture.label, layout, gesture.name)
        else:
            yield LeftOut(gesture.name, "no recording")


def _cut(keypoints: FloatArray, gesture: _Gesture) -> FloatArray:
    """The frames of a gesture of a recording (1, T, V, C).

    Raises:
        InputError: the recording ends before the gesture does, and by more than one frame.
    """
    count = keypoints.shape[1]
    if gesture.last is not None and (gesture.first > count or gesture.last > count + 1):
        what = f"the recording {gesture.file} ends before the gesture {gesture.name} does"
        given = f"frames {gesture.first} to {gesture.last} of {count}"
        raise InputError(what, given=given, hint=f"the recording is cut off: copy it again, or correct {TRUTH}")
    return keypoints[:, gesture.first - 1 : gesture.last]


def _read_recording(file: Path) -> FloatArray:
    """Keypoints (1, T, V, C)."""
    rows = read_rows(file, 20 * 7, "a recording of SFINGE 3D")
    return rows.reshape(1, -1, 20, 7)[..., :3]
