"""Laws of the sparse generator: what s = 0 means, densities, gradients, the penalty, granularities."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks import Network
from stgnn.networks.sgn import SGN
from stgnn.networks.sparsity import GRANULARITIES, SCOPES, SparseNetwork, list_weights
from stgnn.networks.sparsity.gates import find_gates
from stgnn.networks.sparsity.maskable import block_of
from stgnn.skeleton import load_layout
from stgnn.space import Architecture, load_architecture, load_space

LAYOUT = load_layout("ntu25")
NETWORKS = ("tiny", "SGN")


def network(make: Any, name: str) -> nn.Module:
    if name == "SGN":
        return SGN(LAYOUT, 6).eval()
    return make(load_space("tiny").largest() if name == "tiny" else load_architecture(name), 2)


@pytest.fixture
def uneven(branched: Architecture) -> Architecture:
    """Branches of unequal width, whose channels are no multiples of four."""
    stages = (replace(stage, width=width) for stage, width in zip(branched.stages, (20, 28), strict=True))
    return replace(branched, stages=tuple(stages))


def bodies(net: nn.Module, count: int = 3) -> torch.Tensor:
    frames = net.architecture.frames if isinstance(net, Network) else 20
    return torch.randn(count, frames, 25, 3, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("granularity", ["unstructured", "block", "channel"])
def test_sparsity_zero_is_the_dense_network(make: Any, name: str, granularity: str) -> None:
    net = network(make, name)
    sparse = SparseNetwork(net, granularity).eval()
    with torch.no_grad():
        assert torch.equal(sparse(bodies(net), 0.0), net(bodies(net)))


@pytest.mark.parametrize(("granularity", "scope"), [*zip(GRANULARITIES, SCOPES, strict=True), ("channel", "block")])
def test_every_granularity_and_scope_equals_its_folded_and_compacted_network(
    make: Any, branched: Any, granularity: str, scope: str
) -> None:
    net = make(branched)
    sparse = SparseNetwork(net, granularity, scope).eval()
    x = bodies(net)
    with torch.no_grad():
        expected = sparse(x, 0.6)
        tolerance = 1e-5 * float(expected.abs().max())
        assert not torch.allclose(expected, net(x))
        torch.testing.assert_close(sparse.masked(0.6)(x), expected, rtol=1e-5, atol=tolerance)
        torch.testing.assert_close(sparse.compacted(0.6)(x), expected, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("sparsity", [0.0, 0.34, 0.6, 0.95, 0.99, 1.0])
def test_density_is_exact_in_every_scope(make: Any, sparsity: float) -> None:
    net = network(make, "tiny")
    for scope in set(SCOPES) - {"erdos_renyi"}:
        sparse = SparseNetwork(net, scope=scope)
        sums: dict[str, list[int]] = {}
        for density, key in zip(sparse.densities(sparsity), sparse._keys, strict=True):
            kept, total = sums.get(key, (0, 0))
            sums[key] = [kept + density.kept, total + density.total]
        for kept, total in sums.values():
            assert kept >= 1 and abs(kept / total - (1 - sparsity)) <= 1 / total + 1e-9


def test_single_weights_share_by_size_and_units_with_all(make: Any) -> None:
    net = network(make, "tiny")
    usual = {granularity: SparseNetwork(net, granularity).scope for granularity in GRANULARITIES}
    fine = {name for name, scope in usual.items() if scope == "erdos_renyi"}
    assert fine == {"unstructured", "block"} and set(usual.values()) == {"erdos_renyi", "global_standardised"}


@pytest.mark.parametrize("sparsity", [0.0, 0.34, 0.6, 0.95, 0.99, 1.0])
def test_small_layers_stay_denser_in_the_scope_of_erdos_and_renyi(make: Any, sparsity: float) -> None:
    net = network(make, "STGCN++")
    densities = SparseNetwork(net, scope="erdos_renyi").densities(sparsity)
    kept, total = sum(one.kept for one in densities), sum(one.total for one in densities)
    assert kept == pytest.approx((1 - sparsity) * total, abs=len(densities))
    shares = {}
    for one in densities:
        shape = net.get_parameter(one.name).shape
        shares[one.name] = (one.fraction, sum(shape) / one.total, 1 / one.total)
    fraction, ratio, _ = min(shares.values(), key=lambda share: share[2])  # the largest layer
    scale = fraction / ratio
    for fraction, ratio, one_weight in shares.values():
        assert fraction == 1 or fraction == pytest.approx(scale * ratio, rel=0.05, abs=one_weight)


def test_the_maskable_share_of_st_gcn_is_the_authors() -> None:
    with torch.device("meta"):
        weights = list_weights(Network(load_architecture("STGCN"), LAYOUT, 60))
    assert sum(weight.size for weight in weights if not weight.kept_because) == 3_052_096
    assert sum(weight.size for weight in weights) == 3_098_832


def test_every_unmasked_parameter_says_why() -> None:
    with torch.device("meta"):
        weights = {weight.name: weight for weight in list_weights(Network(load_architecture("AAGCN"), LAYOUT, 60))}
    place = "stages.0.1.spatial.AdaptiveGraphConv"
    assert "joints" in weights[f"{place}.adjacency_25"].kept_because
    assert "gate" in weights[f"{place}.squeeze.weight"].kept_because
    assert "bias" in weights[f"{place}.theta_bias"].kept_because
    assert "classifier" in weights["head.weight"].kept_because
    assert not weights[f"{place}.theta"].kept_because and not weights[f"{place}.weight"].kept_because


def test_kept_weights_and_all_scores_get_gradients_as_in_the_paper(make: Any) -> None:
    net = network(make, "tiny").train()
    sparse = SparseNetwork(net)
    masked = {name: tensor.detach().requires_grad_() for name, tensor in sparse.weights(0.8).items()}
    torch.func.functional_call(net, masked, (bodies(net),)).logsumexp(1).sum().backward()
    sparse(bodies(net), 0.8).logsumexp(1).sum().backward()
    for scores, (name, mask) in zip(sparse.scores, sparse.masks(0.8).items(), strict=True):
        weight, outer = net.get_parameter(name), masked[name].grad
        assert outer is not None and weight.grad is not None and scores.score.grad is not None
        torch.testing.assert_close(weight.grad, outer * mask, msg=name)
        torch.testing.assert_close(scores.score.grad, outer * weight.detach(), msg=name)
        assert not weight.grad[~mask].any()


def test_scores_learn_during_the_warm_up(make: Any) -> None:
    net = network(make, "tiny").train()
    sparse = SparseNetwork(net, "channel")
    sparse(bodies(net), 0.0).logsumexp(1).sum().backward()
    assert all(bool(score.grad is not None and score.grad.any()) for score in sparse.score_parameters())


def test_the_penalty_pulls_what_will_be_pruned_and_the_inert_one_does_nothing(make: Any) -> None:
    net = network(make, "tiny")
    sparse = SparseNetwork(net)
    pull, inert = sparse.penalty(0.9), sparse.penalty(0.9, "inert")
    assert float(pull.detach()) == pytest.approx(float(inert)) and not inert.requires_grad
    pull.backward()
    for name, mask in sparse.masks(0.9).items():
        weight = net.get_parameter(name)
        assert weight.grad is not None and not weight.grad[mask].any()
        assert mask.all() or bool((weight.grad * weight)[~mask].sum() > 0)
    with torch.no_grad():
        for name in sparse.masks(0.9):
            weight = net.get_parameter(name)
            weight -= 0.05 * weight.grad
    assert float(sparse.penalty(0.9).detach()) < float(pull.detach())


@torch.no_grad()
@pytest.mark.parametrize("granularity", ["unstructured", "channel"])
def test_the_penalty_is_a_sum_of_norms_over_blocks(make: Any, branched: Any, granularity: str) -> None:
    net = make(branched)
    sparse = SparseNetwork(net, granularity)
    others = {name: torch.randn_like(weight) for name, weight in net.named_parameters() if "stages.0" in name}
    for overrides in ({}, others):
        blocks: dict[str, list[torch.Tensor]] = {}
        for name, mask in sparse.masks(0.7).items():
            weight = overrides.get(name, net.get_parameter(name))
            blocks.setdefault(block_of(net, name), []).append(weight[~mask])
        assert len(blocks) < len(sparse.masks(0.7))
        wanted = sum(torch.cat(gone).norm() for gone in blocks.values())
        torch.testing.assert_close(sparse.penalty(0.7, overrides=overrides), wanted)


def test_a_penalty_on_nothing_has_finite_gradients(make: Any) -> None:
    net = network(make, "tiny")
    sparse = SparseNetwork(net)
    sparse.penalty(0.0).backward()
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in net.parameters())


def test_channels_are_kept_in_steps_and_above_a_floor(make: Any, branched: Any) -> None:
    sparse = SparseNetwork(make(branched), "channel", "global_raw", round_to=8, floor=16)
    for scores, mask in zip(sparse.scores, sparse._kept(0.7), strict=True):
        size, kept = mask.numel(), int(mask.sum())
        assert kept == size or (kept % 8 == 0 and kept >= 16), scores.gate.name


def test_blocks_lie_along_the_input_channels(make: Any) -> None:
    mask = SparseNetwork(network(make, "STGCN++"), "block").masks(0.5)
    weight = mask["stages.0.1.spatial.LearnedGraphConv.weight"]  # (K, C_out, C_in)
    groups = weight.reshape(3, 64, 16, 4)
    assert bool((groups == groups[..., :1]).all()) and 0.3 < float(weight.float().mean()) < 0.7


def test_a_block_is_at_most_four_neighbours_of_one_output(make: Any, uneven: Architecture) -> None:
    for gate in find_gates(make(uneven), "block"):
        (target,) = gate.targets
        assert target.index is not None
        inputs = -1 if target.index.dim() == 3 else 1  # raw weights are (K, C_out, C_in)
        rows = target.index.movedim(inputs, -1).flatten(0, -2)
        for row in rows:
            assert row.tolist() == [int(row[0]) + place // 4 for place in range(len(row))]
        assert len(rows[:, 0].unique()) == len(rows) and gate.shape == (len(target.index.unique()),)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_units_never_vanish_as_a_whole_and_weights_may(make: Any, branched: Any, granularity: str) -> None:
    sparse = SparseNetwork(make(branched), granularity, "global_raw")
    fewest = min(int(mask.sum()) for mask in sparse._kept(1.0))
    assert fewest == (1 if granularity in ("channel", "branch") else 0)


def test_small_layers_stay_denser_in_blocks_of_weights_too(make: Any) -> None:
    net = network(make, "STGCN++")
    sparse, shares = SparseNetwork(net, "block"), []
    for scores, mask in zip(sparse.scores, sparse._kept(0.95), strict=True):
        weight = net.get_parameter(scores.gate.name)
        shares.append((sum(weight.shape) / weight.numel(), float(mask.float().mean()), 1 / mask.numel()))
    shares.sort()
    for (_, sparser, _), (_, denser, one_block) in pairwise(shares):
        assert sparser <= denser + one_block
    assert shares[-1][1] > 3 * shares[0][1]


def test_edges_that_a_body_does_not_have_have_no_scores(make: Any) -> None:
    sparse = SparseNetwork(network(make, "STGCN"), "edge", "layer")
    assert {scores.score.numel() for scores in sparse.scores} == {25 + 2 * 24}


def test_raw_global_scores_empty_wide_layers_and_standardised_ones_do_not(make: Any) -> None:
    net = network(make, "STGCN")
    raw, fair = (
        {one.name: one.fraction for one in SparseNetwork(net, scope=scope).densities(0.95)} for scope in SCOPES[-2:]
    )
    wide = [f"stages.2.{number}.temporal.TemporalConv.conv.0.weight" for number in range(3)]
    assert all(raw[name] == 0 for name in wide)
    assert all(fair[name] == pytest.approx(0.05, abs=0.02) for name in wide)


def test_masks_follow_the_formula_of_the_threshold(make: Any) -> None:
    sparse = SparseNetwork(network(make, "tiny"), scope="layer")
    for scores, mask in zip(sparse.scores, sparse._kept(0.7), strict=True):
        flat = scores.score.detach().flatten().sort().values
        threshold = flat[min(round(0.7 * len(flat)), len(flat) - 1)]
        assert torch.equal(mask, scores.score.detach() >= threshold)


def test_scores_may_start_from_magnitudes(make: Any) -> None:
    net = network(make, "tiny")
    sparse = SparseNetwork(net, scope="layer", initial="magnitude")
    for name, mask in sparse.masks(0.5).items():
        sizes = net.get_parameter(name).detach().abs()
        assert not mask.any() or mask.all() or float(sizes[mask].min()) >= float(sizes[~mask].max())
    for score in SparseNetwork(net, "channel", initial="magnitude").score_parameters():
        assert bool(torch.isfinite(score).all())


@torch.no_grad()
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_magnitudes_are_means_relative_to_each_parameter(make: Any, uneven: Architecture, granularity: str) -> None:
    """The order of the scores is that of what each of them opens; single weights are their own."""
    net = make(uneven, 3)
    for scores in SparseNetwork(net, granularity, initial="magnitude").scores:
        sizes = torch.zeros(scores.gate.shape).flatten()
        for target in scores.gate.targets:
            weight = net.get_parameter(target.parameter).abs()
            if target.index is None:
                sizes = weight.flatten()
                continue
            index = target.index if target.axis is None else _broadcast(target.index, target.axis, weight)
            for place in range(len(sizes)):
                opened = weight[index == place]
                if len(opened):
                    sizes[place] += opened.mean() / weight.mean()
        order = sizes[scores.score.flatten().argsort()]
        assert bool((order.diff() >= -1e-5 * order.max()).all()), scores.gate.name
        bound, count = scores.gate.bound, scores.score.numel()
        step = 2 * bound / count
        even = -bound + step / 2 + step * torch.arange(count)
        torch.testing.assert_close(scores.score.flatten().sort().values, even, msg="spread evenly within the bound")


def _broadcast(index: torch.Tensor, axis: int, weight: torch.Tensor) -> torch.Tensor:
    return index.reshape([-1 if place == axis else 1 for place in range(weight.dim())]).expand(weight.shape)


def test_scores_by_magnitude_empty_no_layer_whose_weights_are_spread_evenly(make: Any) -> None:
    net = network(make, "STGCN++")
    for density in SparseNetwork(net, scope="global_standardised", initial="magnitude").densities(0.95):
        assert density.fraction == pytest.approx(0.05, abs=0.01 + 1 / density.total), density.name


def test_random_scores_start_within_the_bound_of_the_fan_in(make: Any) -> None:
    net = network(make, "STGCN")
    bounds = {scores.gate.name: scores.score.detach().abs().max() for scores in SparseNetwork(net).scores}
    assert float(bounds["stages.0.0.temporal.TemporalConv.conv.0.weight"]) == pytest.approx(
        math.sqrt(6 / (64 * 9)), rel=0.01
    )
    assert float(bounds["stages.1.1.spatial.GraphConv.weight"]) == pytest.approx(math.sqrt(6 / 128), rel=0.01)


def test_state_comes_back_with_scores(make: Any) -> None:
    first = SparseNetwork(network(make, "tiny"), "channel")
    second = SparseNetwork(network(make, "tiny"), "channel")
    second.load_state_dict(first.state_dict())
    masks = second.masks(0.5)
    assert all(torch.equal(mask, masks[name]) for name, mask in first.masks(0.5).items())


def test_wrong_names_and_numbers_are_refused(make: Any) -> None:
    net = network(make, "tiny")
    with pytest.raises(InputError, match="granularity"):
        SparseNetwork(net, "weights")
    with pytest.raises(InputError, match="scope"):
        SparseNetwork(net, scope="global")
    with pytest.raises(InputError, match="start"):
        SparseNetwork(net, initial="zero")
    with pytest.raises(InputError, match="penalty"):
        SparseNetwork(net).penalty(0.5, "detached")
    with pytest.raises(InputError, match="out of range"):
        SparseNetwork(net).masks(1.5)
    with pytest.raises(InputError, match="nothing to mask"):
        SparseNetwork(SGN(LAYOUT, 6), "branch")
