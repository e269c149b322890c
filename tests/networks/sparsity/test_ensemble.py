"""Several levels of sparsity at once."""

import copy
from itertools import pairwise
from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sgn import SGN
from stgnn.networks.sparsity import FUSIONS, SparseEnsemble
from stgnn.skeleton import load_layout
from stgnn.space import load_space

LEVELS = (0.3, 0.6, 0.9)
ARCHITECTURE = load_space("tiny").largest()
X = torch.randn(4, 12, 25, 3, generator=torch.Generator().manual_seed(3))


def ensemble(make: Any, count: int, fusion: str = "mean", granularity: str = "unstructured") -> SparseEnsemble:
    """As after a training: every classifier, every norm and the fusion of its own."""
    net = SparseEnsemble([make(ARCHITECTURE, seed) for seed in range(count)], LEVELS, fusion, granularity).eval()
    with torch.no_grad():
        for parameter in (*net.fusion.parameters(), *net.heads.parameters(), *net.head.parameters()):
            parameter.normal_()
        for tensor in (*net.norms.parameters(), *net.norms.buffers()):
            if tensor.is_floating_point():
                tensor.add_(0.3 * torch.rand_like(tensor))
    return net


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("count", [1, 3])
@torch.no_grad()
def test_the_folded_ensemble_is_the_same_function(make: Any, fusion: str, count: int) -> None:
    net = ensemble(make, count, fusion)
    logits = net(X)
    assert logits.fused.shape == (4, 6) and logits.experts.shape == (3, 4, 6)
    torch.testing.assert_close(net.compacted()(X), logits.fused, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(net.compacted().deploy()(X), logits.fused, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
@torch.no_grad()
def test_every_level_can_be_deployed_alone(make: Any, count: int) -> None:
    net = ensemble(make, count, granularity="channel")
    logits = net(X)
    for number in range(3):
        alone = net.level(number)
        torch.testing.assert_close(alone(X), logits.experts[number], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(alone.deploy()(X), logits.experts[number], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_any_prefix_of_levels_works(make: Any) -> None:
    for fusion in ("mean", "learned"):
        net = ensemble(make, 1, fusion)
        torch.testing.assert_close(net.compacted(2)(X), net(X, LEVELS[:2]).fused, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="so many experts"):
        ensemble(make, 1, "mix")(X, LEVELS[:2])
    with pytest.raises(InputError, match="so many experts"):
        ensemble(make, 1).compacted(4)


def test_nested_levels_share_weights_and_each_sparser_one_is_a_subset(make: Any) -> None:
    net, apart = ensemble(make, 1), ensemble(make, 3)
    masks = [net.experts[0].masks(level) for level in LEVELS]
    for denser, sparser in pairwise(masks):
        assert all(bool((mask | ~sparser[name]).all()) for name, mask in denser.items())
    sizes = [sum(p.numel() for p in one.experts.parameters()) for one in (net, apart)]
    assert sizes[1] == 3 * sizes[0]


def test_nested_levels_have_batch_norms_of_their_own(make: Any) -> None:
    net = ensemble(make, 1).train()
    shared = net.experts[0].network
    name = next(name for name, _ in shared.named_buffers() if "stages.1" in name and name.endswith("running_mean"))
    weight = name.replace("running_mean", "weight")
    net(X).experts.logsumexp(dim=2).sum().backward()
    levels = [dict(shared.named_parameters()) | dict(shared.named_buffers()), *(one.by_name() for one in net.norms)]
    assert len(levels) == len(LEVELS)
    for one, other in pairwise(levels):
        assert not torch.equal(one[name], other[name])
        assert one[weight].grad is not None and not torch.equal(one[weight].grad, other[weight].grad)


def test_a_nested_level_chooses_among_what_the_denser_one_keeps(make: Any) -> None:
    net = ensemble(make, 1).train()
    shared = net.experts[0]
    for number in range(3):
        net.zero_grad()
        net(X).experts[number].logsumexp(dim=1).sum().backward()
        denser = shared.masks(LEVELS[number - 1] if number else 0.0)
        for scores in shared.scores:
            (target,) = scores.gate.targets
            assert not bool(scores.score.grad[~denser[target.parameter]].any())
        reached = sum(int(score.grad.count_nonzero()) for score in shared.score_parameters())
        kept = sum(int(mask.sum()) for mask in shared.masks(LEVELS[number]).values())
        assert reached > kept, "more than it keeps itself, so that others can be taken in"


@torch.no_grad()
def test_classifiers_of_nested_levels_start_as_that_of_the_network(make: Any) -> None:
    network = make(ARCHITECTURE)
    head = network.head.weight.clone()
    net = SparseEnsemble([network], LEVELS)
    assert all(torch.equal(one.weight, head) for one in (*net.heads, net.head))
    assert len({one.weight.data_ptr() for one in (*net.heads, net.head)}) == len(LEVELS) + 1


def test_gradients_reach_every_expert_every_score_and_every_classifier(make: Any) -> None:
    net = ensemble(make, 3).train()
    fused, experts = net(X)
    (fused.logsumexp(dim=1).sum() + experts.logsumexp(dim=2).sum()).backward()
    for expert in net.experts:
        assert all(score.grad is not None and bool(score.grad.any()) for score in expert.score_parameters())
    assert all(head.weight.grad is not None for head in [net.head, *net.heads])


def test_the_penalty_is_a_sum_over_experts(make: Any) -> None:
    net = ensemble(make, 3)
    torch.testing.assert_close(net.penalty(), sum(e.penalty(s) for e, s in zip(net.experts, LEVELS, strict=True)))


@torch.no_grad()
def test_the_penalty_of_nested_levels_is_of_the_norms_of_each(make: Any) -> None:
    net = ensemble(make, 1, granularity="channel")
    shared, wanted = net.experts[0], torch.tensor(0.0)
    for level, own in zip(LEVELS, [{}, *(norms.by_name() for norms in net.norms)], strict=True):
        alone = copy.deepcopy(shared)
        alone.network.load_state_dict(own, strict=False)
        wanted = wanted + alone.penalty(level)
    torch.testing.assert_close(net.penalty(), wanted)


@torch.no_grad()
def test_an_ensemble_of_sgn() -> None:
    net = SparseEnsemble([SGN(load_layout("ntu25"), 6)], LEVELS).eval()
    x = torch.randn(2, 20, 25, 3)
    torch.testing.assert_close(net.level(1)(x), net(x).experts[1], rtol=1e-4, atol=1e-5)


def test_wrong_ensembles_are_refused(make: Any) -> None:
    network = make(ARCHITECTURE)
    for count, levels in ((2, LEVELS), (1, (0.9, 0.6)), (1, (0.5, 0.5))):
        with pytest.raises(InputError, match="make no ensemble"):
            SparseEnsemble([network] * count, levels)
    with pytest.raises(InputError, match="fusion"):
        SparseEnsemble([make(ARCHITECTURE)], LEVELS, "sum")
    with pytest.raises(InputError, match="head"):
        SparseEnsemble([torch.nn.Linear(3, 3)], LEVELS)
