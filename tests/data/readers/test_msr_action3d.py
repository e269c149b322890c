"""MSR Action3D: round trip, joints put in the order of the layout, the official protocols, files that are wrong."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.msr_action3d import EXCLUDED, read_msr_action3d
from stgnn.data.readers.source import LeftOut
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import (
    REAL,
    check_clips_against,
    check_splits_against,
    index_store,
    needs_data,
    open_both,
)
from tests.data.readers.twin_matlab import write_mat
from tests.data.readers.twin_msr_action3d import write_msr_action3d

FILE = "a01_s01_e01_skeleton3D.txt"


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_msr_action3d(tmp_path, np.random.default_rng(0))
    opened = read_msr_action3d(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == {
        "all20_xsub_test": [1, 3],
        "all20_xsub_train": [0, 2, 5],
        "as1_xsub_test": [1, 3],
        "as1_xsub_train": [2, 5],
        "as3_xsub_test": [3],
        "as3_xsub_train": [2, 5],
        "random1_test": [2, 3, 5],
        "random1_train": [0, 1],
        "random2_test": [0, 1],
        "random2_train": [2, 3, 5],
    }


def test_without_the_list_of_random_splits_a_note_names_it(tmp_path: Path) -> None:
    source, expected = write_msr_action3d(tmp_path, np.random.default_rng(0))
    (tmp_path / "tr_te_splits.mat").unlink()
    opened = read_msr_action3d(source)
    splits = splits_of(opened, expected)
    assert not any(name.startswith("random") for name in splits)
    assert any("tr_te_splits.mat" in note for note in opened.notes)


def test_a_damaged_list_of_random_splits_is_refused(tmp_path: Path) -> None:
    source, _ = write_msr_action3d(tmp_path, np.random.default_rng(0))
    write_mat(tmp_path / "tr_te_splits.mat", {"tr_subjects": np.ones((10, 5)), "te_subjects": np.ones((9, 5))})
    with pytest.raises(InputError, match="holds no list of splits"):
        read_msr_action3d(source)
    write_mat(tmp_path / "tr_te_splits.mat", {"tr_subjects": np.full((1, 1), np.nan), "te_subjects": np.ones((1, 1))})
    with pytest.raises(InputError, match="holds no list of splits"):
        read_msr_action3d(source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3 1\n" * 19, "ends within a frame"),
        ("1 2 3\n" * 20, r"line 1 of .*a01_s01_e01_skeleton3D.txt is wrong"),
        ("1 2 3 1\n" * 19 + "1 2 x 1", r"line 20 of .* something else than numbers"),
        ("1 2 3 1\n" * 19 + "1 2 nan 1", r"(?s)a01_s01_e01.*frame 0, joint 3"),
    ],
)
def test_damaged_files_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InputError, match=message):
        list(read_msr_action3d(tmp_path).clips(0))


@pytest.mark.parametrize(("text", "reason"), [("", "no frames"), ("0 0 0 0\n" * 20, "no body")])
def test_clips_without_frames_or_body_are_left_out(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    assert list(read_msr_action3d(tmp_path).clips(0)) == [LeftOut("a01_s01_e01", reason)]


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("msr-action3d", "msr_action3d")
    names = arrays["name"].tolist()
    assert check_clips_against(source, arrays, names) == {"read": 46}
    check_splits_against(source, arrays, names, arrays["subject"])
    used = (REAL / "msr_action3d" / "raw" / "files_used_in_cvpr12_paper.txt").read_text().split()
    assert set(names) - set(EXCLUDED) == {name for name in used if name in names} and len(EXCLUDED) == 10


@needs_data
def test_random_splits_are_those_of_the_prepared_file() -> None:
    source, arrays = open_both("msr-action3d", "msr_action3d")
    splits = source.splits(index_store(source, arrays, arrays["name"].tolist(), arrays["subject"]))
    for number, train in enumerate(arrays["random_split_train_subjects"], start=1):
        expected = arrays["used557"] & np.isin(arrays["subject"], train)
        assert np.array_equal(splits[f"random{number}_train"], np.flatnonzero(expected))
