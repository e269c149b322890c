"""SBU Kinect Interaction (Yun et al., CVPRW 2012): ``s<one>s<other>/<action>/<take>/skeleton_pos.txt``.

Each line is the number of a frame and x, y, z of the 15 joints of one person and then of the other. Coordinates stay
as published: x and y in the image, about 0 to 1, y down (1280 - 2560 x, 960 - 1920 y, 1280 z undoes this).
Protocols ``fold1`` to ``fold5``: the authors' five folds of the 21 pairs of persons; papers report their mean.
"""

import re
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import files_of, refuse_labels, split_pair, the_layout
from stgnn.data.readers.small import clip_of, index_of, read_rows
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    "approaching",
    "departing",
    "kicking",
    "pushing",
    "shaking hands",
    "hugging",
    "exchanging object",
    "punching",
)
FOLDS = (  # a pair is the number of one person, times 100, and that of the other
    (102, 304, 502, 604),
    (203, 207, 305, 503),
    (103, 107, 701, 703),
    (201, 206, 302, 306),
    (402, 403, 406, 602, 603),
)
_PATH = re.compile(r"s([0-9]{2})s([0-9]{2})/([0-9]{2})/([0-9]{3})")


def read_sbu(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open the folder of the original files.

    The subject of a clip is its pair: 304 for persons 3 and 4, whoever comes first; the folds tell the orders apart.

    Args:
        source: The folder that holds ``s01s02`` and so on.
        layout: The body. None: `sbu15`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a folder that is not of this data set, or labels.
    """
    refuse_labels(labels, "sbu")
    body = the_layout(layout, "sbu15")
    files = files_of(source, "s*s*/*/*/skeleton_pos.txt")
    index = [(file, *_read_path(file)) for file in files]
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(index),
        persons=2,
        clips=lambda start: (_clip(*entry, body) for entry in index[start:]),
        splits=_splits,
        notes=("x and y are in the image, about 0 to 1, y down; z is in units of its own, as published",),
    )


def _read_path(file: Path) -> tuple[int, int]:
    """Label and pair."""
    match = _PATH.fullmatch("/".join(file.parts[-4:-1]))
    if match is None:
        raise InputError(f"{file} is not where SBU has it", allowed="s<one>s<other>/<action>/<take>/skeleton_pos.txt")
    one, other, action, _ = map(int, match.groups())
    pair = 100 * one + other
    if not any(pair in fold for fold in FOLDS):
        raise InputError(f"{file} is of no pair of SBU", given=match[0], allowed=sorted(sum(FOLDS, ())))
    return index_of(action, len(CLASSES), file), pair


def _clip(file: Path, label: int, pair: int, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    rows = read_rows(file, 1 + 2 * 15 * 3, "a recording of SBU")
    keypoints = rows[:, 1:].reshape(-1, 2, 15, 3).swapaxes(0, 1)  # (T, M V C) -> (M, T, V, C)
    one, other = sorted(divmod(pair, 100))
    return clip_of(keypoints, label, layout, "/".join(file.parts[-4:-1]), 100 * one + other)


def _splits(store: SkeletonStore) -> dict[str, IntArray]:
    splits: dict[str, IntArray] = {}
    pairs = [_read_path(Path(name, "skeleton_pos.txt"))[1] for name in store.names]
    for number, fold in enumerate(FOLDS, start=1):
        test = np.isin(pairs, fold)
        splits |= split_pair(f"fold{number}", ~test, test)
    return splits
