"""Markdown tables, for README files and notebooks."""

from collections.abc import Collection, Sequence

from stgnn.report.data import ReportPoint
from stgnn.report.units import count, milliseconds, percent


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[object]], words: Collection[str] = ()) -> str:
    """A table whose source is readable too: columns of equal width, numbers to the right.

    Args:
        headers: Names of the columns.
        rows: Cells, one row after another, each as long as ``headers``.
        words: The columns that are no numbers, even where every cell of them starts with a digit.

    Returns:
        The table, ending with a line break.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    columns = list(zip(*([_cell(header) for header in headers], *cells), strict=True))
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]
    right = [
        bool(rows) and header not in words and all(_is_number(cell) for cell in column[1:])
        for header, column in zip(headers, columns, strict=True)
    ]
    rule = ["-" * (width - 1) + ":" if flag else "-" * width for width, flag in zip(widths, right, strict=True)]
    lines = [list(line) for line in zip(*columns, strict=True)]
    return "".join(_line(line, widths, right) for line in [lines[0], rule, *lines[1:]])


def front_table(points: Sequence[ReportPoint]) -> str:
    """The networks of a front as a Markdown table, in the order given; columns for what was fine-tuned or measured."""
    measured = any(point.measured for point in points)
    tuned = any(point.fine_tuned is not None for point in points)
    headers = ["Trial", "Digest", "Accuracy", *["Fine-tuned"] * tuned, "Predicted latency"]
    headers += [*["Measured latency"] * measured, "MACs", "Parameters"]
    rows = []
    for point in points:
        found = milliseconds(point.measured.ms) if point.measured else ""
        predicted = milliseconds(point.latency_ms, point.latency_std)
        better = "" if point.fine_tuned is None else percent(point.fine_tuned)
        row = [point.number, point.digest, percent(point.accuracy, point.accuracy_std), *[better] * tuned, predicted]
        rows.append([*row, *[found] * measured, count(point.macs), count(point.parameters)])
    return markdown_table(headers, rows, words=("Digest",))


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _is_number(cell: str) -> bool:
    """Whether a cell is empty or starts with a digit or a sign before one, units allowed."""
    return not cell or cell.lstrip("+-~<>≤≥ ")[:1].isdigit()


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
    return f"| {' | '.join(padded)} |\n"
