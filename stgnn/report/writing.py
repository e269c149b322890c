"""From trials to files: the page, the front as CSV, everything as JSON, and the picture."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import csv_text, without_nan, write_text
from stgnn.report.analysis import Analysis, analyse
from stgnn.report.data import ReportData, ReportPoint
from stgnn.report.pareto_page import picture, render_pareto_page

FORMAT = 1  # the version of report.json


@dataclass(frozen=True)
class ReportFiles:
    """Where the files of a report are."""

    html: Path
    csv: Path
    json: Path
    svg: Path


def write_report(output_dir: str | Path, data: ReportData) -> ReportFiles:
    """Write ``report.html``, ``pareto.csv``, ``report.json`` and ``pareto.svg``.

    All four are made before the first is written, so a failure leaves the files of an earlier report as they were.

    Args:
        output_dir: Folder, made when missing.
        data: The trials and where they come from.

    Raises:
        InputError: the folder cannot be written or is named like a file, or an architecture of a trial is none.
    """
    folder = Path(output_dir)
    if folder.suffix in (".html", ".csv", ".json", ".svg"):
        hint = f"name a folder, such as {folder.with_suffix('')}"
        raise InputError("a report is a folder of several files", given=folder, hint=hint)
    found = analyse(data)
    result = ReportFiles(folder / "report.html", folder / "pareto.csv", folder / "report.json", folder / "pareto.svg")
    contents = [
        render_pareto_page(data, found),
        front_csv(data, found),
        json.dumps(report_dict(data, found), indent=1) + "\n",
        picture(data),
    ]
    for path, content in zip(asdict(result).values(), contents, strict=True):
        write_text(path, content)
    return result


def front_csv(data: ReportData, found: Analysis) -> str:
    """The front, fastest network first; the last column is the architecture as JSON."""
    rows = []
    for point in found.front:
        row = point_dict(point)
        row["architecture"] = json.dumps(row["architecture"])
        rows.append({"trial": row.pop("number"), "chosen": int(point.number == data.chosen), **row})
    return csv_text(list(rows[0]), (list(row.values()) for row in rows))


def report_dict(data: ReportData, found: Analysis) -> dict[str, Any]:
    """Everything the page shows, as plain data without NaN."""
    accuracy, latency = found.reference
    return {
        "format": FORMAT,
        **{name: getattr(data, name) for name in ("title", "device", "runtime", "supernet", "data", "chosen_by")},
        **{name: list(getattr(data, name)) for name in ("classes", "notes")},
        "chosen": data.chosen,
        "reference": {"accuracy": accuracy, "latency_ms": latency},
        "front": [point.number for point in found.front],
        "random_front": [point.number for point in found.random_front],
        "hypervolume_share": found.history,
        "hypervolume_share_random": found.random_history,
        "ranks": data.ranks,
        "latency_agreement": None if found.agreement is None else without_nan(asdict(found.agreement)),
        "genes": [asdict(gene) for gene in found.genes],
        "trials": [point_dict(point) for point in sorted(data.points, key=lambda point: point.number)],
        "random_trials": [point_dict(point) for point in sorted(data.random, key=lambda point: point.number)],
        "landmarks": [asdict(landmark) for landmark in data.landmarks],
        "measurements": [asdict(measurement) for measurement in data.measurements],
    }


def point_dict(point: ReportPoint) -> dict[str, Any]:
    """One network as flat plain data; what was not measured is None."""
    measured = point.measured
    return {
        "number": point.number,
        "accuracy": point.accuracy,
        "accuracy_std": point.accuracy_std,
        "fine_tuned": point.fine_tuned,
        "latency_ms": point.latency_ms,
        "latency_std_ms": point.latency_std,
        "measured_ms": measured.ms if measured else None,
        "measured_p10_ms": measured.p10_ms if measured else None,
        "measured_p90_ms": measured.p90_ms if measured else None,
        "macs": point.macs,
        "parameters": point.parameters,
        "feasible": point.feasible,
        "digest": point.digest,
        "architecture": dict(point.architecture),
    }
