"""Clips of a moving body, and stores made of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore, SyntheticActions
from stgnn.skeleton.layout import load_layout

Clips = list[np.ndarray]
MakeClips = Callable[..., SkeletonStore]


@pytest.fixture(scope="session")
def clips() -> Clips:
    """64 clips (M, T, V, C) of 16 actions by 4 subjects, with the noise of a good sensor and joints that get lost."""
    store = SyntheticActions(clips=64, subjects=4, noise=0.003, missing=0.02, second=0.2).store()
    return [store[index].keypoints.copy() for index in range(len(store))]


@pytest.fixture
def make_clips() -> MakeClips:
    """From clips (M, T, V, C) and what is known of them to a store."""

    def make(
        clips: Sequence[np.ndarray],
        layout: str = "ntu25",
        labels: Sequence[int] | None = None,
        subjects: Sequence[int] | None = None,
        views: Sequence[int] | None = None,
        splits: dict[str, Sequence[int]] | None = None,
    ) -> SkeletonStore:
        count = len(clips)
        labels = labels or [index % 2 for index in range(count)]
        sequences = [
            SkeletonSequence(
                keypoints=clip,
                label=labels[index],
                layout=load_layout(layout),
                name=f"clip{index}",
                subject=subjects[index] if subjects else -1,
                view=views[index] if views else -1,
            )
            for index, clip in enumerate(clips)
        ]
        names = [f"class{label}" for label in range(max(labels) + 1)]
        return SkeletonStore.from_sequences(sequences, names, splits)

    return make
