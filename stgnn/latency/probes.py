"""Parts of a network as modules: for each of them a small one that a runtime can export and time.

A part timed alone is not what it is inside a network: calling a session costs time, and runtimes keep convolution
outputs in a layout of their own. So each part is timed behind a cheap convolution that makes its input, and what that
convolution takes alone is taken off.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from stgnn.latency.parts import Part
from stgnn.networks import SGN, Network
from stgnn.networks.block import operator_class
from stgnn.operators import ACTIVATIONS, AttentionOperator, Operator, ReadoutOperator, SpatialOperator, TemporalOperator
from stgnn.skeleton import SkeletonLayout
from stgnn.space import DEFAULT_READOUT, Architecture, BlockSpec, StageSpec
from stgnn.space.sgn import FEATURES

BASES: dict[str, type[Operator]] = {
    "spatial": SpatialOperator,
    "temporal": TemporalOperator,
    "attention": AttentionOperator,
    "head": ReadoutOperator,
}
SOURCE_CHANNELS = 4  # few, so that the convolution in front costs little next to the part


@dataclass(frozen=True)
class Probe:
    """A module to time and an input of batch size 1."""

    module: nn.Module
    example: Tensor


def bare(part: Part) -> tuple[Part, ...]:
    """What to take off the raw latency of ``part``: the beginning of its probe, or the end of a stem's."""
    if part.kind in ("prefix", "sgn"):
        return ()
    if part.kind == "stem":
        return (replace(part, kind="head", operator=DEFAULT_READOUT, target=part.source),)
    return (prefix_of(part),)


def prefix_of(part: Part) -> Part:
    """The convolution in front of ``part`` as a part of its own."""
    return Part(kind="prefix", joints=part.joints, frames=part.frames, source=part.source, target=part.source)


def probe_of(part: Part, layout: SkeletonLayout, num_classes: int) -> Probe:
    """The probe of a part with random weights.

    Args:
        part: What to build.
        layout: The full body.
        num_classes: Classes of the head.
    """
    with torch.no_grad():
        if part.kind in WHOLE:
            module = WHOLE[part.kind](part, layout, num_classes).eval()
            return Probe(module, torch.randn(1, part.frames, layout.num_joints, layout.dimensions))
        prefix = nn.Sequential(nn.Conv2d(SOURCE_CHANNELS, part.source, 1), nn.ReLU())
        body = layout if part.joints == layout.num_joints else layout.coarsen(part.joints)
        module = prefix if part.kind == "prefix" else nn.Sequential(*prefix, _piece(part, body, num_classes))
        return Probe(module.eval().requires_grad_(False), torch.randn(1, SOURCE_CHANNELS, part.frames, part.joints))


def _piece(part: Part, body: SkeletonLayout, num_classes: int) -> nn.Module:
    if part.kind == "projection":
        return nn.Conv2d(part.source, part.target, 1, stride=(part.stride, 1))
    operator: Any = operator_class(part.operator, BASES[part.kind])  # its constructor depends on the kind
    if part.kind == "spatial":
        return operator(part.source, part.target, body, part.activation).eval().deploy()
    if part.kind == "head":
        return _Head(operator(part.source, body).eval(), num_classes)
    if part.kind == "attention":
        return operator(part.target, body).eval().deploy()
    temporal = operator(part.target, part.kernel, part.stride, body, part.activation)
    return _TemporalHalf(temporal.eval().deploy(), ACTIVATIONS[part.activation](), part.stride == 1)


class _TemporalHalf(nn.Module):
    """The second half of a block: the temporal operator, the addition of the residual, the activation."""

    def __init__(self, temporal: nn.Module, activation: nn.Module, residual: bool) -> None:
        super().__init__()
        self.temporal, self.activation, self.residual = temporal, activation, residual

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        y = self.temporal(x)
        return self.activation(y + x if self.residual else y)


class _Head(nn.Module):
    """The readout, then the classifier."""

    def __init__(self, readout: ReadoutOperator, num_classes: int) -> None:
        super().__init__()
        self.readout = readout.deploy()
        self.linear = nn.Linear(readout.out_channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, classes)``."""
        return self.linear(self.readout(x))


def _stem(part: Part, layout: SkeletonLayout, num_classes: int) -> nn.Module:
    """A deployed network without blocks."""
    block = BlockSpec("GraphConv", "TemporalPool", 3)  # needed to build a network at all, then removed
    joints = 0 if part.joints == layout.num_joints else part.joints
    streams = tuple(part.operator.split("+"))
    architecture = Architecture(streams, part.frames, joints, part.target, (StageSpec(part.source, 1, (block,)),))
    deployed = Network(architecture, layout, num_classes).eval().deploy()
    deployed.blocks = nn.ModuleList()
    return deployed


def _sgn(part: Part, layout: SkeletonLayout, num_classes: int) -> nn.Module:
    stream, module = part.operator.split("/")
    joints = 0 if part.joints == layout.num_joints else part.joints
    width = part.target // FEATURES
    sgn = SGN(layout, num_classes, frames=part.frames, joints=joints, size=module, stream=stream, width=width)
    return sgn.eval().deploy()


WHOLE: dict[str, Callable[[Part, SkeletonLayout, int], nn.Module]] = {"stem": _stem, "sgn": _sgn}  # take raw keypoints
