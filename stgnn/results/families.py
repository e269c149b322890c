"""Sparse families of networks of a study, kept in a file beside it; the study itself stays as it is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import are_rows, check_output, read_json, write_text
from stgnn.results.recipes import beside_study

FAMILY = ("checkpoint", "granularity", "rows")  # what is kept of a sparse family
MEMBER = ("sparsity", "val_top1", "latency_ms", "macs", "parameters")  # of each network of it, at least


def _families_path(study: str, name: str) -> Path:
    return beside_study(
        study, name, "sparse.json", "leave --study out; family.json in the output folder holds the same"
    )


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
    if not are_rows(found, FAMILY) or not all(are_rows(family["rows"], MEMBER) for family in found):
        raise InputError("this is not a file of sparse families", given=path, hint="remove it and sparsify again")
    return list(found)
