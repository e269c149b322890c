"""`.npy` files that grow row by row."""

import os
from io import BufferedRandom, BytesIO
from pathlib import Path

import numpy as np

from stgnn.data.validation import FloatArray


class GrowingArray:
    """A float32 `.npy` file that rows are appended to.

    NumPy writes the header of an array with room for as many rows as there may ever be, so that it can be renewed in
    place; the file is the one that `numpy.save` writes.

    Args:
        path: The file; it is made if it is not there.
        row: Shape of one row.
        rows: Rows to keep of those that are there.
    """

    def __init__(self, path: Path, row: tuple[int, ...], rows: int = 0) -> None:
        self._row, self._rows = row, rows
        path.touch()
        self._file: BufferedRandom = path.open("r+b")
        self._file.truncate(self.size(row, rows))
        self._file.seek(0, os.SEEK_END)

    @classmethod
    def size(cls, row: tuple[int, ...], rows: int) -> int:
        """Bytes of a file of ``rows`` rows."""
        return len(cls._header(row, 0)) + 4 * rows * int(np.prod(row))

    def append(self, values: FloatArray) -> None:
        """Append rows (n, ...)."""
        self._file.write(np.ascontiguousarray(values, dtype=np.float32).data)
        self._rows += len(values)

    def sync(self) -> None:
        """Return once every row is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Write the header; the file is an array from then on."""
        self._file.seek(0)
        self._file.write(self._header(self._row, self._rows))
        self.sync()

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    @staticmethod
    def _header(row: tuple[int, ...], rows: int) -> bytes:
        head = BytesIO()
        descr = np.lib.format.dtype_to_descr(np.dtype(np.float32))
        shape = (rows, *row)
        np.lib.format.write_array_header_1_0(head, {"descr": descr, "fortran_order": False, "shape": shape})
        return head.getvalue()
