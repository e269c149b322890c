"""Clips as moving stick figures: which are shown, seen from the front, packed for the script of the page."""

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.quality.finding import counted
from stgnn.data.store import SkeletonStore
from stgnn.report.bodies import bones_by_color, limbs, placed

SHOWN = 12
SUSPECT = 4  # most of them that a finding names
FRAMES = 48  # of a clip
PERSONS = 2
GRID = 4000  # steps of a coordinate; 0 says that a joint is not seen
SIZE = 220  # pixels of a drawing
RATE = 30  # frames per second: what most sensors record
SECONDS = (1.2, 6.0)  # of a loop

Grid = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Figure:
    """One clip to be drawn.

    Args:
        clip: Its index in the store.
        reason: Code of the finding that names it, empty for an ordinary clip.
        points: Places on the grid (frames, persons, V, 2), 0 where a joint is not seen.
    """

    clip: int
    reason: str
    points: Grid


def figures(store: SkeletonStore, summary: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The clips to show: some that findings name, then a typical clip of each class, of classes spread evenly."""
    chosen = dict(_suspects(store, summary))
    labels = np.unique(store.labels)
    room = min(SHOWN - len(chosen), len(labels))
    for label in labels[np.linspace(0, len(labels) - 1, room).astype(int)]:
        chosen |= dict.fromkeys(_typical(store, int(label), chosen), "")
    return tuple(Figure(clip, reason, _flat(store, clip)) for clip, reason in chosen.items())


def _typical(store: SkeletonStore, label: int, known: Collection[int]) -> list[int]:
    """The clip of a class whose length is nearest to the median, if one shows somebody."""
    clips = np.flatnonzero(store.labels == label)
    distance = np.abs(store.lengths[clips] - np.median(store.lengths[clips]))
    ordered = clips[np.argsort(distance, kind="stable")].tolist()
    fresh = (clip for clip in ordered if clip not in known and _shows_somebody(store, clip))
    return list(islice(fresh, 1))


def _shows_somebody(store: SkeletonStore, clip: int) -> bool:
    return bool(store.keypoints[_frames(store, clip)].any())


def _suspects(store: SkeletonStore, summary: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The first clip that each error and warning names."""
    index = {name: clip for clip, name in reversed(list(enumerate(store.names)))}
    found: dict[int, str] = {}
    for finding in summary["findings"]:
        named = [index[name] for name in finding["examples"] if name in index]
        fresh = [clip for clip in named if clip not in found and _shows_somebody(store, clip)]
        if finding["severity"] != "note" and fresh and len(found) < SUSPECT:
            found[fresh[0]] = finding["code"]
    yield from found.items()


def _frames(store: SkeletonStore, clip: int) -> npt.NDArray[np.int64]:
    """Indices of at most `FRAMES` frames of a clip, evenly spread."""
    count = min(FRAMES, int(store.lengths[clip]))
    return store.offsets[clip] + np.linspace(0, store.lengths[clip] - 1, count).astype(np.int64)


def _flat(store: SkeletonStore, clip: int) -> Grid:
    """The places of a clip on the grid (frames, persons, V, 2)."""
    points = store.keypoints[_frames(store, clip)]  # (frames, M, V, C)
    present = np.argsort(-points.any(axis=(2, 3)).sum(axis=0), kind="stable")[:PERSONS]
    flat = placed(points[:, np.sort(present)], store.layout)
    return np.where(np.isnan(flat), 0, 1 + np.nan_to_num(flat) * (GRID - 1)).astype(np.uint16)


def figures_html(store: SkeletonStore, drawn: Sequence[Figure]) -> str:
    """The drawings with their captions; without a script each shows its middle frame."""
    return f'<div class="clips">{"".join(_figure(store, number, one) for number, one in enumerate(drawn))}</div>'


def _figure(store: SkeletonStore, number: int, figure: Figure) -> str:
    middle = figure.points[len(figure.points) // 2]  # (persons, V, 2)
    bodies = np.where(middle.any(axis=-1, keepdims=True), middle * (SIZE / GRID), np.nan)
    paths = "".join(limbs(bodies, bones, f"limb {css}") for css, bones in bones_by_color(store.layout).items())
    tag = f'<span class="tag">{escape(figure.reason)}</span>' if figure.reason else ""
    name, action = store.names[figure.clip], store.class_names[int(store.labels[figure.clip])]
    told = counted(int(store.lengths[figure.clip]), "frame")
    return (
        f'<figure class="clip" data-clip="{number}"><svg viewBox="0 0 {SIZE} {SIZE}" role="img" '
        f'aria-label="{escape(f"{name}: {action}")}">{paths}</svg>'
        f"<figcaption><b>{escape(action)}</b><br>{escape(name)}, {told} {tag}</figcaption></figure>"
    )


def packed(store: SkeletonStore, drawn: Sequence[Figure]) -> dict[str, Any]:
    """What the script needs: bones by colour, and for each clip its shape, length of the loop in ms and places."""
    return {
        "scale": SIZE / GRID,
        "joints": store.layout.num_joints,
        "bones": bones_by_color(store.layout),
        "clips": [
            {
                "frames": len(figure.points),
                "persons": figure.points.shape[1],
                "loop": 1000 * min(max(int(store.lengths[figure.clip]) / RATE, SECONDS[0]), SECONDS[1]),
                "points": base64.b64encode(figure.points.astype("<u2").tobytes()).decode(),
            }
            for figure in drawn
        ],
    }
