"""Arrays of numbers from MATLAB files of version 5 (what MATLAB saves with ``-v6`` and ``-v7``), without MATLAB.

A file is a header of 128 bytes and then elements: kind, size in bytes, content. A variable is an element of kind 14
that holds further elements: flags, shape, name, numbers. A compressed variable is the same, deflated, in an element
of kind 15. Only real arrays of numbers are read. (The usual choice, `scipy.io.loadmat`, can crash the interpreter on
a damaged file: seen with SciPy 1.17. Here every size is compared with what is there before it is used.)

Source: "MAT-File Format", The MathWorks, level 5.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError

LIMIT = 16 << 20
"""Largest file, and largest variable once inflated, in bytes."""

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = range(6, 16)  # double, single and the eight kinds of integers
_COMPLEX = 0x800
_AXES = 8

_Parts = Iterator[tuple[int, memoryview]]


def read_mat(path: Path, name: str) -> npt.NDArray[np.float64]:
    """One variable of a MATLAB file, in the shape it has in MATLAB.

    Args:
        path: The file.
        name: Name of the variable.

    Raises:
        InputError: it is not such a file, is damaged, has no such variable, or the variable is no array of numbers.
    """
    try:
        content = _content(path)
        order = "<" if bytes(content[126:128]) == b"IM" else ">"
        found = []
        for part in _variables(content[_HEADER:], order):
            title = _name(part, order)
            if title == name:
                return _array(part, order)
            found.append(title)
    except _DamagedError as error:
        hint = "if it was copied, copy it again; MATLAB writes a readable one with: save('-v7', ...)"
        raise InputError(f"{path} is not a whole MATLAB file of version 5", given=error, hint=hint) from error
    raise InputError(f"{path} lacks the variable {name!r}", given=found, hint="check that it belongs to this data set")


class _DamagedError(Exception):
    """What is wrong inside a file; :func:`read_mat` adds which file."""


def _content(path: Path) -> memoryview:
    try:
        size = path.stat().st_size
        if size > LIMIT:
            raise _DamagedError(f"{size} bytes; {LIMIT} at most")
        content = path.read_bytes()
    except OSError as error:
        raise InputError("a MATLAB file cannot be read", given=f"{path}: {error}", hint="check the path") from error
    if content[126:128] not in (b"IM", b"MI") or content[:10] == b"MATLAB 7.3":
        raise _DamagedError("a header of another kind")
    return memoryview(content)


def _elements(data: memoryview, order: str) -> _Parts:
    """Kind and content of each element; content of up to 4 bytes may share the 8 bytes of kind and size."""
    place = 0
    while place < len(data):
        if len(data) - place < 8:
            raise _DamagedError("it ends within an element")
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start = place + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, min(kind >> 16, 4), place + 4
        if size > len(data) - start:
            raise _DamagedError(f"an element of {size} bytes where {len(data) - start} are left")
        yield kind, data[start : start + size]
        end = start + size
        place = end if kind == _COMPRESSED else end + -end % 8


def _variables(data: memoryview, order: str) -> Iterator[memoryview]:
    for kind, content in _elements(data, order):
        if kind == _COMPRESSED:
            kind, content = next(_elements(_inflate(content), order), (0, content))
        if kind == _MATRIX:
            yield content


def _inflate(content: memoryview) -> memoryview:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(content, LIMIT)
    except zlib.error as error:
        raise _DamagedError(error) from error
    if not stream.eof:
        raise _DamagedError(f"a compressed variable that is cut off, or of more than {LIMIT} bytes")
    return memoryview(data)


def _name(matrix: memoryview, order: str) -> str:
    """The third element of a variable."""
    return bytes(next((data for _, data in islice(_elements(matrix, order), 2, 3)), b"")).decode("latin-1")


def _array(matrix: memoryview, order: str) -> npt.NDArray[np.float64]:
    parts = list(islice(_elements(matrix, order), 4))
    if len(parts) < 4 or len(parts[0][1]) < 4:
        raise _DamagedError("a variable without numbers")
    flags = struct.unpack_from(f"{order}I", parts[0][1])[0]
    kind, data = parts[3]
    if flags & 0xFF not in _CLASSES or flags & _COMPLEX or kind not in _NUMBERS:
        raise _DamagedError("a variable that is no array of real numbers")
    shape, numbers = _numbers(5, parts[1][1], order).tolist(), _numbers(kind, data, order)
    if len(shape) > _AXES or min(shape, default=-1) < 0 or prod(shape) != len(numbers):
        raise _DamagedError(f"{len(numbers)} numbers for the shape {shape[:_AXES]}")
    return numbers.astype(np.float64).reshape(shape, order="F")


def _numbers(kind: int, data: memoryview, order: str) -> npt.NDArray[np.generic]:
    dtype = np.dtype(order + _NUMBERS[kind])
    if len(data) % dtype.itemsize:
        raise _DamagedError("an array that ends within a number")
    return np.frombuffer(data, dtype)
