"""SBU Kinect Interaction: round trip, the five folds, files that are wrong."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.sbu import FOLDS, read_sbu
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_sbu import write_sbu


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_sbu(tmp_path, np.random.default_rng(0))
    opened = read_sbu(source)
    check_clips(opened, expected)
    splits = splits_of(opened, expected)
    assert {name: clips for name, clips in splits.items() if name.endswith("_test")} == {
        "fold1_test": [0],
        "fold2_test": [3],
        "fold3_test": [1],
        "fold4_test": [2],
    }
    assert splits["fold4_train"] == [0, 1, 3]


def test_every_pair_is_in_one_fold() -> None:
    pairs = [pair for fold in FOLDS for pair in fold]
    assert len(pairs) == len(set(pairs)) == 21


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("s01s02/09/001", r"class of .* is out of range"),
        ("s01s02/0/001", "not where SBU has it"),
        ("s01s09/01/001", "no pair of SBU"),
    ],
)
def test_folders_of_another_data_set_are_refused(place: str, message: str, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "skeleton_pos.txt").write_text("")
    with pytest.raises(InputError, match=message):
        read_sbu(tmp_path)


def test_damaged_files_are_refused_and_empty_ones_left_out(tmp_path: Path) -> None:
    source, _ = write_sbu(tmp_path, np.random.default_rng(0))
    file = source / "s01s02" / "01" / "001" / "skeleton_pos.txt"
    file.write_text(file.read_text().rpartition(",")[0])
    with pytest.raises(InputError, match=rf"line \d of {file} is wrong"):
        next(read_sbu(source).clips(0))
    file.write_text("")
    assert next(read_sbu(source).clips(0)) == LeftOut("s01s02/01/001", "no frames")


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("sbu", "sbu_kinect")
    names = arrays["name"].tolist()
    assert check_clips_against(source, arrays, names) == {"read": 29}
    check_splits_against(source, arrays, names, np.sort(arrays["subject"], axis=1) @ (100, 1))


def test_two_persons_are_one_pair_whoever_comes_first(tmp_path: Path) -> None:
    source, _ = write_sbu(tmp_path, np.random.default_rng(0))
    clips = [clip for clip in read_sbu(source).clips(0) if isinstance(clip, SkeletonSequence)]
    assert [clip.subject for clip in clips] == [102, 103, 102, 203]
