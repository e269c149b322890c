"""The order of an epoch, and its division over processes."""

import numpy as np
import pytest
import torch

from stgnn.data import SkeletonStore
from stgnn.data.batches import Augmentation, ClipData
from stgnn.data.loader import ClipLoader, epoch_order, split_batches
from stgnn.errors import InputError


def test_order_is_a_permutation_and_a_function_of_seed_and_epoch() -> None:
    clips = np.arange(100, 200)
    orders = {key: tuple(epoch_order(clips, *key)) for key in [(0, 0), (0, 1), (1, 0), (1, 1)]}
    assert all(sorted(order) == clips.tolist() for order in orders.values())
    assert len(set(orders.values())) == 4
    assert tuple(epoch_order(clips, 0, 1)) == orders[0, 1]


@pytest.mark.parametrize("world", [1, 2, 3])
@pytest.mark.parametrize("count", [3, 7, 24, 25, 50])
@pytest.mark.parametrize("drop_last", [False, True])
def test_processes_partition_the_epoch(world: int, count: int, drop_last: bool) -> None:
    batches = split_batches(np.arange(count), 4, world, drop_last)
    assert len(batches) % world == 0 and all(0 < len(batch) <= 4 for batch in batches)
    clips = np.concatenate(batches).tolist()
    assert clips == list(range(len(clips)))
    if not drop_last:
        assert len(clips) == count
    elif count >= 4 * world:
        assert {len(batch) for batch in batches} == {4} and len(clips) > count - 4 * world


def test_two_processes_make_the_batches_of_one_of_twice_the_size(store: SkeletonStore) -> None:
    data, clips = ClipData(store), np.arange(24)
    one = ClipLoader(data, clips, 6, 5, seed=3, training=True)
    two = [ClipLoader(data, clips, 3, 5, seed=3, training=True, rank=rank, world=2) for rank in range(2)]
    assert len(one) == len(two[0]) == len(two[1]) == 4
    for joined, first, second in zip(one, *two, strict=True):
        assert joined.index.tolist() == first.index.tolist() + second.index.tolist()


def test_epochs_differ_and_repeat(store: SkeletonStore) -> None:
    loader = ClipLoader(ClipData(store), np.arange(24), 6, 5, training=True, augmentation=Augmentation(0.5))
    epochs = []
    for epoch in (0, 1, 0):
        loader.sampler.set_epoch(epoch)
        epochs.append(torch.cat([batch.bodies.sum((1, 2, 3)) for batch in loader]))
    assert torch.equal(epochs[0], epochs[2]) and not torch.equal(epochs[0], epochs[1])


def test_evaluation_sees_every_clip_once_in_order(store: SkeletonStore) -> None:
    loader = ClipLoader(ClipData(store), np.arange(23), 6, 5, augmentation=Augmentation(0.5))
    batches = list(loader)
    assert len(batches) == len(loader) == 4
    assert torch.cat([batch.index for batch in batches]).tolist() == list(range(23))
    assert torch.equal(batches[0].bodies, next(iter(loader)).bodies)


def test_fewer_clips_than_processes_are_refused(store: SkeletonStore) -> None:
    with pytest.raises(InputError, match="fewer clips than processes"):
        ClipLoader(ClipData(store), np.arange(1), 6, 5, world=2)
