"""A batch is what a slow loop over clips would make, and a function of the arguments alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from stgnn.data import SkeletonSequence, SkeletonStore, SyntheticActions
from stgnn.data.batches import Augmentation, Batch, ClipData, Draw, keyed_generator
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from stgnn.skeleton.transforms import align_view

FRAMES = 6
TURN = Augmentation(about_vertical=1.0, about_others=0.3, scale=0.2, noise=0.01)


def slow(store: SkeletonStore, indices: list[int], frames: list[list[int]]) -> tuple[np.ndarray, list[int]]:
    """Bodies of clips, one body and one frame after the other."""
    bodies, clip = [], []
    for number, index in enumerate(indices):
        keypoints = store[index].keypoints
        there = [body for body in keypoints if (body != 0).any()] or [keypoints[0]]
        for body in there:
            bodies.append(np.stack([body[frame] for frame in frames[number]]))
            clip.append(number)
    return np.stack(bodies), clip


def test_gather_is_the_slow_loop(store: SkeletonStore) -> None:
    indices = list(range(len(store)))[::-1]
    batch = ClipData(store).gather(np.array(indices), FRAMES)
    middles = [[int((step + 0.5) * store.lengths[i] / FRAMES) for step in range(FRAMES)] for i in indices]
    bodies, clip = slow(store, indices, middles)
    assert np.array_equal(batch.bodies.numpy(), bodies)
    assert batch.clip.tolist() == clip
    assert batch.label.tolist() == store.labels[indices].tolist()
    assert batch.index.tolist() == indices


def test_drawn_frames_stay_in_their_clip_and_in_order(store: SkeletonStore) -> None:
    keypoints = np.arange(len(store.keypoints), dtype=np.float32)[:, None, None, None] + np.ones(
        (1, 1, 20, 3), np.float32
    )
    numbered = SkeletonStore(**{**vars(store), "keypoints": keypoints, "present": None})
    batch = ClipData(numbered).gather(np.arange(24), FRAMES, keyed_generator(Draw.BATCH, 1))
    frame = batch.bodies[:, :, 0, 0].long() - 1
    assert (frame.diff(dim=1) >= 0).all()
    offsets = torch.from_numpy(store.offsets)
    assert (frame >= offsets[:-1, None]).all() and (frame < offsets[1:, None]).all()


def test_empty_bodies_are_skipped_and_every_clip_keeps_one(store: SkeletonStore) -> None:
    batch = ClipData(store).gather(np.arange(24), FRAMES)
    bodies = torch.bincount(batch.clip, minlength=24).tolist()
    assert bodies[:6] == [1, 2, 1, 2, 1, 1]
    assert not batch.bodies[batch.clip == 4].any() and batch.bodies[batch.clip == 5].any()


@pytest.mark.parametrize("scored", [False, True])
def test_a_body_that_the_chosen_frames_do_not_show_has_no_say(scored: bool) -> None:
    layout, rng = load_layout("kinect20"), np.random.default_rng(0)
    first, second = (rng.normal(size=(30, 20, 3)).astype(np.float32) + 3 for _ in range(2))
    scores = np.ones((2, 30, 20), np.float32)
    if scored:
        scores[1, 2:] = 0.1  # there, but badly seen
    else:
        second[2:] = 0
    alone = np.zeros_like(first)
    alone[1] = 1  # in a frame that is not among the six
    clips = [
        SkeletonSequence(np.stack([first, second]), 0, layout, scores=scores),
        SkeletonSequence(np.stack([alone, np.zeros_like(alone)]), 1, layout, scores=np.ones_like(scores)),
    ]
    data = ClipData(SkeletonStore.from_sequences(clips, ["a", "b"]), min_score=0.5)
    batch = data.gather([0, 1], FRAMES)
    assert batch.clip.tolist() == [0, 1], "the clip of nobody keeps its first body"
    assert np.array_equal(batch.bodies[0], first[[2, 7, 12, 17, 22, 27]]) and not batch.bodies[1].any()
    data.shown = data._shown()  # as it is kept for a store on a GPU
    assert data.gather([0, 1], FRAMES).clip.tolist() == [0, 1]
    assert data.gather([0], 30).clip.tolist() == [0, 0]


def test_gather_is_a_function_of_its_arguments(store: SkeletonStore) -> None:
    data, indices = ClipData(store), np.array([3, 1, 9])
    torch.manual_seed(0)
    first = data.gather(indices, FRAMES, keyed_generator(Draw.BATCH, 1, 2), TURN)
    torch.manual_seed(1)
    again = data.gather(indices, FRAMES, keyed_generator(Draw.BATCH, 1, 2), TURN)
    other = data.gather(indices, FRAMES, keyed_generator(Draw.BATCH, 1, 3), TURN)
    assert torch.equal(first.bodies, again.bodies)
    assert not torch.equal(first.bodies, other.bodies)


def test_augmentation_keeps_missing_joints_and_turns_bodies_of_a_clip_alike(store: SkeletonStore) -> None:
    data = ClipData(store)
    plain = data.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5))
    turned = data.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5), Augmentation(1.0, 0.5, 0.2))
    missing = (plain.bodies == 0).all(dim=-1)
    assert missing.any() and torch.equal(missing, (turned.bodies == 0).all(dim=-1))
    for clip in (1, 3):
        bodies = plain.clip == clip
        before, after = plain.bodies[bodies].flatten(0, 2), turned.bodies[bodies].flatten(0, 2)
        matrix = torch.linalg.lstsq(before, after).solution
        assert torch.allclose(before @ matrix, after, atol=1e-5)


def test_no_augmentation_changes_nothing(store: SkeletonStore) -> None:
    data = ClipData(store)
    plain, same = (
        data.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5), change) for change in (None, Augmentation())
    )
    assert torch.allclose(plain.bodies, same.bodies)


def test_turning_is_about_the_vertical_axis(store: SkeletonStore) -> None:
    data = ClipData(store)
    plain, turned = (
        data.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5), change)
        for change in (None, Augmentation(about_vertical=2.0))
    )
    assert torch.allclose(plain.bodies[..., 1], turned.bodies[..., 1], atol=1e-5)
    assert torch.allclose(plain.bodies.norm(dim=-1), turned.bodies.norm(dim=-1), atol=1e-4)


def test_bodies_of_two_dimensions_turn_in_the_plane() -> None:
    layout = load_layout("coco17")
    keypoints = np.random.default_rng(0).normal(size=(8, 1, 17, 2)).astype(np.float32)
    unknown = np.full(2, -1)
    store = SkeletonStore(
        keypoints, np.array([0, 3, 8]), np.array([0, 1]), ("a", "b"), layout, ("x", "y"), unknown, unknown
    )
    data = ClipData(store)
    plain, turned = (
        data.gather([0, 1], 4, keyed_generator(Draw.BATCH, 1), change) for change in (None, Augmentation(1.0, 0.5))
    )
    assert turned.bodies.shape == (2, 4, 17, 2) and not torch.allclose(plain.bodies, turned.bodies)
    assert torch.allclose(plain.bodies.norm(dim=-1), turned.bodies.norm(dim=-1), atol=1e-5)


def test_joints_of_low_score_become_zero(make_store) -> None:
    store = make_store(scores=True)
    batch = ClipData(store, min_score=0.5).gather(np.array([0]), int(store.lengths[0]))
    kept = store[0].scores[0] >= 0.5
    assert np.array_equal(batch.bodies[0].numpy(), np.where(kept[..., None], store[0].keypoints[0], 0))
    untouched = ClipData(store).gather(np.array([0]), int(store.lengths[0]))
    assert np.array_equal(untouched.bodies[0].numpy(), store[0].keypoints[0])


def test_a_mapped_store_is_used_where_it_lies(saved: Path, store: SkeletonStore) -> None:
    opened = SkeletonStore.open(saved)
    data = ClipData(opened)
    assert data.rows.data_ptr() == opened.keypoints.ctypes.data
    pair = (ClipData(clips).gather(np.arange(24), FRAMES) for clips in (opened, store))
    assert torch.equal(*(batch.bodies for batch in pair))


def test_a_batch_moves_as_one(store: SkeletonStore) -> None:
    batch = ClipData(store).gather(np.arange(4), FRAMES).to("meta")
    assert isinstance(batch, Batch) and {tensor.device.type for tensor in batch} == {"meta"}


@pytest.mark.parametrize("key", [(1, 2), (2, 1), (-1, 2)])
def test_keyed_generators_repeat_and_differ(key: tuple[int, ...]) -> None:
    first, again, *others = (
        torch.rand(4, generator=keyed_generator(*key))
        for key in [(Draw.BATCH, *key)] * 2 + [(Draw.BATCH, key[0] + 1, *key[1:])] + [(use, *key) for use in Draw][2:]
    )
    assert torch.equal(first, again) and not any(torch.equal(first, other) for other in others)


def test_synthetic_second_bodies_are_found() -> None:
    store = SyntheticActions(clips=64, second=0.5).store()
    batch = ClipData(store).gather(np.arange(64), 8)
    assert 64 < len(batch.bodies) < 128


def test_aligned_bodies_are_those_of_the_transform_and_are_augmented_after_it(store: SkeletonStore) -> None:
    data, aligned = ClipData(store), ClipData(store, align=True)
    plain, upright = (one.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5)).bodies for one in (data, aligned))
    assert torch.allclose(upright, align_view(plain, store.layout), atol=1e-5)
    turned = aligned.gather(np.arange(24), 9, keyed_generator(Draw.BATCH, 5), Augmentation(about_vertical=1.0))
    assert torch.allclose(turned.bodies[..., 1], upright[..., 1], atol=1e-5)
    assert not torch.allclose(turned.bodies, upright, atol=0.1)


def test_flat_bodies_cannot_be_aligned() -> None:
    keypoints = np.ones((4, 1, 17, 2), np.float32)
    flat = SkeletonStore.from_sequences([SkeletonSequence(keypoints, 0, load_layout("coco17"))] * 2, ["a"])
    with pytest.raises(InputError, match="cannot be aligned"):
        ClipData(flat, align=True)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_is_refused_where_it_is_read(store: SkeletonStore, value: float) -> None:
    keypoints = store.keypoints.copy()
    keypoints[store.offsets[7] : store.offsets[8], 0, 3, 1] = value
    damaged = ClipData(SkeletonStore(**{**vars(store), "keypoints": keypoints, "present": None}))
    damaged.gather(np.array([6, 8]), FRAMES)
    with pytest.raises(InputError, match=r"(?s)clip 7 \('clip7'\) are not finite.*joint 3"):
        damaged.gather(np.array([8, 7]), FRAMES)
