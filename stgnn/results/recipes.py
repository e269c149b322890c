"""Recipes beside results: where they are kept, and what they say of how a result was made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import SETTINGS
from stgnn.recipe import dump_recipe, load_recipe


def recipe_path(result: str | Path, name: str = "") -> Path:
    """Where the recipe of a result is kept: beside it, under its name."""
    path = Path(result)
    if not path.name or "/" in name:
        given = f"{result!r}" if not path.name else name
        raise InputError("a result needs the name of a file, and a study a name without '/'", given=given)
    return path.with_name(f"{path.name}{'.' + name if name else ''}.recipe.yaml")


def beside_study(study: str, name: str, suffix: str, hint: str) -> Path:
    """A file that belongs to a study and lies beside its journal.

    Args:
        study: Journal file.
        name: Name of the study in it.
        suffix: What the file holds: ``"sparse.json"``.
        hint: What to do where there is no such place.

    Raises:
        InputError: the study is in a database.
    """
    if "://" in study:
        raise InputError("there is no place beside a study in a database", given=study, hint=hint)
    return recipe_path(study, name).with_name(f"{Path(study).name}.{name}.{suffix}")


def keep_recipe(recipe: Mapping[str, Any], result: str | Path, name: str = "") -> None:
    """Write a resolved recipe beside its result; a result in a database has no place beside it."""
    if "://" not in str(result):
        dump_recipe(recipe, recipe_path(result, name))


@contextmanager
def recipe_kept(recipe: Mapping[str, Any], result: str | Path, name: str = "") -> Iterator[None]:
    """Keep the recipe of a long piece of work beside its result from the start, so that a killed one has it.

    An earlier recipe is replaced only when the work is done: it may be refused because it does not fit what is there.
    Work that fails before it has changed its result leaves no recipe.
    """
    path = recipe_path(result, name)
    fresh, before = not path.exists(), _written(result)
    if fresh:
        keep_recipe(recipe, result, name)
    try:
        yield
    except Exception:
        if fresh and _written(result) == before:
            path.unlink(missing_ok=True)
        raise
    keep_recipe(recipe, result, name)


def _written(result: str | Path) -> dict[str, tuple[int, int]]:
    """What is there of a result: its files with time and size, without the settings that claim a folder for it."""
    root = Path(result)
    files = [file for file in (root, *root.rglob("*")) if file.is_file() and file.name != SETTINGS]
    return {str(file): (file.stat().st_mtime_ns, file.stat().st_size) for file in files}


def recipe_beside(result: str | Path, name: str = "") -> dict[str, Any]:
    """The recipe that a result was made with; empty when there is none. A run of ``fit`` keeps it two folders up."""
    candidates = [recipe_path(result, name), Path(result).parent.parent / "recipe.yaml"]
    return next((load_recipe(path) for path in candidates if path.is_file()), {})


def needed(recipe: Mapping[str, Any], key: str, what: str) -> Any:
    """A value of the recipe beside a result.

    Raises:
        InputError: it is not there, so the user has to give it.
    """
    if key not in recipe:
        raise InputError(f"no recipe beside {what} says which {key} it was made with", hint=f"give it with --{key}")
    return recipe[key]
