"""Whom a folder of results belongs to: the settings that the results depend on, written down before any work."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np

from stgnn.data import SkeletonStore
from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.files import read_json, write_text

SAMPLED = 500  # frames that stand for all of a store


def data_facts(data: SkeletonDataModule) -> dict[str, Any]:
    """What results depend on of their data: the recordings, protocol, frames, body, classes, the clips of each split,
    and how they are read and augmented.
    """
    splits = data.splits()
    clips = b"".join(np.asarray(indices, dtype="<i8").tobytes() + b"|" for indices in splits.values())
    return {
        "protocol": data.protocol,
        "frames": data.frames,
        "layout": f"{data.layout.name} {data.layout.digest}",
        "classes": data.class_names,
        "batch_size": data.batch_size,
        "seed": data.seed,
        "min_score": data.min_score,
        "align": data.align,
        **asdict(data.augmentation),
        **split_counts(data),
        "clips": sha256(clips).hexdigest()[:12],
        "recordings": _recordings(data.store),
    }


def _recordings(store: SkeletonStore) -> str:
    """Twelve digits that tell stores apart by their lengths, labels and some frames; reading all would take long."""
    some = store.keypoints[:: max(1, len(store.keypoints) // SAMPLED)]
    found = sha256(np.asarray([*store.offsets, *store.labels], dtype="<i8").tobytes())
    found.update(np.ascontiguousarray(some, dtype="<f4").tobytes())
    return found.hexdigest()[:12]


def split_counts(data: SkeletonDataModule) -> dict[str, int]:
    """How many clips each split holds."""
    return {name: len(indices) for name, indices in data.splits().items()}


def claim(path: Path, settings: Mapping[str, Any], what: str) -> None:
    """Write down what a folder of results is for, unless that is known already.

    Args:
        path: The file that says so, in the folder.
        settings: All that the results depend on, as plain data.
        what: What the folder holds, for the message: ``"a lottery"``.

    Raises:
        InputError: the folder is for other settings, and is left as it is; or its file is damaged.
    """
    if different := differences(path, settings, what):
        raise InputError(
            f"{path.parent} holds {what} of other settings: {', '.join(different)}",
            given=[f"{name}: {new}" for name, (new, _) in different.items()],
            allowed=[f"{name}: {old}" for name, (_, old) in different.items()],
            hint="choose another --output, or remove the folder",
        )
    if not path.is_file():
        write_text(path, json.dumps(settings, indent=2))


def differences(path: Path, settings: Mapping[str, Any], what: str) -> dict[str, tuple[str, str]]:
    """How settings differ from those that a folder was claimed for; nothing where nobody has claimed it.

    Returns:
        The new value and the old one, shortened, by the name of the setting: ``data.frames``.

    Raises:
        InputError: the file is damaged.
    """
    if not path.is_file():
        return {}
    known = read_json(path, f"the settings of {what}")
    if not isinstance(known, dict):
        raise InputError(f"this is not the settings of {what}", given=path, hint="remove the folder, and start again")
    old, new = _flat(known), _flat(json.loads(json.dumps(settings)))
    names = [name for name in {**new, **old} if new.get(name, "not set") != old.get(name, "not set")]
    return {name: (_told(new.get(name, "not set")), _told(old.get(name, "not set"))) for name in names}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def _told(value: Any) -> str:
    return shorten(str(value), 80, placeholder=" ...")
