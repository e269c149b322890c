"""Removing what masks emptied: a plain smaller network, the same function.

**The compaction law.** ``compact(network, masks)`` equals the network with masked weights to 1e-5, whatever the masks;
what of it is smaller depends on what they emptied. Names of tensors stay as they were, so that :func:`fit_to` rebuilds
the same network from its state alone.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.sparsity.find import KINDS, find_units
from stgnn.networks.sparsity.slicing import cut_out, drop_entry, fits, leading, put, tell_sizes
from stgnn.networks.sparsity.units import Flags, UnitGroup, named_tensors, parallel_lists, positions


def apply_masks_(network: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Set masked weights to zero, in place.

    Args:
        network: It is changed.
        masks: What stays, by parameter name; each broadcast to its parameter.

    Raises:
        InputError: there is no such parameter, or the mask has another shape.
    """
    parameters = dict(network.named_parameters())
    for name, mask in masks.items():
        if name not in parameters:
            raise InputError("the network has no such parameter to mask", given=name, allowed=list(parameters)[:8])
        if mask.dim() > parameters[name].dim() or not _broadcasts(mask, parameters[name]):
            given, allowed = tuple(mask.shape), tuple(parameters[name].shape)
            raise InputError(f"the mask of {name} has another shape", given=given, allowed=allowed)
        with torch.no_grad():
            parameters[name].masked_fill_(mask == 0, 0)  # a product would leave negative zeros


def _broadcasts(mask: Tensor, weight: Tensor) -> bool:
    sizes = zip(reversed(mask.shape), reversed(weight.shape), strict=False)
    return all(one in (1, other) for one, other in sizes)


def masked(network: nn.Module, masks: Mapping[str, Tensor]) -> nn.Module:
    """A copy of a network with its masked weights set to zero.

    Raises:
        InputError: there is no such parameter, or the mask has another shape.
    """
    copied = copy.deepcopy(network)
    apply_masks_(copied, masks)
    return copied


def compact(
    network: nn.Module,
    masks: Mapping[str, Tensor],
    shape: tuple[int, ...] | None = None,
    groups: Sequence[UnitGroup] | None = None,
) -> nn.Module:
    """The network without what the masks emptied: channels, graph subsets and whole branches.

    A unit goes when nothing reads it, or when it is zero; what only served it then goes too. A group of which
    everything is empty keeps its first unit, unless it is a branch beside others.

    Args:
        network: Any network of bodies ``(B, T, V, C)``; it is left as it is.
        masks: What stays, by parameter name.
        shape: T, V, C, for a network that does not say.
        groups: Its units, if they are known already.

    Raises:
        InputError: a mask does not fit.
    """
    smaller = masked(network, masks)
    if groups is None:
        groups = [group for kind in KINDS for group in find_units(network, kind, shape)]
    filled = {name: tensor.detach().ne(0).cpu().numpy() for name, tensor in smaller.named_parameters()}
    dead = dead_units(groups, filled)
    branches = list(_empty_branches(smaller, groups, dead))
    gone = tuple(f"{name}.{entry}." for lists, entry in branches for name in lists)
    for group, flags in zip(groups, dead, strict=True):
        if flags.all() and not group.name.startswith(gone):
            flags[0] = False
    cut_out(smaller, positions(groups, dead))
    for lists, entry in branches:
        drop_entry(smaller, lists, entry)
    return smaller


def dead_units(groups: Sequence[UnitGroup], filled: Mapping[str, Flags]) -> list[Flags]:
    """For each group, which units can go.

    Args:
        groups: The groups.
        filled: Which entries of each parameter are not zero.
    """
    dead = [np.zeros(group.size, dtype=np.bool_) for group in groups]
    before = -1
    while (count := sum(int(flags.sum()) for flags in dead)) != before:
        before = count
        gone = positions(groups, dead)
        for group, flags in zip(groups, dead, strict=True):
            flags |= _dead(group, filled, gone)
    return dead


def _dead(group: UnitGroup, filled: Mapping[str, Flags], gone: Mapping[tuple[str, int], Flags]) -> Flags:
    """The units that are zero, or that nothing reads."""
    used = {True: np.zeros(group.size, dtype=np.bool_), False: np.zeros(group.size, dtype=np.bool_)}
    for one in group.axes:
        if one.tensor in filled:
            active = _active(filled[one.tensor], one.tensor, one.axis, gone)
            used[one.consumer] |= np.bincount(one.index[active & (one.index >= 0)], minlength=group.size) > 0
    if group.valued or not any(one.consumer for one in group.axes):
        return ~(used[True] | used[False])
    return ~used[True]


def _active(filled: Flags, name: str, axis: int, gone: Mapping[tuple[str, int], Flags]) -> Flags:
    """Positions along one axis that hold anything beside what is gone along the others."""
    others = tuple(place for place in range(filled.ndim) if place != axis)
    for place in others:
        if (name, place) in gone:
            filled = np.compress(~gone[name, place], filled, axis=place)
    return np.asarray(filled.any(axis=others))


def _empty_branches(
    network: nn.Module, groups: Sequence[UnitGroup], dead: Sequence[Flags]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Branches of which nothing is left, as parallel lists and the name of the entry; one branch of each stays."""
    empty = [{one.tensor for one in group.axes} for group, flags in zip(groups, dead, strict=True) if flags.all()]
    for lists in parallel_lists(network):
        entries = [*network.get_submodule(lists[0])._modules]
        found = [entry for entry in entries if any(_links(tensors, lists, entry) for tensors in empty)]
        yield from ((lists, entry) for entry in found[len(found) == len(entries) :])


def _links(tensors: set[str], lists: tuple[str, ...], entry: str) -> bool:
    """Whether units lie in this entry of all the lists, and nowhere else."""
    places = tuple(f"{name}.{entry}." for name in lists)
    return all(any(tensor.startswith(place) for tensor in tensors) for place in places) and all(
        tensor.startswith(places) for tensor in tensors
    )


def fit_to(network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """The compact network that a state belongs to, with the state loaded.

    Args:
        network: A network as it was before compaction; it is changed and returned.
        state: The ``state_dict`` of the compact one.

    Raises:
        InputError: the state is not of a compact form of this network.
    """
    for lists in parallel_lists(network):
        for entry in [*network.get_submodule(lists[0])._modules]:
            if not any(name.startswith(f"{one}.{entry}.") for one in lists for name in state):
                drop_entry(network, lists, entry)
    known = network.state_dict()
    wrong = known.keys() ^ state.keys() or {name for name in state if not fits(known, name, state[name].shape)}
    if wrong:
        hint = "name the architecture and the layout of the network that was compacted"
        raise InputError("these weights are of another network", given=sorted(wrong)[:4], hint=hint)
    for name, tensor in named_tensors(network).items():
        if name in state and state[name].shape != tensor.shape:
            put(network, name, leading(tensor.detach(), state[name].shape))
    tell_sizes(network)
    network.load_state_dict(state)
    return network
