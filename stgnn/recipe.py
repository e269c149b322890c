"""Recipes: YAML files that name classes and arguments, composed by inclusion and by order.

* ``data: ../data/nw_ucla.yaml``: a value that names a YAML file, relative to the file it stands in, is replaced by what
  that file holds.
* ``include: FILE`` inside a mapping: the file's mapping, overridden by the keys beside ``include``.
* Several recipes are merged in the order given; a later one overrides single keys. Naming another class drops the
  arguments of the earlier one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from stgnn.errors import InputError
from stgnn.files import write_text

SUFFIXES = (".yaml", ".yml")
_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """YAML 1.1, except that ``1e-3`` is a number and a date is a text."""


class _Dumper(yaml.SafeDumper):
    """Quotes every text that :class:`_Loader` would read as something else."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag != _DATE]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+0123456789.")
    )


def parse_yaml(text: str) -> Any:
    """The value a YAML text stands for."""
    return yaml.load(text, Loader=_Loader)


def load_recipe(path: str | Path) -> dict[str, Any]:
    """One recipe with its inclusions resolved.

    Raises:
        InputError: a file is missing, is not YAML, includes itself, or the recipe is not a mapping.
    """
    recipe = load_here(path)
    if not isinstance(recipe, dict):
        raise InputError("a recipe must be a mapping of keys to values", given=f"{path}: {recipe}")
    return recipe


def load_recipes(paths: Iterable[str | Path]) -> dict[str, Any]:
    """Several recipes merged in order: a later one overrides."""
    merged: dict[str, Any] = {}
    for path in paths:
        merged = merge(merged, load_recipe(path))
    return merged


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the keys of ``over``, mapping by mapping; another ``class_path`` replaces the whole mapping."""
    if "class_path" in base and over.get("class_path", base["class_path"]) != base["class_path"]:
        return dict(over)
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        if isinstance(old, str) and isinstance(value, Mapping) and {"class_path", "init_args"} & set(value):
            old = {"class_path": old}  # ``strategy: NSGA2`` is short for this
        merged[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def load_here(path: str | Path) -> Any:
    """What a YAML file holds, whatever it is, with its inclusions resolved; relative to the working directory.

    Raises:
        InputError: a file is missing, is not YAML, or includes itself.
    """
    return _load(Path(path), ())


def dump_recipe(recipe: Mapping[str, Any], path: Path, header: Sequence[str] = ()) -> None:
    """Write a resolved recipe, below comments: one for each line of the header."""
    comments = "".join(f"# {line}\n" for line in header)
    write_text(path, comments + recipe_text(recipe))


def recipe_text(recipe: Mapping[str, Any]) -> str:
    """A recipe as YAML."""
    return str(yaml.dump(dict(recipe), Dumper=_Dumper, sort_keys=False))


def resolved_text(recipe: Mapping[str, Any]) -> str:
    """A recipe as YAML, with what the YAML files hold that it names, relative to the working directory."""
    return recipe_text(_resolved_here(dict(recipe)))


def _resolved_here(value: Any) -> Any:
    """A value with what the YAML files hold that it names; a name without a file stays as it is."""
    if isinstance(value, str) and value.endswith(SUFFIXES) and Path(value).is_file():
        return load_here(value)
    if isinstance(value, list):
        return [_resolved_here(item) for item in value]
    return {key: _resolved_here(item) for key, item in value.items()} if isinstance(value, dict) else value


def _load(path: Path, parents: tuple[Path, ...]) -> Any:
    full = path.resolve()
    if full in parents:
        raise InputError("a recipe includes itself", given=" -> ".join(str(file) for file in (*parents, full)))
    if not full.is_file():
        names = sorted(file.name for file in full.parent.glob("*.y*ml")) if full.parent.is_dir() else []
        raise InputError(
            "there is no such recipe" if not parents else f"{parents[-1].name} includes a file that is not there",
            given=path,
            allowed=get_close_matches(path.name, names, n=5, cutoff=0.3) or names or None,
            hint="inclusions are relative to the file they stand in" if parents else _where(path),
        )
    try:
        value = parse_yaml(full.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path} is not YAML", given=" ".join(str(error).split())) from error
    return _resolve(value, (*parents, full))


def _where(path: Path) -> str | None:
    """How the recipes of the package come here, if one of them is meant."""
    shipped = path.parts[0] == "recipes" and not Path("recipes").exists()
    return "stgnn recipes copies those of the package here" if shipped else None


def _resolve(value: Any, parents: tuple[Path, ...]) -> Any:
    if isinstance(value, str) and value.endswith(SUFFIXES):
        return _load(parents[-1].parent / value, parents)
    if isinstance(value, list):
        return [_resolve(item, parents) for item in value]
    if not isinstance(value, dict):
        return value
    resolved = {key: _resolve(item, parents) for key, item in value.items() if key != "include"}
    if "include" not in value:
        return resolved
    base = _resolve(value["include"], parents)
    if not isinstance(base, dict):
        raise InputError("'include' needs the name of a YAML file that holds a mapping", given=value["include"])
    return merge(base, resolved)
