"""The arguments of pickle opcodes: each reader takes the file and a position and gives the value and the next one.

Every length is checked against the file before anything is read.
"""

import codecs
import struct
from collections.abc import Callable, Mapping
from mmap import mmap
from typing import Any

from stgnn.data.pickles.values import span

Read = Callable[[mmap, int], tuple[Any, int]]

LONGEST_NUMBER = 128
"""Bytes of an integer: far more than anything counts, and no more than a float can stand for."""

LONGEST_DECIMAL = 310
"""Letters of a number in decimal: the 308 digits of `LONGEST_NUMBER` bytes, a sign and an L."""


def _fixed(size: int, convert: Callable[[bytes], Any]) -> Read:
    def read(file: mmap, position: int) -> tuple[Any, int]:
        stop = position + size
        if stop > len(file):
            raise ValueError("the file ends within a number")
        return convert(file[position:stop]), stop

    return read


def _unsigned(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _content(width: int, kind: str) -> Read:
    """A length of ``width`` bytes and so many bytes of a text or byte string."""

    def read(file: mmap, position: int) -> tuple[Any, int]:
        start, stop = _extent(file, position, width)
        return span(file, start, stop, kind), stop

    return read


def _long(width: int) -> Read:
    def read(file: mmap, position: int) -> tuple[int, int]:
        start, stop = _extent(file, position, width)
        if stop - start > LONGEST_NUMBER:
            raise ValueError(f"an integer of {stop - start} bytes")
        return _signed(file[start:stop]), stop

    return read


def _extent(file: mmap, position: int, width: int) -> tuple[int, int]:
    start = position + width
    stop = start + _unsigned(file[position:start])
    if stop > len(file):
        raise ValueError(f"{stop - start} bytes are declared, and {max(len(file) - start, 0)} are left")
    return start, stop


def _line(file: mmap, position: int) -> tuple[int, int]:
    """Where the text of a line stops, and where the next line starts."""
    stop = file.find(b"\n", position)
    if stop < 0:
        raise ValueError("the file ends within a line")
    return stop, stop + 1


def _decimal(file: mmap, position: int) -> tuple[Any, int]:
    stop, after = _line(file, position)
    raw = file[position:stop]
    if len(raw) > LONGEST_DECIMAL:
        raise ValueError(f"a number of {len(raw)} digits")
    if raw in (b"00", b"01"):  # how protocols 0 and 1 write False and True
        return raw == b"01", after
    number = int(raw.removesuffix(b"L"))
    if number.bit_length() >= 8 * LONGEST_NUMBER:
        raise ValueError(f"an integer of more than {LONGEST_NUMBER} bytes")
    return number, after


def _float(file: mmap, position: int) -> tuple[float, int]:
    stop, after = _line(file, position)
    if stop - position > LONGEST_DECIMAL:
        raise ValueError(f"a number of {stop - position} digits")
    return float(file[position:stop]), after


def _escaped(file: mmap, position: int) -> tuple[Any, int]:
    stop, after = _line(file, position)
    return span(file, position, stop, "escaped"), after


def _quoted(file: mmap, position: int) -> tuple[str, int]:
    """A string of Python 2 as its source code, in quotes."""
    stop, after = _line(file, position)
    raw = file[position:stop].strip()
    if len(raw) < 2 or raw[:1] != raw[-1:] or raw[:1] not in (b"'", b'"'):
        raise ValueError("a string without quotes")
    return codecs.escape_decode(raw[1:-1])[0].decode("latin-1"), after


def _qualified_name(file: mmap, position: int) -> tuple[str, int]:
    """Two lines, the module and the name in it."""
    middle, second = _line(file, position)
    stop, after = _line(file, second)
    name = file[position : min(middle, position + 100)] + b"." + file[second : min(stop, second + 100)]
    return name.decode("utf-8", "backslashreplace"), after


ARGUMENTS: Mapping[str, Read] = {
    "uint1": _fixed(1, _unsigned),
    "uint2": _fixed(2, _unsigned),
    "uint4": _fixed(4, _unsigned),
    "uint8": _fixed(8, _unsigned),
    "int4": _fixed(4, _signed),
    "float8": _fixed(8, lambda raw: struct.unpack(">d", raw)[0]),
    "long1": _long(1),
    "long4": _long(4),
    "bytes1": _content(1, "bytes"),
    "bytes4": _content(4, "bytes"),
    "bytes8": _content(8, "bytes"),
    "bytearray8": _content(8, "bytearray"),
    "string1": _content(1, "latin1"),
    "string4": _content(4, "latin1"),
    "unicodestring1": _content(1, "text"),
    "unicodestring4": _content(4, "text"),
    "unicodestring8": _content(8, "text"),
    "decimalnl_short": _decimal,
    "decimalnl_long": _decimal,
    "floatnl": _float,
    "unicodestringnl": _escaped,
    "stringnl": _quoted,
    "stringnl_noescape_pair": _qualified_name,
}
"""By the names that `pickletools` gives to kinds of arguments."""
