"""What the words of the command line share: data modules from plain data, recipes beside results, rows of a study."""

import inspect
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stgnn.errors import InputError
from stgnn.files import SETTINGS, check_output, read_json, write_text
from stgnn.recipe import dump_recipe, load_recipe

if TYPE_CHECKING:
    from stgnn.data.datamodule import SkeletonDataModule
    from stgnn.search.study import Evaluation

DataSpec = Mapping[str, Any] | str  # a data module: its name, or {class_path: SkeletonDataModule, init_args: {...}}
FAMILY = ("checkpoint", "granularity", "rows")  # what is kept of a sparse family
MEMBER = ("sparsity", "val_top1", "latency_ms", "macs", "parameters")  # of each network of it, at least
NOTHING_FEASIBLE = (
    "no architecture keeps the limits of the search: raise --trials to search on, or begin a study of another --name "
    "with a larger --budget_ms or --max_parameters"
)


def build_data(spec: DataSpec) -> "SkeletonDataModule":
    """The data module that plain data describe.

    Raises:
        InputError: there is no such class, or its constructor refuses the arguments.
    """
    from stgnn.data.datamodule import SkeletonDataModule

    spec = {"class_path": spec} if isinstance(spec, str) else spec
    arguments = spec.get("init_args") or {} if isinstance(spec, Mapping) and "class_path" in spec else None
    if not isinstance(arguments, Mapping):
        raise InputError("these data name no data module", given=spec, allowed="class_path and init_args")
    module, _, name = str(spec["class_path"]).rpartition(".")
    known: dict[str, type[Any]] = {one.__name__: one for one in _family(SkeletonDataModule)}
    cls = known.get(name)
    if cls is None and module:
        with suppress(ImportError):
            cls = getattr(import_module(module), name, None)
    if cls is None:
        raise InputError("there is no such data module", given=spec["class_path"], allowed=sorted(known))
    try:
        inspect.signature(cls).bind(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} does not take these arguments", given=str(error)) from error
    data: SkeletonDataModule = cls(**arguments)
    return data


def data_of(checkpoint: str | Path, data: DataSpec | None = None) -> DataSpec:
    """The data that are given, else those of the recipe beside a checkpoint.

    Raises:
        InputError: there is no such checkpoint, or no recipe beside it names its data.
    """
    if not Path(checkpoint).is_file():
        hint = "give a file written by fit, extract or quickstart"
        raise InputError("there is no such checkpoint", given=checkpoint, hint=hint)
    return data or needed(recipe_beside(checkpoint), "data", f"the checkpoint {checkpoint}")


def _family(cls: type[Any]) -> list[type[Any]]:
    return [cls, *(one for child in cls.__subclasses__() for one in _family(child))]


def recipe_path(result: str | Path, name: str = "") -> Path:
    """Where the recipe of a result is kept: beside it, under its name."""
    path = Path(result)
    if not path.name or "/" in name:
        given = f"{result!r}" if not path.name else name
        raise InputError("a result needs the name of a file, and a study a name without '/'", given=given)
    return path.with_name(f"{path.name}{'.' + name if name else ''}.recipe.yaml")


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


def _families_path(study: str, name: str) -> Path:
    if "://" in study:
        hint = "leave --study out; family.json in the output folder holds the same rows"
        raise InputError("there is no place beside a study in a database", given=study, hint=hint)
    return recipe_path(study, name).with_name(f"{Path(study).name}.{name}.sparse.json")


def check_families(study: str, name: str) -> None:
    """Refuse, before any work, a study that no family can be kept beside.

    Raises:
        InputError: the study is in a database, or the file beside it is damaged or cannot be written.
    """
    check_output(_families_path(study, name))
    families_beside(study, name)


def keep_family(study: str, name: str, checkpoint: str, granularity: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Keep the sparse family of a network beside a study, which itself stays as it is; an earlier one is replaced.

    Raises:
        InputError: the study is in a database, or the file cannot be written.
    """
    path = _families_path(study, name)
    known = [one for one in families_beside(study, name) if one["checkpoint"] != checkpoint]
    family = {"checkpoint": checkpoint, "granularity": granularity, "rows": [dict(row) for row in rows]}
    write_text(path, json.dumps([*known, family], indent=1))
    return path


def families_beside(study: str, name: str) -> list[dict[str, Any]]:
    """The sparse families that were made of networks of a study; none when there are none.

    Raises:
        InputError: the file beside the study is damaged.
    """
    if "://" in study or not (path := _families_path(study, name)).is_file():
        return []
    found = read_json(path, "a file of sparse families")
    if not _holds(found, FAMILY) or not all(_holds(family["rows"], MEMBER) for family in found):
        raise InputError("this is not a file of sparse families", given=path, hint="remove it and sparsify again")
    return list(found)


def _holds(rows: Any, keys: Collection[str]) -> bool:
    """Whether plain data are a list of rows with these keys."""
    return isinstance(rows, list) and all(isinstance(row, dict) and row.keys() >= {*keys} for row in rows)


def needed(recipe: Mapping[str, Any], key: str, what: str) -> Any:
    """A value of the recipe beside a result.

    Raises:
        InputError: it is not there, so the user has to give it.
    """
    if key not in recipe:
        raise InputError(f"no recipe beside {what} says which {key} it was made with", hint=f"give it with --{key}")
    return recipe[key]


def study_name(study: str, name: str | None) -> str:
    """The name of a study, when it is given or when there is only one.

    Raises:
        InputError: there are several, or the one that was named is not there.
    """
    from stgnn.search.study import RANDOM_SUFFIX, study_names

    names = study_names(study)
    own = [one for one in names if not one.endswith(RANDOM_SUFFIX)]
    if name is None and len(own) == 1:
        return own[0]
    if not names:
        raise InputError(f"there is no study in {study}", given=study, hint="run a search first, or correct the path")
    if name is None:
        raise InputError(f"there are several studies in {study}", allowed=names, hint="give one of them with --name")
    if name not in names:
        raise InputError(f"there is no study of this name in {study}", given=name, allowed=names, hint="give --name")
    return name


def front_rows(evaluations: "Sequence[Evaluation]") -> dict[str, Any]:
    """The front of a study, from fast to slow, and its knee, as plain data; a note when nothing is feasible."""
    from stgnn.search.extract import choose
    from stgnn.search.pareto import front

    members = front(evaluations)
    if not members:
        return {"front": [], "note": NOTHING_FEASIBLE}
    return {"front": [one.to_dict() for one in members], "chosen": choose(evaluations).to_dict()}
