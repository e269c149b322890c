"""How scores become actions, how hard they are pressed to be cheap, and by what schedule. Pure functions."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from stgnn.errors import InputError, check_between

DEAREST_GFLOPS = 0.1538188  # of the most expensive action of the paper (25 joints, big) by the counting of its authors
SHARED = 5  # the authors divide their efficiency loss by the number of actions but one, of six


def temperature(epoch: float, start: float = 5.0, rate: float = 0.045) -> float:
    """Temperature of a training epoch (counted from 0, fractions allowed): ``start * exp(-rate * (epoch + 1))``.

    The paper speaks of a linear reduction; this is what the authors' code does, which lowers it before each epoch.
    """
    return start * math.exp(-rate * (epoch + 1))


def pressure(epoch: float, alpha: float, warmup: int = 5) -> float:
    """Weight of the efficiency loss in an epoch (counted from 0): ``alpha * min(epoch / warmup, 1)``."""
    return alpha * min(epoch / warmup, 1.0) if warmup else alpha


def gumbel_noise(shape: Sequence[int], generator: torch.Generator | None = None) -> Tensor:
    """Standard Gumbel noise; a seeded generator repeats it."""
    return -torch.empty(tuple(shape)).exponential_(generator=generator).log()


def straight_through(scores: Tensor, temperature: float, noise: Tensor) -> Tensor:
    """One-hot actions whose gradient is that of the softmax (Gumbel-softmax, hard).

    ``P = clamp(softmax(scores), 1e-8)``, ``soft = softmax((log P + noise) / temperature)``. The action drawn follows P
    at any temperature; the temperature shapes the gradient alone.

    Args:
        scores: ``(B, T, A)``.
        temperature: Above 0.
        noise: Gumbel noise of the same shape.

    Returns:
        ``(B, T, A)``, exactly one-hot.
    """
    chances = torch.softmax(scores, dim=-1).clamp_min(1e-8).log()
    soft = torch.softmax((chances + noise.to(scores)) / temperature, dim=-1)
    return one_hot(soft.argmax(dim=-1), scores.shape[-1]).to(scores) + (soft - soft.detach())


def one_hot(actions: Tensor, count: int) -> Tensor:
    """Action numbers ``(B, T)`` as float ``(B, T, A)``."""
    return torch.nn.functional.one_hot(actions, count).float()


def relative_costs(costs: Sequence[float]) -> Tensor:
    """Costs of actions in any unit (GFLOPs, MACs, milliseconds) as shares of the most expensive; the first counts
    nothing.

    The first action's features are what the policy looks at, so they are paid for in any case.

    Args:
        costs: One for each action.

    Returns:
        ``(A,)``.

    Raises:
        InputError: a cost is negative or not finite, or there is no action beside the first that costs anything.
    """
    check_between(0.0, **{f"cost of action {number}": cost for number, cost in enumerate(costs)})
    if len(costs) < 2 or max(costs[1:]) == 0:
        hint = "one cost for each action, in the order of the network's actions"
        raise InputError("there is nothing to choose between", given=tuple(costs), hint=hint)
    shares = torch.tensor([0.0, *costs[1:]], dtype=torch.float32)
    return shares / shares.max()


def efficiency_loss(actions: Tensor, costs: Tensor, scale: float = DEAREST_GFLOPS) -> Tensor:
    """``scale / 5 * mean over clips and frames of the relative cost of the action taken``, to be weighed by alpha.

    With the authors' GFLOPs table this is their loss, ``alpha / (A - 1) * sum of usage * GFLOPs`` with A = 6: one
    GFLOP weighs alpha / 5. Costs being relative, alpha means the same for MACs and for milliseconds, and for any
    number of actions. For the authors' loss on SHREC, ``scale`` is 0.13535632, the GFLOPs of its most expensive action.

    Args:
        actions: One-hot ``(B, T, A)``, with the gradient of :func:`straight_through`.
        costs: Relative costs ``(A,)``, see :func:`relative_costs`.
        scale: GFLOPs of the most expensive action.
    """
    return scale / SHARED * (actions @ costs.to(actions)).mean()


def expected_cost(usage: Sequence[float], costs: Sequence[float], fixed: float) -> float:
    """Cost of a body: ``fixed`` (cheapest branch, policy, temporal module, head) plus what the other actions add.

    Args:
        usage: Share of the frames that take each action, A numbers.
        costs: Cost of each action for all frames.
        fixed: What is paid whatever the actions are.
    """
    return fixed + sum(share * cost for share, cost in list(zip(usage, costs, strict=True))[1:])
