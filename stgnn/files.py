"""Reading and writing files: what is wrong with one becomes one message, and a file appears whole or not at all."""

import csv
import errno
import io
import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from stgnn.errors import InputError, advice

SETTINGS = "settings.json"  # of a folder of results: what it is for, written before any work
DENSITIES = "densities.csv"  # of a sparse run: what stays of each layer, for every epoch

_HINTS = {
    errno.ENOSPC: "free some space and run the same command again",
    errno.EDQUOT: "free some space and run the same command again",
    errno.EFBIG: "free some space and run the same command again",
    errno.EACCES: "choose a place you may write to",
    errno.EPERM: "choose a place you may write to",
    errno.EROFS: "choose a place you may write to",
    errno.EISDIR: "name a file, not a folder",
    errno.EEXIST: "a file stands where a folder is needed: choose another path",
    errno.ENOTDIR: "a file stands where a folder is needed: choose another path",
}


def read_text(path: str | Path, what: str) -> str:
    """The text of a UTF-8 file, without the byte order mark that spreadsheets and editors of Windows begin one with.

    Args:
        path: The file.
        what: What it should be, for the message: ``"a device file"``.

    Raises:
        InputError: it is missing, a folder, not readable or not text.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{what} cannot be read", given=f"{path}: {_reason(error)}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"this is not {what}", given=f"{path}: no text", hint="check the path") from error


def read_json(path: str | Path, what: str) -> Any:
    """The content of a JSON file; see :func:`read_text`.

    Raises:
        InputError: it cannot be read or is not JSON.
    """
    text = read_text(path, what)
    try:
        return json.loads(text)
    except ValueError as error:
        hint = "the file is cut off or damaged: make it again, or correct the path"
        raise InputError(f"this is not {what}", given=f"{path}: {error}", hint=hint) from error


def read_kept(path: Path, keys: Collection[str]) -> Any:
    """What an earlier run of the same command has kept of its work: a row of results, or a list of rows.

    Args:
        path: The JSON file.
        keys: What every row holds, besides whatever else.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    with remade(path):
        found = read_json(path, "a result of this command")
        if not are_rows(found if isinstance(found, list) else [found], keys):
            raise InputError("this is not a result of this command", given=path, allowed=[*keys])
    return found


def are_rows(found: Any, keys: Collection[str]) -> bool:
    """Whether plain data are a list of rows with these keys, besides whatever others."""
    return isinstance(found, list) and all(isinstance(row, dict) and row.keys() >= {*keys} for row in found)


def remade(path: Path) -> AbstractContextManager[None]:
    """Whatever is refused inside comes of work of an earlier run, which is done anew where ``path`` is missing."""
    return advice(f"remove {path}; the same command makes it again")


@contextmanager
def draft(path: str | Path) -> Iterator[Path]:
    """A hidden file beside ``path`` that takes its place at the end; after an error ``path`` is as it was.

    Raises:
        InputError: it cannot be written.
    """
    path = Path(path)
    hidden = path.with_name(f".{uuid4().hex[:8]}.{path.name}")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield hidden
            hidden.replace(path)
    finally:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file; whoever reads it meanwhile sees the old content or the new, never a part.

    Raises:
        InputError: it cannot be written.
    """
    with draft(path) as hidden:
        hidden.write_text(text, encoding="utf-8", newline="")


def without_nan(result: Any) -> Any:
    """A result with null for what is no number: JSON knows neither NaN nor infinity."""
    if isinstance(result, Mapping):
        return {key: without_nan(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [without_nan(value) for value in result]
    return None if isinstance(result, float) and not math.isfinite(result) else result


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The text of a CSV file: a line of names, then the rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write_bytes(path: str | Path, content: bytes | memoryview) -> None:
    """Write a binary file; see :func:`write_text`."""
    with draft(path) as hidden:
        hidden.write_bytes(content)


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Say in one message that ``path`` cannot be written.

    Raises:
        InputError: instead of any OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise InputError(
            "the output cannot be written",
            given=f"{path}: {_reason(error)}",
            hint=_HINTS.get(error.errno or 0, "choose another path"),
        ) from error


def wrong_path(error: OSError) -> InputError | None:
    """The message for an error that another path would avoid; None for the failures of a system, such as a full disk.

    Args:
        error: What the operating system said.
    """
    path = error.filename2 or error.filename
    if path is None or error.errno in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        return None
    hint = _HINTS.get(error.errno or 0, "choose another path")
    return InputError("a file cannot be read or written", given=f"{path}: {_reason(error)}", hint=hint)


def check_output(path: str | Path) -> None:
    """Refuse, before any work, a path that no file can be written to.

    Raises:
        InputError: it is a folder, a part of it is a file, or it may not be written to.
    """
    path = Path(path)
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
