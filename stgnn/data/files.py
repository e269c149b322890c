"""Folders that appear whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stgnn.errors import InputError
from stgnn.files import writing


@contextmanager
def new_folder(path: Path, marker: str, overwrite: bool) -> Iterator[Path]:
    """Fill a hidden folder beside ``path`` and rename it to ``path`` at the end.

    A process that dies on the way leaves ``path`` as it was. An error on the way also removes the hidden folder.

    Args:
        path: The folder to be.
        marker: A file that tells a folder of this kind; only such a folder is ever replaced.
        overwrite: Whether an existing folder may be replaced.

    Raises:
        InputError: ``path`` exists and may not be replaced, or it cannot be written.
    """
    refuse_existing(path, marker, overwrite)
    partial = path.parent / f".{path.name}.{secrets.token_hex(4)}.partial"
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.mkdir()
            yield partial
            replace_folder(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


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

    A process that died between the two renames has left the old folder hidden under another name: it is removed by the
    next one that succeeds.
    """
    old = partial.with_suffix(".old")
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.rename(path, old)
    os.rename(partial, path)
    shutil.rmtree(old, ignore_errors=True)
