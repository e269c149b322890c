"""Northwestern-UCLA: recordings come back, repeated clips leave training in the clean protocol, damage is named."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.npz import read_npz
from stgnn.data.readers.nw_ucla import read_nw_ucla
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, same
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_nw_ucla import write_nw_ucla, write_recording

NAME = "a01_s01_e00_v01"


def test_recordings_come_back(tmp_path: Path) -> None:
    path, expected = write_nw_ucla(tmp_path, np.random.default_rng(0))
    check_clips(read_nw_ucla(path), expected)


def test_the_clean_protocol_drops_what_the_test_view_repeats(tmp_path: Path) -> None:
    path, _ = write_nw_ucla(tmp_path, np.random.default_rng(0))
    splits = write_store(read_nw_ucla(path), tmp_path / "out").store.splits
    assert splits["xview_train"].tolist() == [0, 1, 3, 4, 6, 7] and splits["xview_test"].tolist() == [2, 5, 8]
    assert splits["xview_nodup_train"].tolist() == [0, 1, 3, 6, 7]
    assert splits["xview_nodup_test"].tolist() == [2, 5, 8]


def test_there_is_no_clean_protocol_where_the_test_view_repeats_all_of_training(tmp_path: Path) -> None:
    for view in (2, 3):
        write_recording(tmp_path / "all", f"a02_s01_e00_v0{view}", np.ones((2, 20, 3)), 2)
    assert write_store(read_nw_ucla(tmp_path / "all"), tmp_path / "out").store.protocols == ("xview",)


def test_a_folder_without_the_test_view_has_no_protocol(tmp_path: Path) -> None:
    write_recording(tmp_path / "all", NAME, np.ones((2, 20, 3)), 1)
    assert write_store(read_nw_ucla(tmp_path / "all"), tmp_path / "out").store.protocols == ()


def test_a_recording_without_frames_is_left_out(tmp_path: Path) -> None:
    write_recording(tmp_path, NAME, np.ones((0, 20, 3)), 1)
    assert list(read_nw_ucla(tmp_path).clips(0)) == [LeftOut(NAME, "no frames")]


@pytest.mark.parametrize(
    ("keypoints", "label", "message"),
    [
        (np.ones((2, 20, 3)), 11, "label of .* out of range"),
        (np.ones((2, 25, 3)), 1, "do not match the layout"),
        (np.ones((2, 20)), 1, "four axes"),
        (np.full((2, 20, 3), np.nan), 1, "frame 0, joint 0"),
    ],
)
def test_recordings_that_do_not_fit_are_refused(
    tmp_path: Path, keypoints: np.ndarray, label: int, message: str
) -> None:
    write_recording(tmp_path, NAME, keypoints, label)
    with pytest.raises(InputError, match=message) as error:
        list(read_nw_ucla(tmp_path).clips(0))
    assert NAME in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"label": 1}',
        '{"skeletons": [[1], [1, 2]], "label": 1}',
        '{"skeletons": [], "label": "1"}',
        "[" * 9999,
    ],
)
def test_broken_files_are_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{NAME}.json").write_text(text)
    with pytest.raises(InputError, match=NAME):
        list(read_nw_ucla(tmp_path).clips(0))


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files of this format"):
        read_nw_ucla(tmp_path)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="no NW-UCLA files here"):
        read_nw_ucla(tmp_path)


@needs_data
def test_real_files_agree_with_the_prepared_set() -> None:
    prepared = {
        clip.name: clip for clip in read_npz(REAL / "nw_ucla" / "nw_ucla.npz").clips(0) if not isinstance(clip, LeftOut)
    }
    read = [clip for clip in read_nw_ucla(REAL / "nw_ucla" / "raw").clips(0) if isinstance(clip, SkeletonSequence)]
    assert read and all(same(clip, prepared[clip.name]) for clip in read)
