"""Predictions as a table."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.files import draft

COLUMNS = ("index", "class", "clip", "split", "label")


def write_predictions(batches: Iterable[Any], data: SkeletonDataModule, path: Path) -> None:
    """Write one row for each clip: its index in the store, the most probable class, its name, the split it is in
    (nothing where it is in none), its true class, and the probability of every class.

    Args:
        batches: Pairs of tensors: store indices (N,) and probabilities (N, classes).
        data: Where the clips are from.
        path: The CSV file; it appears whole or not at all.
    """
    names, store = data.class_names, data.store
    split = np.full(len(store), "", dtype=object)
    for name, indices in data.splits().items():
        split[indices] = name
    with draft(path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *names])
        for indices, probabilities in batches:
            for index, row in zip(indices.tolist(), probabilities.tolist(), strict=True):
                told = (store.names[index], split[index], names[int(store.labels[index])])
                writer.writerow([index, names[row.index(max(row))], *told, *(f"{value:.6g}" for value in row)])
