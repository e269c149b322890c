"""Several networks, one answer: the predictions of streams averaged, clip by clip."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnn.errors import InputError, advice, check_between
from stgnn.files import read_text
from stgnn.tasks.predictions import COLUMNS, write_table

AUTHORS = (3.0, 3.0, 1.0)  # joint, bone, velocity
PARTS = 10  # fitted weights are multiples of a tenth
MOST = 5  # streams that weights are fitted for
ROUNDED = 1e-3  # what the written digits of many classes may be off by
SMALLEST = 1e-7  # probability whose logarithm stands for that of 0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """Predictions as `stgnn predict` writes them.

    Attributes:
        class_names: Class names in label order.
        clips: Names, N.
        splits: ``train``, ``val``, ``test`` or nothing, N.
        labels: True class names, N.
        indices: Indices in the store, N.
        probabilities: (N, classes).
    """

    class_names: tuple[str, ...]
    clips: tuple[str, ...]
    splits: tuple[str, ...]
    labels: tuple[str, ...]
    indices: tuple[str, ...]
    probabilities: Array

    def accuracy(self, split: str) -> float | None:
        """Share of the clips of a split that are right; None when it has no clips."""
        rows = [row for row, name in enumerate(self.splits) if name == split]
        best = self.probabilities.argmax(axis=1)
        right = [self.class_names[best[row]] == self.labels[row] for row in rows]
        return float(np.mean(right)) if rows else None


def read_predictions(path: str | Path) -> Predictions:
    """Read a table of predictions.

    Raises:
        InputError: it is none, a probability is none, or a clip is there twice.
    """
    head, *rows = _complete_rows(path)
    names = tuple(head[len(COLUMNS) :])
    probabilities = _probabilities([row[len(COLUMNS) :] for row in rows], path)
    indices, _, clips, splits, labels = (tuple(row[column] for row in rows) for column in range(len(COLUMNS)))
    if len(set(clips)) < len(clips):
        twice = next(name for number, name in enumerate(clips) if name in clips[:number])
        raise InputError(f"a clip is in {path} twice", given=twice)
    if unknown := sorted(set(labels) - set(names)):
        raise InputError(f"a clip in {path} is of a class that has no column", given=unknown[0], allowed=names)
    return Predictions(
        class_names=names,
        clips=clips,
        splits=splits,
        labels=labels,
        indices=indices,
        probabilities=probabilities,
    )


def _complete_rows(path: str | Path) -> list[list[str]]:
    """The head of a table, at least one clip below it, all of the same length."""
    rows = _cells(path)
    head = rows[0] if rows else []
    if len(rows) < 2 or tuple(head[: len(COLUMNS)]) != COLUMNS or len(head) < len(COLUMNS) + 2:
        hint = "give predictions.csv as stgnn predict writes it"
        raise InputError("this is not a table of predictions", given=path, allowed=", ".join(COLUMNS), hint=hint)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(head):
            raise InputError(f"line {number} of {path} is not complete", given=f"{len(row)} of {len(head)} values")
    return rows


def _probabilities(words: list[list[str]], path: str | Path) -> Array:
    """Numbers ``(N, classes)``, of which each row adds up to 1."""
    try:
        probabilities = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"a probability in {path} is no number", given=str(error)) from error
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise InputError(f"the probabilities in {path} are not all between 0 and 1", hint="predict again")
    if (off := np.abs(probabilities.sum(axis=1) - 1) > ROUNDED).any():
        given = f"line {int(off.argmax()) + 2}: their sum is {probabilities[off.argmax()].sum():.3g}"
        raise InputError(f"the probabilities of a clip in {path} do not add up to 1", given=given, hint="predict again")
    return probabilities


def _cells(path: str | Path) -> list[list[str]]:
    with advice("stgnn predict and stgnn adasgn write them, predictions.csv, beside their other results"):
        text = read_text(path, "a table of predictions")
    try:
        return list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        hint = "the file is damaged, perhaps by a quote without its partner: predict again"
        raise InputError("this is not a table of predictions", given=f"{path}: {error}", hint=hint) from error


def fuse(streams: Sequence[Predictions], weights: str | Sequence[float] = "equal") -> tuple[Predictions, list[float]]:
    """Average predictions by the names of the clips.

    Args:
        streams: Two or more, about the same clips and classes, in any order of clips.
        weights: ``equal``; one number for each stream; ``authors``, which is 3:3:1 for joint, bone and velocity, on
            logits as in AdaSGN's script; or ``fitted``: the best on the validation clips, ties going to the greater
            likelihood. The others are weights of probabilities.

    Returns:
        The predictions in the order of the first stream, and the weights, which sum to 1.

    Raises:
        InputError: clips, classes, labels or splits differ, or the weights do not fit.
    """
    if len(streams) < 2:
        raise InputError("fusing needs the predictions of at least two networks", given=len(streams))
    first = streams[0]
    stacked = np.stack(
        [_aligned(first, other, number) for number, other in enumerate(streams)]
    )  # (streams, N, classes)
    numbers = _fitted(first, stacked) if weights == "fitted" else _given(weights, len(streams))
    if weights == "authors":
        mixed = np.tensordot(numbers, np.log(stacked.clip(SMALLEST)), 1)
        mixed = np.exp(mixed - mixed.max(axis=1, keepdims=True))
        mixed /= mixed.sum(axis=1, keepdims=True)
    else:
        mixed = np.tensordot(numbers, stacked, 1)
    return replace(first, probabilities=mixed), [float(number) for number in numbers]


def write_fused(fused: Predictions, path: str | Path) -> None:
    """Write fused predictions in the form of :func:`read_predictions`."""
    probabilities = fused.probabilities.tolist()
    rows = zip(fused.indices, fused.clips, fused.splits, fused.labels, probabilities, strict=True)
    write_table(rows, fused.class_names, path)


def _aligned(first: Predictions, other: Predictions, number: int) -> Array:
    """The probabilities of a stream in the order of the first one's clips."""
    what = f"the predictions number {number + 1} do not belong to the first"
    if other.class_names != first.class_names:
        raise InputError(f"{what}: other classes", given=other.class_names, allowed=first.class_names)
    strange = sorted(set(first.clips) ^ set(other.clips))
    if strange:
        given = ", ".join(strange[:3])
        raise InputError(f"{what}: {len(strange)} clips are in one of them only", given=given)
    place = {name: row for row, name in enumerate(other.clips)}
    order = [place[name] for name in first.clips]
    for row, clip in zip(order, range(len(first.clips)), strict=True):
        for kind, ours, theirs in (("class", first.labels, other.labels), ("split", first.splits, other.splits)):
            if ours[clip] != theirs[row]:
                given = f"{first.clips[clip]}: {theirs[row]!r} instead of {ours[clip]!r}"
                raise InputError(f"{what}: a clip has another {kind}", given=given)
    return other.probabilities[order]


