"""What readers share: bounded files, links that stay inside, names and numbers with one clear message."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.data.readers.common import (
    coordinates,
    files_of,
    numbers,
    read_json_file,
    read_lines,
    refuse_labels,
    require_labels,
    split_pair,
    splits_by_name,
    the_layout,
)
from stgnn.data.readers.source import ClipLabels
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout


def test_labels_are_refused_or_required_by_name_of_the_format() -> None:
    table = ClipLabels(("a",), {})
    refuse_labels(None, "sbu")
    assert require_labels(table, "coco") is table
    with pytest.raises(InputError, match="'sbu' has labels of its own"):
        refuse_labels(table, "sbu")
    with pytest.raises(InputError, match=r"'coco' holds no labels[^$]*--labels FILE\.csv"):
        require_labels(None, "coco")


def test_a_layout_of_another_size_does_not_fit() -> None:
    assert the_layout(None, "kinect20") is load_layout("kinect20")
    assert the_layout(load_layout("ntu25"), "ntu25").name == "ntu25"
    with pytest.raises(InputError, match=r"'ntu25' does not fit[^$]*20 joints of 3 coordinates"):
        the_layout(load_layout("ntu25"), "kinect20")


def test_files_above_the_limit_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    assert read_lines(tmp_path / "a.txt", "a list") == ["one", "two"]
    with pytest.raises(InputError, match=r"too large for a list[^$]*8 bytes"):
        read_lines(tmp_path / "a.txt", "a list", limit=7)
    with pytest.raises(InputError, match="a list cannot be read"):
        read_lines(tmp_path / "b.txt", "a list")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "", "\x00"])
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"not a pose[^$]*a\.json"):
        read_json_file(tmp_path / "a.json", "a pose")


def test_numbers_are_parted_by_white_space_or_commas() -> None:
    assert numbers(" 1, 2\t-3e2\n", "line 1").tolist() == [1, 2, -300]
    assert numbers("", "line 1").shape == (0,)
    with pytest.raises(InputError, match="line 1 holds something else than numbers"):
        numbers("1 two", "line 1")


@pytest.mark.parametrize("values", [[[1], [1, 2]], {"x": 1}, ["a"], [10**400], [[1], None]])
def test_lists_that_are_no_array_of_numbers_are_refused(values: object) -> None:
    with pytest.raises(InputError, match="the joints of x are not an array"):
        coordinates(values, "the joints of x")


def test_files_are_sorted_and_links_stay_inside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.txt"
    inside.mkdir()
    outside.write_text("")
    for name in ("b.txt", "a.txt", "c.json"):
        (inside / name).write_text("")
    (inside / "d.txt").symlink_to(inside / "a.txt")
    for hidden in (inside / ".ipynb_checkpoints" / "a.txt", inside / ".a.txt"):
        hidden.parent.mkdir(exist_ok=True)
        hidden.write_text("")
    assert [file.name for file in files_of(inside, "*.txt")] == ["a.txt", "b.txt", "d.txt"]
    assert [file.name for file in files_of(inside, "**/*.txt")] == ["a.txt", "b.txt", "d.txt"]
    (inside / "e.txt").symlink_to(outside)
    with pytest.raises(InputError, match="a link leads out of the source"):
        files_of(inside, "*.txt")
    with pytest.raises(InputError, match="no files of this format"):
        files_of(inside, "*.xml")
    with pytest.raises(InputError, match="not a folder"):
        files_of(outside, "*")


def plain(splits: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    return {name: clips.tolist() for name, clips in splits.items()}


def test_who_does_not_train_tests_unless_the_test_is_named() -> None:
    train, test = np.array([True, False, False]), np.array([False, False, True])
    assert plain(split_pair("own", train)) == {"own_train": [0], "own_test": [1, 2]}
    assert plain(split_pair("own", train, test)) == {"own_train": [0], "own_test": [2]}


def test_a_protocol_has_both_sides_or_is_left_out() -> None:
    some, none = np.array([True, False]), np.zeros(2, dtype=bool)
    assert split_pair("own", ~none) == split_pair("own", none) == split_pair("own", some, none) == {}


def test_names_tell_the_sides_of_a_protocol() -> None:
    clips = [SkeletonSequence(np.zeros((1, 1, 20, 3)), 0, load_layout("kinect20"), name) for name in ("b/1", "a/1")]
    store = SkeletonStore.from_sequences(clips, ["x"])
    splits = splits_by_name("own", lambda name: name.startswith("a/"))(store)
    assert plain(splits) == {"own_train": [1], "own_test": [0]}
