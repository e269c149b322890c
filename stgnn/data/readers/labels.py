"""A table of labels for sources that hold coordinates only: a CSV file with one line for each clip.

=========  ==================================================================================
column     meaning
=========  ==================================================================================
`clip`     name of the clip, as the reader of the source calls it; required
`label`    name of the class, or its 0-based number; required
`subject`  who performs it: a name or a number; may be empty
`view`     the camera: a name or a number; may be empty
`split`    `train`, `test` or empty: the clips of the protocol `own`
=========  ==================================================================================

Where every entry of a column is a number, the numbers are kept; otherwise the entries are names, numbered in their
alphabetical order.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import MOST_CLASSES, check_size, split_pair
from stgnn.data.readers.csv_file import read_columns, rows_below
from stgnn.data.readers.source import ClipLabel, ClipLabels, Splits
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError

COLUMNS = ("clip", "label", "subject", "view", "split")
PROTOCOL = "own"
_FORM = "clip,label[,subject][,view][,split]"


def read_labels(path: Path) -> ClipLabels:
    """Read a table of labels.

    Args:
        path: The CSV file.

    Raises:
        InputError: naming the file and the line.
    """
    return clip_labels(path, dict(_rows(path)))


def clip_labels(path: Path, rows: Mapping[int, Mapping[str, str]]) -> ClipLabels:
    """The table that the lines of a file make.

    Args:
        path: The file, for messages.
        rows: By the number of its line what is said of each clip, by column: `clip`, `label` and maybe the others.

    Raises:
        InputError: naming the file and the line.
    """
    clips = [row["clip"] for row in rows.values()]
    column = {name: [row.get(name, "") for row in rows.values()] for name in COLUMNS}
    _check(path, rows)
    labels, names = _numbered(column["label"])
    if names is None and max(labels) >= MOST_CLASSES:
        line = list(rows)[labels.index(max(labels))]
        raise InputError(
            f"{path}, line {line}: no class has this number", given=max(labels), allowed=f"0 to {MOST_CLASSES - 1}"
        )
    known = {name: ["" if entry == "-1" else entry for entry in column[name]] for name in ("subject", "view")}
    subjects, views = _numbered(known["subject"])[0], _numbered(known["view"])[0]
    entries = map(ClipLabel, labels, subjects, views, column["split"])
    return ClipLabels(
        class_names=names or tuple(str(number) for number in range(max(labels) + 1)),
        rows=dict(zip(clips, entries, strict=True)),
    )


def label_splits(labels: ClipLabels) -> Splits:
    """The splits that a table names, for `ClipSource.splits`; none if it names only one side.

    Args:
        labels: The table.
    """

    def splits(store: SkeletonStore) -> Mapping[str, IntArray]:
        sides = np.array([labels.rows[name].split if name in labels.rows else "" for name in store.names])
        return split_pair(PROTOCOL, sides == "train", sides == "test")

    return splits


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each line that holds something, and what it holds by column."""
    check_size(path, "a table of labels")
    columns = read_columns(path, ("clip", "label"), COLUMNS, _FORM)
    for row in rows_below(path, columns):
        yield row.line, dict(zip(columns, row.words, strict=True))


def _check(path: Path, rows: Mapping[int, Mapping[str, str]]) -> None:
    if not rows:
        raise InputError(f"{path} names no clips", allowed="one line for each clip")
    seen: dict[str, int] = {}
    for line, row in rows.items():
        where = f"{path}, line {line}"
        for name in ("clip", "label"):
            if not row[name]:
                raise InputError(f"{where}: the {name} is empty", allowed=_FORM)
        if row.get("split", "") not in ("train", "test", ""):
            raise InputError(f"{where}: there is no such split", given=row["split"], allowed="train, test or nothing")
        if row["clip"] in seen:
            given = f"{row['clip']}, as in line {seen[row['clip']]}"
            raise InputError(f"{where}: the clip has a line already", given=given, allowed="one line for each clip")
        seen[row["clip"]] = line


def _numbered(entries: Sequence[str]) -> tuple[list[int], tuple[str, ...] | None]:
    """A number for each entry, -1 for an empty one, and the names if the entries are not all numbers themselves."""
    filled = [entry for entry in entries if entry]
    if all(entry.isdecimal() and len(entry) < 18 for entry in filled):
        return [int(entry) if entry else -1 for entry in entries], None
    names = tuple(sorted(set(filled)))
    numbers = {name: number for number, name in enumerate(names)}
    return [numbers.get(entry, -1) for entry in entries], names