def _given(weights: str | Sequence[float], streams: int) -> Array:
    if isinstance(weights, str):
        if weights not in ("equal", "authors"):
            raise InputError("no such weights", given=weights, allowed="equal, authors, fitted, or numbers")
        weights = AUTHORS if weights == "authors" else (1.0,) * streams
    if len(weights) != streams:
        hint = "authors stands for joint, bone, velocity" if tuple(weights) == AUTHORS else None
        raise InputError("there is not one weight for each network", given=weights, allowed=streams, hint=hint)
    check_between(0, **{f"weight {number + 1}": weight for number, weight in enumerate(weights)})
    if not 0 < sum(weights) < float("inf"):
        raise InputError("weights must have a finite sum above 0", given=weights)
    return np.array(weights) / sum(weights)


def _fitted(first: Predictions, stacked: Array) -> Array:
    """The best weights on the validation clips, of all multiples of a tenth."""
    rows = [row for row, split in enumerate(first.splits) if split == "val"]
    if not rows:
        hint = "hold subjects out (val_subjects), or give the weights"
        raise InputError("weights are fitted on validation clips, and there are none", hint=hint)
    if len(stacked) > MOST:
        raise InputError("weights are fitted for few networks", given=len(stacked), allowed=f"2 to {MOST}")
    labels = np.array([first.class_names.index(first.labels[row]) for row in rows])
    validation, found = stacked[:, rows], []
    for parts in product(range(PARTS + 1), repeat=len(stacked) - 1):
        if sum(parts) <= PARTS:
            weights = np.array([*parts, PARTS - sum(parts)]) / PARTS
            mixed = np.tensordot(weights, validation, 1)
            likelihood = float(np.log(mixed[np.arange(len(rows)), labels].clip(SMALLEST)).mean())
            found.append((float((mixed.argmax(axis=1) == labels).mean()), likelihood, weights.tolist()))
    return np.array(max(found)[2])
