"""What every reader owes: the clips that were written, from the start and from anywhere, and the official splits."""

from collections.abc import Sequence

import numpy as np

from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore


def same(first: SkeletonSequence | LeftOut, second: SkeletonSequence | LeftOut) -> bool:
    """Whether two clips agree in every field, bit for bit."""
    if isinstance(first, LeftOut) or isinstance(second, LeftOut):
        return first == second
    fields = ("label", "name", "subject", "view")
    return (
        all(getattr(first, name) == getattr(second, name) for name in fields)
        and first.layout.digest == second.layout.digest
        and np.array_equal(first.keypoints, second.keypoints)
        and (first.scores is None) == (second.scores is None)
        and (first.scores is None or np.array_equal(first.scores, second.scores))
    )


def check_clips(source: ClipSource, expected: Sequence[SkeletonSequence | LeftOut]) -> None:
    """Assert that a source gives these clips from every start, and announces them rightly."""
    clips = [clip for clip in expected if isinstance(clip, SkeletonSequence)]
    assert source.count == len(expected)
    assert source.persons >= max(clip.keypoints.shape[0] for clip in clips)
    assert source.scored == all(clip.scores is not None for clip in clips)
    assert all(0 <= clip.label < len(source.class_names) for clip in clips)
    for start in range(len(expected) + 1):
        read = list(source.clips(start))
        assert len(read) == len(expected) - start
        assert all(same(one, other) for one, other in zip(read, expected[start:], strict=True))


def splits_of(source: ClipSource, clips: Sequence[SkeletonSequence]) -> dict[str, list[int]]:
    """The splits of a source of which these clips were imported."""
    store = SkeletonStore.from_sequences(clips, source.class_names)
    return {name: indices.tolist() for name, indices in source.splits(store).items()}
