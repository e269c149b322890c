"""The page about a lottery-ticket experiment: accuracy against remaining weights, one line for each method."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from stgnn.files import csv_text, write_text
from stgnn.report.chart_parts import Size
from stgnn.report.charts import Chart
from stgnn.report.curves import Curve, curves_chart
from stgnn.report.page import both, render, table
from stgnn.report.units import percent
from stgnn.tasks.lottery import TESTED, averages
from stgnn.tasks.lottery_plan import METHODS

SIZES = {"wide": Size(780, 500), "narrow": Size(360, 420, left=54, right=18)}
AXES = ("Remaining weights (%, logarithmic)", "Accuracy on validation clips (%)")
ONE_SEED = "There is one seed only: small differences may be chance."
COLUMNS = ("method", "sparsity", "remaining", "mean", "std", "seeds")


@dataclass(frozen=True)
class LotteryFiles:
    """Where the files of an experiment are."""

    html: Path
    svg: Path
    csv: Path


def write_lottery(
    output: str | Path, rows: Sequence[Mapping[str, Any]], title: str = "Lottery tickets"
) -> LotteryFiles:
    """Write ``lottery.html``, ``lottery.svg`` and ``lottery.csv``.

    Args:
        output: Folder.
        rows: A row for every training, as :func:`stgnn.tasks.lottery.run_lottery` gives them.
        title: Heading of the page.

    Raises:
        InputError: the folder cannot be written.
    """
    folder, means = Path(output), averages(rows)
    files = LotteryFiles(*(folder / f"lottery.{kind}" for kind in ("html", "svg", "csv")))
    heads, cells = lottery_cells(means)
    seeds = max(one["seeds"] for one in means)
    groups = {name: [line[1:] for line in lines] for name, lines in groupby(cells, key=lambda line: line[0])}
    page = render(
        "lottery_page",
        title,
        _lead(means),
        {},
        ("The numbers are also in lottery.csv and the picture in lottery.svg, beside this page.",),
        chart=both(lambda size: lottery_chart(means, size), SIZES),
        spread=f"Bands are one standard deviation over {seeds} seeds." if seeds > 1 else ONE_SEED,
        table=table("Every point", heads[1:], groups),
    )
    picture = lottery_chart(means, SIZES["wide"]).document()
    columns = [*COLUMNS, *(name for name in TESTED if all(name in one for one in means))]
    numbers = csv_text(columns, ([one[column] for column in columns] for one in means))
    for path, content in zip(asdict(files).values(), (page, picture, numbers), strict=True):
        write_text(path, content)
    return files


def lottery_chart(means: Sequence[Mapping[str, Any]], size: Size) -> Chart:
    """Mean and spread over seeds against remaining weights; the dense network is a level.

    Args:
        means: What :func:`stgnn.tasks.lottery.averages` gives.
        size: Size of the chart.
    """
    curves = []
    for method in METHODS:
        points = sorted((one["remaining"], one["mean"], one["std"]) for one in means if one["method"] == method)
        if points:
            curves.append(Curve(METHODS[method], tuple(points)))
    dense = next((one["mean"] for one in means if one["method"] == "dense"), None)
    return curves_chart(curves, size, AXES, None if dense is None else ("dense", dense))


def _lead(means: Sequence[Mapping[str, Any]]) -> str:
    dense = next((one for one in means if one["method"] == "dense"), None)
    if dense is None:
        return ""
    good = [one for one in means if one["method"] != "dense" and one["mean"] >= dense["mean"] - 0.01]
    start = f"The dense network reaches {percent(dense['mean'], dense['std'])}."
    if not good:
        return f"{start} Nothing pruned comes within one point of it."
    best = min(good, key=lambda one: float(one["remaining"]))
    return f"{start} {percent(best['remaining'])} of its weights come within one point ({METHODS[best['method']]})."


def lottery_cells(means: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of an experiment; the seeds are counted where they are several.

    Args:
        means: What :func:`stgnn.tasks.lottery.averages` gives.
    """
    tested = all(name in one for one in means for name in TESTED)
    several = any(one["seeds"] > 1 for one in means)
    heads = ["Method", "Remaining", "Validation", *["Test"] * tested, *["Seeds"] * several]
    rows = []
    for one in means:
        row = [METHODS.get(one["method"], one["method"]), percent(one["remaining"]), percent(one["mean"], one["std"])]
        row += [percent(*(one[name] for name in TESTED))] if tested else []
        rows.append([*row, *[str(one["seeds"])] * several])
    return heads, rows
