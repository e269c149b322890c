"""Files of tensors and plain data. They are read with ``weights_only=True``: nothing in a file is ever executed."""

import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import is_zipfile

import torch

from stgnn.errors import InputError
from stgnn.files import write_bytes


def write_archive(path: str | Path, content: Mapping[str, Any]) -> Path:
    """Write tensors and plain data; the file appears whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    write_bytes(path, buffer.getbuffer())
    return Path(path)


def read_archive(path: str | Path, what: str) -> dict[Any, Any]:
    """Read what :func:`write_archive` or Lightning wrote, with all tensors on the CPU.

    Args:
        path: The file.
        what: What it should be, for the message: ``"a checkpoint"``.

    Returns:
        The content; empty when the file holds something else than a dictionary.

    Raises:
        InputError: it is missing, damaged, or holds objects of another kind.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the pickles of others; they are refused
            content = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive raises whatever its bytes happen to mean
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, UnpicklingError):
            reason = "objects other than tensors and plain data"
        elif not isinstance(error, OSError) and not is_zipfile(path):
            reason = "no archive of PyTorch, or a part of one"
        raise InputError(
            f"{path} cannot be read as {what}",
            given=reason.splitlines()[0].partition(". ")[0],
            hint="the file is damaged, cut off or of another program; nothing in it was executed",
        ) from error
    return content if isinstance(content, dict) else {}
