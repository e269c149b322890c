"""Lottery tickets: pruning, rewinding and controls."""

import random
from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sparsity import magnitude_masks, maskable, random_masks, redrawn, rewind, sparsity_of_rounds
from stgnn.space import load_space

WEIGHTS = {"a": torch.randn(30, 20), "b": 0.1 * torch.randn(10, 8, 3)}
SIZE = sum(weight.numel() for weight in WEIGHTS.values())


def kept(masks: dict[str, torch.Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def test_rounds_end_exactly() -> None:
    steps = sparsity_of_rounds(0.95, 0.2)
    assert len(steps) == 13 and steps[0] == pytest.approx(0.2) and steps[-1] == 0.95 and list(steps) == sorted(steps)
    assert sparsity_of_rounds(0.8, 1) == (0.8,) and sparsity_of_rounds(0.1, 0.2) == (0.1,)


def test_the_largest_weights_of_each_scope_stay() -> None:
    masks = magnitude_masks(WEIGHTS, None, 0.7, "global")
    assert kept(masks) == SIZE - round(0.7 * SIZE)
    smallest = min(float(WEIGHTS[name].abs()[mask].min()) for name, mask in masks.items() if mask.any())
    assert all(float(WEIGHTS[name].abs()[~mask].max()) <= smallest for name, mask in masks.items())
    each = magnitude_masks(WEIGHTS, None, 0.5, "layer")
    assert [int(mask.sum()) for mask in each.values()] == [300, 120]
    large, small = magnitude_masks(WEIGHTS, None, 0.7).values()
    assert small.float().mean() > large.float().mean(), "though its weights are a tenth"
    assert abs(int(large.sum() + small.sum()) - 0.3 * SIZE) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_how_many_stay_is_exact_in_every_scope(seed: int) -> None:
    rng = random.Random(seed)
    weights = {str(number): torch.randn(rng.randint(1, 40), 3) for number in range(5)}
    for sparsity in (0.0, rng.random(), 0.97, 1.0):
        counts = [weight.numel() for weight in weights.values()]
        whole, each = (magnitude_masks(weights, None, sparsity, scope) for scope in ("global", "layer"))
        assert kept(whole) == sum(counts) - min(round(sparsity * sum(counts)), sum(counts) - 1)
        gone = [min(round(sparsity * count), count - 1) for count in counts]
        assert [int((~mask).sum()) for mask in each.values()] == gone


def test_small_weights_do_not_empty_a_layer_unless_all_are_compared() -> None:
    weights = {"a": torch.randn(30, 20), "b": 0.001 * torch.randn(10, 8, 3)}
    assert not magnitude_masks(weights, None, 0.7, "global")["b"].any()
    for scope in ("erdos_renyi", "layer"):
        assert all(mask.any() for mask in magnitude_masks(weights, None, 0.99, scope).values())


@pytest.mark.parametrize("scope", ["erdos_renyi", "layer", "global"])
def test_what_was_pruned_stays_pruned(scope: str) -> None:
    masks = None
    for number, sparsity in enumerate(sparsity_of_rounds(0.95, 0.5)):
        weights = {name: weight.clone().normal_() for name, weight in WEIGHTS.items()}
        after = magnitude_masks(weights, masks, sparsity, scope)
        assert kept(after) == pytest.approx((1 - sparsity) * SIZE, abs=1)
        assert number == 0 or all(bool((masks[name] | ~mask).all()) for name, mask in after.items())
        masks = after
    with pytest.raises(InputError, match="bring weights back"):
        magnitude_masks(WEIGHTS, masks, 0.1, scope)


def test_weights_of_zero_and_ties_are_counted_exactly() -> None:
    assert int(magnitude_masks({"a": torch.zeros(10)}, None, 0.5)["a"].sum()) == 5


def test_random_masks_keep_as_many_of_each_layer() -> None:
    masks = magnitude_masks(WEIGHTS, None, 0.8)
    other = random_masks(masks, 1)
    assert [int(mask.sum()) for mask in other.values()] == [int(mask.sum()) for mask in masks.values()]
    assert any(not torch.equal(other[name], masks[name]) for name in masks)
    assert all(torch.equal(other[name], mask) for name, mask in random_masks(masks, 1).items())
    assert not torch.equal(other["a"], random_masks(masks, 2)["a"])


def test_redrawn_weights_are_others_of_the_same_mean_and_spread() -> None:
    weights = {**WEIGHTS, "shifted": 0.1 * torch.randn(20, 30) + 2}
    drawn = redrawn(weights, 3)
    for name, weight in weights.items():
        assert not torch.equal(drawn[name], weight)
        assert float(drawn[name].std()) == pytest.approx(float(weight.std()), rel=0.2)
        error = float(weight.std()) / weight.numel() ** 0.5
        assert float(drawn[name].mean()) == pytest.approx(float(weight.mean()), abs=5 * error)


def test_rewinding_brings_back_the_early_state_under_the_masks(make: Any) -> None:
    network = make(load_space("tiny").smallest())
    early = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    masks = magnitude_masks(dict(maskable(network)), None, 0.6)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(1)
    rewind(network, early, masks)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, early[name] * masks[name] if name in masks else early[name])
    with pytest.raises(InputError, match="rewound"):
        rewind(network, {}, masks)


def test_wrong_scopes_and_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="scope"):
        magnitude_masks(WEIGHTS, None, 0.5, "block")
    with pytest.raises(InputError, match="out of range"):
        sparsity_of_rounds(1.2)
