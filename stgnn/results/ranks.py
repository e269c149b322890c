"""How far the supernet of a study can be trusted, kept in a file beside the study."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import are_rows, check_output, read_json, write_text
from stgnn.ranking import ORDERS
from stgnn.results.recipes import beside_study

MEANS = ("mean_shared", "mean_fine_tuned", "mean_alone")
PLAN = ("checksum", "networks", "seeds", "epochs", "finetune_epochs")
ANSWER = (*PLAN, "orders", "again", "verdict", "rows", *MEANS)
NETWORK = ("digest", "shared", "error", "fine_tuned", "alone")  # what is known of each, at least


def check_study_of(study: str, name: str, supernet: str) -> None:
    """Refuse, before any work, a study that an answer cannot be kept beside.

    Args:
        study: Journal file.
        name: Name of the study in it.
        supernet: Checksum of the supernet that is asked about.

    Raises:
        InputError: the study searches another supernet, it is in a database, or the file cannot be written.
    """
    from stgnn.search.study import study_identity

    check_output(_path(study, name))
    known = study_identity(study, name).get("supernet")
    if known != supernet:
        hint = "leave --study out, or give the supernet of the study; its recipe lies beside it"
        raise InputError(
            f"the study {name!r} in {study} is of another supernet", given=supernet, allowed=known, hint=hint
        )


def keep_ranks(study: str, name: str, answer: Mapping[str, Any]) -> Path:
    """Keep an answer beside a study, which itself stays as it is; an earlier one is replaced.

    Raises:
        InputError: the study is in a database, or the file cannot be written.
    """
    path = _path(study, name)
    write_text(path, json.dumps(answer, indent=1))
    return path


def ranks_beside(study: str, name: str) -> dict[str, Any] | None:
    """What is known of how far the supernet of a study can be trusted; nothing where it is of an earlier supernet.

    Raises:
        InputError: the file beside the study is damaged.
    """
    from stgnn.search.study import study_identity

    if "://" in study or not (path := _path(study, name)).is_file():
        return None
    found = read_json(path, "an answer of stgnn rank")
    whole = are_rows([found], ANSWER) and are_rows(found["rows"], NETWORK)
    if not whole or not isinstance(found["orders"], dict) or found["orders"].keys() != {*ORDERS}:
        raise InputError("this is not an answer of stgnn rank", given=path, hint="remove it and ask again")
    return found if found["checksum"] == study_identity(study, name).get("supernet") else None


def _path(study: str, name: str) -> Path:
    return beside_study(study, name, "rank.json", "leave --study out; rank.json in the output folder holds the same")
