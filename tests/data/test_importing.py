"""Foreign files become stores, or one clear message; an existing output is never harmed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import READERS, SkeletonStore, check_store, import_data
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout

Arrays = dict[str, np.ndarray]


@pytest.fixture
def source(arrays: Arrays, tmp_path: Path) -> Path:
    """An npz file."""
    np.savez(tmp_path / "source.npz", **arrays)
    return tmp_path / "source.npz"


def write_clip(folder: Path, name: str, keypoints: np.ndarray, label: int) -> None:
    """One NW-UCLA file."""
    folder.mkdir(exist_ok=True)
    content = {"file_name": name, "skeletons": keypoints.tolist(), "label": label}
    (folder / f"{name}.json").write_text(json.dumps(content))


def test_npz_import_keeps_everything(source: Path, store: SkeletonStore, tmp_path: Path) -> None:
    summary = import_data("npz", source, tmp_path / "out")
    opened = SkeletonStore.open(tmp_path / "out")
    assert np.array_equal(opened.keypoints, store.keypoints) and opened.layout == store.layout
    assert (opened.names, opened.class_names) == (store.names, store.class_names)
    assert np.array_equal(opened.subjects, store.subjects) and np.array_equal(opened.views, store.views)
    assert summary["splits"] == {"xsub_test": 6, "xsub_train": 18} and summary["classes"] == {"a": 8, "b": 8, "c": 8}
    assert json.loads(json.dumps(summary)) == summary


def test_joints_in_another_order_are_put_in_place(arrays: Arrays, store: SkeletonStore, tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(20)
    scores = np.random.default_rng(2).random(store.keypoints.shape[:3]).astype(np.float32)
    shuffled = {"keypoint": store.keypoints[:, :, order], "joint_names": arrays["joint_names"][order]}
    np.savez(tmp_path / "source.npz", **{**arrays, **shuffled, "score": scores[:, :, order]})
    read = READERS["npz"](tmp_path / "source.npz", None)
    assert np.array_equal(read.keypoints, store.keypoints) and np.array_equal(read.scores, scores)


def test_a_bare_file_needs_a_layout_and_gets_defaults(arrays: Arrays, tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", **{key: arrays[key] for key in ("keypoint", "frame_offset", "label_action")})
    with pytest.raises(InputError, match=r"layout of .* is not known[^$]*kinect20"):
        import_data("npz", tmp_path / "bare.npz", tmp_path / "out")
    import_data("npz", tmp_path / "bare.npz", tmp_path / "out", layout="kinect20")
    read = SkeletonStore.open(tmp_path / "out")
    assert read.class_names == ("0", "1", "2") and read.names[3] == "clip000003" and set(read.subjects) == {-1}


def test_pairs_of_subjects_count_as_one(arrays: Arrays, tmp_path: Path) -> None:
    pairs = np.stack([arrays["subject"], arrays["subject"] + 1], axis=1)
    np.savez(tmp_path / "pairs.npz", **{**arrays, "subject": pairs})
    assert np.array_equal(READERS["npz"](tmp_path / "pairs.npz", None).subjects, arrays["subject"])


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
        ({"keypoint": None}, None, "no array 'keypoint'"),
        ({"frame_offset": None}, None, "no array 'frame_offset'"),
        ({"frame_offset": np.zeros(25, dtype=int)}, None, "is empty"),
        ({"split_xsub_test": np.array([0])}, None, "overlap"),
        ({"name": np.array([{}] * 24, dtype=object)}, None, "not a whole .npz file of plain arrays"),
    ],
)
def test_bad_npz_files_are_refused_and_nothing_is_left(
    arrays: Arrays, tmp_path: Path, change: dict[str, np.ndarray | None], body: str | None, message: str
) -> None:
    content = {key: value for key, value in {**arrays, **change}.items() if value is not None}
    np.savez(tmp_path / "source.npz", **content)
    with pytest.raises(InputError, match=message):
        import_data("npz", tmp_path / "source.npz", tmp_path / "out", body)
    assert [path.name for path in tmp_path.iterdir()] == ["source.npz"]


def test_a_file_cut_off_or_of_another_kind_is_refused(source: Path, tmp_path: Path) -> None:
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="not a whole"):
        import_data("npz", source, tmp_path / "out")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match="not a whole"):
        import_data("npz", tmp_path / "one.npy", tmp_path / "out")


def test_wrong_arguments_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no reader for this format[^$]*nw-ucla[^$]*did you mean npz"):
        import_data("npzz", source, tmp_path / "out")
    with pytest.raises(InputError, match="source does not exist"):
        import_data("npz", tmp_path / "nothing.npz", tmp_path / "out")
    with pytest.raises(InputError, match="no such layout"):
        import_data("npz", source, tmp_path / "out", layout="kinect21")


def test_existing_outputs_stay_on_failure(source: Path, saved: Path, arrays: Arrays) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(InputError, match="exists already"):
        import_data("npz", source, saved)
    arrays["keypoint"] = np.where(np.arange(len(arrays["keypoint"]))[:, None, None, None] == 7, np.nan, 1.0)
    arrays["keypoint"] = np.broadcast_to(arrays["keypoint"], (len(arrays["keypoint"]), 2, 20, 3))
    np.savez(source, **arrays)
    with pytest.raises(InputError, match="not finite"):
        import_data("npz", source, saved, overwrite=True)
    assert before == {file.name: file.read_bytes() for file in saved.iterdir()}


def test_nw_ucla_files_are_read_and_repeated_clips_leave_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = {f"a02_s0{take}_e00_v0{view}": rng.normal(size=(3 + take, 20, 3)) for take in (1, 2) for view in (1, 2, 3)}
    clips["a02_s02_e00_v03"] = clips["a02_s02_e00_v02"]
    for name, keypoints in clips.items():
        write_clip(tmp_path / "json", name, keypoints, label=2)
    summary = import_data("nw-ucla", tmp_path / "json", tmp_path / "out")
    assert summary["problems"]["train_clips_repeated_in_test"] == {"xview": 1, "xview_nodup": 0}
    store = SkeletonStore.open(tmp_path / "out")
    assert store.layout.name == "kinect20" and set(store.labels) == {1}
    assert (store.subjects.tolist(), store.views.tolist()) == ([1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3])
    assert store.splits["xview_train"].tolist() == [0, 1, 3, 4] and store.splits["xview_nodup_train"].tolist() == [
        0,
        1,
        3,
    ]
    assert np.allclose(store[4].keypoints[0], clips["a02_s02_e00_v02"])


def test_nw_ucla_without_test_view_has_no_protocol(tmp_path: Path) -> None:
    write_clip(tmp_path, "a01_s01_e00_v01", np.ones((2, 20, 3)), 1)
    assert READERS["nw-ucla"](tmp_path, None).protocols == ()


@pytest.mark.parametrize(
    ("keypoints", "label", "message"),
    [
        (np.ones((2, 20, 3)), 11, "label of .* out of range"),
        (np.ones((0, 20, 3)), 1, "is empty"),
        (np.ones((2, 25, 3)), 1, "do not match the layout"),
        (np.full((2, 20, 3), np.nan), 1, "frame 0, joint 0"),
    ],
)
def test_bad_nw_ucla_files_are_refused(tmp_path: Path, keypoints: np.ndarray, label: int, message: str) -> None:
    write_clip(tmp_path / "json", "a01_s01_e00_v01", keypoints, label)
    with pytest.raises(InputError, match=message):
        import_data("nw-ucla", tmp_path / "json", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"label": 1}', '{"skeletons": [[1], [1, 2]], "label": 1}'])
def test_broken_nw_ucla_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a01_s01_e00_v01.json").write_text(text)
    with pytest.raises(InputError, match="a01_s01_e00_v01"):
        READERS["nw-ucla"](tmp_path, None)


def test_a_folder_without_nw_ucla_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no NW-UCLA files here"):
        READERS["nw-ucla"](tmp_path, None)


def test_check_counts_what_is_wrong(store: SkeletonStore) -> None:
    problems = check_store(store)["problems"]
    assert problems["clips_of_one_frame"] == 1 and problems["frames_not_finite"] == 0
    assert problems["frames_all_zero"] == store.lengths[4]
    # 12 clips have one person; clip 4 is one of them and has nobody; clip 5 lacks its first.
    assert problems["bodies_empty"] == 12 + 1 + 1
    assert problems["joints_zero"] >= len(store) - 2


REAL = Path(os.environ.get("STGNN_DATA", "."))
needs_data = pytest.mark.skipif("STGNN_DATA" not in os.environ, reason="STGNN_DATA names no folder of data sets")


@needs_data
@pytest.mark.parametrize(
    ("name", "clips", "classes", "splits"),
    [
        ("nw_ucla", 1484, 10, {"xview": (1020, 464), "xview_nodup": (925, 464)}),
        ("utd_mhad", 861, 27, {"xsub": (431, 430)}),
    ],
)
def test_real_sets(tmp_path: Path, name: str, clips: int, classes: int, splits: dict[str, tuple[int, int]]) -> None:
    source = REAL / name / f"{name}.npz"
    summary = import_data("npz", source, tmp_path / "out")
    store = SkeletonStore.open(tmp_path / "out")
    assert (len(store), len(store.class_names), store.layout) == (clips, classes, load_layout("kinect20"))
    assert {p: tuple(map(len, store.split(p))) for p in store.protocols} == splits
    assert summary["problems"]["train_clips_repeated_in_test"].get("xview", 95) == 95
    assert summary["problems"]["train_clips_repeated_in_test"].get("xview_nodup", 0) == 0
    with np.load(source) as file:
        head = file["joint_names"].tolist().index("head")
        assert np.array_equal(store.keypoints[:, :, store.layout.joints.index("head")], file["keypoint"][:, :, head])


@needs_data
def test_real_json_files_agree_with_the_real_npz() -> None:
    raw, whole = (
        READERS["nw-ucla"](REAL / "nw_ucla" / "raw", None),
        READERS["npz"](REAL / "nw_ucla" / "nw_ucla.npz", None),
    )
    assert raw.class_names == whole.class_names
    for index, name in enumerate(raw.names):
        first, second = raw[index], whole[whole.names.index(name)]
        assert np.array_equal(first.keypoints, second.keypoints)
        assert (first.label, first.subject, first.view) == (second.label, second.subject, second.view)
