"""Writes MATLAB files of version 5 as MATLAB does: one element for each variable, compressed or not."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

CLASSES = {"f8": (6, 9), "f4": (7, 7), "i1": (8, 1), "u1": (9, 2), "i2": (10, 3), "u2": (11, 4)}
CLASSES |= {"i4": (12, 5), "u4": (13, 6), "i8": (14, 12), "u8": (15, 13)}


def element(kind: int, content: bytes, order: str = "<") -> bytes:
    """An element with its padding; content of 1 to 4 bytes takes the short form."""
    if 0 < len(content) <= 4:
        return struct.pack(f"{order}I", len(content) << 16 | kind) + content.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(content)) + content + bytes(-len(content) % 8)


def variable(name: str, values: np.ndarray, order: str = "<", stored: str | None = None) -> bytes:
    """A real array of numbers.

    Args:
        name: Name of the variable.
        values: The numbers; their type is the class of the variable.
        order: ``<`` or ``>``.
        stored: Type in the file, where it is smaller than the class, as MATLAB does with whole numbers.
    """
    kind, storage = CLASSES[values.dtype.str[1:]]
    storage = CLASSES[stored][1] if stored else storage
    content = values.astype(order + (stored or values.dtype.str[1:])).tobytes(order="F")
    parts = (
        (6, struct.pack(f"{order}II", kind, 0)),
        (5, struct.pack(f"{order}{values.ndim}i", *values.shape)),
        (1, name.encode()),
        (storage, content),
    )
    return element(14, b"".join(element(*part, order) for part in parts), order)


def text(name: str, content: str) -> bytes:
    """A row of characters, which the reader passes over."""
    dims = struct.pack("<ii", 1, len(content))
    parts = ((6, struct.pack("<II", 4, 0)), (5, dims), (1, name.encode()), (16, content.encode()))
    return element(14, b"".join(element(*part) for part in parts))


def compressed(content: bytes, order: str = "<") -> bytes:
    """A variable, deflated; without padding."""
    deflated = zlib.compress(content)
    return struct.pack(f"{order}II", 15, len(deflated)) + deflated


def write_elements(path: Path, *elements: bytes, order: str = "<", title: bytes = b"MATLAB 5.0 MAT-file") -> None:
    """A header and elements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = struct.pack(f"{order}H", ord("M") << 8 | ord("I"))
    path.write_bytes(title.ljust(124) + struct.pack(f"{order}H", 0x100) + mark + b"".join(elements))


def write_mat(path: Path, arrays: Mapping[str, np.ndarray], deflate: bool = True) -> None:
    """A file of arrays of numbers, as MATLAB saves it today."""
    elements = [variable(name, values) for name, values in arrays.items()]
    write_elements(path, *(map(compressed, elements) if deflate else elements))
