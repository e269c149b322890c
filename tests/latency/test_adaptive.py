"""Costs of actions: counted and added up."""

from collections.abc import Callable

import pytest

from stgnn.errors import InputError
from stgnn.latency.adaptive import COUNTED, action_costs, count_adaptive
from stgnn.networks import SGN, AdaSGN
from stgnn.networks.sgn import POLICIES
from stgnn.skeleton import load_layout

Make = Callable[..., AdaSGN]
NTU = load_layout("ntu25")


@pytest.mark.parametrize("counting", ["macs", "adasgn"])
def test_costs_rise_with_joints_and_size_and_add_up(adasgn: Make, counting: str) -> None:
    costs = action_costs(adasgn(), counting)
    values = list(costs.actions.values())
    assert values == sorted(values) and list(costs.actions) == ["small-1", "big-1", "small-25", "big-25"]
    assert costs.total((1, 0, 0, 0)) == costs.fixed + costs.head
    assert costs.total((0, 0, 0, 1)) == costs.fixed + values[3] + costs.head
    assert costs.total() == pytest.approx(costs.fixed + sum(values[1:]) / 4 + costs.head)


def test_skipping_costs_nothing(adasgn: Make) -> None:
    assert action_costs(adasgn(skip=True)).actions["skip"] == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_our_counting_knows_every_policy(adasgn: Make, policy: str) -> None:
    network = adasgn(policy=policy)
    costs = action_costs(network)
    assert (costs.policy > 0) == bool(list(network.policy.parameters()))
    dense = costs.policy + costs.temporal + costs.head + sum(costs.actions.values())
    assert count_adaptive(network).macs == dense if policy == "fuse" else count_adaptive(network).macs < dense


@pytest.mark.parametrize("policy", ["lstm", "attention"])
def test_the_authors_counting_is_not_guessed(adasgn: Make, policy: str) -> None:
    with pytest.raises(InputError, match="not known for this policy") as caught:
        action_costs(adasgn(policy=policy), "adasgn")
    assert caught.value.given == policy and caught.value.hint == "take cost macs or milliseconds"


def test_what_the_authors_counting_is_known_for_is_what_a_refusal_allows(adasgn: Make) -> None:
    for policy in COUNTED:
        assert action_costs(adasgn(policy=policy), "adasgn").temporal > 0
    assert set(POLICIES) - set(COUNTED) == {"lstm", "attention"}


def test_unknown_countings_are_refused() -> None:
    with pytest.raises(InputError, match="no such counting"):
        action_costs(SGN(NTU, 3, width=4), "flops")
