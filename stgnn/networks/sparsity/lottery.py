"""Lottery tickets: magnitude pruning, rewinding and controls, as pure functions of weights and masks.

The hypothesis is of Frankle and Carbin, "The Lottery Ticket Hypothesis", ICLR 2019; rewinding to an early epoch of
Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", ICML 2020. Weights and masks are
dictionaries by parameter name; which parameters take part is the caller's choice, see
:func:`stgnn.networks.sparsity.maskable.maskable`.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stgnn.errors import InputError, check_between
from stgnn.networks.sparsity.compact import apply_masks_
from stgnn.networks.sparsity.masks import erdos_renyi

SCOPES = ("erdos_renyi", "layer", "global")

State = Mapping[str, Tensor]


def sparsity_of_rounds(final: float, rate: float = 0.2) -> tuple[float, ...]:
    """Sparsity after each round of iterative pruning, the last exactly ``final``.

    Args:
        final: Sparsity at the end.
        rate: Part of the remaining weights that each round removes; 1 prunes at once.

    Raises:
        InputError: a number is not between 0 and 1.
    """
    check_between(0, 0.9999, final=final)
    check_between(1e-3, 1, rate=rate)
    if rate == 1:
        return (final,)
    count = max(round(math.log(1 - final) / math.log(1 - rate)), 1)
    return (*(1 - (1 - rate) ** number for number in range(1, count)), final)


def magnitude_masks(
    weights: State, masks: State | None, sparsity: float, scope: str = "erdos_renyi"
) -> dict[str, Tensor]:
    """Keep the largest weights: exactly ``n - min(round(s n), n - 1)`` of n in each scope.

    One threshold for all layers empties those whose weights are small because they are many: ST-GCN++ loses whole
    layers of its last stage at 82 % (benchmarks/sparse_accuracy.py).

    Args:
        weights: Trained weights.
        masks: What earlier rounds left; what they removed stays removed. None in the first round.
        sparsity: Of all weights together, not of those that are left.
        scope: ``global``, one threshold for all; ``layer``; or ``erdos_renyi``, by layer, with small ones denser
            (:func:`stgnn.networks.sparsity.masks.erdos_renyi`).

    Raises:
        InputError: there is no such scope, the sparsity is out of range, or fewer weights are left already.
    """
    if scope not in SCOPES:
        raise InputError("no such scope of pruning", given=scope, allowed=SCOPES)
    check_between(0, 1, sparsity=sparsity)
    sizes = {name: weight.abs().masked_fill(~_mask(masks, name, weight), -1) for name, weight in weights.items()}
    if scope != "global":
        shares = [sparsity] * len(sizes)
        if scope == "erdos_renyi":
            shares = erdos_renyi(
                [one.shape for one in sizes.values()], [one.numel() for one in sizes.values()], sparsity
            )
        return {
            name: _largest(size.flatten(), share, name).reshape(size.shape)
            for (name, size), share in zip(sizes.items(), shares, strict=True)
        }
    kept = _largest(torch.cat([size.flatten() for size in sizes.values()]), sparsity, "all layers")
    parts = torch.split(kept, [size.numel() for size in sizes.values()])
    return {name: part.reshape(size.shape) for (name, size), part in zip(sizes.items(), parts, strict=True)}


def _mask(masks: State | None, name: str, weight: Tensor) -> Tensor:
    return torch.ones_like(weight, dtype=torch.bool) if masks is None else masks[name].bool()


def _largest(sizes: Tensor, sparsity: float, what: str) -> Tensor:
    count = sizes.numel()
    wanted = count - min(round(sparsity * count), count - 1)
    if int((sizes >= 0).sum()) < wanted:
        given = f"{sparsity:g} for {what}, of which {int((sizes < 0).sum()) / count:.4g} is pruned already"
        raise InputError("pruning cannot bring weights back", given=given, allowed="rising sparsities")
    kept = torch.zeros(count, dtype=torch.bool, device=sizes.device)
    kept[sizes.topk(wanted).indices] = True
    return kept


def random_masks(masks: State, seed: int) -> dict[str, Tensor]:
    """Control: as many weights of each layer as these masks keep, chosen at random."""
    generator = torch.Generator().manual_seed(seed)
    moved = {}
    for name, mask in masks.items():
        order = torch.randperm(mask.numel(), generator=generator).to(mask.device)
        moved[name] = mask.flatten()[order].reshape(mask.shape)
    return moved


def redrawn(weights: State, seed: int) -> dict[str, Tensor]:
    """Control: other initial weights, drawn from the normal distribution of each tensor's own mean and spread."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {}
    for name, weight in weights.items():
        noise = torch.randn(weight.shape, generator=generator).to(weight)
        drawn[name] = weight.mean() + noise * weight.std(correction=0)
    return drawn


@torch.no_grad()
def rewind(network: nn.Module, state: State, masks: State) -> None:
    """Set a network back to an earlier state, buffers included, with the masks on; in place.

    Args:
        network: The trained network.
        state: Its ``state_dict`` at the start or after an early epoch.
        masks: What stays.

    Raises:
        InputError: the state or a mask is of another network.
    """
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        hint = "give a state of this very network"
        raise InputError(
            "a network cannot be rewound to this state", given=str(error).splitlines()[-1].strip(), hint=hint
        ) from error
    apply_masks_(network, masks)
