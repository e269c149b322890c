"""SFINGE 3D: round trip, gestures cut from sequences, the split by parts, files that are wrong."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.sfinge3d import read_sfinge3d
from stgnn.data.readers.source import LeftOut
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_sfinge3d import write_sfinge3d


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_sfinge3d(tmp_path, np.random.default_rng(0))
    opened = read_sfinge3d(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == {
        "dict2seq_train": [0, 1, 2],
        "dict2seq_test": [3, 4, 5, 6],
    }


@pytest.mark.parametrize(("part", "clips"), [("Sequences", slice(0, 3)), ("Dictionary", slice(3, 7))])
def test_either_part_alone_is_enough(part: str, clips: slice, tmp_path: Path) -> None:
    source, expected = write_sfinge3d(tmp_path, np.random.default_rng(0))
    shutil.rmtree(source / part)
    opened = read_sfinge3d(source)
    check_clips(opened, expected[clips])
    assert splits_of(opened, expected[clips]) == {}


def test_gestures_of_missing_sequences_are_left_out(tmp_path: Path) -> None:
    source, expected = write_sfinge3d(tmp_path, np.random.default_rng(0))
    with (source / "Sequences" / "sequencesGT.csv").open("a") as file:
        file.write("7,1,3,4,5\n")
    check_clips(read_sfinge3d(source), [*expected, LeftOut("seq/7/1", "no recording")])


@pytest.mark.parametrize("frames", [19, 10, 0])
def test_a_recording_that_ends_before_a_gesture_is_refused(frames: int, tmp_path: Path) -> None:
    source, _ = write_sfinge3d(tmp_path, np.random.default_rng(0))
    file = source / "Sequences" / "2.txt"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:frames]))
    with pytest.raises(InputError, match=rf"(?s){file} ends before the gesture seq/2/[12].*of {frames}\n"):
        list(read_sfinge3d(source).clips(0))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4,5", r"(?s)line 3 of .*sequencesGT.csv does not follow.*given:   1,2,3,4,5"),
        ("1", "line 3"),
        ("1,1,3,x,5", "line 3"),
        ("1,1,14,4,5", "class of .* is out of range"),
        ("1,2,3,4,5,3,5,4", r"(?s)line 3 of .*marks no frames.*frames 5 to 4 of gesture 2"),
        ("1,1,3,0,5", r"(?s)line 3 of .*marks no frames.*frames 0 to 5 of gesture 1"),
    ],
)
def test_wrong_lists_of_gestures_are_refused(line: str, message: str, tmp_path: Path) -> None:
    source, _ = write_sfinge3d(tmp_path, np.random.default_rng(0))
    with (source / "Sequences" / "sequencesGT.csv").open("a") as file:
        file.write(line)
    with pytest.raises(InputError, match=message):
        read_sfinge3d(source)


def test_damaged_recordings_are_refused(tmp_path: Path) -> None:
    source, _ = write_sfinge3d(tmp_path, np.random.default_rng(0))
    file = source / "Dictionary" / "2" / "1.txt"
    file.write_text(file.read_text().rpartition(";")[0])
    with pytest.raises(InputError, match=rf"(?s)line \d of {file} is wrong.*given:   139.*allowed: 140"):
        next(read_sfinge3d(source).clips(0))


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the source is not SFINGE 3D"):
        read_sfinge3d(tmp_path)
    (tmp_path / "Dictionary" / "1").mkdir(parents=True)
    (tmp_path / "Dictionary" / "1" / "notes.txt").touch()
    with pytest.raises(InputError, match="not where SFINGE 3D has it"):
        read_sfinge3d(tmp_path)


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("sfinge3d", "sfinge3d")
    names = arrays["name"].tolist()
    assert check_clips_against(source, arrays, names) == {"read": 22, "no recording": 269}
    check_splits_against(source, arrays, names)
