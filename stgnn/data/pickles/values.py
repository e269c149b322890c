"""What a pickle is made of besides plain values: long texts that stay in the file, element types and arrays."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from mmap import mmap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError

SHORT: Final = 4096
"""Texts and byte strings of at most so many bytes are read at once; longer ones stay in the file until needed."""

Content = str | bytes | bytearray

_DECODERS: Mapping[str, Callable[[bytes], Content]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "text": lambda raw: str(raw, "utf-8", "surrogatepass"),
    "escaped": lambda raw: str(raw, "raw-unicode-escape"),
    "latin1": lambda raw: str(raw, "latin-1"),  # a string of Python 2
}
_PLAIN = ("bytes", "bytearray", "latin1")  # these lie in the file byte for byte
_ELEMENT = re.compile(r"[biufcSU]\d{1,6}|\?", re.ASCII)


@dataclass(frozen=True, eq=False, slots=True)
class Span:
    """A text or byte string that still lies in the file.

    Args:
        file: The file, mapped into memory.
        start: First byte.
        stop: The byte after the last.
        kind: How it is written there.
        encoded: Whether it is the text of bytes: what ``_codecs.encode(text, "latin1")`` would give.
    """

    file: mmap
    start: int
    stop: int
    kind: str
    encoded: bool = False

    def value(self) -> Content:
        """The text or bytes, in memory."""
        content = _DECODERS[self.kind](self.file[self.start : self.stop])
        return content.encode("latin-1") if self.encoded and isinstance(content, str) else content

    def fits(self, size: int) -> bool:
        """Whether it may stand for so many bytes; exact where the file holds the bytes themselves."""
        length = self.stop - self.start
        if self.kind in _PLAIN:
            return length == size
        # Protocols 0 to 2 write the byte 255 as two bytes of UTF-8, or as at most ten characters of an escape.
        return size <= length <= size * (2 if self.kind == "text" else 10)

    @property
    def copied(self) -> int:
        """Bytes of the file that have to be decoded into memory; none where it holds the bytes as they are."""
        return 0 if self.kind in _PLAIN else self.stop - self.start

    def buffer(self) -> memoryview:
        """The bytes; not copied where the file holds them as they are."""
        if self.kind in _PLAIN:
            return memoryview(self.file)[self.start : self.stop]
        content = self.value()
        return memoryview(content.encode("latin-1") if isinstance(content, str) else content)


def span(file: mmap, start: int, stop: int, kind: str) -> Content | Span:
    """The content of a short text or byte string, a `Span` for a long one."""
    return Span(file, start, stop, kind) if stop - start > SHORT else _DECODERS[kind](file[start:stop])


class ElementType:
    """The type of the elements of an array, while the pickle describes it."""

    def __init__(self, name: object) -> None:
        if not isinstance(name, str) or not _ELEMENT.fullmatch(name):
            given = name[:40] if isinstance(name, str) else None
            what = "the pickle holds an array of objects" if given in ("O", "O8") else "an array of foreign elements"
            raise InputError(what, given=given, allowed="numbers, truth values, texts and byte strings")
        self.dtype: np.dtype[Any] = np.dtype(name)

    def build(self, state: object) -> None:
        """Take the byte order from ``(version, order, subdtype, names, fields, size, alignment, flags)``."""
        if not isinstance(state, tuple) or len(state) != 8 or state[1] not in ("<", ">", "|", "="):
            raise ValueError("a wrong description of an element type")
        if any(part is not None for part in state[2:5]):
            raise InputError("an array has elements of several fields", allowed="numbers, truth values and texts")
        if state[5] not in (-1, self.dtype.itemsize):
            raise ValueError("an element type of two sizes")
        self.dtype = self.dtype if state[1] == "|" else self.dtype.newbyteorder(state[1])


@dataclass(frozen=True, eq=False, slots=True)
class StoredArray:
    """An array that still lies in the file.

    Args:
        shape: Its shape.
        dtype: Its element type.
        content: Its elements.
        fortran: Whether the first axis varies fastest.
        axes: The order of its axes once its elements are laid out in ``shape``; None: as they are.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    content: Span | bytes | bytearray
    fortran: bool = False
    axes: tuple[int, ...] | None = None

    def read(self) -> npt.NDArray[Any]:
        """The array: a read-only view into the file where that holds its bytes as they are, else a copy.

        Raises:
            InputError: the file is damaged.
        """
        try:
            buffer = self.content.buffer() if isinstance(self.content, Span) else memoryview(self.content)
        except UnicodeError as error:
            raise InputError("an array is damaged", given=error, allowed="bytes spelt as text") from error
        if buffer.nbytes != math.prod(self.shape) * self.dtype.itemsize:
            raise InputError("an array is damaged", given=f"{buffer.nbytes} bytes", allowed=f"those of {self.shape}")
        array = np.frombuffer(buffer, self.dtype) if buffer.nbytes else np.zeros(0, self.dtype)
        if self.dtype.kind == "U" and array.view(self.dtype.str[0] + "u4").max(initial=0) > 0x10FFFF:
            raise InputError("an array of texts is damaged")
        laid = array.reshape(self.shape, order="F" if self.fortran else "C")
        return laid if self.axes is None else laid.transpose(self.axes)


def stored_array(shape: object, element: object, content: object, fortran: bool, axes: object = None) -> StoredArray:
    """Check what a pickle says of an array before anything is read.

    Raises:
        InputError: elements that are objects.
        ValueError: parts that do not fit each other or the file.
    """
    if isinstance(content, list):
        raise InputError("the pickle holds an array of objects", allowed="numbers, truth values and texts")
    if not isinstance(element, ElementType) or element.dtype.itemsize == 0:
        raise ValueError("an array without element type")
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(_is_size(length) for length in shape):
        raise ValueError("an array of impossible shape")
    if axes is not None and (not isinstance(axes, tuple) or sorted(axes) != list(range(len(shape)))):
        raise ValueError("an array of impossible axes")
    size = math.prod(shape) * element.dtype.itemsize
    if isinstance(content, str):  # bytes of Python 2
        content = content.encode("latin-1")
    if not isinstance(content, Span | bytes | bytearray):
        raise ValueError("an array without content")
    if not (content.fits(size) if isinstance(content, Span) else len(content) == size):
        raise ValueError(f"an array of shape {shape} does not fit its content")
    return StoredArray(shape, element.dtype, content, fortran, axes)


class ArrayDraft:
    """An array that the pickle has named and not yet described."""

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: StoredArray | None = None

    def build(self, state: object) -> None:
        """Take ``(version, shape, element type, fortran, content)``."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("a wrong description of an array")
        self.array = stored_array(state[1], state[2], state[4], fortran=bool(state[3]))


def _is_size(length: object) -> bool:
    return type(length) is int and 0 <= length < 1 << 40
