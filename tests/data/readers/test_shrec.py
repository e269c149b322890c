"""SHREC'17 and DHG: round trips, official splits, damaged files and lists."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.shrec import read_dhg_14, read_dhg_28, read_shrec17_14, read_shrec17_28
from stgnn.data.readers.source import ClipLabels, LeftOut, Reader
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.errors import InputError
from tests.data.readers.law import splits_of
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_shrec import (
    Tree,
    write_dhg_14,
    write_dhg_28,
    write_hand,
    write_shrec17_14,
    write_shrec17_28,
)

FIRST = Path("gesture_1", "finger_1", "subject_2", "essai_1", "skeletons_world.txt")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize(
    ("write", "read", "classes"),
    [
        (write_shrec17_14, read_shrec17_14, 14),
        (write_shrec17_28, read_shrec17_28, 28),
        (write_dhg_14, read_dhg_14, 14),
        (write_dhg_28, read_dhg_28, 28),
    ],
)
def test_recordings_come_back_in_order_from_any_start(
    write: Callable[[Path, np.random.Generator], Tree],
    read: Reader,
    classes: int,
    tmp_path: Path,
    rng: np.random.Generator,
) -> None:
    source, expected = write(tmp_path, rng)
    opened = read(source, None, None)
    assert (opened.count, opened.persons, len(set(opened.class_names))) == (len(expected), 1, classes)
    assert opened.notes == ()
    for start in range(len(expected) + 1):
        found = list(opened.clips(start))
        for one, other in zip(found, expected[start:], strict=True):
            assert isinstance(one, SkeletonSequence)
            assert (one.name, one.label, one.subject) == (other.name, other.label, other.subject)
            np.testing.assert_array_equal(one.keypoints, other.keypoints)


def test_the_official_lists_say_who_trains(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_shrec17_14(tmp_path, rng)
    opened = read_shrec17_14(source)
    assert splits_of(opened, expected) == {
        "official_train": [0, 2],
        "official_test": [1, 3],
    }


def test_each_subject_of_dhg_is_tested_once(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_dhg_28(tmp_path, rng)
    opened = read_dhg_28(source)
    splits = splits_of(opened, expected)
    tests = {name: clips for name, clips in splits.items() if name.endswith("_test")}
    assert tests == {"loso1_test": [0, 3], "loso10_test": [2], "loso20_test": [1]}
    assert all(len(splits[name.replace("test", "train")]) + len(tests[name]) == 4 for name in tests)


def test_gestures_and_fingers_have_the_published_classes(tmp_path: Path, rng: np.random.Generator) -> None:
    source, _ = write_shrec17_28(tmp_path, rng)
    names = read_shrec17_28(source).class_names
    assert names[:2] == ("grab (one finger)", "grab (whole hand)")
    assert names[2 * 13 + 1] == "shake (whole hand)"


def test_a_listed_recording_without_a_file_is_left_out_and_an_unlisted_file_is_noted(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    source, expected = write_shrec17_14(tmp_path, rng)
    (source / FIRST).rename(source / "elsewhere.txt")
    write_hand(source / FIRST.parent.parent / "essai_9" / FIRST.name, expected[0].keypoints[0])
    opened = read_shrec17_14(source)
    assert next(opened.clips(0)) == LeftOut(expected[0].name, "no file")
    assert opened.notes == ("1 files were passed over: no official list names them",)


def test_recordings_of_dhg_are_whole_without_the_table_of_cuts(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_dhg_14(tmp_path, rng)
    (source / "informations_troncage_sequences.txt").unlink()
    opened = read_dhg_14(source)
    assert "recordings are whole" in opened.notes[0]
    first = next(opened.clips(0))
    assert isinstance(first, SkeletonSequence)
    np.testing.assert_array_equal(first.keypoints[:, 1:-1], expected[0].keypoints)


def test_an_empty_recording_is_left_out(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_shrec17_14(tmp_path, rng)
    (source / FIRST).write_text("\n")
    assert next(read_shrec17_14(source).clips(0)) == LeftOut(expected[0].name, "no frames")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3\n", "line 1: this is no frame"),
        ("1 " * 65 + "x", "line 1 of .*numbers"),
        ("nan " * 66, "frame 0, joint 0"),
    ],
)
def test_damaged_recordings_are_refused_naming_file_or_clip_and_line(
    text: str, message: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    source, _ = write_shrec17_14(tmp_path, rng)
    (source / FIRST).write_text(text)
    with pytest.raises(InputError, match=message):
        next(read_shrec17_14(source).clips(0))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 1 2 1 1 1", "line 1: this is no line of the list"),
        ("1 1 2 1 1 1 x", "line 1: this is no line of the list"),
        ("1 1 2 1 1 1 9999999999", "line 1: this is no line of the list"),
        ("15 1 2 1 15 29 9", "line 1: there is no such recording"),
        ("1 1 2 1 1 2 9", "line 1: the classes are not those"),
        ("1 2 28 3 1 2 9", "name a recording twice"),
    ],
)
def test_damaged_lists_are_refused_naming_the_line(
    line: str, message: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    source, _ = write_shrec17_14(tmp_path, rng)
    (source / "train_gestures.txt").write_text(line)
    with pytest.raises(InputError, match=message):
        read_shrec17_14(source)


@pytest.mark.parametrize(
    ("line", "message"), [("1 1 1 1 4 2", "ends before it begins"), ("1 1 1 1 99 100", "begins after its last frame")]
)
def test_cuts_outside_a_recording_are_refused(
    line: str, message: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    source, _ = write_dhg_14(tmp_path, rng)
    with (source / "informations_troncage_sequences.txt").open("a") as file:
        file.write(line)
    with pytest.raises(InputError, match=message):
        next(read_dhg_14(source).clips(0))


@pytest.mark.parametrize(("kept", "given"), [(3, "1 of 4"), (1, "3 of 4"), (0, "4 of 4")])
def test_a_table_of_cuts_that_lacks_recordings_is_refused(
    kept: int, given: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    source, _ = write_dhg_14(tmp_path, rng)
    table = source / "informations_troncage_sequences.txt"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:kept]))
    with pytest.raises(InputError, match=rf"(?s)lacks recordings.*{given}, the first is .*skeleton_world\.txt"):
        read_dhg_14(source)


def test_what_does_not_fit_is_refused_at_once(tmp_path: Path, rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="no files of this format"):
        read_shrec17_14(tmp_path)
    source, _ = write_shrec17_14(tmp_path, rng)
    with pytest.raises(InputError, match="labels of its own"):
        read_shrec17_14(source, None, ClipLabels((), {}))
    shutil.copytree(source / "gesture_1", source / "gesture_01")
    with pytest.raises(InputError, match="two files hold the same recording"):
        read_shrec17_14(source)
    (source / "gesture_01").rename(source / "gesture_99")
    with pytest.raises(InputError, match="no such recording"):
        read_shrec17_14(source)


@needs_data
def test_the_official_lists_are_those_of_1960_and_840_recordings(tmp_path: Path, rng: np.random.Generator) -> None:
    source, _ = write_shrec17_14(tmp_path, rng)
    for part in ("train", "test"):
        shutil.copy(REAL / "shrec17_lists" / "raw" / f"{part}_gestures.txt", source)
    opened = read_shrec17_28(source)
    assert opened.count == 2800
    names = [one.name for one in opened.clips(0)]
    clip = SkeletonSequence(np.zeros((1, 1, 22, 3)), 0, opened.layout)
    store = SkeletonStore.from_sequences(
        [SkeletonSequence(clip.keypoints, 0, opened.layout, name) for name in names], opened.class_names
    )
    splits = opened.splits(store)
    assert (len(splits["official_train"]), len(splits["official_test"])) == (1960, 840)
