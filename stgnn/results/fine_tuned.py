"""What the fine-tuning of a study has found, kept in a file beside it; the study itself stays as it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import are_rows, check_output, read_json, write_text
from stgnn.results.recipes import beside_study

KEYS = {"supernet", "chosen", "chosen_by", "networks"}
NETWORK = ("digest", "fine_tuned", "checkpoint")  # what is known of each


@dataclass(frozen=True)
class FineTuned:
    """What the last fine-tuning of a study has found.

    Attributes:
        accuracies: Accuracy of each network after it, by digest.
        chosen: Digest of the chosen network.
        chosen_by: What it was chosen by, in words.
    """

    accuracies: Mapping[str, float]
    chosen: str
    chosen_by: str


def check_fine_tuned(study: str, name: str) -> None:
    """Refuse, before any work, a study that nothing can be kept beside.

    Raises:
        InputError: the study is in a database, or the file cannot be written.
    """
    check_output(_path(study, name))


def keep_fine_tuned(
    study: str, name: str, supernet: str, rows: Sequence[Mapping[str, Any]], found: Mapping[str, Any]
) -> Path:
    """Keep fine-tuned networks beside their study; those of an earlier fine-tuning are replaced.

    Args:
        study: Journal file.
        name: Name of the study in it.
        supernet: Checksum of its supernet.
        rows: The networks.
        found: The ``chosen`` one, and what it was ``chosen_by``.

    Raises:
        InputError: the study is in a database, or the file cannot be written.
    """
    path, networks = _path(study, name), [{key: row[key] for key in NETWORK} for row in rows]
    told = {"supernet": supernet, "chosen": found["chosen"]["digest"], "chosen_by": found["chosen_by"]}
    write_text(path, json.dumps({**told, "networks": networks}, indent=1))
    return path


def fine_tuned_beside(study: str, name: str) -> FineTuned | None:
    """What is known of fine-tuned networks of a study; nothing where the file is of a study that is no more.

    Raises:
        InputError: the file beside the study is damaged.
    """
    from stgnn.search.study import study_identity

    if "://" in study or not (path := _path(study, name)).is_file():
        return None
    found = read_json(path, "a file of fine-tuned networks")
    whole = isinstance(found, dict) and found.keys() == KEYS and are_rows(found["networks"], NETWORK)
    scores = {row["digest"]: row["fine_tuned"] for row in found["networks"]} if whole else {}
    if not whole or not all(isinstance(score, int | float) and 0 <= score <= 1 for score in scores.values()):
        raise InputError("this is not a file of fine-tuned networks", given=path, hint="remove it and fine-tune again")
    if found["supernet"] != study_identity(study, name).get("supernet"):
        return None
    return FineTuned(scores, found["chosen"], found["chosen_by"])


def _path(study: str, name: str) -> Path:
    hint = "give a study in a journal file: the fine-tuned accuracies are kept beside it"
    return beside_study(study, name, "fine_tuned.json", hint)
