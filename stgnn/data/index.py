"""What a store knows of each clip, gathered while clips arrive one after the other."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

LONGEST_NAME = 255
"""Letters of a clip's name, as many as a file name may have: the index gives every name as much room as the longest."""


class Entry(NamedTuple):
    """One clip: its name, its 0-based class, who performs it, the camera (-1: unknown), its frames, and which of its
    bodies hold anything.
    """

    name: str
    label: int
    subject: int
    view: int
    frames: int
    present: Sequence[bool]


class ClipIndex:
    """The entries of clips, in their order, and the number of all their frames."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.frames = 0

    def __len__(self) -> int:
        return len(self.entries)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take in entries that another index has made."""
        for entry in entries:
            self.entries.append(entry)
            self.frames += entry.frames

    def add(self, clip: SkeletonSequence, layout: SkeletonLayout) -> Entry:
        """Take in the next clip; one without a name is called after its place.

        Raises:
            InputError: it has another layout than the store, or a name without end.
        """
        if clip.layout.digest != layout.digest:
            raise InputError(f"clip {clip.name!r} has another layout", given=clip.layout.name, allowed=layout.name)
        name = printable(clip.name) or f"clip{len(self):06d}"
        if len(name) > LONGEST_NAME:
            given = f"{len(name)} letters: {name[:40]}..."
            raise InputError("the name of a clip is too long", given=given, allowed=f"{LONGEST_NAME} letters")
        present = (clip.keypoints != 0).any(axis=(1, 2, 3)).tolist()
        entry = Entry(name, int(clip.label), int(clip.subject), int(clip.view), clip.keypoints.shape[1], present)
        self.extend([entry])
        return entry

    def arrays(self, persons: int) -> dict[str, Any]:
        """The fields of `SkeletonStore` that have one value for each clip, or for each of its M bodies."""
        names, labels, subjects, views, frames, present = zip(*self.entries, strict=True)
        return {
            "names": names,
            "labels": np.array(labels, dtype=np.int64),
            "subjects": np.array(subjects, dtype=np.int64),
            "views": np.array(views, dtype=np.int64),
            "offsets": np.cumsum((0, *frames), dtype=np.int64),
            "present": np.array([[*bodies, *[False] * (persons - len(bodies))] for bodies in present], dtype=np.bool_),
        }


def printable(name: str) -> str:
    """The name with a question mark for what no UTF-8 file can hold, as half a character of a damaged file name."""
    return name.encode("utf-8", "replace").decode("utf-8")


def lay(values: FloatArray, persons: int) -> FloatArray:
    """(M, T, ...) -> (T, persons, ...), the bodies that are not there being zero."""
    missing = [(0, persons - values.shape[0])] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, missing).swapaxes(0, 1)
