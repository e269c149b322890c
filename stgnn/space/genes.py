"""What a search space is made of: genes, stages, and reading them from plain data."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from stgnn.errors import InputError
from stgnn.space.plain import build, entries

Value = int | str
Genotype = Mapping[str, Value]


@dataclass(frozen=True)
class Gene:
    """One choice of the space.

    Attributes:
        name: Readable name, also the name of the Optuna parameter: ``stage1.block2.spatial``.
        choices: Allowed values, from cheap to expensive.
        nested: Whether a smaller choice uses a part of the weights of a larger one (widths, kernels, depth, frames);
            otherwise each choice has weights of its own (operators, joints, streams).
    """

    name: str
    choices: tuple[Value, ...]
    nested: bool


@dataclass(frozen=True)
class StageSpace:
    """Choices of one stage: number of blocks and width; the stride is fixed."""

    depths: tuple[int, ...]
    widths: tuple[int, ...]
    stride: int = 1


def read_field(key: str, value: object, known: Container[str]) -> Any:
    """The value of one field of a space as its file gives it; an unknown field is left for the reader to refuse.

    Raises:
        InputError: the value is not of the kind the field takes.
    """
    if key == "name":
        return str(value)
    if key == "temporal":
        return _temporal(value)
    if key not in known:
        return value
    listed = entries(value, key)
    return tuple(map(_stage, listed)) if key == "stages" else listed


def _stage(data: Any) -> StageSpace:
    if isinstance(data, Mapping):
        lists = ("depths", "widths")
        data = {key: entries(value, f"{key} of a stage") if key in lists else value for key, value in data.items()}
    return build(StageSpace, data, "a stage")


def _temporal(data: Any) -> tuple[tuple[str, tuple[int, ...]], ...]:
    if not isinstance(data, Mapping):
        raise InputError("temporal must name operators and their kernel sizes", given=repr(data))
    return tuple((name, entries(kernels, f"kernel sizes of {name}")) for name, kernels in data.items())
