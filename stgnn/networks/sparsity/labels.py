"""Which positions of which tensors stand and fall together: labels along axes, joined as a network is traced."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
Axis = Labels | None
"""Labels of the positions along one axis; ``None``: the axis has a fixed size; ``-1``: it takes any size."""

WILD = -1


class LabelSets:
    """Labels in disjoint sets (union-find), some of them frozen: what they stand for must stay."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._starts: list[int] = []  # first labels of each axis that was given fresh ones
        self._frozen: set[int] = set()
        self._valued: set[int] = set()
        self._consumers: set[int] = set()
        self._tied: list[tuple[Labels, Labels]] = []

    def __len__(self) -> int:
        return len(self._parents)

    def new(self, count: int) -> Labels:
        """Fresh labels."""
        start = len(self._parents)
        self._starts.append(start)
        self._parents.extend(range(start, start + count))
        return np.arange(start, start + count)

    def are_seams(self, axis: Labels, cuts: Labels) -> bool:
        """Whether on both sides of each cut lie labels of different origin: there, two axes were put together."""
        origins = np.searchsorted(self._starts, axis, side="right")
        return bool((origins[cuts] != origins[cuts - 1]).all())

    def root(self, label: int) -> int:
        """The representative of a label's set."""
        parents = self._parents
        while parents[label] != label:
            parents[label] = parents[parents[label]]
            label = parents[label]
        return label

    def join(self, first: Labels, second: Labels) -> None:
        """Join the sets of two labels, position by position; wild positions join nothing."""
        real = (first >= 0) & (second >= 0)
        pairs = np.unique(first[real] * len(self) + second[real])
        for pair in pairs.tolist():
            one, other = map(self.root, divmod(pair, len(self)))
            self._parents[max(one, other)] = min(one, other)

    def freeze(self, *axes: Axis) -> None:
        """What these labels stand for can never be removed."""
        self._frozen.update(real_labels(axes))

    def need_value(self, axis: Labels) -> None:
        """These are summed without a weight: they can be removed only if their value is zero."""
        self._valued.update(real_labels([axis]))

    def consume(self, axis: Labels) -> None:
        """These positions of a weight multiply what is to be removed: zeros there make it unseen."""
        self._consumers.update(real_labels([axis]))

    def tie(self, axes: list[Axis]) -> None:
        """These axes of weights meet in one weight: what consumes the one consumes the others."""
        self._tied += pairwise(axis for axis in axes if axis is not None)

    def frozen(self) -> set[int]:
        """Representatives of the sets with a frozen label."""
        return {self.root(label) for label in self._frozen}

    def valued(self) -> set[int]:
        """Representatives of the sets with a label whose value is needed."""
        return {self.root(label) for label in self._valued}

    def consumers(self) -> set[int]:
        """Labels of positions that multiply what is to be removed."""
        found = set(self._consumers)
        for _ in range(len(self._tied) + 1):
            before = len(found)
            for first, second in self._tied:
                for one, other in ((first, second), (second, first)):
                    found.update(other[np.isin(one, list(found))].tolist())
            if len(found) == before:
                break
        return found

    def merge(self, axes: Iterable[tuple[Axis, int]]) -> Axis:
        """The axis on which these axes (labels, size) meet element by element; axes of size 1 are broadcast."""
        meeting = [axis for axis, size in axes if size > 1]
        tracked = [axis for axis in meeting if axis is not None]
        if not tracked:
            return None
        merged = tracked[0]
        for other in tracked[1:]:
            self.join(merged, other)
            merged = np.where(merged < 0, other, merged)
        if len(tracked) == len(meeting):
            return merged
        self.freeze(merged)
        return None if is_wild(merged) else merged

    def reshape(self, axes: list[Axis], old: list[int], new: list[int]) -> list[Axis]:
        """Axes after a reshape from the sizes ``old`` to the sizes ``new``."""
        out: list[Axis] = [None] * len(new)
        for before, after in _blocks(old, new):
            labels = self._flat([axes[i] for i in before], [old[i] for i in before])
            if labels is not None:
                self._split(labels, [new[j] for j in after], after, out)
        return out

    def _flat(self, axes: list[Axis], sizes: list[int]) -> Labels | None:
        """The labels of a row of axes that become one; None when all are fixed. Of several, the longest stays free."""
        tracked = [i for i, axis in enumerate(axes) if axis is not None and not is_wild(axis)]
        tracked.sort(key=lambda i: sizes[i], reverse=True)
        self.freeze(*(axes[i] for i in tracked[1:]))
        if not tracked:
            return np.full(int(np.prod(sizes)), WILD) if any(axis is not None for axis in axes) else None
        labels = axes[tracked[0]]
        assert labels is not None
        shape = [1] * len(sizes)
        shape[tracked[0]] = -1
        return np.broadcast_to(labels.reshape(shape), sizes).reshape(-1)

    def _split(self, labels: Labels, sizes: list[int], places: list[int], out: list[Axis]) -> None:
        """Spread the labels of one axis over several: onto the one along which they differ."""
        full = labels.reshape(sizes)
        if is_wild(labels):
            for size, place in zip(sizes, places, strict=True):
                out[place] = np.full(size, WILD)
            return
        rows = [np.moveaxis(full, i, 0).reshape(size, -1) for i, size in enumerate(sizes)]
        alike = [i for i, row in enumerate(rows) if (row == row[:, :1]).all()]
        chosen = alike[0] if alike else next(i for i, size in enumerate(sizes) if size > 1)
        if not alike:  # such as groups of channels: positions of the first axis go as a whole
            for column in rows[chosen].T[1:]:
                self.join(rows[chosen][:, 0], column)
        out[places[chosen]] = np.ascontiguousarray(rows[chosen][:, 0])


def real_labels(axes: Iterable[Axis]) -> list[int]:
    """The labels on these axes, without fixed and wild ones."""
    return [label for axis in axes if axis is not None for label in np.unique(axis[axis >= 0]).tolist()]


def is_wild(axis: Labels) -> bool:
    """Whether an axis takes any size."""
    return bool((axis < 0).all())


def _blocks(old: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
    """Smallest runs of axes before and after a reshape that hold the same number of values; sizes of 1 left out."""
    left = [i for i, size in enumerate(old) if size != 1]
    right = [j for j, size in enumerate(new) if size != 1]
    blocks = []
    while left and right:
        before, after = [left.pop(0)], [right.pop(0)]
        counts = [old[before[0]], new[after[0]]]
        while counts[0] != counts[1]:
            if counts[0] < counts[1]:
                before.append(left.pop(0))
                counts[0] *= old[before[-1]]
            else:
                after.append(right.pop(0))
                counts[1] *= new[after[-1]]
        blocks.append((before, after))
    return blocks
