"""OpenPose: clips come back, frames are in order, 25 joints become 18, damage is named."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.openpose import BODY_25, read_openpose
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from tests.data.readers.law import check_clips
from tests.data.readers.twin_openpose import write_frame, write_openpose

JOINTS = np.full((18, 3), 0.5, np.float32)


def test_clips_come_back(tmp_path: Path) -> None:
    path, expected = write_openpose(tmp_path, np.random.default_rng(0))
    source = read_openpose(path)
    check_clips(source, expected)
    assert source.persons == 1 and source.class_names == ("fall", "walk")


def test_of_25_joints_those_of_the_layout_are_kept_and_a_note_says_so(tmp_path: Path) -> None:
    joints = np.random.default_rng(0).uniform(0.1, 1, size=(25, 3)).astype(np.float32)
    write_frame(tmp_path / "walk" / "a", 0, [joints])
    source = read_openpose(tmp_path)
    (clip,) = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and "BODY_25" in source.notes[1]
    np.testing.assert_array_equal(clip.keypoints[0, 0], joints[list(BODY_25), :2])
    names = dict(zip(source.layout.joints, BODY_25, strict=True))
    assert (names["neck"], names["right_hip"], names["left_ankle"], names["left_ear"]) == (1, 9, 14, 18)


def test_tracked_persons_stay_themselves(tmp_path: Path) -> None:
    strong, weak = JOINTS * 1.8, JOINTS
    for frame in range(3):
        write_frame(tmp_path / "walk" / "a", frame, [weak, strong] if frame < 2 else [weak], person=3)
    write_frame(tmp_path / "walk" / "nobody", 0, [])
    source = read_openpose(tmp_path)
    clip, nobody = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and source.persons == 2
    assert clip.keypoints[:, :, 0, 0].tolist() == [[np.float32(0.9), np.float32(0.9), 0], [0.5, 0.5, 0.5]]
    assert nobody == LeftOut("walk/nobody", "no body")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a frame of OpenPose"),
        ('{"people": 3}', "does not follow the OpenPose format"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "wrong person"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, 1]}]}', "one number of joints"),
        ('{"people": [{"pose_keypoints_2d": [1, 2, NaN]}]}', "wrong person"),
    ],
)
def test_files_that_do_not_follow_the_format_are_refused(tmp_path: Path, text: str, message: str) -> None:
    write_frame(tmp_path / "walk" / "a", 0, [JOINTS])
    (tmp_path / "walk" / "a" / "video_1_keypoints.json").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        list(read_openpose(tmp_path).clips(0))
    assert "video_1_keypoints.json" in str(error.value)


def test_a_folder_without_persons_or_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files of this format"):
        read_openpose(tmp_path)
    write_frame(tmp_path / "walk" / "a", 0, [])
    with pytest.raises(InputError, match="show nobody"):
        read_openpose(tmp_path)
