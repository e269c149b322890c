"""Thresholds and schedules as pure functions."""

import random
from itertools import pairwise

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sparsity import keep, penalty_weight, sparsity_at
from stgnn.networks.sparsity.masks import scope_keys


def test_one_threshold_for_layers_of_a_key() -> None:
    scores = [torch.tensor([4.0, 1.0, 3.0]), torch.tensor([[2.0, 6.0, 5.0]])]
    together = keep(scores, ["", ""], 0.5)
    apart = keep(scores, ["a", "b"], 1 / 3)
    assert together[0].tolist() == [True, False, False] and together[1].tolist() == [[False, True, True]]
    assert apart[0].tolist() == [True, False, True] and apart[1].tolist() == [[False, True, True]]


def test_standardised_scores_compare_layers_of_other_scales() -> None:
    scores = [torch.randn(1000), 0.001 * torch.randn(1000) - 7]
    raw, fair = (keep(scores, ["", ""], 0.5, standardise) for standardise in (False, True))
    assert not raw[1].any() and float(fair[1].float().mean()) == pytest.approx(0.5, abs=0.05)


def test_higher_sparsity_keeps_a_subset_also_in_steps() -> None:
    for step in (1, 4, 16):
        scores, keys = [torch.randn(64), torch.randn(30), torch.randn(7)], ["", "", ""]
        levels = [keep(scores, keys, sparsity / 20, round_to=step, floor=step) for sparsity in range(21)]
        for denser, sparser in pairwise(levels):
            assert all(bool((many | ~few).all()) for many, few in zip(denser, sparser, strict=True))
        assert all(bool(mask.all()) for mask in levels[0])


@pytest.mark.parametrize("seed", range(5))
def test_each_layer_keeps_the_nearest_multiple(seed: int) -> None:
    """Or everything, where it has no more; no fewer than the floor; and its highest scores."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    scores = [torch.randn(rng.randint(1, 60), generator=generator) for _ in range(40)]
    step, floor, sparsity = rng.choice([3, 4, 16]), rng.choice([0, 8]), rng.random()
    plain, found = (keep(scores, [""] * 40, sparsity, round_to=one, floor=low) for one, low in ((1, 0), (step, floor)))
    for values, exact, mask in zip(scores, plain, found, strict=True):
        size, wanted, kept = values.numel(), int(exact.sum()), int(mask.sum())
        around = step * (wanted // step), step * -(-wanted // step)
        near = [number for number in around if abs(number - wanted) == min(abs(one - wanted) for one in around)]
        assert kept == size if wanted == size else kept in {min(max(number, floor), size) for number in near}
        assert torch.equal(mask, values >= values.sort(descending=True).values[kept - 1] if kept else values > 9)


def test_something_always_stays() -> None:
    assert int(keep([torch.randn(50)], [""], 1.0)[0].sum()) == 1


def test_equal_scores_stay_together() -> None:
    assert keep([torch.zeros(8)], [""], 0.5)[0].all()


def test_scopes() -> None:
    names, blocks = ["a.1", "a.2", "b.1"], ["a", "a", "b"]
    assert [len(set(scope_keys(scope, names, blocks))) for scope in ("layer", "block", "global_raw")] == [3, 2, 1]
    with pytest.raises(InputError, match="scope"):
        scope_keys("everything", names, blocks)


def test_schedules_start_dense_and_end_at_the_target() -> None:
    for kind in ("at_once", "linear", "cubic"):
        values = [sparsity_at(step, 0.9, warm_up=10, ramp=20, kind=kind) for step in range(50)]
        assert values[:10] == [0.0] * 10 and values[30:] == pytest.approx([0.9] * 20) and values == sorted(values)
    assert sparsity_at(10, 0.9, warm_up=10) == 0.9
    assert sparsity_at(20, 0.8, 10, 20, "linear") == pytest.approx(0.4)
    assert sparsity_at(20, 0.8, 10, 20, "cubic") == pytest.approx(0.7)


def test_schedules_refuse_nonsense() -> None:
    with pytest.raises(InputError, match="schedule"):
        sparsity_at(1, 0.5, kind="square")
    with pytest.raises(InputError, match="target"):
        sparsity_at(1, 1.5)


def test_the_penalty_grows_until_the_warm_up_ends() -> None:
    assert [penalty_weight(step, 4) for step in range(6)] == [0.0, 0.25, 0.5, 0.75, 1.0, 0.0]
    assert penalty_weight(3, 0) == 0.0
