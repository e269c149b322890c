"""What an annotation pickle holds, checked entry by entry before any coordinate is read."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stgnn.data.pickles import StoredArray
from stgnn.data.readers.published import people
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

_FORM = "a dict with 'annotations' (a list of dicts) and 'split' (a dict of lists of names), or the list alone"


class Record(NamedTuple):
    """One annotation.

    Args:
        name: Name of the clip.
        label: 0-based class, None if it has none.
        subject: Who performs it, -1 if unknown.
        view: The camera, -1 if unknown.
        keypoints: Coordinates (M, T, V, C), None if they are in another file.
        scores: Confidence (M, T, V).
        size: Height and width of the image.
        entry: All of it.
    """

    name: str
    label: int | None
    subject: int
    view: int
    keypoints: StoredArray | None
    scores: StoredArray | None
    size: tuple[float, float] | None
    entry: Mapping[str, Any]


class Content(NamedTuple):
    """The pickle: its annotations, lists of clips by the names of splits, and what our own export adds."""

    records: list[Record]
    split: Mapping[str, Sequence[str]]
    class_names: tuple[str, ...] | None
    layout: SkeletonLayout | None


def read_content(content: Any, source: Path) -> Content:
    """Check what a pickle holds.

    Raises:
        InputError: it is not a list of annotations, or one of them is wrong; the message names the clip.
    """
    whole = content if isinstance(content, dict) else {"annotations": content}
    entries = whole.get("annotations")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{source} is not an annotation pickle", given=_keys(whole), allowed=_FORM)
    if not entries:
        raise InputError(f"{source} holds no annotations", hint="check that it is the right file")
    named = "filename" if "filename" in entries[0] else "frame_dir"
    records = []
    for number, entry in enumerate(entries):
        try:
            records.append(_record(entry, named))
        except InputError as error:
            raise error.at(f"{source}, annotation {number} ({str(entry.get(named))[:60]})") from None
    return Content(records, _split(whole.get("split"), source), _class_names(whole, source), _layout(whole, source))


def _record(entry: Mapping[str, Any], named: str) -> Record:
    name = entry.get(named)
    if not isinstance(name, str) or not name:
        raise InputError(f"the annotation has no name under {named!r}", allowed="a text")
    keypoints = _array(entry, "keypoint", 4)
    scores = _array(entry, "keypoint_score", 3) if keypoints is not None else None
    if keypoints is not None and scores is not None and scores.shape != keypoints.shape[:3]:
        given, allowed = f"keypoint_score {scores.shape}", keypoints.shape[:3]
        raise InputError("the scores do not fit the key points", given=given, allowed=allowed)
    subject, view = people(name)
    subject, view = _integer(entry, "subject", subject), _integer(entry, "view", view)
    label = _integer(entry, "label", -1) if entry.get("label") is not None else None
    return Record(name, label, subject, view, keypoints, scores, _size(entry.get("img_shape")), entry)


def _array(entry: Mapping[str, Any], name: str, axes: int) -> StoredArray | None:
    array = entry.get(name)
    if array is None:
        return None
    if not isinstance(array, StoredArray) or array.dtype.kind not in "fiu" or len(array.shape) != axes:
        given = f"{array.dtype} {array.shape}" if isinstance(array, StoredArray) else type(array).__name__
        allowed = f"an array of numbers {('M', 'T', 'V', 'C')[:axes]}"
        raise InputError(f"{name!r} is of the wrong kind", given=given, allowed=allowed)
    return array


def _integer(entry: Mapping[str, Any], name: str, default: int) -> int:
    value = entry.get(name, default)
    if not isinstance(value, int | np.integer) or not -1 <= value < 1 << 31:
        raise InputError(f"{name!r} is no whole number", given=type(value).__name__, allowed="0, 1, 2, ...")
    return int(value)


def _size(shape: Any) -> tuple[float, float] | None:
    if shape is None:
        return None
    sides = shape if isinstance(shape, tuple | list) else ()
    if len(sides) < 2 or not all(isinstance(side, int | float | np.number) for side in sides[:2]):
        raise InputError("'img_shape' is of the wrong kind", given=type(shape).__name__, allowed="(height, width)")
    height, width = (float(side) for side in sides[:2])
    if not (math.isfinite(height) and math.isfinite(width) and min(height, width) >= 1 and max(height, width) < 1e6):
        raise InputError(
            "'img_shape' is no size of an image", given=(height, width), allowed="(height, width) in pixels"
        )
    return height, width


def _split(split: Any, source: Path) -> dict[str, list[str]]:
    if split is None:
        return {}
    lists = split.values() if isinstance(split, dict) else [None]
    if not all(isinstance(names, list | tuple) and all(isinstance(name, str) for name in names) for names in lists):
        raise InputError(f"the splits of {source} are of the wrong kind", allowed="a dict of lists of clip names")
    return {str(name): list(names) for name, names in split.items()}


def _class_names(whole: Mapping[str, Any], source: Path) -> tuple[str, ...] | None:
    names = whole.get("class_names")
    if names is None:
        return None
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise InputError(f"the class names of {source} are of the wrong kind", allowed="a list of texts")
    return tuple(names)


def _layout(whole: Mapping[str, Any], source: Path) -> SkeletonLayout | None:
    data = whole.get("layout")
    if not isinstance(data, dict):
        return None
    try:
        return SkeletonLayout.from_dict(data)
    except InputError as error:
        raise error.at(source) from None


def _keys(whole: Mapping[Any, Any]) -> list[str]:
    return [str(key)[:40] for key in list(whole)[:10]]
