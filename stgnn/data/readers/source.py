"""What a reader gives: a data set whose clips are read one after the other, so that memory holds few of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.skeleton.layout import SkeletonLayout

Splits = Callable[[SkeletonStore], Mapping[str, IntArray]]
"""From the imported store, still without splits, to clip indices under ``<protocol>_train`` and ``<protocol>_test``."""


@dataclass(frozen=True)
class LeftOut:
    """A clip that has no place in the store.

    Args:
        name: What the source calls the clip.
        reason: Why it is left out, as few words that many clips may share: ``no body``.
    """

    name: str
    reason: str


def no_splits(store: SkeletonStore) -> Mapping[str, IntArray]:
    """The splits of a source that names none."""
    return {}


@dataclass(frozen=True)
class ClipSource:
    """A data set in a foreign format, opened: its index is known, its coordinates are not yet read.

    Args:
        layout: The body of every clip.
        class_names: Names of the classes; a label is an index into them.
        count: Number of clips, those that will be left out included.
        persons: Most persons of a clip, M.
        clips: From the number of a clip (0 to count) to an iterator over it and all that follow, in a fixed order;
            yields one item for each of them, and holds a few at most in memory.
        splits: The official protocols, found once the clips are imported.
        scored: Whether every clip has scores.
        notes: What the user should know about the source, one sentence each.
        beside: Files outside the source, and outside the table of labels, that decide what its clips are.
        in_image: Whether two coordinates are shares of the image already, so that its size must not be given.
    """

    layout: SkeletonLayout
    class_names: tuple[str, ...]
    count: int
    persons: int
    clips: Callable[[int], Iterator[SkeletonSequence | LeftOut]]
    splits: Splits = no_splits
    scored: bool = False
    notes: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()
    in_image: bool = False


@dataclass(frozen=True)
class ClipLabel:
    """One row of a table of labels: -1 or the empty text where the table does not say."""

    label: int
    subject: int = -1
    view: int = -1
    split: str = ""


@dataclass(frozen=True)
class ClipLabels:
    """A table of labels for sources that hold coordinates only, by clip name."""

    class_names: tuple[str, ...]
    rows: Mapping[str, ClipLabel]


Reader = Callable[[Path, SkeletonLayout | None, ClipLabels | None], ClipSource]
"""From a source, a layout (None: what the source says) and labels (None: what the source says) to its clips."""
