"""The genotype made explicit: one complete choice of a network, as a frozen value.

An Architecture is plain data. Two equal networks have equal Architectures, equal digests and equal JSON. It knows no
weights and no torch; :class:`stgnn.networks.Network` is the module it describes.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from stgnn.errors import InputError
from stgnn.skeleton.names import STREAMS
from stgnn.space.base import FORMAT, TYPICAL_JOINTS, BaseArchitecture, fields_of
from stgnn.space.plain import build, check_kind, entries

DEFAULT_READOUT = "MeanReadout"


@dataclass(frozen=True)
class BlockSpec:
    """One block: a spatial step, a temporal step, and a residual around both.

    Attributes:
        spatial: Class name of the spatial operator.
        temporal: Class name of the temporal operator.
        kernel: Temporal kernel size in frames, odd.
        activation: Class name of the activation.
        attention: Class name of the attention after the temporal step, or ``"none"``.
    """

    spatial: str
    temporal: str
    kernel: int = 9
    activation: str = "ReLU"
    attention: str = "none"

    def __post_init__(self) -> None:
        check_kind(str, (self.spatial, self.temporal, self.activation, self.attention), "the name of an operator")
        check_kind(int, (self.kernel,), "a temporal kernel")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise InputError(
                "a temporal kernel must be odd and positive", given=self.kernel, allowed="1, 3, 5, 7, 9, ..."
            )


@dataclass(frozen=True)
class StageSpec:
    """Blocks of one width; the first block changes the width and divides the frames by ``stride``."""

    width: int
    stride: int
    blocks: tuple[BlockSpec, ...]

    def __post_init__(self) -> None:
        check_kind(int, (self.width, self.stride), "the width or stride of a stage")
        if self.width < 1 or self.stride < 1 or not self.blocks:
            raise InputError(
                "a stage needs a positive width, a positive stride and at least one block",
                given=f"width {self.width}, stride {self.stride}, {len(self.blocks)} blocks",
            )


@dataclass(frozen=True)
class PlacedBlock:
    """A block with what it meets where it stands in a network.

    Attributes:
        spec: Its operators.
        stage: Index of its stage.
        source: Channels of its input.
        target: Channels of its output.
        stride: Divides the frames.
        frames: T of its input.
        residual: Whether there is a path around it. As in the classic networks, there is none around the first block of
            a network without a stem.
    """

    spec: BlockSpec
    stage: int
    source: int
    target: int
    stride: int
    frames: int
    residual: bool

    @property
    def frames_left(self) -> int:
        """T of its output."""
        return math.ceil(self.frames / self.stride)


@dataclass(frozen=True)
class Architecture(BaseArchitecture):
    """One complete network of blocks.

    Attributes:
        streams: Input streams in canonical order, each with a stem of its own; the stems are summed (early fusion).
        frames: Number T of frames the network sees.
        joints: Number V of joints of the body it computes on, one of the layout's coarser bodies; 0 means every joint.
        stem: Width of the stems; 0 means none: coordinates go straight into the first block, as in the classic
            networks.
        stages: The stages in order.
        readout: Class name of the readout in front of the classifier.
    """

    streams: tuple[str, ...]
    frames: int
    joints: int
    stem: int
    stages: tuple[StageSpec, ...]
    readout: str = DEFAULT_READOUT

    def __post_init__(self) -> None:
        check_kind(int, (self.frames, self.joints, self.stem), "a size of an architecture")
        check_kind(str, (self.readout,), "the name of a readout")
        ordered = tuple(name for name in STREAMS if name in self.streams)
        if not self.streams or set(ordered) != set(self.streams) or len(ordered) != len(self.streams):
            raise InputError(
                "wrong streams", given=self.streams, allowed=f"one or more of {', '.join(STREAMS)}, each once"
            )
        object.__setattr__(self, "streams", ordered)
        if self.frames < 1 or self.joints < 0 or self.stem < 0 or not self.stages:
            raise InputError(
                "an architecture needs frames >= 1, joints >= 0, stem >= 0 and at least one stage",
                given=f"frames {self.frames}, joints {self.joints}, stem {self.stem}, {len(self.stages)} stages",
            )
        if self.stem == 0 and len(self.streams) > 1:
            raise InputError(
                "without a stem there can be only one stream", given=self.streams, hint="set stem to a width"
            )

    @property
    def input_streams(self) -> tuple[str, ...]:
        """The streams that go in, in canonical order."""
        return self.streams

    @property
    def depth(self) -> int:
        """Number of blocks."""
        return sum(len(stage.blocks) for stage in self.stages)

    def placed_blocks(self, coordinates: int) -> tuple[PlacedBlock, ...]:
        """All blocks in order.

        Args:
            coordinates: C of the keypoints: what the first block is given where there is no stem.
        """
        found: list[PlacedBlock] = []
        source, frames = self.stem or coordinates, self.frames
        for number, stage in enumerate(self.stages):
            for index, spec in enumerate(stage.blocks):
                stride = stage.stride if index == 0 else 1
                residual = bool(self.stem or found)
                found.append(PlacedBlock(spec, number, source, stage.width, stride, frames, residual))
                source, frames = stage.width, found[-1].frames_left
        return tuple(found)

    @cached_property
    def operators(self) -> frozenset[str]:
        """Class names of all operators."""
        blocks = [block for stage in self.stages for block in stage.blocks]
        named = {name for block in blocks for name in (block.spatial, block.temporal, block.attention)}
        return frozenset((named | {self.readout}) - {"none"})

    @cached_property
    def relative_cost(self) -> float:
        """A cheap estimate of multiply-accumulates, good enough to order the architectures of one space.

        Every block counts as one channel mix and one temporal convolution over its frames and joints, whatever its
        operators.
        """
        frames, width = float(self.frames), self.stem
        cost = frames * width * len(self.streams) * 3
        for stage in self.stages:
            for index, block in enumerate(stage.blocks):
                cost += frames * max(width, 3) * stage.width
                frames = max(frames / stage.stride, 1.0) if index == 0 else frames
                cost += frames * stage.width * (stage.width + block.kernel)
                width = stage.width
        return cost * (self.joints or TYPICAL_JOINTS)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the version of the form; a readout only where it is not the default."""
        data = {"format": FORMAT, **json.loads(json.dumps(asdict(self)))}
        if self.readout == DEFAULT_READOUT:
            del data["readout"]  # so that an architecture of before there was a choice keeps its digest
        return data

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, a value is out of range, or the form is newer than this release.
        """
        fields = fields_of(data)
        readers: dict[str, Callable[[Any], tuple[Any, ...]]] = {
            "streams": lambda value: entries(value, "the streams of an architecture"),
            "stages": lambda value: tuple(map(_stage, entries(value, "the stages of an architecture"))),
        }
        read = {key: readers[key](value) if key in readers else value for key, value in fields.items()}
        return build(cls, read, "an architecture")

    def __str__(self) -> str:
        stages = " | ".join(
            f"{stage.width}: {', '.join(_block_text(block) for block in stage.blocks)}" for stage in self.stages
        )
        joints = self.joints or "all"
        readout = "" if self.readout == DEFAULT_READOUT else f" | {self.readout}"
        return f"{'+'.join(self.streams)}, {self.frames} frames, {joints} joints, stem {self.stem} | {stages}{readout}"


def _stage(data: Any) -> StageSpec:
    if isinstance(data, Mapping) and "blocks" in data:
        blocks = entries(data["blocks"], "the blocks of a stage")
        data = {**data, "blocks": tuple(build(BlockSpec, block, "a block") for block in blocks)}
    return build(StageSpec, data, "a stage")


def _block_text(block: BlockSpec) -> str:
    attention = "" if block.attention == "none" else f"+{block.attention}"
    return f"{block.spatial}/{block.temporal}-{block.kernel}/{block.activation}{attention}"
