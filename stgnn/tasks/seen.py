"""Which clips weights were trained on, so that nobody takes a score on clips they have seen for one on new ones."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Literal

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError

SEEN = "trained_on"  # what a checkpoint says of the clips, among its extra data


def seen(data: SkeletonDataModule) -> dict[str, str]:
    """The data set, the protocol, and the clips of the training split, as plain data."""
    names = data.store.names
    return {
        "clips": _digest(names),
        "protocol": data.protocol,
        "training": _digest(names[index] for index in data.splits()["train"].tolist()),
    }


def seen_by(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a checkpoint's extra data that goes along with its weights: which clips they have seen."""
    return {key: extra[key] for key in (SEEN,) if key in extra}


def check_unseen(extra: Mapping[str, Any], data: SkeletonDataModule, split: Literal["val", "test"] = "val") -> None:
    """Refuse a split that weights may have been trained on: one of the same data set, divided in another way.

    Args:
        extra: What the checkpoint of the weights says beside them; nothing is refused where it says nothing of clips.
        data: The data of the score.
        split: What is scored. The test split is the same for every choice of validation subjects.

    Raises:
        InputError: the weights were trained on another part of these clips.
    """
    then, now = extra.get(SEEN), seen(data)
    if then is None or then["clips"] != now["clips"]:
        return
    key, what = ("training", "other subjects held out") if split == "val" else ("protocol", "another protocol")
    if then[key] != now[key]:
        raise InputError(
            f"the weights were trained with {what}: they may have seen the clips that are to be scored",
            given=f"protocol {now['protocol']}, training clips {now['training']}",
            allowed=f"protocol {then['protocol']}, training clips {then['training']}",
            hint="give data.protocol, data.val_subjects and data.val_seed of the training; its recipe lies beside it",
        )


def _digest(names: Iterable[str]) -> str:
    return sha256("\n".join(names).encode()).hexdigest()[:12]
