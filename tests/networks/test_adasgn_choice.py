"""Actions, temperatures and the efficiency loss, beside the numbers of the paper and its code."""

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sgn.choice import (
    DEAREST_GFLOPS,
    efficiency_loss,
    expected_cost,
    gumbel_noise,
    one_hot,
    pressure,
    relative_costs,
    straight_through,
    temperature,
)

GFLOPS = (0.002843696, 0.006151216, 0.025597872, 0.055365552, 0.0711308, DEAREST_GFLOPS)
FIXED = 0.009922216  # cheapest branch, policy and temporal module, in GFLOPs


@pytest.mark.parametrize(
    ("epoch", "value"), [(0, 4.780), (9, 3.188), (29, 1.296), (59, 0.336), (89, 0.0871), (119, 0.0226)]
)
def test_temperatures_are_those_of_the_authors(epoch: int, value: float) -> None:
    assert temperature(epoch) == pytest.approx(value, rel=3e-3)


def test_pressure_rises_linearly_from_nothing() -> None:
    assert [pressure(epoch, 4.0) for epoch in (0, 1, 5, 50)] == [0, 0.8, 4, 4]
    assert pressure(0, 4.0, warmup=0) == 4


@pytest.mark.parametrize("heat", [5.0, 0.02])
def test_draws_are_one_hot_and_follow_the_scores_at_any_temperature(heat: float) -> None:
    chances = torch.tensor([0.1, 0.2, 0.7])
    scores = chances.log().expand(200, 100, 3)
    drawn = straight_through(scores, heat, gumbel_noise(scores.shape, torch.Generator().manual_seed(0)))
    assert torch.equal(drawn.sort(-1).values, torch.tensor([0.0, 0.0, 1.0]).expand_as(drawn))
    torch.testing.assert_close(drawn.mean((0, 1)), chances, atol=0.01, rtol=0)


def test_gradients_are_those_of_the_softmax() -> None:
    scores, noise, weights = torch.randn(2, 3, 4, requires_grad=True), gumbel_noise((2, 3, 4)), torch.randn(2, 3, 4)
    (straight_through(scores, 2.0, noise) * weights).sum().backward()
    soft = scores.detach().clone().requires_grad_()
    (torch.softmax((soft.log_softmax(-1) + noise) / 2.0, -1) * weights).sum().backward()
    torch.testing.assert_close(scores.grad, soft.grad)


def test_impossible_actions_stay_finite() -> None:
    scores = torch.tensor([[[1e4, -1e4, 0.0]]], requires_grad=True)
    straight_through(scores, 0.02, gumbel_noise((1, 1, 3))).sum().backward()
    assert scores.grad is not None and scores.grad.isfinite().all()


def test_the_authors_loss_is_reproduced() -> None:
    actions = one_hot(torch.randint(6, (8, 20)), 6)
    usage = actions.mean(dim=1)  # of each clip
    authors = sum(usage[:, a] * GFLOPS[a] for a in range(1, 6)).mean() / 5  # type: ignore[union-attr]
    torch.testing.assert_close(efficiency_loss(actions, relative_costs(GFLOPS)), authors)


def test_alpha_means_the_same_in_every_unit() -> None:
    actions = one_hot(torch.randint(6, (8, 20)), 6)
    losses = [efficiency_loss(actions, relative_costs([factor * cost for cost in GFLOPS])) for factor in (1, 1e9, 30)]
    torch.testing.assert_close(losses, [losses[0]] * 3)


def test_the_loss_pulls_towards_cheap_actions() -> None:
    scores = torch.zeros(1, 4, 6, requires_grad=True)
    drawn = straight_through(scores, 5.0, gumbel_noise((1, 4, 6)))
    efficiency_loss(drawn, relative_costs(GFLOPS)).backward()
    assert scores.grad is not None and (scores.grad[..., 5] > 0).all() and (scores.grad[..., 0] < 0).all()


@pytest.mark.parametrize(
    ("usage", "published"),
    [
        ((0, 0, 0, 0, 0, 1), 0.164),
        ((0, 0, 0.3396, 0, 0, 0.6572), 0.120),
        ((0.2455, 0, 0.1628, 0, 0, 0.5890), 0.105),
        ((0.4104, 0, 0, 0, 0, 0.5891), 0.101),
        ((0.4470, 0, 0, 0, 0, 0.5523), 0.095),
        ((0.4836, 0, 0, 0.1647, 0, 0.3514), 0.073),
        ((0.5276, 0, 0, 0.4721, 0, 0), 0.036),
        ((0.5673, 0, 0, 0.4325, 0, 0), 0.034),
        ((0.7327, 0, 0, 0.2668, 0, 0), 0.025),
        ((1 / 6,) * 6, 0.06193),
        ((1,) * 6, 0.32199),
    ],
)
def test_costs_are_those_of_the_papers_table(usage: tuple[float, ...], published: float) -> None:
    digits = len(str(published).partition(".")[2])
    assert round(expected_cost(usage, GFLOPS, FIXED), digits) == published


@pytest.mark.parametrize("costs", [(1.0,), (1.0, 0.0), (1.0, -2.0), (1.0, float("nan")), ()])
def test_costs_that_leave_no_choice_are_refused(costs: tuple[float, ...]) -> None:
    with pytest.raises(InputError):
        relative_costs(costs)
