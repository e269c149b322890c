"""An Architecture as the list of parts whose latencies add up to the network's. Torch-free: search asks for thousands.

A block is cut into halves, because the pairs of a spatial and a temporal operator are too many to measure: the
spatial operator, and the temporal operator with the addition of the residual. A projecting residual and an attention
are parts of their own.
"""

from dataclasses import dataclass

from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture

KINDS = ("stem", "spatial", "temporal", "projection", "attention", "head")


@dataclass(frozen=True, order=True)
class Part:
    """One part at one size.

    Attributes:
        kind: One of :data:`KINDS`.
        operator: Class name of the operator, for a head that of its readout; the streams for a stem (``"joint+bone"``);
            empty for a projection.
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


def parts(architecture: Architecture, layout: SkeletonLayout) -> tuple[Part, ...]:
    """The parts of a network in order."""
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
