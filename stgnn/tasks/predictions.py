"""Predictions as a table."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_predictions(batches: Iterable[Any], class_names: Sequence[str], path: Path) -> None:
    """Write one row for each clip: its index in the store, the most probable class, and the probability of every class.

    Args:
        batches: Pairs of tensors: store indices (N,) and probabilities (N, classes).
        class_names: Class names in label order.
        path: The CSV file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "class", *class_names])
        for indices, probabilities in batches:
            for index, row in zip(indices.tolist(), probabilities.tolist(), strict=True):
                writer.writerow([index, class_names[row.index(max(row))], *(f"{value:.6f}" for value in row)])
