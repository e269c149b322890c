"""What readers share: bounded files, links that stay inside, names and numbers with one clear message."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.data.readers.common import (
    coordinates,
    files_of,
    numbers,
    official_splits,
    read_json_file,
    read_lines,
    refuse_labels,
    require_labels,
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


def test_a_protocol_has_both_sides_or_is_left_out() -> None:
    clips = [SkeletonSequence(np.zeros((1, 1, 20, 3)), 0, load_layout("kinect20")) for _ in range(4)]
    store = SkeletonStore.from_sequences(clips, ["a"])
    splits = official_splits(store, "odd", lambda index: index % 2 == 1)
    assert {name: found.tolist() for name, found in splits.items()} == {"odd_train": [1, 3], "odd_test": [0, 2]}
    assert official_splits(store, "all", lambda index: True) == {}
