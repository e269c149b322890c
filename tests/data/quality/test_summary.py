"""Each planted fault is found under its code, with its count and clips; a good set has nothing to complain about."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonStore, SyntheticActions
from stgnn.data.quality import SEVERITIES
from stgnn.data.quality.scan import scan_store
from stgnn.data.quality.summary import check_store
from stgnn.skeleton.layout import load_layout
from tests.data.readers.real import REAL, needs_data

Change = Callable[[SkeletonStore], SkeletonStore]


@pytest.fixture(scope="module")
def good() -> SkeletonStore:
    """128 clips of 16 classes and 8 subjects, every joint seen, one body each."""
    return SyntheticActions(
        clips=128, subjects=8, min_frames=12, max_frames=30, noise=0.003, missing=0, second=0
    ).store()


def with_points(store: SkeletonStore, change: Callable[[np.ndarray, SkeletonStore], None]) -> SkeletonStore:
    points = store.keypoints.copy()
    change(points, store)
    return replace(store, keypoints=points)


def clip(store: SkeletonStore, index: int) -> slice:
    return slice(store.offsets[index], store.offsets[index + 1])


def nan(points: np.ndarray, store: SkeletonStore) -> None:
    points[store.offsets[2] : store.offsets[2] + 3, 0, 4, 1] = np.nan
    points[store.offsets[5], 0, 0, 0] = np.inf


def nobody(points: np.ndarray, store: SkeletonStore) -> None:
    points[clip(store, 7)] = 0


def gap(points: np.ndarray, store: SkeletonStore) -> None:
    points[store.offsets[3] + 2 : store.offsets[3] + 6] = 0


def lost_joint(points: np.ndarray, store: SkeletonStore) -> None:
    points[:, :, 9] = 0


def lost_now_and_then(points: np.ndarray, store: SkeletonStore) -> None:
    points[store.offsets[6] : store.offsets[6] + 5, 0, 9] = 0


def frozen(points: np.ndarray, store: SkeletonStore) -> None:
    points[clip(store, 8)] = points[store.offsets[8]]


def pinned(points: np.ndarray, store: SkeletonStore) -> None:
    points[clip(store, 9), :, 11] = points[store.offsets[9], :, 11]


def torn(points: np.ndarray, store: SkeletonStore) -> None:
    points[store.offsets[10] + 4, 0, 19] += 1


def millimetres(points: np.ndarray, store: SkeletonStore) -> None:
    points *= 1000


def tiny(points: np.ndarray, store: SkeletonStore) -> None:
    points /= 1000


def one_in_millimetres(points: np.ndarray, store: SkeletonStore) -> None:
    points[clip(store, 11)] *= 1000


def score_for_depth(points: np.ndarray, store: SkeletonStore) -> None:
    points[..., :2] = points[..., :2] * 100 + 500 * (points[..., :2] != 0)
    points[..., 2] = 0.5 * (points[..., 2] != 0)


def shuffled(points: np.ndarray, store: SkeletonStore) -> None:
    points[:] = points[:, :, np.random.default_rng(0).permutation(25)]


def trunk_reversed(points: np.ndarray, store: SkeletonStore) -> None:
    points[:, :, [0, 1, 20, 3]] = points[:, :, [3, 20, 1, 0]]


POINTS = {
    nan: ("error", "not_finite", 4, ["synthetic000002", "synthetic000005"]),
    nobody: ("error", "clips_without_body", 1, ["synthetic000007"]),
    gap: ("warning", "frames_all_zero", 4, ["synthetic000003"]),
    lost_joint: ("warning", "joints_never_seen", 1, ["right_elbow"]),
    lost_now_and_then: ("note", "joints_missing", 5, ["synthetic000006"]),
    frozen: ("warning", "clips_that_stand_still", 1, ["synthetic000008"]),
    pinned: ("warning", "joints_that_never_move", 1, ["synthetic000009"]),
    torn: ("warning", "bones_that_jump", 1, ["synthetic000010"]),
    millimetres: ("warning", "unit_is_millimetre", 128, []),
    tiny: ("warning", "unit_unknown", 128, []),
    one_in_millimetres: ("error", "clips_of_another_unit", 1, ["synthetic000011"]),
    score_for_depth: ("error", "score_as_coordinate", 128, []),
    shuffled: ("error", "layout_does_not_fit", 25, []),
    trunk_reversed: ("error", "trunk_points_down", 25, []),
}


def test_a_good_set_has_nothing_to_complain_about(good: SkeletonStore) -> None:
    summary = check_store(good)
    told = [finding["code"] for finding in summary["findings"]]
    assert told == ["bodies_never_seen"]
    assert (summary["errors"], summary["warnings"], summary["notes"]) == (0, 0, 1)


def test_the_summary_counts_and_is_plain_data(good: SkeletonStore) -> None:
    summary = check_store(good, near=False)
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["clips"], summary["frames"], summary["bodies_empty"]) == (128, len(good.keypoints), 128)
    assert set(summary["classes"].values()) == {8} and summary["splits"] == {"xsub_test": 32, "xsub_train": 96}
    assert summary["subjects"] == {str(subject): 16 for subject in range(8)}
    assert summary["lengths"]["min"] == good.lengths.min() and summary["lengths"]["max"] == good.lengths.max()
    points = good.keypoints[:, 0]
    assert np.allclose(list(summary["ranges"]["y"].values()), [points[..., 1].min(), points[..., 1].max()])


@pytest.mark.parametrize("change", POINTS, ids=lambda change: change.__name__)
def test_faults_of_coordinates_are_found(good: SkeletonStore, change: Callable[..., None]) -> None:
    summary = check_store(with_points(good, change))
    severity, code, count, examples = POINTS[change]
    found = [finding for finding in summary["findings"] if finding["code"] != "bodies_never_seen"]
    finding = next(finding for finding in found if finding["code"] == code)
    assert (finding["severity"], finding["count"]) == (severity, count)
    assert not examples or finding["examples"] == examples
    assert change in (one_in_millimetres, score_for_depth, shuffled) or len(found) == 1  # these three do more harm
    assert [SEVERITIES.index(finding["severity"]) for finding in found] == sorted(
        SEVERITIES.index(finding["severity"]) for finding in found
    )


def one_nan(points: np.ndarray, store: SkeletonStore) -> None:
    points[3, 0, 4, 1] = np.nan


def one_gap(points: np.ndarray, store: SkeletonStore) -> None:
    points[3] = 0


def one_lost(points: np.ndarray, store: SkeletonStore) -> None:
    points[3, 0, 9] = 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (one_nan, "1 frame holds NaN or infinity."),
        (one_gap, "Every joint is zero in 1 frame of 1 clip: tracking was lost."),
        (one_lost, "Of bodies that are seen 1 joint is zero"),
        (lost_joint, "1 joint of the layout is zero in every frame."),
        (frozen, "1 clip of several frames repeats one frame."),
        (nan, "4 frames hold NaN or infinity."),
    ],
)
def test_sentences_agree_with_their_number(good: SkeletonStore, change: Callable[..., None], sentence: str) -> None:
    whats = [finding["what"] for finding in check_store(with_points(good, change), near=False)["findings"]]
    assert any(what.startswith(sentence) for what in whats), whats
    assert "Of 2 bodies 1 is empty in every clip." in whats


def twins(store: SkeletonStore) -> list[tuple[int, int]]:
    """Two test clips, each with a training clip of its class and length."""
    train, test = store.split("xsub")
    pairs = {}
    for one in test:
        for other in train:
            if (store.labels[one], store.lengths[one]) == (store.labels[other], store.lengths[other]):
                pairs[int(one)] = int(other)
    return list(pairs.items())[:2]


def copied(store: SkeletonStore) -> SkeletonStore:
    """A test clip takes the content of a training clip, another nearly so."""
    points = store.keypoints.copy()
    (same, train), (near, other) = twins(store)
    points[clip(store, same)] = store.keypoints[clip(store, train)]
    points[clip(store, near), 0] = store.keypoints[clip(store, other), 0] + 0.3
    return replace(store, keypoints=points)


def one_subject_on_both_sides(store: SkeletonStore) -> SkeletonStore:
    train, test = store.split("xsub")
    return replace(store, splits={"xsub_train": np.append(train, test[0]), "xsub_test": test[1:]})


def all_subjects_on_both_sides(store: SkeletonStore) -> SkeletonStore:
    everything = np.arange(len(store))
    return replace(
        store, subjects=everything % 8, splits={"random_train": everything[:64], "random_test": everything[64:]}
    )


def some_subjects_on_both_sides(store: SkeletonStore) -> SkeletonStore:
    train, test = store.split("xsub")
    return replace(store, splits={"mine_train": np.append(train, test[0]), "mine_test": test[1:]})


def views_on_both_sides(store: SkeletonStore) -> SkeletonStore:
    return replace(store, subjects=np.full(128, -1), views=np.arange(128) % 2, splits=renamed(store, "xview"))


def renamed(store: SkeletonStore, protocol: str) -> dict[str, np.ndarray]:
    return {f"{protocol}_train": store.splits["xsub_train"], f"{protocol}_test": store.splits["xsub_test"]}


def class_only_in_test(store: SkeletonStore) -> SkeletonStore:
    train, test = store.split("xsub")
    return replace(store, splits={"xsub_train": train[store.labels[train] != 3], "xsub_test": test})


def more_classes(store: SkeletonStore) -> SkeletonStore:
    return replace(store, class_names=(*store.class_names, "sleep", "dream"))


def same_class_names(store: SkeletonStore) -> SkeletonStore:
    return replace(store, class_names=("one", "one", *store.class_names[2:]))


def same_names(store: SkeletonStore) -> SkeletonStore:
    return replace(store, names=("one", "one", *store.names[2:]))


def without_splits(store: SkeletonStore) -> SkeletonStore:
    return replace(store, splits={})


def without_tests(store: SkeletonStore) -> SkeletonStore:
    return replace(store, splits={"xsub_train": np.arange(len(store)), "xsub_test": np.arange(0)})


def without_training(store: SkeletonStore) -> SkeletonStore:
    return replace(store, splits={"xsub_train": np.arange(0), "xsub_test": np.arange(len(store))})


def of_one_class(store: SkeletonStore) -> SkeletonStore:
    return replace(store, class_names=("walk",), labels=np.zeros_like(store.labels))


def two_labels(store: SkeletonStore) -> SkeletonStore:
    labels = store.labels.copy()
    labels[twins(store)[0][0]] += 1 if labels[twins(store)[0][0]] == 0 else -1
    return replace(copied(store), labels=labels)


@pytest.mark.parametrize(
    ("change", "severity", "code", "count"),
    [
        (copied, "error", "copies_in_test", 1),
        (copied, "error", "near_copies_in_test", 1),
        (two_labels, "error", "copies_of_two_classes", 1),
        (one_subject_on_both_sides, "error", "subject_in_both", 1),
        (all_subjects_on_both_sides, "note", "subject_in_both", 8),
        (some_subjects_on_both_sides, "warning", "subject_in_both", 1),
        (views_on_both_sides, "error", "view_in_both", None),
        (class_only_in_test, "warning", "classes_never_trained", 1),
        (more_classes, "warning", "classes_without_clips", 2),
        (same_names, "warning", "names_repeated", 1),
        (same_class_names, "error", "class_names_repeated", 1),
        (without_splits, "note", "no_splits", 1),
        (without_tests, "error", "no_test_clips", 1),
        (without_training, "error", "no_training_clips", 1),
        (of_one_class, "error", "one_class", 1),
    ],
)
def test_faults_of_classes_and_splits_are_found(
    good: SkeletonStore, change: Change, severity: str, code: str, count: int | None
) -> None:
    findings = check_store(change(good))["findings"]
    found = next((finding for finding in findings if finding["code"] == code), None)
    assert found is not None, [finding["code"] for finding in findings]
    assert found["severity"] == severity and count in (None, found["count"])


def test_classes_of_one_name_in_a_store_on_disk_are_named_and_no_clip_is_lost(
    good: SkeletonStore, tmp_path: Path
) -> None:
    good.save(tmp_path / "store")
    header = json.loads((tmp_path / "store" / "store.json").read_text())
    header["class_names"][4] = header["class_names"][1]
    (tmp_path / "store" / "store.json").write_text(json.dumps(header))
    summary = check_store(SkeletonStore.open(tmp_path / "store"), near=False)
    (finding,) = [finding for finding in summary["findings"] if finding["severity"] == "error"]
    name = good.class_names[1]
    assert finding["examples"] == [f"{name} (classes 1, 4)"]
    assert summary["classes"][name] == 16 and sum(summary["classes"].values()) == 128


@pytest.mark.filterwarnings("error")
def test_a_clip_in_which_no_bone_has_both_ends_has_no_length_of_bones(good: SkeletonStore) -> None:
    def lone_joint(points: np.ndarray, store: SkeletonStore) -> None:
        points[clip(store, 12), :, np.arange(25) != 5] = 0

    store = with_points(good, lone_joint)
    assert np.flatnonzero(np.isnan(scan_store(store).bone)).tolist() == [12]
    assert "joints_missing" in [finding["code"] for finding in check_store(store)["findings"]]


def test_near_copies_are_looked_for_only_on_demand(good: SkeletonStore) -> None:
    codes = {finding["code"] for finding in check_store(copied(good), near=False)["findings"]}
    assert "copies_in_test" in codes and "near_copies_in_test" not in codes


def test_pixels_are_told_from_normalised_coordinates(good: SkeletonStore) -> None:
    layout = load_layout("coco17")
    flat = replace(good, keypoints=np.ascontiguousarray(good.keypoints[:, :, :17, :2]), layout=layout)
    codes = [finding["code"] for finding in check_store(flat)["findings"]]
    assert "unit_is_pixel" not in codes
    pixels = replace(flat, keypoints=flat.keypoints * 200)
    assert "unit_is_pixel" in [finding["code"] for finding in check_store(pixels)["findings"]]


def test_clips_of_one_frame_and_long_ones_are_named(good: SkeletonStore) -> None:
    lengths = np.full(128, 2)
    lengths[[3, 5]] = 1, 400
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    store = replace(good, keypoints=good.keypoints[: offsets[-1]], offsets=offsets)
    found = {finding["code"]: finding for finding in check_store(store)["findings"]}
    assert found["clips_of_one_frame"]["examples"] == ["synthetic000003"]
    assert found["long_clips"]["examples"] == ["synthetic000005"]


def test_a_store_on_disk_gives_the_same_summary(good: SkeletonStore, tmp_path: Path) -> None:
    good.save(tmp_path / "store")
    assert check_store(SkeletonStore.open(tmp_path / "store")) == check_store(good)


@needs_data
def test_what_is_known_of_nw_ucla_is_found_unaided(tmp_path: Path) -> None:
    from stgnn.data import import_data

    import_data("npz", REAL / "nw_ucla" / "nw_ucla.npz", tmp_path / "store")
    summary = check_store(SkeletonStore.open(tmp_path / "store"))
    found = {(finding["code"], finding["protocol"]): finding["count"] for finding in summary["findings"]}
    assert found["copies_in_test", "xview"] == 95 and ("copies_in_test", "xview_nodup") not in found
    assert found["clips_of_one_frame", ""] == 2 and found["joints_missing", ""] == 12
    assert not {code for code, _ in found} & {"near_copies", "layout_does_not_fit", "unit_is_millimetre"}
    assert summary["errors"] == 1


@needs_data
def test_the_lost_frames_of_msr_action3d_are_found(tmp_path: Path) -> None:
    from stgnn.data import import_data

    import_data("npz", REAL / "msr_action3d" / "msr_action3d.npz", tmp_path / "store")
    store = SkeletonStore.open(tmp_path / "store")
    found = {finding["code"]: finding for finding in check_store(store)["findings"]}
    nobody = [store.names.index(name) for name in found["clips_without_body"]["examples"]]
    assert found["frames_all_zero"]["count"] + store.lengths[nobody].sum() == 252 + 861
    assert len(found["long_clips"]["examples"]) == 1 and "layout_does_not_fit" not in found


@needs_data
@pytest.mark.parametrize(
    ("name", "code"), [("utd_mhad", "trunk_points_down"), ("msr_action3d", "layout_does_not_fit"), ("utkinect", "")]
)
def test_joints_in_the_order_of_another_set_are_noticed(name: str, code: str) -> None:
    with np.load(REAL / name / f"{name}.npz") as file:
        count = len(file["label_action"])
        store = SkeletonStore(
            keypoints=file["keypoint"],
            offsets=file["frame_offset"],
            labels=file["label_action"],
            class_names=tuple(file["label_names_action"].tolist()),
            layout=load_layout("kinect20"),
            names=tuple(file["name"].tolist()),
            subjects=np.full(count, -1),
            views=np.full(count, -1),
        )
    errors = {finding["code"] for finding in check_store(store)["findings"] if finding["severity"] == "error"}
    assert errors - {"clips_without_body"} == ({code} if code else set())
