"""What readers share: bounded files, checked names and numbers, the body, the labels and splits by a rule."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.readers.source import ClipLabels, Splits
from stgnn.data.validation import BoolArray, FloatArray, IntArray
from stgnn.errors import InputError
from stgnn.files import read_text
from stgnn.skeleton.layout import SkeletonLayout, load_layout

LIMIT = 32 << 20
"""Largest text that is read at once, in bytes: as Python objects it takes up to twenty times as much."""

LARGEST_CLIP = 128 << 20
"""Bytes of the coordinates of one clip, which memory has to hold: an hour of two bodies has half of that."""
MOST_CLASSES = 10_000
"""A larger number of a class without a name is taken for a slip: every class up to the largest number would have a
place in the network."""


def refuse_labels(labels: ClipLabels | None, format: str) -> None:
    """Refuse a table of labels for a format that brings its own.

    Raises:
        InputError: there is a table.
    """
    if labels is not None:
        raise InputError(
            f"the format {format!r} has labels of its own",
            given="a table of labels",
            allowed="no table",
            hint="leave out --labels",
        )


def require_labels(labels: ClipLabels | None, format: str) -> ClipLabels:
    """The table of labels that a format without labels needs.

    Raises:
        InputError: there is none.
    """
    if labels is None:
        raise InputError(
            f"the format {format!r} holds no labels",
            given="no table of labels",
            allowed="a CSV file with the columns clip,label[,subject][,view][,split]",
            hint="say --labels FILE.csv with one line for each clip",
        )
    return labels


def the_layout(layout: SkeletonLayout | None, name: str) -> SkeletonLayout:
    """The layout that was asked for, or the shipped one of a format.

    Args:
        layout: What the user named. It must have the joints and coordinates, V and C, of the shipped one.
        name: The shipped layout that has the joint order of the format.

    Raises:
        InputError: the named layout has another number of joints or coordinates.
    """
    shipped = load_layout(name)
    if layout is None:
        return shipped
    if (layout.num_joints, layout.dimensions) != (shipped.num_joints, shipped.dimensions):
        raise InputError(
            f"the layout {layout.name!r} does not fit the format",
            given=f"{layout.num_joints} joints of {layout.dimensions} coordinates",
            allowed=f"{shipped.num_joints} joints of {shipped.dimensions} coordinates, as in {name!r}",
            hint="leave out --layout, or write a layout file with the joints of the source in their order",
        )
    return layout


def check_size(path: Path, what: str, limit: int = LIMIT) -> None:
    """Refuse a file of more than ``limit`` bytes; see :func:`read_lines`.

    Raises:
        InputError: it is too large.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size > limit:
        raise InputError(f"the file is too large for {what}", given=f"{path}: {size} bytes", allowed=f"{limit} bytes")


def read_lines(path: Path, what: str, limit: int = LIMIT) -> list[str]:
    """The lines of a UTF-8 file, without their ends.

    Args:
        path: The file.
        what: What it should be, for the message: ``"a list of clips"``.
        limit: Bytes above which the file is refused.

    Raises:
        InputError: it is missing, too large or not text.
    """
    return _bounded_text(path, what, limit).splitlines()


def read_json_file(path: Path, what: str, limit: int = LIMIT) -> Any:
    """The content of a JSON file; see :func:`read_lines`.

    Raises:
        InputError: it is missing, too large, not JSON, or nested without end.
    """
    text = _bounded_text(path, what, limit)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "the file is cut off or damaged: copy it again"
        raise InputError(f"this is not {what}", given=f"{path}: {error}", hint=hint) from error


def numbers(text: str, what: str) -> FloatArray:
    """The numbers of a text, which white space or commas part.

    Args:
        text: For example one line of a file.
        what: Where the text stands, for the message: ``"line 3 of a01.txt"``.

    Raises:
        InputError: something is not a number.
    """
    try:
        values = np.fromiter(map(float, text.replace(",", " ").split()), dtype=np.float64)
    except ValueError as error:
        hint = "the file is damaged: copy it again"
        raise InputError(f"{what} holds something else than numbers", given=error, hint=hint) from error
    with np.errstate(over="ignore"):  # infinity is refused once the clip is complete, with its name
        return values.astype(np.float32)


def coordinates(values: object, what: str) -> FloatArray:
    """An array of nested lists of numbers, as JSON holds them.

    Args:
        values: The lists; those of one level have one length.
        what: Where they stand, for the message.

    Raises:
        InputError: they are ragged or hold something else than numbers.
    """
    try:
        with np.errstate(over="ignore"):
            return np.array(values, dtype=np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        given = f"{type(error).__name__}: {error}"
        raise InputError(f"{what} are not an array of numbers", given=given, allowed="lists of one length") from error


def files_of(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that match a glob pattern, sorted by path, without hidden ones.

    Args:
        folder: The source.
        pattern: As for :meth:`pathlib.Path.glob`: ``"*.json"``, ``"*/*.txt"``, ``"**/*.skeleton"``.

    Raises:
        InputError: it is not a folder, no file matches, or a file is a link to somewhere outside the folder.
    """
    if not folder.is_dir():
        raise InputError("the source is not a folder", given=folder, allowed=f"a folder with files {pattern}")
    found = sorted(file for file in folder.glob(pattern) if file.is_file() and not _hidden(file.relative_to(folder)))
    if not found:
        raise InputError("the folder holds no files of this format", given=folder, allowed=f"files {pattern}")
    root = folder.resolve()
    for file in found:
        if not file.resolve().is_relative_to(root):
            hint = "put the file itself into the folder"
            raise InputError("a link leads out of the source", given=f"{file} -> {file.resolve()}", hint=hint)
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def folder_of(source: Path) -> Path:
    """The folder in which a source lies; of ``.`` and ``..`` too."""
    return Path(os.path.abspath(source)).parent  # `absolute` keeps "..", `resolve` follows links


def split_pair(protocol: str, train: BoolArray, test: BoolArray | None = None) -> dict[str, IntArray]:
    """The two splits of a protocol; none if either side is empty.

    Args:
        protocol: Name of the protocol: ``xsub``.
        train: Which clips train (n,).
        test: Which clips test (n,). None: all others.
    """
    test = ~train if test is None else test
    if not train.any() or not test.any():
        return {}
    return {f"{protocol}_train": np.flatnonzero(train), f"{protocol}_test": np.flatnonzero(test)}


def splits_by_name(protocol: str, trains: Callable[[str], bool]) -> Splits:
    """The splits of a protocol that the names of the clips tell, for `ClipSource.splits`.

    Args:
        protocol: Name of the protocol.
        trains: Whether the clip of this name trains.
    """
    return lambda store: split_pair(protocol, np.array([trains(name) for name in store.names], dtype=bool))


def _bounded_text(path: Path, what: str, limit: int) -> str:
    check_size(path, what, limit)
    return read_text(path, what)
