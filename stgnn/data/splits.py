"""Holding a validation split out of the training clips, by subject."""

from collections.abc import Sequence

import numpy as np

from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError

SHARE = 5
"""One part in five is held out."""
ENOUGH = 0.8
"""Subjects divide the clips if they are known of such a share of them: a few known ones may have next to no clips."""


def hold_out(
    store: SkeletonStore, training: IntArray, subjects: Sequence[int] | None, seed: int
) -> tuple[IntArray, IntArray]:
    """Divide training clips into those that train and those that validate.

    Args:
        store: The data set.
        training: The training clips of a protocol.
        subjects: Who is held out. None: about a fifth of the training subjects, chosen by `seed`, or where fewer than
            two subjects are known, or the subjects of many clips are not, a fifth of the clips of each class.
        seed: Seed of the choice.

    Returns:
        Clips to train on and clips to validate on; where subjects divide them, no subject has clips in both.

    Raises:
        InputError: a subject who has no training clips, or nobody left to train on.
    """
    performers = store.subjects[training]
    known = np.unique(performers[performers >= 0])
    rng = np.random.default_rng(seed % 2**32)
    if subjects is None:
        if len(known) < 2 or (performers >= 0).mean() < ENOUGH:
            held = _fifth_of_each_class(store.labels[training], rng)
            return training[~held], training[held]
        subjects = rng.permutation(known)[: max(1, round(len(known) / SHARE))].tolist()
    strangers = sorted(set(subjects) - set(known.tolist()))
    if strangers:
        raise InputError(
            "subjects to hold out have no training clips", given=strangers, allowed=known.tolist(), hint="choose others"
        )
    held = np.isin(performers, list(subjects))
    if held.all():
        raise InputError(
            "nobody is left to train on", given=sorted(subjects), allowed=f"some of the subjects {known.tolist()}"
        )
    return training[~held], training[held]


def _fifth_of_each_class(labels: IntArray, rng: np.random.Generator) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    order = rng.permutation(len(labels))
    # Number the clips of each class in random order: every fifth is held out.
    held = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        held[of_class[SHARE - 1 :: SHARE]] = True
    return held
