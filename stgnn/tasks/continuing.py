"""Trainings that go on: how far a checkpoint came, whose folder it lies in, and the command that continues it."""

import csv
import math
import shlex
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from stgnn.errors import InputError
from stgnn.files import writing
from stgnn.networks import check_run_checkpoint

TRAINED = "trained"  # what a checkpoint says of its training, among its extra data
RECIPE, METRICS, LAST = "recipe.yaml", "metrics.csv", Path("checkpoints", "last.ckpt")
OF_THE_CALL = ("ckpt_path", "weights_only")  # keys of a recipe that say where a training goes on, not what it is


def trained(steps: int, planned: int) -> dict[str, int]:
    """How far a training came, as plain data: optimiser steps done, and those of its whole schedule."""
    return {"steps": steps, "planned": planned}


def folder_of(checkpoint: str | Path) -> Path:
    """The folder of the run that a checkpoint lies in."""
    return Path(checkpoint).parent.parent


def resume_command(checkpoint: str | Path, folder: Path | None = None) -> str:
    """What to type to continue a training.

    Args:
        checkpoint: How far it came.
        folder: Of its run, where that may be another one than the checkpoint lies in.
    """
    recipe, start = (folder or folder_of(checkpoint)) / RECIPE, ["--ckpt_path", str(checkpoint)]
    if not recipe.is_file():  # the run has no logger, or its checkpoints lie elsewhere
        return f"the command that began it, with {shlex.join(start)}"
    return shlex.join(["stgnn", "fit", "--config", str(recipe), *start])


def warn_if_stopped(checkpoint: str | Path, extra: Mapping[str, Any]) -> None:
    """Warn of weights whose training did not come to its end: a search would trust them too much.

    Args:
        checkpoint: The file.
        extra: What it says beside the weights.
    """
    if (stopped := _stopped(extra)) is not None:
        warnings.warn(f"{checkpoint} {stopped}; to train on: {resume_command(checkpoint)}", stacklevel=2)


def warn_of_stopped_run(runs: Path, recipe: str) -> None:
    """Warn before a training begins anew if the last one of its recipe was stopped: it may be meant to go on.

    Args:
        runs: The folder of all runs of that name.
        recipe: The resolved recipe, as YAML.
    """
    for folder in sorted(runs.glob("version_*"), key=_number, reverse=True):
        last = folder / LAST
        if not last.is_file() or not _is_of(folder, recipe):
            continue
        try:
            stopped = _stopped(check_run_checkpoint(last))
        except InputError:  # damaged: nothing to go on from
            return
        if stopped is not None:
            warnings.warn(
                f"{last} {stopped}; this run begins anew. To continue it: {resume_command(last)}", stacklevel=2
            )
        return


def continued(checkpoint: str | Path, runs: Path, recipe: str) -> Path | None:
    """The folder of the run that a training continues, if it is the one that wrote the checkpoint it starts from.

    Args:
        checkpoint: The file; a link will do, as will a folder behind one.
        runs: The folder of all runs of the training's name.
        recipe: Its resolved recipe, as YAML.
    """
    folders = [folder_of(path) for path in (Path(checkpoint), Path(checkpoint).resolve())]
    here = (one for one in folders if one.parent.resolve() == runs.resolve() and _is_of(one, recipe))
    return next(here, None)


def version_folder(runs: Path, version: str | int | None) -> Path:
    """The folder of one of the runs of a name, as loggers call it: by a word or by a number."""
    return runs / (version if isinstance(version, str) else f"version_{version}")


def claimed(runs: Path, version: str | int | None = None) -> Path:
    """Make the folder of a new run; runs that begin at the same moment get a folder each.

    Args:
        runs: The folder of all runs of that name.
        version: What the recipe calls this one; without, it gets the number after the last one.

    Raises:
        InputError: another run lies there, or the folder cannot be made.
    """
    with writing(runs):
        if version is not None:
            folder = version_folder(runs, version)
            _check_free(folder)
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        number = max(map(_number, runs.glob("version_*")), default=-1)
        while True:
            number += 1
            with suppress(FileExistsError):
                (folder := version_folder(runs, number)).mkdir(parents=True)
                return folder


def _check_free(folder: Path) -> None:
    """Refuse to begin a run where the results of another one lie."""
    if folder.is_dir() and any(folder.iterdir()):
        hint = "leave the logger's version out, and the run gets a number of its own"
        if (folder / LAST).is_file():
            hint += f"; to continue that one: {resume_command(folder / LAST)}"
        raise InputError("the folder of this version holds another run", given=folder, hint=hint)


def rows_before(folder: Path, extra: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a run's table of metrics that were written before a checkpoint; later ones come again.

    Args:
        folder: The folder of the run.
        extra: What the checkpoint says beside the weights.
    """
    path, steps = folder / METRICS, extra.get(TRAINED, {}).get("steps", math.inf)
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if (row.get("step") or "").isdigit() and int(row["step"]) < steps]


def _is_of(folder: Path, recipe: str) -> bool:
    """Whether the run in a folder is that of a resolved recipe (YAML), wherever either of them begins."""
    try:
        kept = yaml.safe_load((folder / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(kept, dict) and _what(kept) == _what(yaml.safe_load(recipe))


def _stopped(extra: Mapping[str, Any]) -> str | None:
    """What to say of weights whose training has not come to its end."""
    known = extra.get(TRAINED)
    if known is None or known["steps"] >= known["planned"]:
        return None
    return f"is of step {known['steps']} of {known['planned']}: its training was stopped, or still runs"


def _what(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe trains."""
    return {key: value for key, value in recipe.items() if key not in OF_THE_CALL}


def _number(folder: Path) -> int:
    digits = folder.name.partition("_")[2]
    return int(digits) if digits.isdigit() else -1
