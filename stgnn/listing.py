"""What a recipe or an Architecture can name, plugins included, each with a line about it, found without any import.

Classes are described by the first paragraph of their docstring.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from stgnn.errors import InputError
from stgnn.signatures import PACKAGE, Catalog, registered

_PURPOSE = re.compile(r"^# Purpose: (.*(?:\n# {3,}.*)*)")


def _registry(name: str) -> dict[str, str]:
    catalog = Catalog.of_project()
    return {one: catalog.summary(one) for one in registered(name)}


def _family(base: str) -> dict[str, str]:
    catalog = Catalog.of_project()
    return {name: catalog.summary(name) for name in catalog.subclasses(base)}


def _layouts() -> dict[str, str]:
    from stgnn.skeleton import layout_names, load_layout

    layouts = {name: load_layout(name) for name in layout_names()}
    return {name: f"{one.num_joints} joints in {one.dimensions} dimensions" for name, one in layouts.items()}


def _spaces() -> dict[str, str]:
    from stgnn.space import read_space, space_names

    return {name: f"{read_space(name).size:,} architectures" for name in space_names()}


def _architectures() -> dict[str, str]:
    from stgnn.space import architecture_names, load_architecture

    known = {name: load_architecture(name) for name in architecture_names()}
    return {
        name: f"{one.depth} blocks of {', '.join(sorted(one.operators))}; {one.frames} frames, unless told otherwise"
        for name, one in known.items()
    }


def _formats() -> dict[str, str]:
    from stgnn.data import FORMATS

    return {name: one.source for name, one in FORMATS.items()}


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the package, by their paths within the folder of recipes."""
    folder = (PACKAGE / "recipes").resolve()
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.yaml"))}


def _recipes() -> dict[str, str]:
    texts = {name: path.read_text(encoding="utf-8") for name, path in shipped_recipes().items()}
    purposes = {name: match.group(1) if (match := _PURPOSE.match(text)) else "" for name, text in texts.items()}
    return {f"recipes/{name}": " ".join(purpose.replace("\n#", " ").split()) for name, purpose in purposes.items()}


KINDS: Mapping[str, Callable[[], dict[str, str]]] = {
    "operators": lambda: _registry("OPERATORS"),
    "spaces": _spaces,
    "architectures": _architectures,
    "latency": lambda: _registry("LATENCY_MODELS"),
    "strategies": lambda: _registry("SEARCH_STRATEGIES"),
    "runtimes": lambda: _registry("RUNTIMES"),
    "layouts": _layouts,
    "formats": _formats,
    "recipes": _recipes,
    "tasks": lambda: _family("BaseTask"),
    "data": lambda: _family("SkeletonDataModule"),
}


def listed(kind: str) -> dict[str, str]:
    """The names of one kind, sorted, and what each is, in a line.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in KINDS:
        raise InputError("there is nothing of this kind to list", given=kind, allowed=tuple(KINDS))
    return dict(sorted(KINDS[kind]().items()))
