"""Rows of arrays that may be larger than memory: a ``.npy`` file, or a member of an ``.npz`` archive.

What is stored as it is is mapped into memory; a compressed member is read forward, one row at a time.
"""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from stgnn.errors import InputError

LARGEST_ROW: Final = 256 << 20
"""Bytes of one row of a compressed array, which has to be held in memory."""

_BEST_RATIO: Final = 1100
"""Deflate makes data at most 1032 times smaller; an archive that promises more is no honest one."""

_PIECE: Final = 1 << 17
"""Bytes that are read at once."""

_AGAIN = "if it was copied or downloaded, do so again"
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Rows:
    """An array of which single rows are read.

    Args:
        shape: Its shape (n, ...).
        dtype: The type of its elements.
        read: From a row number to an iterator over that row and all that follow; a mapped array gives views.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], Iterator[Array]]

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True)
class _Header:
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def rows_from(arrays: Sequence[Rows], start: int) -> Iterator[Array]:
    """The rows of arrays that follow each other, from row ``start`` of all of them on."""
    for array in arrays:
        yield from array.read(min(start, len(array)))
        start = max(start - len(array), 0)


def open_rows(path: Path, member: str | None = None) -> Rows:
    """Open an array without holding it; a member that is stored as it is, is read once to compare its checksum.

    Args:
        path: A ``.npy`` file, or an ``.npz`` archive.
        member: The name of the array in the archive.

    Raises:
        InputError: the file is missing or damaged, there is no such member, the array holds objects, has no axis, is
            larger than its file, or is compressed with its axes the wrong way round.
    """
    where = str(path) if member is None else f"the array {member!r} of {path}"
    with _damaged(where):
        if member is None:
            return _open_plain(path, where)
        return _open_member(path, f"{member}.npy", where)


def member_names(path: Path) -> tuple[str, ...]:
    """Names of the arrays of an ``.npz`` archive.

    Raises:
        InputError: the file is missing or not such an archive.
    """
    with _damaged(str(path)), zipfile.ZipFile(path) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


@contextmanager
def _damaged(where: str) -> Iterator[None]:
    """Say in one message that a file is not a whole array."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(
            f"{where} cannot be read", given=error.strerror or error, hint=f"check the path; {_AGAIN}"
        ) from error
    # What NumPy and zipfile raise for damaged content: a wrong header or name, an end too early, a compression that is
    # unknown (NotImplementedError), a password that is missing (RuntimeError), a checksum that differs.
    except (ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        allowed = "an array of numbers as numpy.save or numpy.savez writes it"
        raise InputError(f"{where} is not a whole array", given=error, allowed=allowed, hint=_AGAIN) from error


def _open_plain(path: Path, where: str) -> Rows:
    with path.open("rb") as file:
        header = _header(file, where)
        return _mapped(path, file.tell(), path.stat().st_size - file.tell(), header)


def _open_member(path: Path, name: str, where: str) -> Rows:
    with zipfile.ZipFile(path) as archive:
        try:
            info = archive.getinfo(name)
        except KeyError:
            raise InputError(f"there is no {where}", given=archive.namelist()[:20]) from None
        with archive.open(info) as file:
            header = _header(file, where)
            start = file.tell()
            stored = info.compress_type == zipfile.ZIP_STORED
            while stored and file.read(_PIECE):  # the archive compares the checksum, mapped memory does not
                pass
    if stored:
        return _mapped(path, _content_of(path, info) + start, info.compress_size - start, header)
    if info.file_size > _BEST_RATIO * (info.compress_size + 1) or header.size != info.file_size - start:
        raise ValueError(f"{header.size} bytes are declared, and {info.compress_size} compressed ones are there")
    return _streamed(path, name, header, where)


def _header(file: IO[bytes], where: str) -> _Header:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the format")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    try:
        header = _Header(*read(file))
    except (SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError) as error:
        raise ValueError("the header is damaged") from error
    if header.dtype.hasobject:
        raise InputError(f"{where} holds objects", given=header.dtype, allowed="numbers", hint="save plain numbers")
    if not header.shape or min(header.shape) < 0:
        raise ValueError(f"an array of shape {header.shape}")
    return header


def _content_of(path: Path, info: zipfile.ZipInfo) -> int:
    """Where the content of a stored member starts: behind a header of 30 bytes and two texts."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        local = file.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise ValueError("the archive is damaged")
    return int(info.header_offset + 30 + sum(struct.unpack_from("<HH", local, 26)))


def _mapped(path: Path, start: int, available: int, header: _Header) -> Rows:
    available = min(available, path.stat().st_size - start)
    if header.size > available:
        raise ValueError(f"{header.size} bytes are declared, and {available} are there")
    if header.size == 0:
        array: Array = np.zeros(header.shape, header.dtype)
    else:
        with path.open("rb") as file:
            content = mmap(file.fileno(), 0, access=ACCESS_READ)
        flat = np.frombuffer(content, header.dtype, math.prod(header.shape), start)
        array = flat.reshape(header.shape, order="F" if header.fortran else "C")
    return Rows(header.shape, header.dtype, lambda first: iter(array[first:]))


def _streamed(path: Path, name: str, header: _Header, where: str) -> Rows:
    row = math.prod(header.shape[1:]) * header.dtype.itemsize
    if header.fortran and len(header.shape) > 1:
        hint = "load it and write it again: numpy.savez(path, name=numpy.ascontiguousarray(array))"
        raise InputError(f"{where} is compressed column by column", allowed="row by row (order C)", hint=hint)
    if row > LARGEST_ROW:
        raise InputError(f"the rows of {where} are too large", given=f"{row} bytes", allowed=f"{LARGEST_ROW} bytes")

    def read(first: int) -> Iterator[Array]:
        if first >= header.shape[0]:
            return
        with _damaged(where), zipfile.ZipFile(path) as archive, archive.open(name) as file:
            _header(file, where)
            _skip(file, first * row)
            for _ in range(first, header.shape[0]):
                content = file.read(row)
                if len(content) != row:
                    raise EOFError(f"{len(content)} bytes of a row of {row}")
                yield np.frombuffer(content, header.dtype).reshape(header.shape[1:])

    return Rows(header.shape, header.dtype, read)


def _skip(file: IO[bytes], size: int) -> None:
    while size > 0:
        step = len(file.read(min(size, _PIECE)))
        if step == 0:
            raise EOFError("the array is cut off")
        size -= step
