"""Gates: scores beside weights, and which entries of which weights each of them opens or closes.

How fine a gate is, is its granularity:

* ``unstructured``: one score per weight.
* ``block``: one score per 4 weights along the input channels.
* ``channel``: one score per channel, with every weight, bias and norm of the channel, through residual paths.
* ``branch``: one score per branch of a multi-branch operator, and per graph subset where operators sum over subsets.
* ``edge``: one score per entry of a graph over the joints.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.sparsity.find import find_units
from stgnn.networks.sparsity.maskable import block_of, fan_in, maskable
from stgnn.networks.sparsity.units import UnitGroup, parallel_lists

BLOCK = 4  # weights per score of the granularity "block"
UNIT_BOUND = 1.0  # scores of units start between -1 and 1


@dataclass(frozen=True, eq=False)
class Target:
    """What a gate does to one parameter.

    Attributes:
        parameter: Its name.
        index: Score of every entry, ``-1`` where there is none; None: scores are shaped as the parameter.
        axis: The axis that ``index`` runs along; None: it is shaped as the parameter.
    """

    parameter: str
    index: Tensor | None = None
    axis: int | None = None


@dataclass(frozen=True, eq=False)
class Gate:
    """Scores of one layer or one group of units.

    Attributes:
        name: What they are about.
        shape: Shape of the scores.
        bound: They start between ``-bound`` and ``bound``.
        block: The block they belong to.
        targets: What they open and close.
    """

    name: str
    shape: tuple[int, ...]
    bound: float
    block: str
    targets: tuple[Target, ...] = field(default=())


def find_gates(network: nn.Module, granularity: str, shape: tuple[int, ...] | None = None) -> tuple[Gate, ...]:
    """The gates of a network.

    Args:
        network: Any network of bodies ``(B, T, V, C)``.
        granularity: One of :data:`GRANULARITIES`.
        shape: T, V, C, for a network that does not say.

    Raises:
        InputError: there is no such granularity, or the network has nothing of that kind.
    """
    if granularity not in GRANULARITIES:
        raise InputError("no such granularity of sparsity", given=granularity, allowed=list(GRANULARITIES))
    gates = tuple(GRANULARITIES[granularity](network, shape))
    if not gates:
        hint = "choose another granularity"
        raise InputError(
            "this network has nothing to mask so", given=granularity, allowed=list(GRANULARITIES), hint=hint
        )
    return gates


def _bound(network: nn.Module, name: str, parameter: Tensor) -> float:
    """Kaiming-uniform for rectifiers, as the authors start scores: ``sqrt(6 / fan_in)``."""
    return float((6.0 / fan_in(network, name, parameter)) ** 0.5)


def _unstructured(network: nn.Module, shape: tuple[int, ...] | None) -> Iterator[Gate]:
    for name, weight in maskable(network):
        bound = _bound(network, name, weight)
        yield Gate(name, tuple(weight.shape), bound, block_of(network, name), (Target(name),))


def _blocks(network: nn.Module, shape: tuple[int, ...] | None) -> Iterator[Gate]:
    for name, weight in maskable(network):
        channels = weight.dim() - 1 if weight.dim() == 3 else 1  # raw weights are (K, C_out, C_in)
        last = weight.movedim(channels, -1)
        count = -(-last.shape[-1] // BLOCK)
        rows = torch.arange(last[..., 0].numel()).reshape(last.shape[:-1])[..., None]
        index = (rows * count + torch.arange(last.shape[-1]) // BLOCK).movedim(-1, channels)
        target = Target(name, index.contiguous())
        yield Gate(name, (int(index.max()) + 1,), _bound(network, name, weight), block_of(network, name), (target,))


def _edges(network: nn.Module, shape: tuple[int, ...] | None) -> Iterator[Gate]:
    for name, graph in network.named_parameters():
        if graph.dim() < 2 or graph.shape[-1] != graph.shape[-2] or not name.endswith(f"_{graph.shape[-1]}"):
            continue
        module = network.get_submodule(name.rpartition(".")[0])
        edges = torch.ones(graph.shape, dtype=torch.bool)
        for constant in module.buffers(recurse=False):  # importance of an edge that a constant graph does not have
            if constant.shape == graph.shape:
                edges &= constant.cpu() != 0
        index = torch.full(graph.shape, -1)
        index[edges] = torch.arange(int(edges.sum()))
        yield Gate(name, (int(edges.sum()),), UNIT_BOUND, block_of(network, name), (Target(name, index),))


def _channels(network: nn.Module, shape: tuple[int, ...] | None) -> Iterator[Gate]:
    yield from (_unit_gate(network, group) for group in find_units(network, "channel", shape))


def _branches(network: nn.Module, shape: tuple[int, ...] | None) -> Iterator[Gate]:
    yield from (_unit_gate(network, group) for group in find_units(network, "subset", shape))
    groups = find_units(network, "channel", shape)
    for lists in parallel_lists(network):
        entries = [*network.get_submodule(lists[0])._modules]
        places = [tuple(f"{name}.{entry}." for name in lists) for entry in entries]
        targets = [
            target
            for number, place in enumerate(places)
            for group in groups
            if all(one.tensor.startswith(place) for one in group.axes)
            for target in _targets(network, group, np.full(group.size, number))
        ]
        if targets:
            yield Gate(lists[0], (len(entries),), UNIT_BOUND, block_of(network, f"{lists[0]}.0"), tuple(targets))


def _unit_gate(network: nn.Module, group: UnitGroup) -> Gate:
    targets = tuple(_targets(network, group, np.arange(group.size)))
    return Gate(group.name, (group.size,), UNIT_BOUND, block_of(network, group.axes[0].tensor), targets)


def _targets(network: nn.Module, group: UnitGroup, scores: Iterable[int]) -> Iterator[Target]:
    """Every parameter of the group, with the score of each of its units."""
    parameters = dict(network.named_parameters())
    lookup = torch.tensor([*scores, -1])
    for one in group.axes:
        if one.tensor in parameters:
            yield Target(one.tensor, lookup[torch.from_numpy(one.index)], one.axis)


FINE = ("unstructured", "block")  # granularities of single weights
GRANULARITIES: dict[str, Callable[[nn.Module, tuple[int, ...] | None], Iterator[Gate]]] = {
    "unstructured": _unstructured,
    "block": _blocks,
    "channel": _channels,
    "branch": _branches,
    "edge": _edges,
}
