"""The plain npz layout: what was written is read, in the joint order of the layout; a bad file is refused by name."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.npz import read_npz
from stgnn.data.readers.source import ClipLabels, LeftOut
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.law import check_clips
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_npz import write_npz

Arrays = dict[str, np.ndarray]


@pytest.mark.parametrize("seed", range(3))
def test_clips_come_back_in_the_joint_order_of_the_layout(tmp_path: Path, seed: int) -> None:
    path, expected = write_npz(tmp_path, np.random.default_rng(seed))
    source = read_npz(path)
    check_clips(source, expected)
    assert source.class_names == ("wave", "walk", "größer") and source.scored


def test_a_bare_file_needs_a_layout_and_gets_defaults(arrays: Arrays, tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", **{key: arrays[key] for key in ("keypoint", "frame_offset", "label_action")})
    with pytest.raises(InputError, match=r"layout of .* is not known[^$]*kinect20"):
        read_npz(tmp_path / "bare.npz")
    source = read_npz(tmp_path / "bare.npz", load_layout("kinect20"))
    clip = next(iter(source.clips(3)))
    assert source.class_names == ("0", "1", "2") and (clip.name, clip.subject, clip.view) == ("clip000003", -1, -1)


def test_pairs_of_subjects_count_as_one(arrays: Arrays, tmp_path: Path) -> None:
    pairs = np.stack([arrays["subject"], arrays["subject"] + 1], axis=1)
    np.savez(tmp_path / "pairs.npz", **{**arrays, "subject": pairs})
    subjects = [clip.subject for clip in read_npz(tmp_path / "pairs.npz").clips(0)]
    assert subjects == arrays["subject"].tolist()
    np.savez(tmp_path / "swapped.npz", **{**arrays, "subject": pairs[:, ::-1]})
    assert [clip.subject for clip in read_npz(tmp_path / "swapped.npz").clips(0)] == subjects


def test_clips_without_frames_are_left_out_and_splits_follow(arrays: Arrays, tmp_path: Path) -> None:
    arrays["frame_offset"][3] = arrays["frame_offset"][2]  # clip 2 gives its frames to clip 3
    np.savez(tmp_path / "source.npz", **arrays)
    imported = write_store(read_npz(tmp_path / "source.npz"), tmp_path / "out")
    assert imported.left_out == (LeftOut("clip2", "no frames"),)
    train, test = imported.store.split("xsub")
    assert [imported.store.names[clip] for clip in test] == [f"clip{number}" for number in range(18, 24)]
    assert len(train) == 17 and imported.store.names[2] == "clip3"


def test_labels_from_elsewhere_are_refused(tmp_path: Path) -> None:
    path, _ = write_npz(tmp_path, np.random.default_rng(0))
    with pytest.raises(InputError, match="labels of its own"):
        read_npz(path, None, ClipLabels(("a",), {}))


@pytest.mark.parametrize(
    ("change", "body", "message"),
    [
        ({}, "ntu25", "do not match the layout 'ntu25'"),
        ({"joint_names": None}, "ntu25", "given:   20 joints of 3 coordinates"),
        ({"joint_names": np.array(["a"])}, "kinect20", "one joint name for each joint"),
        ({"joint_names": np.array([f"j{i}" for i in range(20)])}, None, "layout of .* is not known"),
        ({"label_action": None}, None, "exactly one array of labels"),
        ({"label_gesture": np.zeros(24, dtype=int)}, None, "exactly one array of labels"),
        ({"label_action": np.full(24, 3)}, None, "label of clip 0"),
        ({"label_action": np.zeros(24)}, None, "label_action.* of the wrong kind"),
        ({"label_action": np.array(["a"] * 24)}, None, "return_inverse"),
        ({"label_action": np.zeros(23, dtype=int)}, None, r"(?s)frame_offset of .*25 numbers.*24: there are 23 labels"),
        ({"frame_offset": np.zeros(0, dtype=int)}, None, r"(?s)frame_offset of .*0 numbers.*25: there are 24 labels"),
        ({"keypoint": None}, None, "no array 'keypoint'"),
        ({"keypoint": np.zeros((3, 1, 20, 3), dtype=complex)}, None, "'keypoint' .* of the wrong kind"),
        ({"keypoint": np.zeros((144, 20, 3))}, None, r"keypoint\[:, None\] is that of one person"),
        ({"split_xsub_test": np.ones(24, dtype=bool)}, None, "numpy.flatnonzero"),
        ({"frame_offset": None}, None, "no array 'frame_offset'"),
        ({"frame_offset": np.zeros(25, dtype=int)}, None, "do not cover its frames"),
        ({"score": np.zeros((2, 2, 20))}, None, "the scores of .* do not fit"),
        ({"subject": np.zeros(3, dtype=int)}, None, "one entry of subject"),
        ({"split_xsub_test": np.array([24])}, None, "clips that are not there"),
        ({"name": np.array([{}] * 24, dtype=object)}, None, "'name' .* holds objects"),
    ],
)
def test_bad_files_are_refused(
    arrays: Arrays, tmp_path: Path, change: dict[str, np.ndarray | None], body: str | None, message: str
) -> None:
    content = {key: value for key, value in {**arrays, **change}.items() if value is not None}
    np.savez(tmp_path / "source.npz", **content)
    with pytest.raises(InputError, match=message):
        read_npz(tmp_path / "source.npz", load_layout(body) if body else None)


def test_a_file_cut_off_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    path, _ = write_npz(tmp_path, np.random.default_rng(0))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a whole"):
        read_npz(path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match="a single array"):
        read_npz(tmp_path / "one.npy")


@needs_data
def test_joints_of_a_real_set_stand_at_their_names(tmp_path: Path) -> None:
    path = REAL / "utd_mhad" / "utd_mhad.npz"
    store = write_store(read_npz(path), tmp_path / "out").store
    with np.load(path) as file:
        head = file["joint_names"].tolist().index("head")
        assert np.array_equal(store.keypoints[:, :, store.layout.joints.index("head")], file["keypoint"][:, :, head])
