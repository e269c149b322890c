"""The few functions that a pickle may name, each replaced by one of ours that checks its arguments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stgnn.data.pickles.values import ArrayDraft, ElementType, Span, StoredArray, stored_array
from stgnn.errors import InputError

LONGEST_KEY = 64
LEAVES = frozenset((type(None), bool, int, float, str, bytes))


@dataclass(frozen=True, slots=True)
class Admitted:
    """A function on the stack of the machine.

    Args:
        name: Its qualified name in the pickle.
        call: What is called instead.
    """

    name: str
    call: Callable[..., Any]


def refusal(name: str, does: str = "calls") -> InputError:
    """The error for a pickle that wants to run something."""
    shown = name if name.isprintable() else ascii(name)
    return InputError(
        f"the pickle {does} {shown[:120]}",
        allowed="None, numbers, texts, lists, tuples, dicts, sets and NumPy arrays of numbers or texts",
        hint="nothing of it was run; a file of key points needs no such thing: do not open it with other tools either",
    )


def key(value: Any) -> Any:
    """A value that may be a key or a member of a set.

    Raises:
        InputError: it is something else than a leaf or a short tuple of leaves.
    """
    if type(value) in LEAVES or isinstance(value, np.generic):
        return value
    if type(value) is tuple and len(value) <= LONGEST_KEY and all(type(item) in LEAVES for item in value):
        return value
    raise InputError(
        "the pickle has an unusual key or member of a set",
        given=type(value).__name__,
        allowed=f"numbers, texts up to 4096 bytes and tuples of up to {LONGEST_KEY} of them",
    )


def members(items: object = ()) -> list[Any]:
    """The members of a set, checked."""
    if not isinstance(items, list | tuple):
        raise ValueError("a set of something else than a list")
    return [key(item) for item in items]


def _encode(text: object, encoding: object = None) -> bytes | Span:
    if encoding not in ("latin1", "latin-1"):
        raise ValueError("bytes in an unusual encoding")
    if isinstance(text, Span) and text.kind in ("text", "escaped"):
        return Span(text.file, text.start, text.stop, text.kind, encoded=True)
    if not isinstance(text, str):
        raise ValueError("bytes of something else than a text")
    return text.encode("latin-1")


def _bytes() -> bytes:
    return b""


def _named(kind: object, name: str) -> None:
    if not isinstance(kind, Admitted) or kind.name != name:
        raise ValueError(f"something else than {name}")


def _reconstruct(kind: object, shape: object, code: object) -> ArrayDraft:
    _named(kind, "numpy.ndarray")
    return ArrayDraft()


def _dtype(name: object, align: object = False, copy: object = True) -> ElementType:
    return ElementType(name)


def _ndarray() -> None:
    raise ValueError("an array in an unusual way")


def _scalar(element: object, content: object) -> np.generic:
    if isinstance(element, ElementType) and element.dtype.itemsize == 0:  # the empty text
        return element.dtype.type()
    return stored_array((1,), element, content, fortran=False).read()[0]


def _frombuffer(content: object, element: object, shape: object, order: object, axes: object = None) -> StoredArray:
    if order not in ("C", "F", "K") or (order == "K") != (axes is not None):
        raise ValueError("an array of unknown order")
    return stored_array(shape, element, content, order == "F", axes)


def _set(items: object = ()) -> set[Any]:
    return set(members(items))


def _frozenset(items: object = ()) -> frozenset[Any]:
    return frozenset(members(items))


_NUMPY: Mapping[str, Callable[..., Any]] = {
    "multiarray._reconstruct": _reconstruct,
    "multiarray.scalar": _scalar,
    "numeric._frombuffer": _frombuffer,
}
_BUILTINS: Mapping[str, Callable[..., Any]] = {
    "bytes": _bytes,
    "set": _set,
    "frozenset": _frozenset,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "numpy.ndarray": _ndarray,
    "numpy.dtype": _dtype,
    "_codecs.encode": _encode,
    **{f"numpy.{core}.{name}": call for core in ("core", "_core") for name, call in _NUMPY.items()},  # NumPy 1 and 2
    **{f"{python}.{name}": call for python in ("builtins", "__builtin__") for name, call in _BUILTINS.items()},
}

ADMITTED: Mapping[str, Admitted] = {name: Admitted(name, call) for name, call in _FUNCTIONS.items()}
