"""UTKinect-Action3D: round trip, repeated frames, lists of actions, the official protocols, files that are wrong."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.source import LeftOut
from stgnn.data.readers.utkinect import read_utkinect
from stgnn.errors import InputError
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_matlab import write_mat
from tests.data.readers.twin_utkinect import add_missing, write_utkinect


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_utkinect(tmp_path, np.random.default_rng(0))
    write_mat(source / "tr_te_splits.mat", {"tr_subjects": np.array([[1]]), "te_subjects": np.array([[10]])})
    opened = read_utkinect(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == {
        "random1_train": [0, 1],
        "random1_test": [2, 3],
        "loseq1_train": [2, 3],
        "loseq1_test": [0, 1],
        "loseq2_train": [0, 1],
        "loseq2_test": [2, 3],
    }
    assert opened.notes == ()


@pytest.mark.parametrize(("folder", "source"), [("", "."), ("joints", "..")])
def test_splits_are_found_beside_a_source_that_is_named_from_within(
    folder: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, _ = write_utkinect(tmp_path, np.random.default_rng(0))
    write_mat(tmp_path / "tr_te_splits.mat", {"tr_subjects": np.array([[1]]), "te_subjects": np.array([[10]])})
    monkeypatch.chdir(written / folder)
    assert read_utkinect(Path(source)).notes == ()


def test_actions_without_frames_and_recordings_that_are_missing_are_left_out(tmp_path: Path) -> None:
    source, expected = write_utkinect(tmp_path, np.random.default_rng(0))
    left_out = add_missing(source)
    check_clips(read_utkinect(source), [*expected, *left_out])


def test_recordings_may_stand_beside_the_list_and_the_published_list_gets_a_note(tmp_path: Path) -> None:
    source, expected = write_utkinect(tmp_path, np.random.default_rng(0))
    (source / "actionLabel_modified.txt").rename(source / "actionLabel.txt")
    for file in (source / "joints").iterdir():
        file.rename(source / file.name)
    (source / "joints").rmdir()
    opened = read_utkinect(source)
    check_clips(opened, expected)
    assert any("actionLabel_modified.txt" in note for note in opened.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no actions"),
        ("walk: 1 2\n", r"line 1 of .*actionLabel_modified.txt does not follow"),
        ("s01_e01\nfly: 1 2\n", r"line 2 .*does not follow"),
        ("s01_e01\nwalk: 1\n", r"(?s)line 2 .*given:   walk: 1"),
        ("s01_e01\nwalk: 1 99999999999\n", "line 2"),
    ],
)
def test_wrong_lists_of_actions_are_refused(text: str, message: str, tmp_path: Path) -> None:
    source, _ = write_utkinect(tmp_path, np.random.default_rng(0))
    (source / "actionLabel_modified.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_utkinect(source)


def test_damaged_recordings_are_refused_and_empty_ones_left_out(tmp_path: Path) -> None:
    source, expected = write_utkinect(tmp_path, np.random.default_rng(0))
    file = source / "joints" / "joints_s01_e01.txt"
    file.write_text(file.read_text() + "400 1 2")
    with pytest.raises(InputError, match=rf"line \d+ of {file} is wrong"):
        next(read_utkinect(source).clips(0))
    file.write_text("")
    assert next(read_utkinect(source).clips(0)) == LeftOut(expected[0].name, "no frames")


def test_sources_without_list_or_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"joints_s\*_e\*.txt"):
        read_utkinect(tmp_path)
    source, _ = write_utkinect(tmp_path, np.random.default_rng(0))
    (source / "actionLabel_modified.txt").unlink()
    with pytest.raises(InputError, match=r"actionLabel\.txt"):
        read_utkinect(source)


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("utkinect", "utkinect")
    names = arrays["name"].tolist()
    counts = check_clips_against(source, arrays, names)
    assert counts == {"read": 19, "no recording": 180, "no frames in the list of actions": 1}
    assert next(source.clips(194)) == LeftOut("s10_e02_carry", "no frames in the list of actions")
    check_splits_against(source, arrays, names, arrays["subject"])
