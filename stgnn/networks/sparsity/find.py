"""Finding the units of a network by tracing it."""

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence

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


def _enter(
    tracer: Tracer, tensors: Mapping[str, Tensor], kernels: set[str], kind: str
) -> dict[int, tuple[str, int, int]]:
    """Give every position of every tensor a label; returns tensor, axis and position by label."""
    homes = {}
    for name, tensor in tensors.items():
        subsets = _has_subsets(name, tensor, name in kernels)
        traced = Traced([None] * tensor.dim(), zero=True, weight=True)
        for axis, size in enumerate(tensor.shape):
            if size > 1 and (subsets and axis == 0) == (kind == "subset"):
                labels = traced.axes[axis] = tracer.labels.new(size)
                homes.update({label: (name, axis, place) for place, label in enumerate(labels.tolist())})
        tracer.enter(tensor, traced)
    return homes


def _has_subsets(name: str, tensor: Tensor, kernel: bool) -> bool:
    """Whether the first axis of a tensor counts the K graphs: operators keep it apart from the channels."""
    raw = not kernel and (tensor.dim() == 3 or (tensor.dim() == 2 and name.endswith("bias")))
    return raw and tensor.shape[0] < min(tensor.shape[1], MOST_SUBSETS + 1)


def _groups(
    labels: LabelSets, homes: Mapping[int, tuple[str, int, int]], tensors: Mapping[str, Tensor]
) -> tuple[UnitGroup, ...]:
    """Sets of labels that lie on the same axes, without the frozen ones and those of buffers alone."""
    trained = {name for name, tensor in tensors.items() if isinstance(tensor, nn.Parameter)}
    frozen, valued, consumers = labels.frozen(), labels.valued(), labels.consumers()
    units: dict[int, list[int]] = defaultdict(list)
    for label in homes:
        root = labels.root(label)
        if root not in frozen:
            units[root].append(label)
    alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for root, members in units.items():
        places = tuple(sorted({homes[label][:2] for label in members}))
        alike[(places, root in valued)].append(root)
    groups = []
    for roots in alike.values():
        index: dict[tuple[str, int], npt.NDArray[np.int64]] = {}
        consumed: dict[tuple[str, int], bool] = {}
        for unit, root in enumerate(roots):
            for label in units[root]:
                name, axis, place = homes[label]
                index.setdefault((name, axis), np.full(tensors[name].shape[axis], -1))[place] = unit
                consumed[name, axis] = consumed.get((name, axis), False) or label in consumers
        axes = tuple(UnitAxis(*home, places, consumed[home]) for home, places in index.items())
        groups.append(UnitGroup(len(roots), axes, roots[0] in valued))
    return tuple(group for group in groups if any(one.tensor in trained for one in group.axes))
