"""The synthetic data set: a function of its arguments, a plausible body, and pairs that differ in one thing only."""

from dataclasses import replace

import numpy as np
import pytest

from stgnn.data import SkeletonStore, SyntheticActions, check_store
from stgnn.data.actions import ACTIONS, CLOSED, OPEN, Course
from stgnn.data.body import BONES, CONTROLS, positions
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout

SMALL = SyntheticActions(clips=96, subjects=8)


@pytest.fixture(scope="module")
def synthetic() -> SkeletonStore:
    """A small synthetic data set."""
    return SMALL.store()


def body(action: str, phase: float = 0.0, tempo: float = 0.5, frames: int = 60, reverse: bool = False) -> np.ndarray:
    """An action of an average body without any nuisance (T, 25, 3)."""
    progress = np.linspace(0, 1, frames, dtype=np.float32)[None]
    progress = 1 - progress if reverse else progress
    one = np.ones((1, 1), np.float32)
    controls = {name: np.zeros((1, frames), np.float32) for name in CONTROLS}
    controls |= {f"{side}_hand": np.full((1, frames), 0.1, np.float32) for side in "lr"}
    controls |= ACTIONS[action](Course(progress, one, phase * one, tempo * one))
    return positions(controls, {name: np.array([length], np.float32) for name, length in BONES.items()})[0]


def test_store_is_a_function_of_the_arguments(synthetic: SkeletonStore) -> None:
    assert np.array_equal(synthetic.keypoints, SMALL.store().keypoints)
    other = replace(SMALL, seed=1).store()
    assert len(other.keypoints) != len(synthetic.keypoints) or not np.array_equal(other.keypoints, synthetic.keypoints)


def test_any_whole_number_is_a_seed() -> None:
    points = [replace(SMALL, clips=16, seed=seed).store().keypoints for seed in (-1, 2**32 - 1, 2**40)]
    assert np.array_equal(points[0], points[1])
    assert np.array_equal(points[2], replace(SMALL, clips=16).store().keypoints)


def test_store_has_the_promised_shape(synthetic: SkeletonStore) -> None:
    summary = check_store(synthetic)
    assert summary["layout"] == "ntu25" and summary["persons"] == 2 and len(ACTIONS) >= 12
    assert set(summary["classes"].values()) == {6}
    assert summary["lengths"]["min"] >= 30 and summary["lengths"]["max"] <= 80
    found = {finding["code"] for finding in summary["findings"]}
    assert found == {"joints_missing"} and 64 < summary["bodies_empty"] < 96


def test_subjects_of_training_and_test_are_others(synthetic: SkeletonStore) -> None:
    train, test = (set(synthetic.subjects[split].tolist()) for split in synthetic.split("xsub"))
    assert train and test and not train & test
    assert all(len(set(synthetic.labels[split].tolist())) == len(ACTIONS) for split in synthetic.split("xsub"))


def test_clean_bodies_keep_their_bones() -> None:
    store = SyntheticActions(clips=32, noise=0, missing=0).store()
    parents = np.array(load_layout("ntu25").parents)
    still = [joint for joint in range(25) if joint not in (21, 22, 23, 24)]  # open hands move fingers against hands
    for index in range(32):
        clip = store[index].keypoints[0]
        lengths = np.linalg.norm(clip - clip[:, parents], axis=-1)[:, still]
        assert np.allclose(lengths, lengths[:1], atol=1e-4)
        assert clip[0, 3, 1] > clip[0, 0, 1] > clip[0, 14, 1]  # head over hips over ankles


@pytest.mark.parametrize(("forward", "back"), [("raise arms", "lower arms"), ("sit down", "stand up")])
def test_pairs_in_reversed_time(forward: str, back: str) -> None:
    assert np.allclose(body(forward), body(back, reverse=True), atol=1e-5)
    assert not np.allclose(body(forward), body(back), atol=0.1)


@pytest.mark.parametrize(("open_hand", "other"), [("push", "punch"), ("point", "pinch")])
def test_pairs_that_differ_in_the_hand_only(open_hand: str, other: str) -> None:
    first, second = body(open_hand), body(other)
    differs = np.abs(first - second).max(axis=(0, 2)) > 1e-6
    assert np.flatnonzero(differs).tolist() == [23, 24]
    # Not even the mean of finger and thumb tells them apart.
    assert np.allclose(first[:, 23:].mean(axis=1), second[:, 23:].mean(axis=1), atol=1e-5)
    spread = np.linalg.norm(second[:, 23] - second[:, 24], axis=-1)
    assert np.isclose(spread.min(), CLOSED, atol=0.01) and spread.max() <= OPEN + 1e-5


def test_mirror_twins() -> None:
    mirrored = body("wave right hand") * [-1, 1, 1]
    twin = body("wave left hand")
    for left, right in load_layout("ntu25").symmetry:
        assert np.allclose(mirrored[:, [right, left]], twin[:, [left, right]], atol=1e-5)


def test_order_twins_hold_the_same_halves() -> None:
    first, second = body("bow then kick"), body("kick then bow")
    assert np.allclose(first[:30], second[30:], atol=0.05) and np.allclose(first[30:], second[:30], atol=0.05)


def test_circles_visit_the_same_places_in_the_other_direction() -> None:
    there = body("circle clockwise")
    back = [body("circle counter-clockwise", phase=tenth / 10, reverse=True) for tenth in range(10)]
    assert sum(np.allclose(there, one, atol=1e-3) for one in back) == 1


def test_tempo_twins_do_not_overlap() -> None:
    def steps(action: str, tempo: float) -> int:
        knee = body(action, tempo=tempo, frames=400)[:, 13, 1]
        high = knee > knee.min() + 0.5 * np.ptp(knee)
        return int((high[1:] & ~high[:-1]).sum())

    assert steps("march slowly", 1.0) < steps("march fast", 0.0)


@pytest.mark.parametrize(
    "change", [{"clips": 3}, {"subjects": 1}, {"noise": -1.0}, {"missing": 1.5}, {"min_frames": 90}, {"second": -0.1}]
)
def test_arguments_out_of_range_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(change))} is out of range"):
        SyntheticActions(**change)
