"""What the readers of small sets share: rows of numbers, numbers in file names, joints by name, splits by a rule."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.readers.common import files_of, folder_of, numbers, read_lines, split_pair
from stgnn.data.readers.matlab import read_mat
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import BoolArray, FloatArray, IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

SubjectSplit = tuple[frozenset[int], frozenset[int]]
"""The subjects of training and those of the test."""

SUBJECT_SPLITS = "tr_te_splits.mat"
LIMIT = 8 << 20
"""Largest text, in bytes; those of these sets have two millions or so at most."""


def read_rows(path: Path, columns: int, what: str) -> FloatArray:
    """A text file with the same count of numbers in each line, parted by white space, commas or semicolons.

    Args:
        path: The file.
        columns: Numbers of a line.
        what: What the file should be, for the message.

    Returns:
        Array (lines, columns); empty lines do not count.

    Raises:
        InputError: the file cannot be read, or a line holds something else, or more or fewer numbers.
    """
    rows = []
    for line, text in enumerate(read_lines(path, what, LIMIT), start=1):
        if text and not text.isspace():
            rows.append(numbers(text.replace(";", " "), f"line {line} of {path}"))
            if len(rows[-1]) != columns:
                hint = "the file is damaged, or not the one of this data set: copy it again"
                raise InputError(f"line {line} of {path} is wrong", given=len(rows[-1]), allowed=columns, hint=hint)
    return np.stack(rows) if rows else np.zeros((0, columns), np.float32)


def numbered_files(folder: Path, pattern: str) -> list[tuple[tuple[int, ...], Path]]:
    """The files of a folder whose stem is the pattern with a number for each star, sorted by these numbers.

    Args:
        folder: The source.
        pattern: As for :meth:`pathlib.Path.glob`: ``a*_s*_t*_skeleton.mat``.

    Raises:
        InputError: it is not a folder, or holds no such file.
    """
    form = re.compile(r"([0-9]{1,4})".join(map(re.escape, pattern.split("*"))))
    matches = ((form.fullmatch(file.name), file) for file in files_of(folder, pattern))
    found = sorted((tuple(map(int, match.groups())), file) for match, file in matches if match)
    if not found:
        raise InputError("the folder holds no files of this format", given=folder, allowed=f"{pattern}, * a number")
    return found


def index_of(number: int, count: int, where: Path) -> int:
    """The 0-based class of a 1-based number in a file name.

    Raises:
        InputError: there is no such class.
    """
    if not 1 <= number <= count:
        raise InputError(f"the class of {where} is out of range", given=number, allowed=f"1 to {count}")
    return number - 1


def joint_order(layout: SkeletonLayout, names: Sequence[str]) -> list[int]:
    """Which joint of the source stands at each joint of the layout (V,).

    Args:
        layout: The body. If its joints have other names than those of the source, they have its order.
        names: The joints of the source.
    """
    same = sorted(names) == sorted(layout.joints)
    return [names.index(joint) for joint in layout.joints] if same else list(range(len(names)))


def to_floats(values: npt.NDArray[Any]) -> FloatArray:
    """The numbers as float32; what is too large becomes infinity, which :class:`SkeletonSequence` refuses by place."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32)


def clip_of(
    keypoints: FloatArray,
    label: int,
    layout: SkeletonLayout,
    name: str,
    subject: int = -1,
    scores: FloatArray | None = None,
) -> SkeletonSequence | LeftOut:
    """A clip from keypoints (M, T, V, C) and scores (M, T, V), or why there is none.

    Raises:
        InputError: whatever :class:`SkeletonSequence` refuses.
    """
    if keypoints.shape[1] == 0:
        return LeftOut(name, "no frames")
    if not keypoints.any():
        return LeftOut(name, "no body")
    return SkeletonSequence(keypoints, label, layout, name, subject, scores=scores)


def read_subject_splits(folder: Path) -> list[SubjectSplit]:
    """The random splits by subject of Vemulapalli, Arrate and Chellappa (CVPR 2014), if their file is at hand.

    Args:
        folder: The source; ``tr_te_splits.mat`` of the paper's code lies in it or beside it.

    Raises:
        InputError: the file is damaged.
    """
    places = (folder / SUBJECT_SPLITS, folder_of(folder) / SUBJECT_SPLITS)
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        return []
    train, test = sides = [read_mat(path, name) for name in ("tr_subjects", "te_subjects")]  # (splits, subjects)
    whole = all(side.ndim == 2 and np.isin(side, np.arange(100)).all() for side in sides)
    if not whole or len(train) != len(test):
        given = " and ".join(str(side.shape) for side in sides)
        raise InputError(f"{path} holds no list of splits", given=given, allowed="(10, 5) and (10, 5), subjects each")
    return [(frozenset(map(int, one)), frozenset(map(int, other))) for one, other in zip(train, test, strict=True)]


def subject_splits(store: SkeletonStore, tables: Sequence[SubjectSplit], used: BoolArray) -> dict[str, IntArray]:
    """The protocols ``random1``, ``random2``, ... of :func:`read_subject_splits`.

    Args:
        store: The imported clips.
        tables: The subjects of each protocol.
        used: Which clips belong to a protocol at all (n,).
    """
    splits: dict[str, IntArray] = {}
    for number, sides in enumerate(tables, start=1):
        train, test = (used & np.isin(store.subjects, list(subjects)) for subjects in sides)
        splits |= split_pair(f"random{number}", train, test)
    return splits


def splits_note(tables: Sequence[SubjectSplit]) -> tuple[str, ...]:
    """What to tell the user where the file of the random splits is missing."""
    if tables:
        return ()
    return (
        f"the random splits by subject need {SUBJECT_SPLITS} of the code of Vemulapalli et al. (CVPR 2014) "
        "in or beside the source",
    )
