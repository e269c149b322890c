"""Names of splits in annotation pickles, and the protocols they stand for."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stgnn.data.readers.common import split_pair
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray

_TRAIN = re.compile(r"(?:(.+)_)?train(\d*)")


class Sides(NamedTuple):
    """Names of the clips of both sides of a protocol."""

    train: Sequence[str]
    test: Sequence[str]


def protocols(split: Mapping[str, Sequence[str]]) -> dict[str, Sides]:
    """The protocols of splits: each ``..train..`` with its ``..test..`` or, without one, its ``..val..``.

    >>> sorted(protocols({"xsub_train": [], "xsub_val": [], "train": [], "val": [], "train1": [], "test1": []}))
    ['1', 'main', 'xsub']
    """
    found = {}
    for name in split:
        match = _TRAIN.fullmatch(name)
        if match is None:
            continue
        prefix, number = match.group(1), match.group(2)
        names = [f"{prefix}_{side}{number}" if prefix else f"{side}{number}" for side in ("test", "val")]
        other = next((candidate for candidate in names if candidate in split), None)
        if other is not None:
            protocol = "_".join(part for part in (prefix, number) if part) or "main"
            found[protocol] = Sides(split[name], split[other])
    return found


def splits_of(found: Mapping[str, Sides], store: SkeletonStore) -> dict[str, IntArray]:
    """The protocols as indices into a store; a protocol of which it holds one side only is left out."""
    splits: dict[str, IntArray] = {}
    for protocol, sides in found.items():
        train, test = (np.isin(store.names, list(side)) for side in sides)
        splits |= split_pair(protocol, train, test)
    return splits
