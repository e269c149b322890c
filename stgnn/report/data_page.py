"""The page about a data set: findings first, clips that move, classes, lengths and ranges. One file, nothing loaded."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.quality.finding import counted
from stgnn.data.store import SkeletonStore
from stgnn.files import write_text
from stgnn.report.chart_parts import Size
from stgnn.report.data_charts import class_bars, last_length, lengths_chart, ranges_chart
from stgnn.report.data_clips import Figure, figures, figures_html, packed
from stgnn.report.page import both, empty, render, safe_json
from stgnn.report.units import lengths_text

LENGTHS = {"wide": Size(580, 330, top=14), "narrow": Size(360, 300, left=54, right=18, top=14)}
RANGES = {"wide": 1180.0, "narrow": 360.0}
WORDS = {"error": "errors", "warning": "warnings", "note": "notes"}


def write_data_page(output: str | Path, store: SkeletonStore, summary: Mapping[str, Any]) -> Path:
    """Write the page.

    Args:
        output: The HTML file; for a folder, ``data.html`` in it.
        store: The data set.
        summary: What `stgnn.data.quality.summary.check_store` says of it.

    Returns:
        The file.

    Raises:
        InputError: the file cannot be written.
    """
    path = Path(output)
    path = path if path.suffix.lower() in (".html", ".htm") else path / "data.html"
    write_text(path, render_data_page(store, summary))
    return path


def render_data_page(store: SkeletonStore, summary: Mapping[str, Any]) -> str:
    """The whole page as HTML that needs nothing else; see :func:`write_data_page`."""
    drawn = figures(store, summary)
    return render(
        "data_page",
        f"{_title(store)}: data check",
        _lead(summary),
        _facts(store, summary),
        findings=_findings(summary["findings"]),
        clips=figures_html(store, drawn),
        clips_caption=_clips_caption(store, drawn),
        classes=class_bars(summary["classes"]),
        lengths=_lengths(store),
        ranges="".join(ranges_chart(store, width, css) for css, width in RANGES.items()),
        data=safe_json(packed(store, drawn)),
    )


def _title(store: SkeletonStore) -> str:
    """The folder of a store that was opened from one."""
    file = store.keypoints.filename if isinstance(store.keypoints, np.memmap) else None
    return Path(file).parent.name if file else "Skeletons"


def _lead(summary: Mapping[str, Any]) -> str:
    counts = [f"{summary[many]} {one if summary[many] == 1 else many}" for one, many in WORDS.items() if summary[many]]
    size = f"{summary['clips']:,} clips of {len(summary['classes'])} classes, {summary['frames']:,} frames."
    if not counts:
        return f"{size} <strong>Nothing to complain about.</strong>"
    return f"{size} <strong>{' and '.join([', '.join(counts[:-1]), counts[-1]] if counts[1:] else counts)}.</strong>"


def _facts(store: SkeletonStore, summary: Mapping[str, Any]) -> dict[str, str]:
    lengths, splits = summary["lengths"], summary["splits"]
    protocols = [f"{name} {splits[f'{name}_train']:,}/{splits[f'{name}_test']:,}" for name in store.protocols]
    return {
        "Body": f"{summary['layout']}, {summary['joints']} joints, {summary['coordinates']}-D",
        "Bodies in a frame": f"up to {summary['persons']}" if summary["persons"] > 1 else "1",
        "Scores": "yes" if summary["scores"] else "no",
        "Subjects": str(len(summary["subjects"]) or "not known"),
        "Views": str(len(summary["views"]) or "not known"),
        "Frames of a clip": lengths_text(lengths),
        "Splits (train/test)": ", ".join(protocols) or "none",
    }


def _lengths(store: SkeletonStore) -> str:
    """The chart of the lengths; a sentence where all are equal."""
    shortest, longest = int(store.lengths.min()), int(store.lengths.max())
    if shortest == longest:
        return empty(f"Every clip has {counted(shortest, 'frame')}.")
    cut = "The last bar holds the longest hundredth of the clips too." if longest > last_length(store.lengths) else ""
    return both(lambda size: lengths_chart(store.lengths, size), LENGTHS, cut)


def _findings(findings: Sequence[Mapping[str, Any]]) -> str:
    if not findings:
        return empty("Counts, coordinates, splits and contents were checked: nothing was found.")
    return f'<ul class="findings">{"".join(map(_finding, findings))}</ul>'


def _finding(finding: Mapping[str, Any]) -> str:
    names = ", ".join(finding["examples"]) + (", …" if finding["count"] > len(finding["examples"]) else "")
    examples = f'<p class="quiet">Such as {escape(names)}</p>' if finding["examples"] else ""
    return (
        f'<li class="finding is-{escape(finding["severity"])}"><p class="head"><span class="tag">'
        f"{escape(finding['severity'])}</span><code>{escape(finding['code'])}</code></p>"
        f"<p><strong>{escape(finding['what'])}</strong> {escape(finding['action'])}</p>{examples}</li>"
    )


def _clips_caption(store: SkeletonStore, drawn: Sequence[Figure]) -> str:
    sides = "Left is blue, right is orange. " if store.layout.symmetry else ""
    named = "; clips that a finding names come first" if any(one.reason for one in drawn) else ""
    return f"{sides}Seen from the front at about 30 frames a second{named}."
