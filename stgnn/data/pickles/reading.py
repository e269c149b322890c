"""From the path of a pickle to its plain values."""

from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.pickles.admitted import LEAVES, Admitted, refusal
from stgnn.data.pickles.machine import Machine
from stgnn.data.pickles.values import ArrayDraft, ElementType, Span, StoredArray
from stgnn.errors import InputError

DEEPEST = 50
"""How many containers may lie in each other."""
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz", b"PK": "zip"}


def read_pickle(path: Path) -> Any:
    """The content of a foreign pickle, of any protocol, without running anything of it.

    Arrays are read-only views into the file, which is mapped into memory; those that Python wrote by protocols 0 to
    2, where bytes are spelt as text, are copies. Strings of Python 2 become texts.

    Args:
        path: The file; not compressed.

    Raises:
        InputError: it is missing, damaged, compressed, or it holds or calls anything else than None, numbers, texts,
            lists, tuples, dicts, sets and NumPy arrays of numbers or texts.
    """
    return _read(path, StoredArray.read)


def open_pickle(path: Path) -> Any:
    """As `read_pickle`, with `StoredArray` in place of arrays: shapes are known, and elements are read when asked for.

    Raises:
        InputError: see `read_pickle`.
    """
    return _read(path, lambda array: array)


def _read(path: Path, array: Callable[[StoredArray], Any]) -> Any:
    file = _map(path)
    machine = Machine(file)
    try:
        value = machine.run()
        budget = 100_000 + 16 * len(file)
        return _Settling(array, budget).settle(value, 0)[0]
    except InputError as error:
        raise error.at(path) from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise InputError(
            f"{path} is not a whole pickle",
            given=f"byte {machine.position} of {len(file)}: {type(error).__name__}: {error}",
            allowed="a file that pickle.dump wrote",
            hint="if it was copied or downloaded, do so again",
        ) from error


def _map(path: Path) -> mmap:
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise InputError("the pickle is empty", given=path, hint="if it was copied, copy it again")
            content = mmap(file.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        raise InputError(
            "the pickle cannot be read", given=f"{path}: {error.strerror}", hint="check the path"
        ) from error
    packed = _COMPRESSED.get(content[:2])
    if packed is not None:
        raise InputError("the pickle is compressed", given=f"{path} ({packed})", hint="unpack it first")
    return content


class _Settling:
    """Replaces what still lies in the file by plain values, and measures what came out.

    Args:
        array: What becomes of an array.
        budget: Most values that the result may have when written out in full, so that a small file of lists that
            hold each other many times is no bomb for those who walk through it.
    """

    def __init__(self, array: Callable[[StoredArray], Any], budget: int) -> None:
        self.array = array
        self.budget = budget
        # By identity: the value (kept, so that its identity stays its own), what became of it, and its size.
        self.known: dict[int, tuple[Any, Any, int]] = {}

    def settle(self, value: Any, depth: int) -> tuple[Any, int]:
        """A plain value and how many values it holds, itself included."""
        if type(value) in LEAVES:
            return value, 1
        if id(value) in self.known:
            _, settled, size = self.known[id(value)]
        else:
            self.known[id(value)] = (value, None, 0)
            settled, size = self._settle_new(value, depth)
            self.known[id(value)] = (value, settled, size)
        if size == 0:
            raise InputError("the pickle holds a container that holds itself")
        if size > self.budget:
            raise InputError("the pickle repeats its content too often", given=f"more than {self.budget} values")
        return settled, size

    def _settle_new(self, value: Any, depth: int) -> tuple[Any, int]:
        if depth > DEEPEST:
            raise InputError("the containers of the pickle lie too deep in each other", allowed=f"{DEEPEST} levels")
        if type(value) in (list, tuple, set, frozenset):
            pairs = [self.settle(item, depth + 1) for item in value]
            return self._container(value, [item for item, _ in pairs]), 1 + sum(size for _, size in pairs)
        if type(value) is dict:
            sizes = [self._entry(value, name, depth) for name in value]
            return value, 1 + sum(sizes)
        return self._leaf(value), 1

    def _entry(self, values: dict[Any, Any], name: Any, depth: int) -> int:
        values[name], size = self.settle(values[name], depth + 1)
        return size + 1 + (len(name) if type(name) is tuple else 0)

    @staticmethod
    def _container(value: Any, items: list[Any]) -> Any:
        if type(value) is list:
            value[:] = items
            return value
        return tuple(items) if type(value) is tuple else value  # the members of sets are plain already

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, ArrayDraft):
            if value.array is None:
                raise ValueError("an array without description")
            value = value.array
        if isinstance(value, StoredArray):
            return self.array(value)
        if isinstance(value, Span):
            return value.value()
        if isinstance(value, ElementType):
            return value.dtype
        if isinstance(value, Admitted):
            raise refusal(value.name, "holds")
        if not isinstance(value, np.generic | bytearray):
            raise refusal(type(value).__name__, "holds")
        return value
