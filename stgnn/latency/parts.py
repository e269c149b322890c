"""An Architecture as the list of parts whose latencies add up to the network's. Torch-free: search asks for thousands.

A block is cut into halves, because the pairs of a spatial and a temporal operator are too many to measure: the
spatial operator, and the temporal operator with the addition of the residual. A projecting residual and an attention
are parts of their own. An SGN is one part: a space has few of them, and all can be measured.
"""

from dataclasses import dataclass

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, BaseArchitecture, SGNArchitecture

KINDS = ("stem", "spatial", "temporal", "projection", "attention", "head")  # of networks of blocks
SGN = "sgn"


@dataclass(frozen=True, order=True)
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
    operator: str
    activation: str
    stride: int
    joints: int
    kernel: int
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
        return _of_blocks(architecture, layout)
    raise InputError("a latency table knows no parts of this network", given=architecture)


def _sgn(choice: SGNArchitecture, layout: SkeletonLayout) -> Part:
    joints, name = choice.joints or layout.num_joints, f"{choice.stream}/{choice.module}"
    return Part(SGN, name, "", 1, joints, 1, choice.frames, layout.dimensions, choice.features)


def _of_blocks(architecture: Architecture, layout: SkeletonLayout) -> tuple[Part, ...]:
    joints = architecture.joints or layout.num_joints
    frames, width = architecture.frames, architecture.stem or layout.dimensions
    streams = "+".join(architecture.streams)
    found = [Part("stem", streams, "", 1, joints, 1, frames, width, architecture.stem)]
    for stage in architecture.stages:
        for index, block in enumerate(stage.blocks):
            residual = bool(architecture.stem) or len(found) > 1  # the first block after no stem has none
            stride = stage.stride if index == 0 else 1
            size = stage.width
            found.append(Part("spatial", block.spatial, block.activation, 1, joints, 1, frames, width, size))
            found.append(
                Part("temporal", block.temporal, block.activation, stride, joints, block.kernel, frames, size, size)
            )
            if residual and (width != size or stride != 1):
                found.append(Part("projection", "", "", stride, joints, 1, frames, width, size))
            frames, width = -(-frames // stride), size
            if block.attention != "none":
                found.append(Part("attention", block.attention, "", 1, joints, 1, frames, size, size))
    found.append(Part("head", architecture.readout, "", 1, joints, 1, frames, width, width))
    return tuple(found)
