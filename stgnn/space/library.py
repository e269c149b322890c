"""The shipped spaces, and reading a space of one's own."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from stgnn.errors import InputError
from stgnn.space.search_space import SearchSpace


def space_names() -> tuple[str, ...]:
    """Names of the shipped spaces."""
    entries = (files("stgnn.space") / "spaces").iterdir()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml")))


def _read(text: str, origin: object) -> SearchSpace:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError("a search space must be YAML", given=f"{origin}: {error}") from error
    if not isinstance(data, Mapping):
        raise InputError("a search space must be a mapping", given=origin)
    return SearchSpace.from_dict(data)


def load_space(source: str | Path | Mapping[str, Any] | SearchSpace) -> SearchSpace:
    """A shipped space by name, a YAML file, or plain data.

    Raises:
        InputError: there is no such name or file, or it does not hold a space.
    """
    if isinstance(source, SearchSpace):
        return source
    if isinstance(source, Mapping):
        return SearchSpace.from_dict(source)
    if str(source) in space_names():
        return _read((files("stgnn.space") / "spaces" / f"{source}.yaml").read_text(), source)
    path = Path(source)
    if not path.is_file():
        raise InputError(
            "there is no such search space", given=source, allowed=[*space_names(), "the path of a YAML file"]
        )
    return _read(path.read_text(), path)
