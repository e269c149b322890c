"""From plain data to frozen values: keys and kinds are checked, so that a slip in a file is named."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from stgnn.errors import InputError, did_you_mean

T = TypeVar("T")


def build(cls: type[T], data: object, what: str) -> T:
    """A dataclass from a mapping.

    Args:
        cls: The dataclass.
        data: The mapping.
        what: What it should be, for messages: ``"a stage"``.

    Raises:
        InputError: it is no mapping, or a key is unknown or missing.
    """
    described = fields(cls)  # type: ignore[arg-type]
    names = [field.name for field in described]
    if not isinstance(data, Mapping):
        raise InputError(f"{what} must be a mapping of keys to values", given=repr(data), allowed=names)
    unknown = [str(key) for key in data if key not in names]
    if unknown:
        hint = did_you_mean(unknown[0], names)
        raise InputError(f"{what} has an unknown key {unknown[0]!r}", allowed=names, hint=hint)
    lacking = [field.name for field in described if field.default is MISSING and field.name not in data]
    if lacking:
        raise InputError(f"{what} lacks {', '.join(lacking)}", given=list(data), allowed=names)
    return cls(**data)


def entries(data: object, what: str) -> tuple[Any, ...]:
    """The entries of a list.

    Raises:
        InputError: it is no list.
    """
    if not isinstance(data, (list, tuple)):
        raise InputError(f"{what} must be a list", given=repr(data))
    return tuple(data)


def check_kind(kind: type[int] | type[str], values: Iterable[object], what: str) -> None:
    """Refuse values that are not whole numbers, or not texts.

    Raises:
        InputError: naming the first of them.
    """
    for value in values:
        if not isinstance(value, kind) or isinstance(value, bool):
            allowed = "whole numbers" if kind is int else "names"
            raise InputError(f"{what} is of the wrong kind", given=repr(value), allowed=allowed)
