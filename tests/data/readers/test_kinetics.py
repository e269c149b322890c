"""Kinetics-Skeleton: round trip, who is kept, label lists, damaged files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.readers.kinetics import read_kinetics_skeleton
from stgnn.data.readers.source import ClipLabels, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from tests.data.readers.law import splits_of
from tests.data.readers.twin_kinetics import CLASSES, skeleton, write_clip, write_kinetics_skeleton, write_list


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.fixture
def one_clip(tmp_path: Path, rng: np.random.Generator) -> Path:
    """The file of the only clip, of two frames."""
    file = tmp_path / "kinetics_val" / "a.json"
    write_clip(file, 1, [(1, [skeleton(rng, 0.5)]), (2, [skeleton(rng, 0.5)])])
    write_list(tmp_path, "val", {"a": 1})
    return file


def test_clips_come_back_training_first_from_any_start(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_kinetics_skeleton(tmp_path, rng)
    opened = read_kinetics_skeleton(source)
    assert (opened.count, opened.persons, opened.scored, opened.class_names) == (3, 2, True, CLASSES)
    assert len(opened.notes) == 1
    for start in range(len(expected) + 1):
        for one, other in zip(opened.clips(start), expected[start:], strict=True):
            assert isinstance(one, SkeletonSequence)
            assert (one.name, one.label) == (other.name, other.label)
            np.testing.assert_array_equal(one.keypoints, other.keypoints)
            assert one.scores is not None and other.scores is not None
            np.testing.assert_array_equal(one.scores, other.scores)


def test_the_two_folders_are_the_protocol_main(tmp_path: Path, rng: np.random.Generator) -> None:
    source, expected = write_kinetics_skeleton(tmp_path, rng)
    assert splits_of(read_kinetics_skeleton(source), expected) == {"main_train": [0, 1], "main_test": [2]}


def test_clips_without_skeleton_file_or_body_are_left_out(tmp_path: Path, one_clip: Path) -> None:
    write_clip(one_clip.with_name("b.json"), 0, [(0, []), (1, [])])
    write_clip(one_clip.with_name("stray.json"), 0, [])
    write_list(tmp_path, "val", {"a": 1, "b": 0, "c": 0, "d": 0}, without=("c",))
    opened = read_kinetics_skeleton(tmp_path)
    assert list(opened.clips(1)) == [
        LeftOut("val/b", "no body"),
        LeftOut("val/c", "without a skeleton, as the label list says"),
        LeftOut("val/d", "no file"),
    ]
    assert "1 files were passed over: no label list names them" in opened.notes


def test_one_folder_is_enough_and_classes_that_no_clip_has_are_numbered(tmp_path: Path, one_clip: Path) -> None:
    opened = read_kinetics_skeleton(tmp_path)
    assert opened.class_names == ("class 0", CLASSES[1])


@pytest.mark.parametrize("indices", [(2, 1), (1, 1), (-1, 0), (0, 10**12), (0, 1.5), (0, "1"), (0, None)])
def test_frame_numbers_that_do_not_rise_or_leap_are_refused(
    indices: tuple[Any, Any], tmp_path: Path, one_clip: Path, rng: np.random.Generator
) -> None:
    write_clip(one_clip, 1, [(index, [skeleton(rng, 0.5)]) for index in indices])
    with pytest.raises(InputError, match=r"frame_index of .*a\.json is wrong"):
        list(read_kinetics_skeleton(tmp_path).clips(0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a clip of Kinetics-Skeleton"),
        ("[]", "does not follow the format"),
        ("{}", "does not follow the format"),
        ('{"data": 3, "label_index": 1}', "does not follow the format"),
        ('{"data": [{"frame_index": 0, "skeleton": 3}], "label_index": 1}', "does not follow the format"),
        ('{"data": [{"frame_index": 0, "skeleton": {"a": 1}}], "label_index": 1}', "does not follow the format"),
        ('{"data": [{"frame_index": 0, "skeleton": ["abc"]}], "label_index": 1}', "does not follow the format"),
        ('{"data": [], "label_index": 0}', "class 0"),
    ],
)
def test_damaged_clips_are_refused_naming_the_file(content: str, message: str, tmp_path: Path, one_clip: Path) -> None:
    one_clip.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        list(read_kinetics_skeleton(tmp_path).clips(0))
    assert one_clip.name in str(caught.value)


@pytest.mark.parametrize(("key", "count"), [("pose", 35), ("pose", 38), ("score", 17)])
def test_bodies_of_another_size_are_refused(
    key: str, count: int, tmp_path: Path, one_clip: Path, rng: np.random.Generator
) -> None:
    write_clip(one_clip, 1, [(0, [skeleton(rng, 0.5) | {key: [0.5] * count}])])
    with pytest.raises(InputError, match="does not follow the format"):
        list(read_kinetics_skeleton(tmp_path).clips(0))


@pytest.mark.parametrize(("key", "what"), [("pose", "coordinates"), ("score", "scores")])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_numbers_that_are_not_finite_are_refused(
    key: str, what: str, value: float, tmp_path: Path, one_clip: Path, rng: np.random.Generator
) -> None:
    body = skeleton(rng, 0.5)
    body[key][-1] = value
    write_clip(one_clip, 1, [(0, [body])])
    with pytest.raises(InputError, match=f"(?s){what}.*joint 17") as caught:
        list(read_kinetics_skeleton(tmp_path).clips(0))
    assert "a" in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (3, "does not describe the clip 'a'"),
        ({"label_index": 1, "label": "x"}, "does not describe the clip 'a'"),
        ({"label_index": 10**9, "label": "x", "has_skeleton": True}, "class of 'a' .* is wrong"),
        ({"label_index": -1, "label": "x", "has_skeleton": True}, "class of 'a' .* is wrong"),
        ({"label_index": 1, "label": None, "has_skeleton": True}, "class of 'a' .* is wrong"),
    ],
)
def test_damaged_label_lists_are_refused(entry: Any, message: str, tmp_path: Path, one_clip: Path) -> None:
    (tmp_path / "kinetics_val_label.json").write_text(json.dumps({"a": entry}))
    with pytest.raises(InputError, match=message):
        read_kinetics_skeleton(tmp_path)


def test_a_class_has_one_name(tmp_path: Path, one_clip: Path) -> None:
    listed = {name: {"label_index": 1, "label": name, "has_skeleton": True} for name in ("a", "b")}
    (tmp_path / "kinetics_val_label.json").write_text(json.dumps(listed))
    with pytest.raises(InputError, match="two names to class 1"):
        read_kinetics_skeleton(tmp_path)


def test_what_does_not_fit_is_refused_at_once(tmp_path: Path, one_clip: Path) -> None:
    with pytest.raises(InputError, match="labels of its own"):
        read_kinetics_skeleton(tmp_path, None, ClipLabels((), {}))
    with pytest.raises(InputError, match="no part of Kinetics-Skeleton"):
        read_kinetics_skeleton(tmp_path / "kinetics_val")
    (tmp_path / "kinetics_val_label.json").write_text("[]")
    with pytest.raises(InputError, match="no label list"):
        read_kinetics_skeleton(tmp_path)
    (tmp_path / "kinetics_val_label.json").unlink()
    with pytest.raises(InputError, match="label list"):
        read_kinetics_skeleton(tmp_path)
