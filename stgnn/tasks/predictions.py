"""Predictions as a table."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.data.loader import ClipLoader
from stgnn.files import draft

COLUMNS = ("index", "class", "clip", "split", "label")

Row = tuple[int | str, str, str, str, Sequence[float]]


def write_table(rows: Iterable[Row], class_names: Sequence[str], path: str | Path) -> None:
    """Write one row for each clip: its index in the store, the most probable class, its name, the split it is in
    (nothing where it is in none), its true class, and the probability of every class.

    Args:
        rows: Index, clip, split, true class and probabilities (classes,) of each clip.
        class_names: Class names in label order.
        path: The CSV file, with Unix line ends; it appears whole or not at all.
    """
    with draft(path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *class_names])
        for index, clip, split, label, probabilities in rows:
            best = class_names[max(range(len(probabilities)), key=probabilities.__getitem__)]
            writer.writerow([index, best, clip, split, label, *(f"{value:.6g}" for value in probabilities)])


def write_predictions(batches: Iterable[Any], data: SkeletonDataModule, path: Path) -> None:
    """Write what a network says of the clips of a store; see :func:`write_table`.

    Args:
        batches: Pairs of tensors: store indices (N,) and probabilities (N, classes).
        data: Where the clips are from.
        path: The CSV file; it appears whole or not at all.
    """
    write_table(_rows(batches, data), data.class_names, path)


def every_clip(data: SkeletonDataModule, device: torch.device) -> ClipLoader:
    """Batches of all clips of a store in their order, whatever split they are in, on a device."""
    clips = data.clips(device)
    return ClipLoader(clips, np.arange(len(clips)), data.batch_size, data.frames)


def _rows(batches: Iterable[Any], data: SkeletonDataModule) -> Iterator[Row]:
    names, store = data.class_names, data.store
    split = np.full(len(store), "", dtype=object)
    for name, indices in data.splits().items():
        split[indices] = name
    for indices, probabilities in batches:
        for index, row in zip(indices.tolist(), probabilities.tolist(), strict=True):
            yield index, store.names[index], split[index], names[int(store.labels[index])], row
