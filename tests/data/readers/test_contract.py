"""What every registered format owes, on the files that its twin writes."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers import FORMATS, ClipLabels
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout
from tests.data.readers.fuzz import writer
from tests.data.readers.law import same


def kept(clips: list[SkeletonSequence | LeftOut]) -> list[SkeletonSequence]:
    return [clip for clip in clips if isinstance(clip, SkeletonSequence)]


def test_every_format_has_a_twin() -> None:
    assert all(callable(writer(name)) for name in FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_what_the_twin_wrote_is_read_from_any_start(name: str, tmp_path: Path) -> None:
    path, expected = writer(name)(tmp_path, np.random.default_rng(3))
    source = FORMATS[name].open(path)
    clips = list(source.clips(0))
    assert expected and len(kept(clips)) == len(expected)
    assert all(same(one, other) for one, other in zip(kept(clips), expected, strict=True))
    assert len(clips) == source.count
    for start in range(1, source.count + 1):
        tail = list(source.clips(start))
        assert len(tail) == source.count - start
        assert all(same(one, other) for one, other in zip(tail, clips[start:], strict=True))


@pytest.mark.parametrize("name", FORMATS)
def test_the_store_holds_the_clips_and_names_them_apart(name: str, tmp_path: Path) -> None:
    path, expected = writer(name)(tmp_path, np.random.default_rng(4))
    source = FORMATS[name].open(path)
    store = write_store(source, tmp_path / "out").store
    assert store.keypoints.shape[1] == source.persons and (store.scores is not None) == source.scored
    assert len(set(store.names)) == len(store.names) == len(expected)
    for clip, other in zip((store[index] for index in range(len(store))), expected, strict=True):
        persons = other.keypoints.shape[0]
        assert (clip.name, clip.label) == (other.name, other.label)
        assert np.array_equal(clip.keypoints[:persons], other.keypoints) and not clip.keypoints[persons:].any()
    assert all(len(side) for protocol in store.protocols for side in store.split(protocol))


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"coco", "mediapipe", "openpose"}))  # these three need one
def test_a_table_of_labels_is_used_or_refused_never_passed_over(name: str, tmp_path: Path) -> None:
    path, _ = writer(name)(tmp_path, np.random.default_rng(5))
    table = ClipLabels(("only",), {})
    with pytest.raises(InputError, match="label"):
        source = FORMATS[name].open(path, None, table)
        list(source.clips(0))
        assert source.class_names == ("only",)


@pytest.mark.parametrize("name", FORMATS)
def test_a_body_of_three_joints_is_refused(name: str, tmp_path: Path) -> None:
    path, _ = writer(name)(tmp_path, np.random.default_rng(6))
    body = SkeletonLayout("three", ("a", "b", "c"), ((0, 1), (1, 2)), 0)
    with pytest.raises(InputError):
        list(FORMATS[name].open(path, body).clips(0))


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("Nothing of interest.\n")
    for path in (tmp_path / "empty", tmp_path / "note.txt"):
        with pytest.raises(InputError):
            list(FORMATS[name].open(path).clips(0))
