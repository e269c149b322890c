"""How dense every layer of a sparse network is, over the epochs of its training, drawn from the file of the run."""

import csv
from collections.abc import Mapping
from pathlib import Path

from stgnn.errors import InputError
from stgnn.files import read_text, write_text
from stgnn.report import svg
from stgnn.report.units import percent

ROW, NAME, CELLS, END = 15.0, 400.0, 320.0, 70.0  # height of a row; width of a long name, the cells and the figures
MOST_EPOCHS = 40  # that are drawn
Densities = Mapping[tuple[str, str], Mapping[int, float]]


def draw_densities(table: str | Path) -> Path:
    """Draw ``densities.csv``, which a sparse run leaves behind, as ``densities.svg`` beside it.

    Raises:
        InputError: the table cannot be read, or the picture cannot be written.
    """
    path = Path(table).with_suffix(".svg")
    write_text(path, densities_picture(read_densities(table)))
    return path


def read_densities(table: str | Path) -> Densities:
    """Share of every layer that stays, by network and layer, then by epoch.

    Raises:
        InputError: it is no such table.
    """
    found: dict[tuple[str, str], dict[int, float]] = {}
    try:
        for row in csv.DictReader(read_text(table, "a table of densities").splitlines()):
            share = int(row["kept"]) / int(row["total"])
            found.setdefault((row["network"], row["layer"]), {})[int(row["epoch"])] = share
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError("this is not a table of densities", given=f"{table}: {error}") from error
    if not found:
        raise InputError("this table of densities is empty", given=table)
    return found


def densities_picture(densities: Densities) -> str:
    """One row for each layer, one cell for each epoch: the stronger its colour, the denser; the last one in figures."""
    epochs = sorted({epoch for one in densities.values() for epoch in one})
    last, steps = len(epochs) - 1, MOST_EPOCHS - 1
    shown = sorted({epochs[round(step * last / steps)] for step in range(steps + 1)})
    names = [f"{network}: {layer}" if network else layer for network, layer in densities]
    left = min(12 + max(len(name) for name in names) * svg.LETTER * 12, NAME)
    span = f"epochs {shown[0] + 1} to {shown[-1] + 1}" if len(shown) > 1 else f"epoch {shown[0] + 1}"
    parts = [svg.text(left, 12, f"{span}: the stronger the colour, the denser", "title", room=CELLS + END)]
    for number, (name, shares) in enumerate(zip(names, densities.values(), strict=True)):
        y = 24 + ROW * number
        parts.append(svg.text(left - 8, y + 11, name, anchor="end", room=left - 12))
        parts += [_cell(shares.get(epoch, 0.0), left, column, len(shown), y) for column, epoch in enumerate(shown)]
        parts.append(svg.text(left + CELLS + 8, y + 11, percent(shares.get(shown[-1], 0.0))))
    height = 30 + ROW * len(densities)
    return svg.document(left + CELLS + END, height, "Density of every layer", "".join(parts))


def _cell(share: float, left: float, column: int, columns: int, y: float) -> str:
    width = CELLS / columns
    box = svg.rect(left + column * width, y, width, ROW - 1, "cell")
    return box.replace("/>", f' fill-opacity="{0.04 + 0.96 * share:.2f}"/>')
