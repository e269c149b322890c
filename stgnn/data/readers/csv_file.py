"""CSV files of any size: row after row, each with its place in the file, so that reading can start at any of them.

The first row of a table names its columns.
"""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from stgnn.errors import InputError

LONGEST_LINE = 1 << 16
"""In bytes: a longer one is not of a table."""


class Row(NamedTuple):
    """The words of a row, the number of its last line, and where it starts and ends, in bytes from the file's start."""

    start: int
    end: int
    line: int
    words: list[str]


def read_columns(path: Path, required: Collection[str], known: Collection[str], form: str) -> dict[str, int]:
    """The place of each column by its name, in the order of the file.

    Args:
        path: The file.
        required: Names of which none may be missing.
        known: Every name that there may be.
        form: What the first line should be, for the message: ``"clip,label[,subject]"``.

    Raises:
        InputError: the file cannot be read, or a name is missing, unknown or there twice.
    """
    header = next((row.words for row in csv_rows(path)), [])
    columns = {word.removeprefix("\ufeff").strip(): place for place, word in enumerate(header)}
    if not set(required) <= set(columns) <= set(known) or len(columns) != len(header):
        hint = "the first line names the columns; commas part them"
        raise InputError(f"{path}, line 1: these are not the columns", given=header, allowed=form, hint=hint)
    return columns


def rows_below(path: Path, columns: Collection[str]) -> Iterator[Row]:
    """The rows below the names of the columns.

    Raises:
        InputError: as for :func:`csv_rows`, or a row has more or fewer words than there are columns.
    """
    rows = csv_rows(path)
    next(rows, None)
    for row in rows:
        if len(row.words) != len(columns):
            given, allowed = f"{len(row.words)} words", f"{len(columns)}: {', '.join(columns)}"
            raise InputError(f"{path}, line {row.line}: wrong number of words", given=given, allowed=allowed)
        yield row


def csv_rows(path: Path, start: int = 0, line: int = 1) -> Iterator[Row]:
    """The rows of a UTF-8 file that hold something; white space around words is taken off.

    Args:
        path: The file.
        start: Where to start: 0, or the start of a row.
        line: The number of the line that starts there.

    Raises:
        InputError: the file cannot be read, or it is not CSV; the message names the line.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            yield from _rows(file, path, start, line)
    except OSError as error:
        raise InputError(
            "the table cannot be read", given=f"{path}: {error.strerror}", hint="check the path"
        ) from error


def _rows(file: BinaryIO, path: Path, start: int, line: int) -> Iterator[Row]:
    reader = csv.reader(_lines(file, path, line), strict=True)
    try:
        for words in reader:
            # The reader takes no line before it is asked for the next row.
            end = file.tell()
            if any(words):
                yield Row(start, end, line + reader.line_num - 1, [word.strip() for word in words])
            start = end
    except csv.Error as error:
        where, hint = f"{path}, line {line + reader.line_num - 1}", "commas part the words"
        raise InputError(f"{where}: this is not CSV", given=error, hint=hint) from error


def _lines(file: BinaryIO, path: Path, line: int) -> Iterator[str]:
    for number, content in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=line):
        if len(content) == LONGEST_LINE and not content.endswith(b"\n"):
            given = f"more than {LONGEST_LINE} bytes"
            raise InputError(f"{path}, line {number}: too long for a table", given=given, hint="check the file")
        try:
            yield content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}, line {number}: this is no text", allowed="UTF-8") from error
