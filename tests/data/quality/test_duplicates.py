"""Copies are found whatever was done to them; repetitions of an action are none."""

from collections.abc import Callable

import numpy as np
import pytest

from stgnn.data import SkeletonStore, SyntheticActions
from stgnn.data.quality import duplicates as module
from stgnn.data.quality import find_duplicates
from stgnn.skeleton.layout import SkeletonLayout, load_layout
from tests.data.readers.real import REAL, needs_data

Clips = list[np.ndarray]
Alter = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def seen(clip: np.ndarray) -> np.ndarray:
    return (clip != 0).any(axis=-1, keepdims=True)


def shifted(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (clip + rng.normal(size=3)) * seen(clip)


def scaled(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return clip * rng.uniform(0.5, 2000)


def turned(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(-np.pi, np.pi)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return clip @ turn


def noisy(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (clip + rng.normal(scale=0.001, size=clip.shape)) * seen(clip)


def trimmed(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return clip[:, int(rng.integers(2)) :][:, : -1 if rng.random() < 0.5 else None]


def everything(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    for alter in (noisy, shifted, turned, scaled, trimmed):
        clip = alter(clip, rng)
    return clip


@pytest.mark.parametrize("alter", [shifted, scaled, turned, noisy, trimmed, everything])
def test_every_altered_copy_is_found_and_nothing_else(
    clips: Clips, make_clips: Callable[..., SkeletonStore], alter: Alter
) -> None:
    rng = np.random.default_rng(0)
    store = make_clips([*clips, *(alter(clip, rng).astype(np.float32) for clip in clips)])
    groups = find_duplicates(store)
    count = len(clips)
    assert groups.near.tolist() == [*range(count), *range(count)]
    if alter is not trimmed:
        assert groups.exact.tolist() == list(range(2 * count))


def test_equal_clips_are_one_group_however_often_they_occur(
    clips: Clips, make_clips: Callable[..., SkeletonStore]
) -> None:
    one_frame, nobody = clips[3][:, :1], np.zeros_like(clips[4])
    store = make_clips([clips[0], clips[1], one_frame, clips[0], nobody, one_frame, clips[0], nobody])
    for near in (False, True):
        groups = find_duplicates(store, near)
        assert groups.exact.tolist() == groups.near.tolist() == [0, 1, 2, 0, 4, 2, 0, 7]


def test_a_copy_of_a_copy_belongs_to_the_group(clips: Clips, make_clips: Callable[..., SkeletonStore]) -> None:
    rng = np.random.default_rng(0)
    copy = shifted(clips[0], rng).astype(np.float32)
    groups = find_duplicates(make_clips([clips[1], clips[0], copy, copy, clips[0]]))
    assert groups.exact.tolist() == [0, 1, 2, 2, 1] and groups.near.tolist() == [0, 1, 1, 1, 1]


def test_repetitions_by_one_person_are_no_copies() -> None:
    store = SyntheticActions(clips=400, subjects=4, noise=0.002, missing=0, variation=0.3).store()
    groups = find_duplicates(store)
    assert groups.near.tolist() == list(range(len(store)))


def test_people_who_stand_still_are_told_apart_by_their_jitter(make_clips: Callable[..., SkeletonStore]) -> None:
    rng = np.random.default_rng(0)
    body = rng.normal(scale=0.4, size=(1, 1, 25, 3))
    still = [body + rng.normal(scale=0.002, size=(1, 40, 25, 3)) for _ in range(4)]
    copy = still[0] + 1
    groups = find_duplicates(make_clips([clip.astype(np.float32) for clip in [*still, copy]]))
    assert groups.near.tolist() == [0, 1, 2, 3, 0]


def test_a_crowd_of_alike_clips_takes_bounded_memory(
    clips: Clips, make_clips: Callable[..., SkeletonStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CANDIDATES", 2)
    rng = np.random.default_rng(0)
    crowd = [noisy(clips[0], rng).astype(np.float32) for _ in range(40)]
    groups = find_duplicates(make_clips([*crowd, clips[1]]))
    assert groups.near[-1] == 40 and len(np.unique(groups.near[:40])) < 20


def test_clips_with_nan_are_left_alone(clips: Clips, make_clips: Callable[..., SkeletonStore]) -> None:
    store = make_clips([*clips[:4], clips[0]])
    store.keypoints[3] = np.nan
    groups = find_duplicates(store)
    assert groups.near.tolist() == groups.exact.tolist() == list(range(5))


def test_clips_whose_distances_overflow_are_left_alone(clips: Clips, make_clips: Callable[..., SkeletonStore]) -> None:
    store = make_clips([*clips[:4], clips[0]])
    for clip in (1, 2, 3):
        store.keypoints[store.offsets[clip] : store.offsets[clip + 1]] *= 1e30
    assert find_duplicates(store).near.tolist() == [0, 1, 2, 3, 0]
    store.keypoints[:] *= 1e30
    assert len(find_duplicates(store).near) == 5


def test_flat_bodies_are_compared_too(clips: Clips, make_clips: Callable[..., SkeletonStore]) -> None:
    flat = [clip[:1, :, : load_layout("coco17").num_joints, :2] for clip in clips[:8]]
    moved = [(clip * 1.3 + 0.1) * seen(clip) for clip in flat]
    groups = find_duplicates(make_clips([*flat, *moved], layout="coco17"))
    assert groups.near.tolist() == [*range(8), *range(8)]


@pytest.mark.parametrize(
    ("joints", "bones", "center"),
    [(2, [(0, 1)], 1), (2, [(0, 1)], 0), (3, [(0, 1), (1, 2)], 2), (3, [(0, 1), (1, 2)], 1), (1, [], 0)],
)
def test_bodies_of_few_joints_are_compared_too(
    clips: Clips,
    make_clips: Callable[..., SkeletonStore],
    joints: int,
    bones: list[tuple[int, int]],
    center: int,
) -> None:
    names = tuple(f"joint{joint}" for joint in range(joints))
    layout = SkeletonLayout("few", names, tuple(bones), center)
    few = [clip[:1, :, [7, 11, 3][:joints]] for clip in clips[:8]]
    groups = find_duplicates(make_clips([*few, *(clip + seen(clip) for clip in few)], layout=layout.to_dict()))
    assert groups.near.tolist() == ([*range(8), *range(8)] if joints > 1 else [*range(16)])


@needs_data
@pytest.mark.parametrize(("name", "copies"), [("nw_ucla", 95), ("utd_mhad", 0)])
def test_real_sets_have_the_copies_they_are_known_for(name: str, copies: int) -> None:
    with np.load(REAL / name / f"{name}.npz") as file:
        layout = load_layout("kinect20")
        order = [file["joint_names"].tolist().index(joint) for joint in layout.joints]
        count = len(file["label_action"])
        store = SkeletonStore(
            keypoints=np.ascontiguousarray(file["keypoint"][:, :, order]),
            offsets=file["frame_offset"],
            labels=file["label_action"],
            class_names=tuple(file["label_names_action"].tolist()),
            layout=layout,
            names=tuple(file["name"].tolist()),
            subjects=np.full(count, -1),
            views=np.full(count, -1),
        )
        twins = file["duplicate_of"] if "duplicate_of" in file.files else np.full(count, -1)
    groups = find_duplicates(store)
    found = groups.exact != np.arange(count)
    assert found.sum() == copies and np.array_equal(groups.near, groups.exact)
    # `duplicate_of` names the twin on one side or the other.
    pairs = {frozenset((index, int(twin))) for index, twin in enumerate(twins) if twin >= 0}
    assert {frozenset((int(index), int(groups.exact[index]))) for index in np.flatnonzero(found)} == pairs
