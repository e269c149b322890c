"""From scores to masks: thresholds over scopes, and the straight-through step."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stgnn.errors import InputError, check_between
from stgnn.networks.sparsity.gates import FINE

SCOPES = ("layer", "erdos_renyi", "block", "global_raw", "global_standardised")


class _Open(torch.autograd.Function):
    """1 where a mask is set; the gradient passes straight through to the scores, or to some of them."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor, reached: Tensor | None) -> Tensor:
        """The mask as numbers."""
        ctx.reached = reached
        return mask.to(scores.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """``dL/dS = dL/dB`` where scores are reached."""
        return gradient if ctx.reached is None else gradient * ctx.reached, None, None


def open_gate(scores: Tensor, mask: Tensor, reached: Tensor | None = None) -> Tensor:
    """The mask B as numbers, through which gradients reach the scores: ``dL/dS = dL/dB = dL/d(W B) W``.

    Args:
        scores: S.
        mask: B.
        reached: Which scores the gradient reaches; None: all.
    """
    return _Open.apply(scores, mask, reached)  # type: ignore[no-untyped-call]


def scope_keys(scope: str, names: Sequence[str], blocks: Sequence[str]) -> list[str]:
    """Which layers share a threshold: those with the same key.

    Raises:
        InputError: there is no such scope.
    """
    if scope not in SCOPES:
        raise InputError("no such scope of sparsity", given=scope, allowed=SCOPES)
    return {"layer": list(names), "erdos_renyi": list(names), "block": list(blocks)}.get(scope, [""] * len(names))


def usual_scope(granularity: str) -> str:
    """``erdos_renyi`` for single weights and blocks of them, ``global_standardised`` for whole units.

    Chosen on validation clips (benchmarks/sparse_accuracy.py): one standardised threshold gives every layer the
    same density at first, and the few hundred weights of the first layer starve at 99 %.
    """
    return "erdos_renyi" if granularity in FINE else "global_standardised"


def erdos_renyi(shapes: Sequence[Sequence[int]], sizes: Sequence[int], sparsity: float) -> list[float]:
    """Sparsity of every layer, small layers denser than large ones, with ``sparsity`` of all scores gone.

    Density is proportional to ``sum(shape) / prod(shape)``, and 1 at most: a layer keeps about as many weights for each
    of its channels as any other, so that at 99 % the first layer, with a few hundred weights, still lets something
    through. Source: Evci et al., "Rigging the Lottery", ICML 2020 (Erdos-Renyi-Kernel), after Mocanu et al., 2018.

    Args:
        shapes: Shape of the weight of each layer.
        sizes: Number of scores of each layer.
        sparsity: Between 0 and 1.
    """
    ratios = [sum(shape) / math.prod(shape) for shape in shapes]
    wanted, full = (1 - sparsity) * sum(sizes), set[int]()
    while len(full) < len(ratios):
        rest = wanted - sum(sizes[layer] for layer in full)
        scale = rest / sum(r * n for layer, (r, n) in enumerate(zip(ratios, sizes, strict=True)) if layer not in full)
        above = {layer for layer, ratio in enumerate(ratios) if layer not in full and scale * ratio > 1}
        if not above:
            return [0.0 if layer in full else 1 - scale * ratio for layer, ratio in enumerate(ratios)]
        full |= above
    return [0.0] * len(ratios)


@torch.no_grad()
def keep(
    scores: Sequence[Tensor],
    keys: Sequence[str],
    sparsity: float | Sequence[float],
    standardise: bool = False,
    round_to: int = 1,
    floor: int = 0,
) -> list[Tensor]:
    """Which scores stay: ``B = 1[S >= t]``, one threshold t per key.

    Of the n scores of a key the ``min(round(s n), n - 1)`` smallest go: density is ``1 - s`` to within ``1 / n``, and
    something always stays. (The authors' ``k = 1 + round(s (n - 1))``-th smallest differs by one score at most.)

    Args:
        scores: Scores of every layer, any shapes.
        keys: Layers with the same key share a threshold.
        sparsity: s, the fraction that goes; or one for every layer, where each has a key of its own.
        standardise: Compare ``(S - mean) / std`` of each layer: raw scores start within ``sqrt(6 / fan_in)``, so that
            one raw threshold empties wide layers first.
        round_to: Each layer keeps a multiple of this many, or everything.
        floor: Each layer keeps at least so many, if it has them.

    Returns:
        Masks, shaped as the scores.

    Raises:
        InputError: the sparsity is not between 0 and 1.
    """
    shares = [sparsity] * len(keys) if isinstance(sparsity, int | float) else [*sparsity]
    for share in shares:
        check_between(0, 1, sparsity=share)
    members: dict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        members[key].append(number)
    values = [_standardised(one) if standardise else one.detach() for one in scores]
    masks = list(values)
    for numbers in members.values():
        threshold = _threshold(torch.cat([values[number].flatten() for number in numbers]), shares[numbers[0]])
        for number in numbers:
            masks[number] = values[number] >= threshold
    if round_to == 1 and floor == 0:
        return masks
    return [_rounded(value, mask, round_to, floor) for value, mask in zip(values, masks, strict=True)]


def _standardised(scores: Tensor) -> Tensor:
    centred = scores - scores.mean()
    return centred / centred.square().mean().sqrt().clamp_min(1e-12)


def _threshold(values: Tensor, sparsity: float) -> Tensor:
    """The smallest value that stays."""
    count = values.numel()
    gone = min(round(sparsity * count), count - 1)
    return values.kthvalue(gone + 1).values if gone else values.min()


def _rounded(values: Tensor, mask: Tensor, round_to: int, floor: int) -> Tensor:
    """The mask of as many of the highest scores as the nearest multiple says; nothing leaves the device."""
    size, count = values.numel(), mask.sum()
    nearest = torch.div(count + round_to // 2, round_to, rounding_mode="floor") * round_to
    nearest = torch.where(count == size, count, nearest.clamp_min(floor))
    ranks = values.flatten().argsort(descending=True, stable=True).argsort(stable=True)
    return (ranks < nearest).reshape(values.shape)
