"""What a data set is made of, drawn: clips of each class, lengths, and the range of each joint."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from stgnn.data.quality.finding import counted
from stgnn.data.store import SkeletonStore
from stgnn.report import svg
from stgnn.report.chart_parts import Size, frame, ticks_below
from stgnn.report.charts import Chart
from stgnn.report.page import bar_rows

BINS = 30
SAMPLE = 2000  # frames that the ranges are taken from
ROW = 17.0  # pixels of a joint
SHARES = (0.0, 0.05, 0.95, 1.0)  # quantiles: the whole range, and where nine tenths lie


def class_bars(classes: Mapping[str, int]) -> str:
    """One bar for each class, in the order of the labels."""
    most = max(classes.values(), default=1) or 1
    rows = [
        (name, f'<td><i class="bar" style="--share:{100 * count / most:.1f}"></i></td><td class="share">{count:,}</td>')
        for name, count in classes.items()
    ]
    return bar_rows("Clips of each class", rows)


def last_length(lengths: npt.NDArray[np.int64]) -> int:
    """Where the chart of the lengths ends: nearly all clips have as many frames or fewer."""
    return int(np.ceil(np.quantile(lengths, 0.99)))


def lengths_chart(lengths: npt.NDArray[np.int64], size: Size) -> Chart:
    """How many clips have how many frames; the longest hundredth is counted in the last bar."""
    low, high = int(lengths.min()), last_length(lengths)
    step = max(1, -(-(high - low + 1) // BINS))
    edges = np.arange(low, high + step + 1, step)
    counts = np.histogram(np.minimum(lengths, edges[-1] - 1), edges)[0]
    # A bar of one length stands in the middle above it.
    x, y = size.axes((edges[0] - 0.5, edges[-1] - 0.5), (0, counts.max() * 1.05), whole_x=True, whole_y=True)
    parts = [frame(x, y, ("Frames of a clip", "Clips"))]
    for start, count in zip(edges[:-1].tolist(), counts.tolist(), strict=True):
        last = start + step - 1 if start + step <= high else int(lengths.max())
        frames = f"{start} to {last} frames" if last > start else f"{start} frames"
        left, right, top = x(start - 0.5) + 0.5, x(start + step - 0.5) - 0.5, y(count)
        bar = svg.rect(left, top, max(right - left, 1), y.start - top, "column")
        parts.append(f"<g><title>{frames}: {counted(count, 'clip')}</title>{bar}</g>")
    return Chart(size, "Clips by number of frames", "".join(parts), x, y)


def ranges_chart(store: SkeletonStore, width: float, css: str = "") -> str:
    """Where each joint is found in each coordinate: a thin line for the whole range, a thick one for nine tenths."""
    names, axes = store.layout.joints, store.layout.dimensions
    quantiles = _quantiles(store)  # (4, V, C)
    longest = svg.LETTER * 12 * max(len(name) for name in names)
    left, gap = 10 + min(longest, 0.26 * width), 16.0
    panel = (width - left - gap * axes) / axes
    parts = [
        svg.text(left - 8, 24 + ROW * (row + 0.75), name, anchor="end", room=left - 8) for row, name in enumerate(names)
    ]
    for axis in range(axes):
        begin = left + axis * (panel + gap)
        parts.append(svg.text(begin + panel / 2, 14, "xyz"[axis], "title", "middle"))
        parts.append(_panel(quantiles[..., axis], begin, begin + panel))
    height = 24 + ROW * len(names) + 30
    return svg.embedded(width, height, "Range of each joint", "".join(parts), f"chart {css}".rstrip())


def _panel(quantiles: npt.NDArray[np.float64], start: float, end: float) -> str:
    """One coordinate: quantiles (4, V)."""
    known = np.isfinite(quantiles).all(axis=0)
    if not known.any():
        return ""
    scale = svg.Axis(*svg.spread(quantiles[:, known].ravel().tolist(), margin=0.03), start, end)
    bottom = 24 + ROW * quantiles.shape[1]
    parts = ticks_below(scale, bottom, 24)
    for row in np.flatnonzero(known):
        y = 24 + ROW * (row + 0.5)
        low, first, last, high = (scale(value) for value in quantiles[:, row])
        parts.append(svg.line(low, y, high, y, "whole"))
        parts.append(svg.line(first, y, max(last, first + 0.5), y, "most"))
    return "".join(parts)


def _quantiles(store: SkeletonStore) -> npt.NDArray[np.float64]:
    """Quantiles of each coordinate of each joint where it is seen, in a sample of frames (4, V, C); NaN if never."""
    chosen = np.unique(np.linspace(0, len(store.keypoints) - 1, SAMPLE).astype(np.int64))
    points = store.keypoints[chosen].reshape(-1, *store.keypoints.shape[2:]).astype(np.float64)  # (F M, V, C)
    result = np.full((len(SHARES), *points.shape[1:]), np.nan)
    for joint in range(points.shape[1]):
        one = points[:, joint]
        seen = one[one.any(axis=-1) & np.isfinite(one).all(axis=-1)]
        if len(seen):
            result[:, joint] = np.quantile(seen, SHARES, axis=0)
    return result
