"""Annotation pickles: clips, units, splits and labels; what does not follow the format is refused by name."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.readers.pyskl import read_pyskl
from stgnn.data.readers.pyskl_splits import protocols
from stgnn.data.readers.source import ClipLabel, ClipLabels, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.law import check_clips
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_pyskl import annotation, write_2d, write_3d, write_kinetics

RNG = np.random.default_rng(0)
WRITERS = [write_3d, write_2d, write_kinetics]


def write(folder: Path, content: object) -> Path:
    (folder / "set.pkl").write_bytes(pickle.dumps(content))
    return folder / "set.pkl"


def points(*shape: int) -> np.ndarray:
    return RNG.random(shape).astype(np.float32) + 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("writer", WRITERS)
def test_clips_come_back_from_every_start(writer: Any, tmp_path: Path, seed: int) -> None:
    path, expected = writer(tmp_path, np.random.default_rng(seed))
    check_clips(read_pyskl(path), expected)


@pytest.mark.parametrize(("writer", "protocol"), [(write_3d, "xsub"), (write_2d, "main"), (write_kinetics, "main")])
def test_splits_follow_the_names(writer: Any, protocol: str, tmp_path: Path) -> None:
    path, expected = writer(tmp_path, np.random.default_rng(0))
    store = write_store(read_pyskl(path), tmp_path / "store").store
    train, test = store.split(protocol)
    assert train.tolist() == [0, 1, 2, 3, 4] and test.tolist() == list(range(5, len(expected)))


def test_recordings_of_ntu_tell_the_names_of_the_classes(tmp_path: Path) -> None:
    source = read_pyskl(write_3d(tmp_path, np.random.default_rng(0))[0])
    assert len(source.class_names) == 60 and source.class_names[9] == "clapping"


def test_units_are_said_and_can_be_taken_back(tmp_path: Path) -> None:
    pixels = points(1, 3, 17, 2) * 100
    entry = annotation("a", 0, pixels, keypoint_score=points(1, 3, 17), img_shape=(480, 640))
    source = read_pyskl(write(tmp_path, [entry]))
    (clip,) = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and "shares of half the image" in source.notes[0]
    assert np.allclose((clip.keypoints + 1) * [320, 240], pixels, atol=1e-4)
    bare = read_pyskl(write(tmp_path, [annotation("a", 0, pixels)]))
    (clip,) = bare.clips(0)
    assert isinstance(clip, SkeletonSequence) and np.array_equal(clip.keypoints, pixels) and not bare.scored
    assert "as in the file" in bare.notes[0]


def test_a_third_channel_of_a_flat_body_is_the_score(tmp_path: Path) -> None:
    array = points(2, 3, 18, 3)
    (clip,) = read_pyskl(write(tmp_path, [annotation("a", 0, array)])).clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.layout.name == "openpose18"
    assert np.array_equal(clip.keypoints, array[..., :2]) and np.array_equal(clip.scores, array[..., 2])


def test_scores_of_some_clips_are_no_scores(tmp_path: Path) -> None:
    entries = [
        annotation("a", 0, points(1, 2, 17, 2), keypoint_score=points(1, 2, 17)),
        annotation("b", 0, points(1, 2, 17, 2)),
    ]
    source = read_pyskl(write(tmp_path, entries))
    assert not source.scored and any("scores are left out" in note for note in source.notes)
    assert all(isinstance(clip, SkeletonSequence) and clip.scores is None for clip in source.clips(0))


def test_clips_without_anybody_are_left_out(tmp_path: Path) -> None:
    arrays = [points(1, 2, 25, 3), np.zeros((1, 2, 25, 3)), np.zeros((0, 2, 25, 3)), np.zeros((1, 0, 25, 3))]
    path = write(tmp_path, [annotation(f"clip{number}", 0, array) for number, array in enumerate(arrays)])
    assert list(read_pyskl(path).clips(1)) == [
        LeftOut("clip1", "no body"),
        LeftOut("clip2", "no body"),
        LeftOut("clip3", "no frames"),
    ]


def test_an_empty_annotation_does_not_ask_for_bodies(tmp_path: Path) -> None:
    entries = [annotation("a", 0, points(1, 2, 17, 2)), annotation("b", 0, np.zeros((1 << 36, 0, 17, 2)))]
    imported = write_store(read_pyskl(write(tmp_path, entries)), tmp_path / "store")
    assert imported.store.keypoints.shape == (2, 1, 17, 2) and imported.left_out == (LeftOut("b", "no frames"),)


def test_an_image_size_beyond_all_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.pkl"
    path.write_bytes(pickle.dumps([annotation("a", 0, points(1, 2, 17, 2), img_shape=(10**398, 5))], 0))
    with pytest.raises(InputError, match="not a whole pickle"):
        read_pyskl(path)


def test_annotations_without_labels_take_those_of_a_table(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation(name, None, points(1, 2, 25, 3)) for name in ("a", "b", "c")])
    with pytest.raises(InputError, match="holds no labels"):
        read_pyskl(path)
    table = ClipLabels(("walk", "run"), {"a": ClipLabel(1, 4, 2, "train"), "b": ClipLabel(0, split="test")})
    source = read_pyskl(path, None, table)
    clips = list(source.clips(0))
    assert isinstance(clips[0], SkeletonSequence) and (clips[0].label, clips[0].subject, clips[0].view) == (1, 4, 2)
    assert clips[2] == LeftOut("c", "not in the table of labels")
    assert write_store(source, tmp_path / "store").store.protocols == ("own",)
    with pytest.raises(InputError, match="labels of its own"):
        read_pyskl(write(tmp_path, [annotation("a", 1, points(1, 2, 25, 3))]), None, table)


def test_names_of_splits_are_protocols() -> None:
    names = [
        "xsub_train",
        "xsub_val",
        "xset_train",
        "xset_test",
        "train",
        "val",
        "test",
        "train1",
        "test1",
        "train2",
        "other",
    ]
    found = protocols({name: [name] for name in names})
    assert sorted(found) == ["1", "main", "xset", "xsub"]
    assert found["main"].test == ["test"] and found["xsub"].test == ["xsub_val"] and found["1"].train == ["train1"]


def test_side_files_that_are_not_there_leave_clips_out(tmp_path: Path) -> None:
    path, clips = write_kinetics(tmp_path, np.random.default_rng(0))
    (tmp_path / "kpfiles" / "part1.pkl").unlink()
    read = list(read_pyskl(path).clips(0))
    assert read[2:4] == [LeftOut(clip.name, "its file of key points is not there") for clip in clips[2:4]]
    assert all(isinstance(clip, SkeletonSequence) for clip in read[:2] + read[4:])


def test_side_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path, _ = write_kinetics(tmp_path, np.random.default_rng(0))
    (tmp_path / "kpfiles" / "part0.pkl").write_bytes(pickle.dumps({"clip_0": {"keypoint": points(4, 17, 3)}}))
    with pytest.raises(InputError, match=r"clip_0[^$]*frame_inds[^$]*4 numbers"):
        list(read_pyskl(path).clips(0))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (3, "not an annotation pickle"),
        ({"annotations": {}}, "not an annotation pickle"),
        ([], "holds no annotations"),
        ([{"label": 1}], "annotation 0 .* no name under 'frame_dir'"),
        ([annotation("a", 0, points(2, 25, 3))], r"annotation 0 \(a\).*'keypoint' is of the wrong kind"),
        ([annotation("a", 0, np.array([[[["x"]]]]))], "'keypoint' is of the wrong kind"),
        ([annotation("a", 0, points(1, 2, 25, 3)), annotation("b", 0, points(1, 2, 17, 2))], "different bodies"),
        ([annotation("a", 0, points(1, 2, 20, 3))], r"layout of .* is not known[^$]*kinect20"),
        ([annotation("a", 0, points(1, 2, 7, 2))], "layout of .* is not known"),
        ([annotation("a", 0, points(1, 2, 17, 2), keypoint_score=points(1, 3, 17))], "scores do not fit"),
        ([annotation("a", 0, points(1, 2, 17, 2), img_shape="big")], "'img_shape' is of the wrong kind"),
        ([annotation("a", 0, points(1, 2, 17, 2), img_shape=(0, 5))], "'img_shape' is no size"),
        ([annotation("a", 0, points(1, 2, 25, 3)), annotation("b", None, points(1, 2, 25, 3))], "has no label"),
        ([{"frame_dir": "a", "label": [1, 2], "keypoint": points(1, 2, 25, 3)}], "'label' is no whole number"),
        ([annotation("a", -1, points(1, 2, 25, 3))], "wrong label"),
        ([annotation("a", 2**30, points(1, 2, 25, 3))], "wrong label"),
        ({"annotations": [annotation("a", 0, points(1, 2, 25, 3))], "split": {"train": 3}}, "splits .* wrong kind"),
        ([annotation("a", 0, points(1, 2, 25, 3) * np.nan)], "not finite"),
        ([annotation("a", 0, np.full((1, 2, 25, 3), 1e300))], "not finite"),
    ],
)
def test_what_does_not_follow_the_format_is_refused(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        list(read_pyskl(write(tmp_path, content)).clips(0))


def test_a_layout_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = write_3d(tmp_path, np.random.default_rng(0))[0]
    with pytest.raises(InputError, match="does not fit the layout 'coco17'"):
        read_pyskl(path, load_layout("coco17"))


def test_some_image_sizes_are_refused(tmp_path: Path) -> None:
    entries = [annotation("a", 0, points(1, 2, 17, 2), img_shape=(9, 9)), annotation("b", 0, points(1, 2, 17, 2))]
    with pytest.raises(InputError, match="no img_shape"):
        read_pyskl(write(tmp_path, entries))


@needs_data
def test_the_published_sample_of_kinetics_has_no_key_points() -> None:
    source = read_pyskl(REAL / "kinetics_pyskl_sample" / "raw" / "sample.pkl")
    clips = list(source.clips(0))
    assert source.count == len(clips) == 100 and source.layout.name == "coco17" and len(source.class_names) <= 400
    assert {clip.reason for clip in clips if isinstance(clip, LeftOut)} == {"its file of key points is not there"}
