"""UTD-MHAD: round trip, joints put in the order of the layout, the official protocol, files that are wrong."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.source import ClipLabels, LeftOut
from stgnn.data.readers.utd_mhad import JOINTS, read_utd_mhad
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.law import check_clips, splits_of
from tests.data.readers.real import check_clips_against, check_splits_against, needs_data, open_both
from tests.data.readers.twin_matlab import write_mat
from tests.data.readers.twin_utd_mhad import write_utd_mhad

FILE = "a1_s1_t1_skeleton.mat"


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    source, expected = write_utd_mhad(tmp_path, np.random.default_rng(0))
    opened = read_utd_mhad(source)
    check_clips(opened, expected)
    assert splits_of(opened, expected) == {
        "xsub_train": [0, 2, 4],
        "xsub_test": [1, 3, 5],
    }


def test_a_layout_of_other_joint_names_has_the_order_of_the_files(tmp_path: Path) -> None:
    source, expected = write_utd_mhad(tmp_path, np.random.default_rng(0))
    names = tuple(f"joint{number}" for number in range(20))
    read = next(read_utd_mhad(source, replace(load_layout("kinect20"), joints=names)).clips(0))
    assert not isinstance(read, LeftOut)
    order = [JOINTS.index(joint) for joint in load_layout("kinect20").joints]
    assert np.array_equal(read.keypoints[:, :, order], expected[0].keypoints)


@pytest.mark.parametrize("shape", [(20, 3), (25, 3, 4), (3, 20, 4), (20, 3, 4, 1)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    write_mat(tmp_path / FILE, {"d_skel": np.ones(shape)})
    with pytest.raises(InputError, match=rf"d_skel of .*{FILE} is wrong"):
        list(read_utd_mhad(tmp_path).clips(0))


def test_numbers_that_are_not_finite_are_refused_with_clip_frame_and_joint(tmp_path: Path) -> None:
    joints = np.ones((20, 3, 4))
    joints[0, 1, 2] = np.nan
    write_mat(tmp_path / FILE, {"d_skel": joints})
    with pytest.raises(InputError, match=r"(?s)a1_s1_t1.*frame 2, joint 3"):
        list(read_utd_mhad(tmp_path).clips(0))


@pytest.mark.parametrize(("joints", "reason"), [(np.ones((20, 3, 0)), "no frames"), (np.zeros((20, 3, 2)), "no body")])
def test_clips_without_frames_or_body_are_left_out(joints: np.ndarray, reason: str, tmp_path: Path) -> None:
    write_mat(tmp_path / FILE, {"d_skel": joints})
    assert list(read_utd_mhad(tmp_path).clips(0)) == [LeftOut("a1_s1_t1", reason)]


def test_wrong_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"allowed: files a\*_s\*_t\*_skeleton.mat"):
        read_utd_mhad(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        read_utd_mhad(tmp_path / "nothing")
    write_mat(tmp_path / "a28_s1_t1_skeleton.mat", {"d_skel": np.ones((20, 3, 1))})
    with pytest.raises(InputError, match=r"class of .*a28_s1_t1_skeleton\.mat is out of range"):
        read_utd_mhad(tmp_path)
    with pytest.raises(InputError, match="labels of its own"):
        read_utd_mhad(tmp_path, None, ClipLabels((), {}))
    with pytest.raises(InputError, match="does not fit the format"):
        read_utd_mhad(tmp_path, load_layout("ntu25"))


@needs_data
def test_original_files_agree_with_the_prepared_ones() -> None:
    source, arrays = open_both("utd-mhad", "utd_mhad")
    names = arrays["name"].tolist()
    assert check_clips_against(source, arrays, names) == {"read": 54}
    check_splits_against(source, arrays, names, arrays["subject"])
