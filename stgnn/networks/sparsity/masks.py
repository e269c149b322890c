"""From scores to masks: thresholds over scopes, and the straight-through step."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stgnn.errors import InputError, check_between

SCOPES = ("layer", "block", "global_raw", "global_standardised")


class _Open(torch.autograd.Function):
    """1 where a mask is set; the gradient passes straight through to the scores."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor) -> Tensor:
        """The mask as numbers."""
        return mask.to(scores.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """``dL/dS = dL/dB``."""
        return gradient, None


def open_gate(scores: Tensor, mask: Tensor) -> Tensor:
    """The mask B as numbers, through which gradients reach the scores: ``dL/dS = dL/dB = dL/d(W B) W``."""
    return _Open.apply(scores, mask)  # type: ignore[no-untyped-call]


def scope_keys(scope: str, names: Sequence[str], blocks: Sequence[str]) -> list[str]:
    """Which layers share a threshold: those with the same key.

    Raises:
        InputError: there is no such scope.
    """
    if scope not in SCOPES:
        raise InputError("no such scope of sparsity", given=scope, allowed=SCOPES)
    return {"layer": list(names), "block": list(blocks)}.get(scope, [""] * len(names))


@torch.no_grad()
def keep(
    scores: Sequence[Tensor],
    keys: Sequence[str],
    sparsity: float,
    standardise: bool = False,
    step: int = 1,
    floor: int = 0,
) -> list[Tensor]:
    """Which scores stay: ``B = 1[S >= t]``, one threshold t per key.

    Of the n scores of a key the ``min(round(s n), n - 1)`` smallest go: density is ``1 - s`` to within ``1 / n``, and
    something always stays. (The authors' ``k = 1 + round(s (n - 1))``-th smallest differs by one score at most.)

    Args:
        scores: Scores of every layer, any shapes.
        keys: Layers with the same key share a threshold.
        sparsity: s, the fraction that goes.
        standardise: Compare ``(S - mean) / std`` of each layer: raw scores start within ``sqrt(6 / fan_in)``, so that
            one raw threshold empties wide layers first.
        step: Each layer keeps a multiple of this many, or everything.
        floor: Each layer keeps at least so many, if it has them.

    Returns:
        Masks, shaped as the scores.

    Raises:
        InputError: the sparsity is not between 0 and 1.
    """
    check_between(0, 1, sparsity=sparsity)
    members: dict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        members[key].append(number)
    values = [_standardised(one) if standardise else one.detach() for one in scores]
    masks = list(values)
    for numbers in members.values():
        threshold = _threshold(torch.cat([values[number].flatten() for number in numbers]), sparsity)
        for number in numbers:
            masks[number] = values[number] >= threshold
    if step == 1 and floor == 0:
        return masks
    return [_rounded(value, mask, step, floor) for value, mask in zip(values, masks, strict=True)]


def _standardised(scores: Tensor) -> Tensor:
    centred = scores - scores.mean()
    return centred / centred.square().mean().sqrt().clamp_min(1e-12)


def _threshold(values: Tensor, sparsity: float) -> Tensor:
    """The smallest value that stays."""
    count = values.numel()
    gone = min(round(sparsity * count), count - 1)
    return values.kthvalue(gone + 1).values if gone else values.min()


def _rounded(values: Tensor, mask: Tensor, step: int, floor: int) -> Tensor:
    """The mask of the highest scores whose number is the nearest that is allowed; nothing leaves the device."""
    size, count = values.numel(), mask.sum()
    nearest = torch.div(count + step // 2, step, rounding_mode="floor") * step
    nearest = nearest.clamp(min(max(floor, 0), size), size)
    nearest = torch.where(count == size, count, nearest)
    ranks = values.flatten().argsort(descending=True, stable=True).argsort(stable=True)
    return (ranks < nearest).reshape(values.shape)
