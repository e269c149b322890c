"""What is shipped, reading what is one's own, and whether a space suits a body."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from stgnn.errors import InputError
from stgnn.files import read_json, read_text
from stgnn.skeleton import SkeletonLayout
from stgnn.space.architecture import Architecture
from stgnn.space.base import BaseArchitecture, BaseSpace
from stgnn.space.search_space import SearchSpace
from stgnn.space.sgn import KIND, SGNArchitecture, SGNSpace

Space = SearchSpace | SGNSpace


def architecture_names() -> tuple[str, ...]:
    """Names of the shipped architectures, the classic networks among them."""
    return _shipped("architectures", ".json")


def read_architecture(source: object) -> BaseArchitecture:
    """An architecture of either kind: a shipped one by name, a JSON file, or plain data; an architecture is returned as
    it is.

    Raises:
        InputError: there is no such name or file, or it does not hold an architecture.
    """
    if isinstance(source, BaseArchitecture):
        return source
    if not isinstance(source, (str, Path)):
        return _from_plain(source)
    if str(source) in architecture_names():
        return Architecture.from_json((files("stgnn.space") / "architectures" / f"{source}.json").read_text())
    path = Path(source)
    if not path.is_file():
        raise InputError(
            "there is no such architecture", given=source, allowed=[*architecture_names(), "the path of a JSON file"]
        )
    return _from_plain(read_json(path, "an architecture"))


def _from_plain(data: object) -> BaseArchitecture:
    kind = SGNArchitecture if isinstance(data, Mapping) and data.get("kind") == KIND else Architecture
    return kind.from_dict(data)


def load_architecture(source: str | Path | Mapping[str, Any] | Architecture) -> Architecture:
    """An architecture of a network of blocks; see :func:`read_architecture`.

    Raises:
        InputError: there is no such name or file, or it does not hold an architecture of blocks.
    """
    architecture = read_architecture(source)
    if not isinstance(architecture, Architecture):
        raise InputError("this is an architecture of SGN, not of a network of blocks", given=architecture)
    return architecture


def space_names() -> tuple[str, ...]:
    """Names of the shipped spaces."""
    return _shipped("spaces", ".yaml")


def _shipped(folder: str, suffix: str) -> tuple[str, ...]:
    names = (entry.name for entry in (files("stgnn.space") / folder).iterdir())
    return tuple(sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix)))


def read_space(source: str | Path | Mapping[str, Any] | Space) -> Space:
    """A space of either kind: a shipped one by name, a YAML file, or plain data; a space is returned as it is.

    Raises:
        InputError: there is no such name or file, or it does not hold a space.
    """
    if isinstance(source, Space):
        return source
    if isinstance(source, Mapping):
        if source.get("kind", KIND) != KIND:
            allowed = f"{KIND}, or no kind at all: networks of blocks"
            raise InputError("there is no such kind of search space", given=source["kind"], allowed=allowed)
        return (SGNSpace if "kind" in source else SearchSpace).from_dict(source)
    if not isinstance(source, (str, Path)):
        raise InputError("this is not a search space", given=repr(source), hint="compare it with a shipped space")
    if str(source) in space_names():
        return _parsed((files("stgnn.space") / "spaces" / f"{source}.yaml").read_text(), source)
    path = Path(source)
    if not path.is_file():
        raise InputError(
            "there is no such search space", given=source, allowed=[*space_names(), "the path of a YAML file"]
        )
    return _parsed(read_text(path, "a search space"), path)


def load_space(source: str | Path | Mapping[str, Any] | SearchSpace) -> SearchSpace:
    """A space of networks of blocks; see :func:`read_space`.

    Raises:
        InputError: there is no such name or file, or it does not hold a space of networks of blocks.
    """
    space = read_space(source)
    if not isinstance(space, SearchSpace):
        hint = "read it with read_space"
        raise InputError("this is a space of SGN, not of networks of blocks", given=space.name, hint=hint)
    return space


def _parsed(text: str, origin: object) -> Space:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        given = f"{origin}: {' '.join(str(error).split())}"
        raise InputError("a search space must be YAML", given=given, hint="compare it with a shipped space") from error
    if not isinstance(data, Mapping):
        hint = "compare it with a shipped space"
        raise InputError("a search space must be a mapping of keys to values", given=origin, hint=hint)
    return read_space(data)


def check_joints(space: BaseSpace[Any], layout: SkeletonLayout) -> None:
    """Refuse a space for another body.

    Raises:
        InputError: the space lists a joint count that the layout does not have.
    """
    wrong = [count for count in space.joints if not 0 <= count < layout.num_joints]
    if wrong:
        raise InputError(
            f"the layout {layout.name!r} does not offer all joint counts of the space {space.name!r}",
            given=f"joints: {list(space.joints)}",
            allowed=f"1 to {layout.num_joints - 1}, and 0 for every joint",
            hint="edit `joints:` of the space (from few to many, 0 last)",
        )
