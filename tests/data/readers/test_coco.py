"""COCO-style keypoints: clips come back, persons and sizes are used where the files say them, damage is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.readers.coco import read_coco
from stgnn.data.readers.source import ClipLabel, ClipLabels, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.law import check_clips
from tests.data.readers.twin_coco import SIZE, detection, write_coco, write_detections

JOINTS = np.full((17, 3), 0.5, np.float32)
LABELS = ClipLabels(("jump", "wave"), {"one": ClipLabel(1, 4, 2, "train"), "two": ClipLabel(0, 5, 2, "test")})


def test_clips_come_back(tmp_path: Path) -> None:
    path, expected = write_coco(tmp_path, np.random.default_rng(0))
    source = read_coco(path)
    check_clips(source, expected)
    assert source.class_names == ("jump", "wave") and source.layout.name == "coco17"
    assert "-1 to 1" in source.notes[0]


def test_a_table_of_labels_names_clips_and_the_others_are_left_out(tmp_path: Path) -> None:
    for name in ("one", "deep/two", "three"):
        write_detections(tmp_path / f"{name}.json", [detection(0, JOINTS)])
    two, one, three = read_coco(tmp_path, labels=LABELS).clips(0)
    assert isinstance(one, SkeletonSequence) and isinstance(two, SkeletonSequence)
    assert (one.name, one.label, one.subject, one.view) == ("one", 1, 4, 2)
    assert (two.name, two.label) == ("two", 0)
    assert three == LeftOut("three", "not in the table of labels")


def test_without_tracks_the_best_detection_of_each_frame_is_kept(tmp_path: Path) -> None:
    found = [detection(f"{frame}.jpg", JOINTS * 2 if best else JOINTS) for frame in (10, 9) for best in (0, 1, 0)]
    write_detections(tmp_path / "a" / "b.json", found)
    write_detections(tmp_path / "a" / "nobody.json", [])
    source = read_coco(tmp_path)
    clip, nobody = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and source.persons == 1 and "pixels" in source.notes[0]
    assert clip.keypoints.shape == (1, 2, 17, 2) and (clip.keypoints == 1).all()
    assert nobody == LeftOut("a/nobody", "no body")


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    order = [f"f{number}.png" for number in (10, 9, 100)]
    write_detections(tmp_path / "a" / "b.json", [detection(name, JOINTS * float(name[1:-4])) for name in order])
    (clip,) = read_coco(tmp_path).clips(0)
    assert isinstance(clip, SkeletonSequence)
    assert clip.keypoints[0, :, 0, 0].tolist() == [4.5, 5, 50]


def test_flags_become_scores(tmp_path: Path) -> None:
    joints = np.stack([np.arange(1, 18), np.arange(1, 18), np.arange(17) % 3], axis=1).astype(np.float32)
    write_detections(tmp_path / "a" / "b.json", [detection(0, joints)])
    (clip,) = read_coco(tmp_path).clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.scores is not None
    assert clip.scores[0, 0].tolist() == (joints[:, 2] / 2).tolist()
    assert (clip.keypoints[0, 0].any(axis=-1) == (joints[:, 2] > 0)).all()


def test_the_number_of_keypoints_tells_the_layout_or_the_user_does(tmp_path: Path) -> None:
    write_detections(tmp_path / "halpe" / "a" / "b.json", [detection(0, np.ones((26, 3), np.float32))])
    assert read_coco(tmp_path / "halpe").layout.name == "halpe26"
    write_detections(tmp_path / "own" / "a" / "b.json", [detection(0, np.ones((15, 3), np.float32))])
    assert read_coco(tmp_path / "own", load_layout("jhmdb15")).layout.name == "jhmdb15"
    with pytest.raises(InputError, match=r"not known(.|\n)*15 joints of 2(.|\n)*17 \(coco17\)"):
        read_coco(tmp_path / "own")
    with pytest.raises(InputError, match="do not fit the layout"):
        read_coco(tmp_path / "own", load_layout("coco17"))


def test_labels_are_needed_and_must_know_the_clips(tmp_path: Path) -> None:
    write_detections(tmp_path / "b.json", [detection(0, JOINTS)])
    with pytest.raises(InputError, match="folder that bears its name"):
        read_coco(tmp_path)
    with pytest.raises(InputError, match="knows none of the clips"):
        read_coco(tmp_path, labels=LABELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([detection(0, JOINTS), detection(1, JOINTS[:5])], "one number of keypoints"),
        ([{"keypoints": JOINTS.tolist()}], "does not say its frame"),
        ([detection(0, JOINTS), 3], "does not follow COCO's form"),
        ({"annotations": [detection(0, JOINTS)], "images": [{"id": 0, "width": -1, "height": 2}]}, "wrong image size"),
        ([{"image_id": 0, "keypoints": [0.5] * 50}], "wrong detection"),
        ([{"image_id": 0, "keypoints": ["x"] * 51}], "not an array of numbers"),
        ({"info": 1}, "does not follow COCO's form"),
        ({"meta_info": {}, "instance_info": []}, "(?s)does not follow COCO's form.*MMPose.*--format csv"),
    ],
)
def test_files_that_do_not_follow_the_form_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    write_detections(tmp_path / "a" / "first.json", [detection(0, JOINTS)])
    write_detections(tmp_path / "a" / "wrong.json", content)
    with pytest.raises(InputError, match=message) as error:
        list(read_coco(tmp_path).clips(1))
    assert "wrong.json" in str(error.value)


def test_an_image_without_its_size_is_named(tmp_path: Path) -> None:
    write_detections(tmp_path / "a" / "a.json", [detection(0, JOINTS)], images=1)
    write_detections(tmp_path / "a" / "b.json", [detection(5, JOINTS)], images=1)
    with pytest.raises(InputError, match=r"b\.json does not say the size of an image(.|\n)*'5'"):
        list(read_coco(tmp_path).clips(1))


def test_a_joint_in_the_very_middle_of_the_image_is_seen(tmp_path: Path) -> None:
    joints = np.full((17, 3), 0.9, np.float32)
    joints[:, :2] = np.array(SIZE, np.float32) / 2
    write_detections(tmp_path / "a" / "b.json", [detection(0, joints)], images=1)
    (clip,) = read_coco(tmp_path).clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.keypoints.any(axis=-1).all()
    assert np.abs(clip.keypoints).max() < 1e-5
