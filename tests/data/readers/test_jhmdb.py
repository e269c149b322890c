"""JHMDB in both forms: round trip, protocols from lists and from equal clips, files that are wrong."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.jhmdb import read_jhmdb
from stgnn.data.readers.source import LeftOut
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_jhmdb import write_jhmdb, write_jhmdb_pickles, write_pickle
from tests.data.readers.twin_matlab import write_mat

PROTOCOLS = {"1_train": [0, 2, 3], "1_test": [1], "2_train": [0, 1], "2_test": [2, 3]}


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_jhmdb(tmp_path, np.random.default_rng(0))
    opened = read_jhmdb(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == PROTOCOLS


@pytest.mark.parametrize("folder", ["joint_positions", "."])
def test_lists_may_be_unpacked_in_or_beside_the_source(folder: str, tmp_path: Path) -> None:
    source, expected = write_jhmdb(tmp_path, np.random.default_rng(0))
    with zipfile.ZipFile(tmp_path / "splits.zip") as file:
        file.extractall(tmp_path / folder)
    (tmp_path / "splits.zip").unlink()
    assert splits_of(read_jhmdb(source), expected) == PROTOCOLS


def test_beside_the_working_folder_is_the_folder_above_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, expected = write_jhmdb(tmp_path, np.random.default_rng(0))
    monkeypatch.chdir(source)
    assert splits_of(read_jhmdb(Path(".")), expected) == PROTOCOLS


def test_without_lists_there_is_a_note_and_no_protocol(tmp_path: Path) -> None:
    source, expected = write_jhmdb(tmp_path, np.random.default_rng(0))
    (tmp_path / "splits.zip").unlink()
    opened = read_jhmdb(source)
    assert splits_of(opened, expected) == {}
    assert any("splits.zip" in note for note in opened.notes)


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("../clap_test_split1.txt", "a.avi 1", "leads out of it"),
        ("/clap_test_split1.txt", "a.avi 1", "leads out of it"),
        ("splits/clap_test_split1.txt", "a.avi 3", r"(?s)line 1 of clap_test_split1.txt is wrong.*a\.avi 3"),
        ("splits/clap_test_split1.txt", "x" * (1 << 21), "too large for lists"),
    ],
)
def test_wrong_archives_of_lists_are_refused(member: str, content: str, message: str, tmp_path: Path) -> None:
    source, _ = write_jhmdb(tmp_path, np.random.default_rng(0))
    with zipfile.ZipFile(tmp_path / "splits.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(member, content)
    with pytest.raises(InputError, match=message):
        read_jhmdb(source)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_of_lists_that_cannot_be_unpacked_in_part_is_refused(compression: int, tmp_path: Path) -> None:
    source, _ = write_jhmdb(tmp_path, np.random.default_rng(0))
    with zipfile.ZipFile(tmp_path / "splits.zip", "w", compression) as file:
        file.writestr("splits/clap_test_split1.txt", "a.avi 1")
    with pytest.raises(InputError, match=r"(?s)packed in an unusual way.*clap_test_split1\.txt.*stored, deflate"):
        read_jhmdb(source)


def test_a_damaged_archive_of_lists_is_refused(tmp_path: Path) -> None:
    source, _ = write_jhmdb(tmp_path, np.random.default_rng(0))
    content = (tmp_path / "splits.zip").read_bytes()
    (tmp_path / "splits.zip").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a whole archive"):
        read_jhmdb(source)


def test_wrong_folders_and_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"joint_positions\.mat"):
        read_jhmdb(tmp_path)
    write_mat(tmp_path / "fly" / "clip" / "joint_positions.mat", {"pos_world": np.ones((2, 15, 3))})
    with pytest.raises(InputError, match=r"(?s)of no class of JHMDB.*given:   fly"):
        read_jhmdb(tmp_path)
    (tmp_path / "fly").rename(tmp_path / "wave")
    write_mat(tmp_path / "wave" / "clip" / "joint_positions.mat", {"pos_world": np.ones((2, 14, 3))})
    with pytest.raises(InputError, match=r"pos_world of .* is wrong"):
        list(read_jhmdb(tmp_path).clips(0))


def test_pickles_come_back_and_equal_clips_stay_apart(tmp_path: Path) -> None:
    source, expected = write_jhmdb_pickles(tmp_path, np.random.default_rng(0))
    opened = read_jhmdb(source)
    check_clips(opened, expected)
    assert opened.class_names == ("clap", "run", "wave")
    # The first and the third clip are equal: each stands for the other where a protocol names them.
    assert splits_of(opened, expected) == {
        "1_train": [0, 1, 2],
        "1_test": [3, 4],
        "2_train": [0, 3, 4],
        "2_test": [1, 2],
    }


@pytest.mark.parametrize(
    ("poses", "labels", "message"),
    [
        ([np.ones((3, 15, 2))], [], "does not follow the format"),
        ([np.ones((3, 15, 2))], [1], r"class of clip 0 of .*GT_train_1.pkl is no text"),
        ([np.ones((3, 14, 2))], ["a"], r"pose of clip 0 of .*GT_train_1.pkl is wrong"),
        ([[1, 2]], ["a"], "pose of clip 0"),
        ([np.array([["a"]])], ["a"], "pose of clip 0"),
        ([np.full((3, 15, 2), np.nan)], ["a"], "GT_train_1/000"),
        ([np.ones((99, 15, 2))] * 99, ["a"] * 99, "repeats its arrays"),
    ],
)
def test_wrong_pickles_are_refused(poses: list[object], labels: list[object], message: str, tmp_path: Path) -> None:
    write_pickle(tmp_path / "GT_train_1.pkl", poses, labels)
    with pytest.raises(InputError, match=message):
        list(read_jhmdb(tmp_path).clips(0))


def test_pickled_clips_without_frames_are_left_out(tmp_path: Path) -> None:
    write_pickle(tmp_path / "GT_test_1.pkl", [np.ones((0, 15, 2))], ["a"])
    assert list(read_jhmdb(tmp_path).clips(0)) == [LeftOut("GT_test_1/000", "no frames")]


@needs_data
def test_original_pickles_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("jhmdb", "jhmdb")
    names = [f"GT_train_1/{place:03d}" for place in range(433)] + [f"GT_test_1/{place:03d}" for place in range(176)]
    assert check_clips_against(source, arrays, names) == {"read": 609}
    only_first = {key: value for key, value in arrays.items() if not key.startswith(("split_2", "split_3"))}
    check_splits_against(source, only_first, names)
