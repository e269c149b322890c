"""Folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from stgnn.errors import InputError
from stgnn.files import writing

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@contextmanager
def new_folder(path: Path, marker: str, overwrite: bool) -> Iterator[Path]:
    """Fill a hidden folder beside ``path``, ``.<name>.partial``, and let it take the place of ``path`` at the end.

    An error on the way leaves ``path`` as it was and removes the hidden folder; what a killed process leaves is said
    at `replace_folder` and put right as said at `claim`.

    Args:
        path: The folder to be.
        marker: A file that tells a folder of this kind; only such a folder is ever replaced.
        overwrite: Whether an existing folder may be replaced.

    Raises:
        InputError: ``path`` exists and may not be replaced, it cannot be written, or another process is writing it.
    """
    partial = _beside(path, "partial")
    with claim(path, marker, overwrite):
        try:
            partial.mkdir()
            yield partial
            replace_folder(partial, path)
        finally:
            _remove(partial)


@contextmanager
def claim(path: Path, marker: str, overwrite: bool) -> Iterator[None]:
    """Be the only process that writes the folder ``path``, after putting right what a killed one left.

    A replaced folder goes back to ``path`` where nothing stands, and is removed where the new one stands; a half-filled
    folder of `new_folder` is removed. Where the system has no file locks, other processes are not kept out.

    Args:
        path: The folder to be.
        marker: As for `new_folder`.
        overwrite: As for `new_folder`.

    Raises:
        InputError: as for `new_folder`; also instead of any OSError inside.
    """
    with writing(path):
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path) if fcntl else nullcontext():
            _settle(path)
            _remove(_beside(path, "partial"))
            refuse_existing(path, marker, overwrite)
            yield


def refuse_existing(path: Path, marker: str, overwrite: bool) -> None:
    """Say before any work that ``path`` cannot be written.

    Raises:
        InputError: ``path`` exists and ``overwrite`` is off, or it is not a folder with the file ``marker``.
    """
    if not path.exists():
        return
    if not overwrite:
        raise InputError("the output exists already", given=path, hint="choose another path, or say --overwrite=true")
    if not (path / marker).is_file():
        raise InputError(
            "the output exists and is something else, so it is not replaced",
            given=path,
            allowed=f"a folder with a file {marker}",
            hint="choose another path",
        )


def replace_folder(partial: Path, path: Path) -> None:
    """Rename a finished folder to ``path``; what stood there is removed once the new one stands.

    Two renames replace a folder, and between them nothing stands at ``path``: a process that is killed in that moment
    leaves the old folder hidden beside it as ``.<name>.old``, until the next `claim`. After an error it stands again.

    Args:
        partial: The finished folder, on the same disk.
        path: Where it goes; the caller holds the `claim`.
    """
    try:
        if path.exists():
            os.rename(path, _beside(path, "old"))
        os.rename(partial, path)
    finally:
        _settle(path)


def _settle(path: Path) -> None:
    """Put the folder that was to be replaced back where nothing stands, and remove it where something does."""
    old = _beside(path, "old")
    if not os.path.lexists(old):
        return
    if path.exists():
        _remove(old)
    else:
        os.rename(old, path)


def _remove(folder: Path) -> None:
    """Remove a folder with its content, or a link to one."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(path: Path, what: str) -> Path:
    return path.parent / f".{path.name}.{what}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the hidden file ``.<name>.lock`` beside ``path``; it is there only while it is held or after a kill."""
    lock = _beside(path, "lock")
    with lock.open("ab") as file:
        if not _holds(file, lock):
            hint = "wait for it, or choose another output"
            raise InputError("another process is writing this output", given=path, hint=hint)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _holds(file: BinaryIO, lock: Path) -> bool:
    """Whether the lock is now this process's; not if its last holder removed the file after it was opened here."""
    with suppress(BlockingIOError, PermissionError, FileNotFoundError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), lock.stat())
    return False
