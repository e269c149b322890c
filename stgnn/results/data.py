"""Data modules from plain data: what a recipe, a flag or the recipe beside a checkpoint says of them."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stgnn.errors import InputError
from stgnn.results.recipes import needed, recipe_beside

if TYPE_CHECKING:
    from stgnn.data.datamodule import SkeletonDataModule

DataSpec = Mapping[str, Any] | str
"""A data module: its name, or ``{class_path: SkeletonDataModule, init_args: {...}}``."""


def build_data(spec: DataSpec) -> "SkeletonDataModule":
    """The data module that plain data describe.

    Raises:
        InputError: there is no such class, or its constructor refuses the arguments.
    """
    spec = {"class_path": spec} if isinstance(spec, str) else spec
    arguments = spec.get("init_args") or {} if isinstance(spec, Mapping) and "class_path" in spec else None
    if not isinstance(arguments, Mapping):
        raise InputError("these data name no data module", given=spec, allowed="class_path and init_args")
    cls = _data_module(str(spec["class_path"]))
    try:
        inspect.signature(cls).bind(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"{cls.__name__} does not take these arguments", given=str(error)) from error
    return cls(**arguments)


def _data_module(class_path: str) -> "type[SkeletonDataModule]":
    """The data module of a name that is known, or of a class path that can be imported."""
    from stgnn.data.datamodule import SkeletonDataModule

    module, _, name = class_path.rpartition(".")
    known = {one.__name__: one for one in _with_subclasses(SkeletonDataModule)}
    cls: Any = known.get(name)
    if cls is None and module:
        with suppress(ImportError, TypeError):  # a path that begins with a dot is a TypeError
            cls = getattr(import_module(module), name, None)
    if not isinstance(cls, type) or not issubclass(cls, SkeletonDataModule):
        raise InputError("there is no such data module", given=class_path, allowed=sorted(known))
    return cls


def data_of(checkpoint: str | Path, data: DataSpec | None = None) -> DataSpec:
    """The data that are given, else those of the recipe beside a checkpoint.

    Raises:
        InputError: there is no such checkpoint, it is an exported file, or no recipe beside it names its data.
    """
    from stgnn.runtimes import RUNTIMES

    if Path(checkpoint).suffix in {RUNTIMES[name].suffix for name in RUNTIMES}:
        hint = f"give the .ckpt file that it was made of; stgnn benchmark --network {checkpoint} times the exported one"
        raise InputError("this is an exported file, not a checkpoint", given=checkpoint, hint=hint)
    if not Path(checkpoint).is_file():
        hint = "give a file written by fit, extract or quickstart"
        raise InputError("there is no such checkpoint", given=checkpoint, hint=hint)
    return data or needed(recipe_beside(checkpoint), "data", f"the checkpoint {checkpoint}")


def _with_subclasses(cls: type[Any]) -> list[type[Any]]:
    return [cls, *(one for child in cls.__subclasses__() for one in _with_subclasses(child))]
