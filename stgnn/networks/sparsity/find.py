"""Finding the units of a network by tracing it."""

import copy
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from stgnn.errors import InputError
from stgnn.networks.sparsity.labels import LabelSets
from stgnn.networks.sparsity.rules import RULES
from stgnn.networks.sparsity.slicing import cut_out
from stgnn.networks.sparsity.tracing import Traced, Tracer
from stgnn.networks.sparsity.units import UnitAxis, UnitGroup, input_shape, named_tensors, positions

KINDS = ("channel", "subset")
TOLERANCE = 1e-5  # of the law, relative to the largest logit
MOST_SUBSETS = 8  # more than any operator sums over, and fewer than channels


class Home(NamedTuple):
    """Where a label was given: a position on an axis of a tensor."""

    axis: tuple[str, int]
    position: int


def find_units(
    network: nn.Module, kind: str = "channel", shape: tuple[int, ...] | None = None
) -> tuple[UnitGroup, ...]:
    """The groups of units of a network.

    Args:
        network: Any network of bodies ``(B, T, V, C)``.
        kind: ``channel``, or ``subset`` for the K graphs of operators that sum over graphs.
        shape: T, V, C, for a network that does not say.

    Returns:
        Groups in the order of the network's tensors. Channels that cannot be removed (inputs, classes, whatever an
        operation without a rule touches) are in none.

    Raises:
        InputError: there is no such kind, or the network does not say what it takes.
    """
    if kind not in KINDS:
        raise InputError("no such kind of unit", given=kind, allowed=KINDS)
    copied = copy.deepcopy(network).cpu().eval()
    tensors = named_tensors(copied)
    kernels = {f"{name}.weight" for name, module in copied.named_modules() if isinstance(module, _ConvNd)}
    labels = LabelSets()
    tracer = Tracer(labels, RULES)
    homes = _enter(tracer, tensors, kernels, kind)
    bodies = _disturb(copied, shape or input_shape(network))
    with torch.no_grad(), tracer:
        out = copied(bodies)
    labels.freeze(*tracer.of(out).axes)
    return _removable(_groups(labels, homes, tensors), copied, bodies)


def _disturb(network: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """Weights and bodies ``(2, T, V, C)`` that are nothing by accident, always the same."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return torch.randn(2, *shape, generator=generator)


def _removable(groups: tuple[UnitGroup, ...], network: nn.Module, bodies: Tensor) -> tuple[UnitGroup, ...]:
    """The groups that the network's code lets go: tracing does not see sizes that an operator has in its code."""
    if _can_lose(groups, network, bodies):
        return groups
    return tuple(group for group in groups if _can_lose([group], network, bodies))


@torch.no_grad()
def _can_lose(groups: Sequence[UnitGroup], network: nn.Module, bodies: Tensor) -> bool:
    """Whether the network without every second unit is the network in which they are zero."""
    removed = positions(groups, [np.arange(group.size) % 2 == 1 for group in groups])
    smaller, zeroed = copy.deepcopy(network), copy.deepcopy(network)
    cut_out(smaller, removed)
    parameters = dict(zeroed.named_parameters())
    for (name, axis), gone in removed.items():
        if name in parameters:
            parameters[name].index_fill_(axis, torch.from_numpy(gone).nonzero()[:, 0], 0)
    wanted = zeroed(bodies)
    try:
        found = smaller(bodies)
    except Exception:  # an operator may raise anything when it meets a size that it does not expect
        return False
    return torch.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * float(wanted.abs().max()))


def _enter(tracer: Tracer, tensors: Mapping[str, Tensor], kernels: set[str], kind: str) -> dict[int, Home]:
    """Give every position of every tensor a label."""
    homes: dict[int, Home] = {}
    for name, tensor in tensors.items():
        subsets = _has_subsets(name, tensor, name in kernels)
        traced = Traced([None] * tensor.dim(), zero=True, weight=True)
        for axis, size in enumerate(tensor.shape):
            if size > 1 and (subsets and axis == 0) == (kind == "subset"):
                labels = traced.axes[axis] = tracer.labels.new(size)
                homes.update({label: Home((name, axis), place) for place, label in enumerate(labels.tolist())})
        tracer.enter(tensor, traced)
    return homes


def _has_subsets(name: str, tensor: Tensor, kernel: bool) -> bool:
    """Whether the first axis of a tensor counts the K graphs: operators keep it apart from the channels."""
    raw = not kernel and (tensor.dim() == 3 or (tensor.dim() == 2 and name.endswith("bias")))
    return raw and tensor.shape[0] < min(tensor.shape[1], MOST_SUBSETS + 1)


def _groups(labels: LabelSets, homes: Mapping[int, Home], tensors: Mapping[str, Tensor]) -> tuple[UnitGroup, ...]:
    """Units that lie on the same axes are a group; there is none of buffers alone."""
    valued, consumers = labels.valued(), labels.consumers()
    alike: dict[tuple[object, bool], list[Sequence[int]]] = defaultdict(list)
    for root, unit in _units(labels, homes).items():
        axes = tuple(sorted({homes[label].axis for label in unit}))
        alike[axes, root in valued].append(unit)
    groups = (
        UnitGroup(len(units), _axes(units, homes, consumers, tensors), needs_zero)
        for (_, needs_zero), units in alike.items()
    )
    trained = {name for name, tensor in tensors.items() if isinstance(tensor, nn.Parameter)}
    return tuple(group for group in groups if any(one.tensor in trained for one in group.axes))


def _units(labels: LabelSets, homes: Mapping[int, Home]) -> dict[int, list[int]]:
    """The labels of every unit by the root of their set, without the frozen sets."""
    frozen = labels.frozen()
    units: dict[int, list[int]] = defaultdict(list)
    for label in homes:
        root = labels.root(label)
        if root not in frozen:
            units[root].append(label)
    return units


def _axes(
    units: Sequence[Sequence[int]], homes: Mapping[int, Home], consumers: Container[int], tensors: Mapping[str, Tensor]
) -> tuple[UnitAxis, ...]:
    """The axes that units lie on.

    Args:
        units: The labels of each unit.
        homes: Where labels were given.
        consumers: Labels of positions that multiply a unit's values.
        tensors: By name.
    """
    index: dict[tuple[str, int], npt.NDArray[np.int64]] = {}
    consuming = set()
    for number, unit in enumerate(units):
        for label in unit:
            (name, axis), position = homes[label]
            index.setdefault((name, axis), np.full(tensors[name].shape[axis], -1))[position] = number
            if label in consumers:
                consuming.add((name, axis))
    return tuple(UnitAxis(*axis, numbers, axis in consuming) for axis, numbers in index.items())
