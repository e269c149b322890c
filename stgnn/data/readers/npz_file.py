"""The arrays of an `.npz` file, each checked for its kind, those of one entry a clip within bounds."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.arrays import Rows, member_names, open_rows
from stgnn.data.validation import IntArray
from stgnn.errors import InputError

LARGEST_COLUMN = 64 << 20
"""Bytes of an array with one entry for each clip, and its entries."""
INTEGERS = {
    "b": "numpy.flatnonzero makes the numbers of the clips of it",
    "f": "astype(int) makes integers of it",
    "U": "number the names from 0 with numpy.unique(..., return_inverse=True)",
}
"""How what is no integer becomes one, by the kind of the array."""


@dataclass(frozen=True)
class NpzFile:
    """An `.npz` file, opened.

    Args:
        source: The file.
        names: Names of its arrays.
    """

    source: Path
    names: tuple[str, ...]

    @classmethod
    def open(cls, source: Path) -> "NpzFile":
        """List the arrays.

        Raises:
            InputError: it is not an `.npz` file.
        """
        if source.suffix == ".npy":
            hint = "write the arrays with numpy.savez; the README shows which"
            raise InputError("this file holds a single array", given=source, allowed="an .npz file", hint=hint)
        return cls(source, member_names(source))

    def frames(self, name: str, axes: int) -> Rows:
        """An array of numbers of which rows are read later.

        Raises:
            InputError: there is none, or it is of another kind.
        """
        rows = self._open(name)
        if rows.dtype.kind not in "fiu" or len(rows.shape) != axes or 0 in rows.shape[1:]:
            hint = f"{name}[:, None] is that of one person in each frame" if len(rows.shape) == axes - 1 else None
            raise self._unfit(rows, name, f"real numbers with {axes} axes", hint)
        return rows

    def integers(self, name: str) -> IntArray:
        """Integers (n,).

        Raises:
            InputError: there are none, or they are something else.
        """
        return self._column(name, "iu").astype(np.int64)

    def texts(self, name: str) -> list[str] | None:
        """Names (n,), or None if the file has none.

        Raises:
            InputError: they are something else.
        """
        if name not in self.names:
            return None
        column = self._column(name, "iuU")
        if column.dtype.kind != "U":
            return [str(number) for number in column.tolist()]
        four_bytes = column.astype(column.dtype.newbyteorder("<"))
        try:
            return [text.tobytes().decode("utf-32-le").rstrip("\0") for text in four_bytes]
        except UnicodeDecodeError as error:  # NumPy itself makes texts of numbers that are no characters
            raise InputError(f"the array {name!r} of {self.source} is no text", given=error) from error

    def codes(self, name: str, count: int) -> IntArray:
        """Integers (n,), -1 for all if the file has none; a pair, or a text, counts as one code of its own.

        Raises:
            InputError: they are something else.
        """
        if name not in self.names:
            return np.full(count, -1, dtype=np.int64)
        values = self._column(name, "iuU", axes=2)
        if values.ndim == 1 and values.dtype.kind in "iu":
            return values.astype(np.int64)
        pairs = np.sort(values, axis=1) if values.ndim == 2 else values  # the same two persons, whoever comes first
        return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    def _column(self, name: str, kinds: str, axes: int = 1) -> npt.NDArray[Any]:
        rows = self._open(name)
        if rows.dtype.kind not in kinds or len(rows.shape) > axes or 0 in (rows.dtype.itemsize, *rows.shape[1:]):
            what = "integers or names" if "U" in kinds else "integers"
            allowed = f"{what} with {'one axis' if axes == 1 else 'one or two axes'}"
            raise self._unfit(rows, name, allowed, INTEGERS.get(rows.dtype.kind))
        size = math.prod(rows.shape) * rows.dtype.itemsize
        if size > LARGEST_COLUMN:
            raise self._unfit(rows, name, f"at most {LARGEST_COLUMN} bytes")
        return np.array(list(rows.read(0)), dtype=rows.dtype).reshape(rows.shape)

    def _open(self, name: str) -> Rows:
        if name not in self.names:
            allowed = "keypoint, frame_offset, ..."
            hint = "the README shows how such a file is written"
            raise InputError(
                f"{self.source} has no array {name!r}", given=sorted(self.names), allowed=allowed, hint=hint
            )
        return open_rows(self.source, name)

    def _unfit(self, rows: Rows, name: str, allowed: str, hint: str | None = None) -> InputError:
        what, given = f"the array {name!r} of {self.source} is of the wrong kind", f"{rows.dtype} {rows.shape}"
        return InputError(what, given=given, allowed=allowed, hint=hint)
