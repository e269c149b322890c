"""NTU RGB+D: round trip of synthetic recordings, official splits and lists, damaged files."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.ntu import NTU60, NTU120, Edition, ntu_classes, ntu_splits, read_ntu60, read_ntu120, recording
from stgnn.data.readers.source import ClipLabels, LeftOut, Reader
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_ntu import person, track, write_ntu60, write_ntu120, write_recording

NAME = "S001C001P001R001A001"


def assert_same(found: list[SkeletonSequence | LeftOut], expected: list[SkeletonSequence]) -> None:
    assert [one.name for one in found] == [one.name for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, SkeletonSequence)
        assert (one.label, one.subject, one.view) == (other.label, other.subject, other.view)
        np.testing.assert_array_equal(one.keypoints, other.keypoints)


@pytest.mark.parametrize(
    ("write", "read", "classes"), [(write_ntu60, read_ntu60, 60), (write_ntu120, read_ntu120, 120)]
)
def test_recordings_come_back_in_the_order_of_their_names_from_any_start(
    write: Callable[[Path, np.random.Generator], tuple[Path, list[SkeletonSequence]]],
    read: Reader,
    classes: int,
    tmp_path: Path,
) -> None:
    source, expected = write(tmp_path, np.random.default_rng(1))
    opened = read(source, None, None)
    assert (opened.count, opened.persons, len(opened.class_names)) == (len(expected), 2, classes)
    for start in range(len(expected) + 1):
        assert_same(list(opened.clips(start)), expected[start:])


def test_the_smaller_data_set_passes_over_what_only_the_larger_has(tmp_path: Path) -> None:
    source, expected = write_ntu120(tmp_path, np.random.default_rng(1))
    opened = read_ntu60(source)
    assert opened.count == len(expected) - 1
    assert "1 files were passed over" in opened.notes[0]


@pytest.mark.parametrize("place", ["ntu", "ntu/lists", "."])
def test_a_list_of_missing_skeletons_in_or_beside_the_source_is_followed(place: str, tmp_path: Path) -> None:
    source, expected = write_ntu60(tmp_path, np.random.default_rng(1))
    assert any("missing" in note for note in read_ntu60(source).notes)
    listed = tmp_path / place / "NTU_RGBD_samples_with_missing_skeletons.txt"
    listed.parent.mkdir(exist_ok=True)
    listed.write_text(f"The following samples have missing skeletons:\n\n{expected[1].name}\n")
    opened = read_ntu60(source)
    assert opened.notes == ()
    left_out = [one for one in opened.clips(0) if isinstance(one, LeftOut)]
    assert left_out == [LeftOut(expected[1].name, "on the list of missing skeletons")]


@pytest.mark.parametrize("source", [".", "../ntu", "deeper/.."])
def test_a_list_beside_the_working_folder_is_followed(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, expected = write_ntu60(tmp_path, np.random.default_rng(1))
    listed = tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt"
    listed.write_text(expected[1].name)
    (written / "deeper").mkdir()
    monkeypatch.chdir(written)
    opened = read_ntu60(Path(source))
    assert opened.notes == () and opened.beside == (listed,)


def test_a_recording_without_any_body_is_left_out(tmp_path: Path) -> None:
    write_recording(tmp_path / f"{NAME}.skeleton", 3, {})
    assert list(read_ntu60(tmp_path).clips(0)) == [LeftOut(NAME, "no body")]


def test_names_say_who_what_and_where() -> None:
    assert recording("S001C002P003R004A005") == (1, 2, 3, 4, 5)
    with pytest.raises(InputError, match="name of a recording"):
        recording("S001C002P003R004A005 (copy)")


def test_classes_are_120_different_names() -> None:
    assert len(set(ntu_classes())) == 120
    assert (ntu_classes()[0], ntu_classes()[57], ntu_classes()[119]) == (
        "drink water",
        "handshaking",
        "finger-guessing game (playing rock-paper-scissors)",
    )


def change(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2].rsplit("\r\n", 1)[0], "line .*ends before its last frame"),
        (lambda text: "", "ends before its last frame"),
        (lambda text: text + "1 2 3\r\n", "more lines than frames"),
        (change("4\r\n", "999999999\r\n"), "ends before its last frame"),
        (change("4\r\n", "9999999999\r\n"), "line 1: the number of frames"),
        (change("\r\n1\r\n", "\r\n-1\r\n"), "line 2: the number of bodies"),
        (change("\r\n25\r\n", "\r\n20\r\n"), "line 4: 25 joints"),
        (change(" 0 1 1 1 1 0 ", " 0 1 "), "line 3: the 10 numbers of a body"),
        (change(" 1 2 3 4 0 0 0 1 2", " 1 2 3 4 0 0 0 1"), "line 29: a joint"),
        (change("25\r\n", "25\r\nx"), "line 29: a coordinate"),
    ],
)
def test_damaged_files_are_refused_naming_file_and_line(
    damage: Callable[[str], str], message: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{NAME}.skeleton"
    joints = -np.abs(person(np.random.default_rng(0), 4)) - 0.1
    write_recording(file, 4, {"1": track(joints)})
    file.write_bytes(damage(file.read_bytes().decode()).encode())
    with pytest.raises(InputError, match=message) as caught:
        list(read_ntu60(tmp_path).clips(0))
    assert file.name in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_not_finite_are_refused_naming_frame_and_joint(value: float, tmp_path: Path) -> None:
    joints = person(np.random.default_rng(0), 4)
    joints[2, 7, 1] = value
    write_recording(tmp_path / f"{NAME}.skeleton", 4, {"1": track(joints)})
    with pytest.raises(InputError, match=r"frame 2 .*joint 7") as caught:
        list(read_ntu60(tmp_path).clips(0))
    assert NAME in str(caught.value)


def test_the_same_body_twice_in_a_frame_is_refused(tmp_path: Path) -> None:
    file = tmp_path / f"{NAME}.skeleton"
    joints = person(np.random.default_rng(0), 1)
    write_recording(file, 1, {"1": track(joints), "2": track(joints)})
    file.write_text(file.read_text().replace("2 0 1 1 1 1", "1 0 1 1 1 1"))
    with pytest.raises(InputError, match="same body twice"):
        list(read_ntu60(tmp_path).clips(0))


def test_what_does_not_fit_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files of this format"):
        read_ntu60(tmp_path)
    (tmp_path / "notes.skeleton").touch()
    with pytest.raises(InputError, match="no recordings of ntu60"):
        read_ntu60(tmp_path)
    source, _ = write_ntu60(tmp_path, np.random.default_rng(1))
    with pytest.raises(InputError, match="labels of its own"):
        read_ntu60(source, labels=ClipLabels((), {}))
    with pytest.raises(InputError, match="does not fit the format"):
        read_ntu60(source, load_layout("coco17"))
    write_recording(source / "again" / f"{NAME}.skeleton", 1, {})
    with pytest.raises(InputError, match="two files hold the same recording"):
        read_ntu60(source)


def store_of(names: list[str]) -> SkeletonStore:
    """A store of one empty frame for each recording, which takes no memory."""
    parts = [recording(name) for name in names]
    return SkeletonStore(
        keypoints=np.broadcast_to(np.float32(0), (len(names), 1, 25, 3)),
        offsets=np.arange(len(names) + 1),
        labels=np.array([one.action - 1 for one in parts]),
        class_names=ntu_classes(),
        layout=load_layout("ntu25"),
        names=tuple(names),
        subjects=np.array([one.subject for one in parts]),
        views=np.array([one.camera for one in parts]),
    )


def test_protocols_with_one_side_only_are_not_offered() -> None:
    splits = ntu_splits(store_of(["S001C001P001R001A001", "S001C001P002R001A001"]), NTU60)
    assert splits == {}


def test_setups_decide_who_trains_in_xset() -> None:
    splits = ntu_splits(store_of(["S001C001P001R001A001", "S002C001P051R001A001"]), NTU120)
    assert {name: list(indices) for name, indices in splits.items()} == {
        "xsub_train": [0],
        "xsub_test": [1],
        "xset_train": [1],
        "xset_test": [0],
    }


@needs_data
@pytest.mark.parametrize(
    ("edition", "file", "counts"),
    [
        (NTU60, "ntu60", {"xsub": (40091, 16487), "xview": (37646, 18932)}),
        (NTU120, "ntu120", {"xsub": (63026, 50919), "xset": (54468, 59477)}),
    ],
)
def test_the_official_names_give_the_official_counts(
    edition: Edition, file: str, counts: dict[str, tuple[int, int]]
) -> None:
    with gzip.open(REAL / "ntu_samples" / "lists" / f"{file}_available_names.txt.gz", "rt") as listed:
        names = listed.read().split()
    assert all(edition.holds(recording(name)) for name in names)
    splits = ntu_splits(store_of(names), edition)
    assert {name: (len(splits[f"{name}_train"]), len(splits[f"{name}_test"])) for name in counts} == counts
    assert len(splits) == 2 * len(counts)


@needs_data
def test_original_files_are_read() -> None:
    opened = read_ntu60(REAL / "ntu_samples" / "raw")
    clips = list(opened.clips(0))
    shapes = {one.name: one.keypoints.shape for one in clips if isinstance(one, SkeletonSequence)}
    assert shapes == {
        "S001C001P001R001A011": (1, 82, 25, 3),
        "S001C003P008R002A058": (2, 70, 25, 3),
        "S002C001P003R001A003": (1, 100, 25, 3),
        "S003C001P015R001A034": (1, 71, 25, 3),
        "S004C002P003R001A017": (1, 124, 25, 3),
    }
