"""NATOPS: round trip, the official protocol, files that are wrong."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.natops import read_natops
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_natops import HEADER, write_natops

SERIES = ":".join(["1,2,3"] * 24)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_natops(tmp_path, np.random.default_rng(0))
    opened = read_natops(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == {
        "official_train": [0, 1, 2],
        "official_test": [3, 4],
    }


def test_one_side_alone_has_no_protocol(tmp_path: Path) -> None:
    source, expected = write_natops(tmp_path, np.random.default_rng(0))
    (source / "NATOPS_TEST.ts").unlink()
    opened = read_natops(source)
    check_clips(opened, expected[:3])
    assert splits_of(opened, expected[:3]) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{SERIES}:7.0", r"(?s)line 6 of .*NATOPS_TRAIN.ts has no class.*given:   7\.0"),
        (SERIES, "line 6 of .* has no class"),
        (f"{SERIES}:1,2,3:1.0", "25 series of 3 numbers"),
        (f"{SERIES},4:1.0", "24 series of 3, 4 numbers"),
        (f"{SERIES},x:1.0", "line 6 of .* something else than numbers"),
        (f"{SERIES.replace('3', 'NaN', 1)}:1.0", r"(?s)train_001.*frame 2, joint 0"),
    ],
)
def test_damaged_lines_are_refused(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "NATOPS_TRAIN.ts").write_text(f"{HEADER}@data\n{line}\n")
    with pytest.raises(InputError, match=message):
        list(read_natops(tmp_path).clips(0))


def test_files_without_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files of this format"):
        read_natops(tmp_path)
    (tmp_path / "NATOPS_TRAIN.ts").write_text(HEADER)
    with pytest.raises(InputError, match="no line '@data'"):
        read_natops(tmp_path)
    (tmp_path / "NATOPS_TRAIN.ts").write_text(f"{HEADER}@data\n")
    with pytest.raises(InputError, match="holds no clips of NATOPS"):
        read_natops(tmp_path)


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("natops", "natops")
    names = [f"{side}_{number:03d}" for side in ("train", "test") for number in range(1, 181)]
    assert check_clips_against(source, arrays, names) == {"read": 360}
    check_splits_against(source, arrays, names)
