"""The shipped spaces, reading a space of one's own, and whether a space suits a body."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from stgnn.errors import InputError
from stgnn.files import read_text
from stgnn.skeleton import SkeletonLayout
from stgnn.space.search_space import SearchSpace


def space_names() -> tuple[str, ...]:
    """Names of the shipped spaces."""
    entries = (files("stgnn.space") / "spaces").iterdir()
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml")))


def _read(text: str, origin: object) -> SearchSpace:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        given = f"{origin}: {' '.join(str(error).split())}"
        raise InputError("a search space must be YAML", given=given, hint="compare it with a shipped space") from error
    if not isinstance(data, Mapping):
        hint = "compare it with a shipped space"
        raise InputError("a search space must be a mapping of keys to values", given=origin, hint=hint)
    return SearchSpace.from_dict(data)


def load_space(source: str | Path | Mapping[str, Any] | SearchSpace) -> SearchSpace:
    """A shipped space by name, a YAML file, or plain data; a space is returned as it is.

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
    return _read(read_text(path, "a search space"), path)


def check_joints(space: SearchSpace, layout: SkeletonLayout) -> None:
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
