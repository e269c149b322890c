"""An Architecture as the list of parts whose latencies add up to the network's. Torch-free: search asks for thousands.

A block is cut into halves, because the pairs of a spatial and a temporal operator are too many to measure: the
spatial operator, and the temporal operator with the addition of the residual. A projecting residual and an attention
are parts of their own. An SGN is one part: a space has few of them, and all can be measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, BaseArchitecture, SGNArchitecture

KINDS = ("stem", "spatial", "temporal", "projection", "attention", "head")  # of networks of blocks
SGN = "sgn"


@dataclass(frozen=True, order=True, kw_only=True)
class Part:
    """One part at one size.

    Attributes:
        kind: One of :data:`KINDS`, or ``"sgn"`` for a whole SGN.
        operator: Class name of the operator, for a head that of its readout; the streams for a stem (``"joint+bone"``);
            stream and module of an SGN (``"joint/w32-64-128"``); empty for a projection.
        activation: Class name of the activation, where the part has one.
        stride: Divides the frames.
        joints: V.
        kernel: Temporal kernel size, 1 where there is none.
        frames: T of its input.
        source: Channels of its input; of a stem, those that it hands to the first block.
        target: Channels of its output; of a stem, its width, 0 where the network has no stem convolution.
    """

    kind: str
    operator: str = ""
    activation: str = ""
    stride: int = 1
    joints: int
    kernel: int = 1
    frames: int
    source: int
    target: int

    @property
    def family(self) -> "Family":
        """Everything but the sizes that a table interpolates over."""
        return (self.kind, self.operator, self.activation, self.stride, self.joints)

    def __str__(self) -> str:
        name = self.operator or self.kind
        return (
            f"{self.kind} {name}, kernel {self.kernel}, {self.activation or 'no activation'}, stride {self.stride}, "
            + (f"{self.joints} joints, {self.frames} frames, {self.source} -> {self.target} channels")
        )


Family = tuple[str, str, str, int, int]


def parts(architecture: BaseArchitecture, layout: SkeletonLayout) -> tuple[Part, ...]:
    """The parts of a network in order.

    Raises:
        InputError: nothing is known about networks of this kind.
    """
    if isinstance(architecture, SGNArchitecture):
        return (_sgn(architecture, layout),)
    if isinstance(architecture, Architecture):
        return tuple(_of_blocks(architecture, layout))
    raise InputError("a latency table knows no parts of this network", given=architecture)


def _sgn(choice: SGNArchitecture, layout: SkeletonLayout) -> Part:
    joints, name = choice.joints or layout.num_joints, f"{choice.stream}/{choice.module}"
    return Part(
        kind=SGN,
        operator=name,
        joints=joints,
        frames=choice.frames,
        source=layout.dimensions,
        target=choice.features,
    )


def _of_blocks(architecture: Architecture, layout: SkeletonLayout) -> Iterator[Part]:
    blocks = architecture.placed_blocks(layout.dimensions)
    first, last = blocks[0], blocks[-1]
    part = partial(Part, joints=architecture.joints or layout.num_joints)
    streams = "+".join(architecture.streams)
    yield part(kind="stem", operator=streams, frames=first.frames, source=first.source, target=architecture.stem)
    for block in blocks:
        spec = block.spec
        entering = partial(part, frames=block.frames, source=block.source, target=block.target)
        inside = partial(part, source=block.target, target=block.target)
        yield entering(kind="spatial", operator=spec.spatial, activation=spec.activation)
        yield inside(
            kind="temporal",
            operator=spec.temporal,
            activation=spec.activation,
            stride=block.stride,
            kernel=spec.kernel,
            frames=block.frames,
        )
        if block.residual and (block.source != block.target or block.stride != 1):
            yield entering(kind="projection", stride=block.stride)
        if spec.attention != "none":
            yield inside(kind="attention", operator=spec.attention, frames=block.frames_left)
    yield part(
        kind="head", operator=architecture.readout, frames=last.frames_left, source=last.target, target=last.target
    )
