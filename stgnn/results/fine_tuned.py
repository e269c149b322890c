"""Networks of a study that were fine-tuned, kept in a file beside it; the study itself stays as it is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import are_rows, check_output, read_json, write_text
from stgnn.results.recipes import beside_study

NETWORK = ("digest", "fine_tuned", "checkpoint")  # what is known of each, at least
CHOSEN_BY = "chosen_by"  # what the chosen one was chosen by, in words; no other has it


def check_fine_tuned(study: str, name: str) -> None:
    """Refuse, before any work, a study that nothing can be kept beside.

    Raises:
        InputError: the study is in a database, or the file beside it is damaged or cannot be written.
    """
    check_output(_path(study, name))
    fine_tuned_beside(study, name)


def keep_fine_tuned(study: str, name: str, rows: Sequence[Mapping[str, Any]], found: Mapping[str, Any]) -> Path:
    """Keep fine-tuned networks beside their study; of those that are known already the new training counts.

    Args:
        study: Journal file.
        name: Name of the study in it.
        rows: The networks.
        found: The ``chosen`` one, and what it was ``chosen_by``.

    Raises:
        InputError: the study is in a database, or the file cannot be written.
    """
    path, new = _path(study, name), {row["digest"]: {key: row[key] for key in NETWORK} for row in rows}
    all_of_them = fine_tuned_beside(study, name) | new
    for digest, row in all_of_them.items():
        row.pop(CHOSEN_BY, None)
        if digest == found["chosen"]["digest"]:
            row[CHOSEN_BY] = found[CHOSEN_BY]
    write_text(path, json.dumps([*all_of_them.values()], indent=1))
    return path


def fine_tuned_beside(study: str, name: str) -> dict[str, dict[str, Any]]:
    """The networks of a study that were fine-tuned, by their digest.

    Raises:
        InputError: the file beside the study is damaged.
    """
    if "://" in study or not (path := _path(study, name)).is_file():
        return {}
    found = read_json(path, "a file of fine-tuned networks")
    if not are_rows(found, NETWORK):
        raise InputError("this is not a file of fine-tuned networks", given=path, hint="remove it and fine-tune again")
    return {row["digest"]: dict(row) for row in found}


def _path(study: str, name: str) -> Path:
    hint = "give a study in a journal file: the fine-tuned accuracies are kept beside it"
    return beside_study(study, name, "fine_tuned.json", hint)
