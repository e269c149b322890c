"""MediaPipe landmarks, written as JSON by the user's own program: one file a clip.

A file ``<clip>.json`` holds a list with an entry for each frame; ``<clip>.jsonl`` has an entry on each line. It is

* a list of landmarks: objects ``{"x": ..., "y": ..., "z": ..., "visibility": ...}`` or lists ``[x, y, z, visibility]``,
  the visibility being optional;
* a list of such lists, one for each person, of which the first is read;
* an object that holds one of these under a name that ends in `landmarks`, as MediaPipe's results do. World landmarks
  (a name with `world`) are preferred to landmarks of the image;
* an empty list or null: nobody was seen.

33 landmarks are `mediapipe33`, 21 are a hand, `hand21`; another number needs a layout. World landmarks are metres from
the middle of the hips; those of the image are shares of its width and height. y points down. Coordinates stay as they
are. Visibilities are the scores, if the first landmarks have them. Labels are those of a table, or the files lie in one
folder for each class.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stgnn.data.readers.common import coordinates, files_of, read_json_file, read_lines
from stgnn.data.readers.poses import Estimates, Poses, chosen_layout, clip_source, named
from stgnn.data.readers.source import ClipLabels, ClipSource
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

LAYOUTS = {33: "mediapipe33", 21: "hand21"}
ENDINGS = (".json", ".jsonl")
UNITS = {"world": "metres", "image": "shares of the image", "": "as the files hold them"}
_FORM = "for each frame a list of landmarks {x, y, z, visibility}"


class _Frame(NamedTuple):
    """What a frame shows: landmarks of the `world`, of the `image`, or not said (empty); None if nobody was seen."""

    kind: str
    joints: FloatArray | None  # (V, 3), or (V, 4) with visibility


def read_mediapipe(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of files of landmarks, one for each clip.

    Args:
        source: The folder: ``<clip>.json`` with a table of labels, or ``<class>/<clip>.json``; also ``.jsonl``.
        layout: The body. None: by the number of landmarks.
        labels: The table, by clip names.

    Raises:
        InputError: no files, nobody in any of them, no labels; later, a file that does not follow the format.
    """
    files = [file for file in files_of(source, "**/*.json*") if file.suffix in ENDINGS]
    first = next((frame for file in files for frame in _frames(file) if frame.joints is not None), None)
    if first is None or first.joints is None:
        raise InputError("the files of the source show nobody", given=source, allowed=_FORM)
    width, body = first.joints.shape[1], chosen_layout(layout, len(first.joints), 3, LAYOUTS, source)

    def read(file: Path) -> Poses | None:
        return _read(file, body, first.kind, width)

    note = f"Coordinates are {UNITS[first.kind]}, y down; of several persons in a frame the first is read."
    return clip_source(named(source, files), labels, "mediapipe", Estimates(body, 1, width == 4, (note,), read))


def _read(file: Path, layout: SkeletonLayout, kind: str, width: int) -> Poses | None:
    frames = list(_frames(file))
    values = np.zeros((len(frames), layout.num_joints, width), np.float32)
    for number, frame in enumerate(frames):
        if frame.joints is None:
            continue
        if frame.joints.shape != values.shape[1:] or frame.kind != kind:
            raise InputError(
                f"{file}, frame {number}: the landmarks are not like those of the first frame of the source",
                given=f"{frame.joints.shape} {frame.kind}",
                allowed=f"{values.shape[1:]} {kind}: one kind of landmarks, all with visibility or all without",
            )
        values[number] = frame.joints
    if all(frame.joints is None for frame in frames):
        return None
    return Poses(values[np.newaxis, ..., :3], values[np.newaxis, ..., 3] if width == 4 else None)


def _frames(file: Path) -> Iterator[_Frame]:
    for number, entry in enumerate(_entries(file)):
        where = f"{file}, frame {number}"
        kind, landmarks = _found(entry)
        if isinstance(landmarks, dict) and "landmark" in landmarks:  # as older versions wrote them
            landmarks = landmarks["landmark"]
        if landmarks is not None and not isinstance(landmarks, list):
            given = sorted(landmarks) if isinstance(landmarks, dict) else type(landmarks).__name__
            raise InputError(f"{where} is not of landmarks", given=given, allowed=_FORM)
        if landmarks and isinstance(landmarks[0], list) and not _is_number(landmarks[0][:1]):
            landmarks = landmarks[0]  # the first person
        yield _Frame(kind, _joints(landmarks, where) if landmarks else None)


def _entries(file: Path) -> Iterator[Any]:
    """One entry for each frame."""
    what = "a file of landmarks"
    if file.suffix == ".json":
        content = read_json_file(file, what)
        if not isinstance(content, list):
            raise InputError(f"{file} is not {what}", given=type(content).__name__, allowed=f"a list: {_FORM}")
        yield from content
        return
    for number, line in enumerate(read_lines(file, what), start=1):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file}, line {number}: this is not {what}", given=error, allowed=_FORM) from error


def _found(entry: Any) -> tuple[str, Any]:
    """The kind of the landmarks of a frame, and the landmarks; world landmarks first."""
    if not isinstance(entry, dict):
        return "", entry
    names = {re.sub("[^a-z]", "", str(name).lower()): value for name, value in entry.items()}
    fields = {name: value for name, value in names.items() if name.endswith("landmarks")}
    world = [value for name, value in fields.items() if "world" in name]
    image = [value for name, value in fields.items() if "world" not in name]
    return ("world", world[0]) if world else ("image", image[0]) if image else ("", entry)


def _joints(landmarks: list[Any], where: str) -> FloatArray:
    """Columns x, y, z and, if the first landmark has it, visibility."""
    first = landmarks[0]
    if isinstance(first, dict):
        names = ["x", "y", "z", *(["visibility"] if first.get("visibility") is not None else [])]
        if not all(isinstance(mark, dict) and all(name in mark for name in names) for mark in landmarks):
            raise InputError(f"{where} has a landmark without all of its numbers", allowed=names)
        landmarks = [[mark[name] for name in names] for mark in landmarks]
    joints = coordinates(landmarks, where)
    if joints.ndim != 2 or joints.shape[1] not in (3, 4) or not np.isfinite(joints).all():
        raise InputError(f"{where} is not of landmarks", given=joints.shape, allowed=f"{_FORM}, finite numbers")
    return joints


def _is_number(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], (int, float))
