"""The units of a network: what can be removed as a whole.

A unit is a channel (or a graph subset) with every slice of every weight, bias, norm and buffer that belongs to it. If
all of a unit's slices are zero, the network without it is the same function.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from stgnn.errors import InputError

Flags = npt.NDArray[np.bool_]
Positions = Mapping[tuple[str, int], Flags]
"""Which positions of a tensor's axis are meant, by tensor name and axis."""


@dataclass(frozen=True, eq=False)
class UnitAxis:
    """One axis of a tensor on which the units of a group lie.

    Attributes:
        tensor: Name of the parameter or buffer.
        axis: Number of the axis.
        index: Unit of every position, ``-1`` where it is none of this group.
        consumer: Whether these positions multiply the units' values (columns of the next weight).
    """

    tensor: str
    axis: int
    index: npt.NDArray[np.int64]
    consumer: bool


@dataclass(frozen=True, eq=False)
class UnitGroup:
    """Units that lie on the same axes.

    Attributes:
        size: Number of units.
        axes: Where they lie.
        valued: Whether removing a unit needs its value to be zero; otherwise zeros in the consumers suffice.
    """

    size: int
    axes: tuple[UnitAxis, ...]
    valued: bool

    @cached_property
    def name(self) -> str:
        """The first axis it lies on: ``stages.0.0.spatial.GraphConv.weight:1``."""
        return f"{self.axes[0].tensor}:{self.axes[0].axis}"


def input_shape(network: nn.Module) -> tuple[int, int, int]:
    """T, V and C of the bodies that one of our networks takes.

    Raises:
        InputError: the network does not say.
    """
    layout = getattr(network, "layout", None)
    frames = getattr(getattr(network, "architecture", network), "frames", None)
    if layout is None or not isinstance(frames, int):
        hint = "give the shape of its input: frames, joints, coordinates"
        raise InputError("this network does not say what it takes", given=type(network).__name__, hint=hint)
    return frames, layout.num_joints, layout.dimensions


def named_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by name."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def positions(groups: Sequence[UnitGroup], units: Sequence[Flags]) -> dict[tuple[str, int], Flags]:
    """Where units lie.

    Args:
        groups: The groups.
        units: For each group, which of its units are meant.
    """
    found: dict[tuple[str, int], Flags] = {}
    for group, flags in zip(groups, units, strict=True):
        for one in group.axes:
            marked = np.append(flags, False)[one.index]
            known = found.get((one.tensor, one.axis))
            found[one.tensor, one.axis] = marked if known is None else known | marked
    return found


def parallel_lists(network: nn.Module) -> Iterator[tuple[str, ...]]:
    """Names of the module lists of one module that have equal length: a list of branches and what mixes them."""
    for name, module in network.named_modules():
        lists = [(key, len(child)) for key, child in module.named_children() if isinstance(child, nn.ModuleList)]
        for length in {size for _, size in lists if size > 1}:
            names = tuple(f"{name}.{key}".lstrip(".") for key, size in lists if size == length)
            if len(names) > 1:
                yield names
