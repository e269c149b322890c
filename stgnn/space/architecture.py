"""The genotype made explicit: one complete choice of a network, as a frozen value.

An Architecture is plain data. Two equal networks have equal Architectures, equal digests and equal JSON. It knows no
weights and no torch; :class:`stgnn.networks.Network` makes it flesh.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import read_text
from stgnn.skeleton.names import STREAMS
from stgnn.space.plain import build, check_kind, entries

FORMAT = 1  # the version of the JSON form; files of every earlier version must load for ever
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
class Architecture:
    """One complete network.

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
    def depth(self) -> int:
        """Number of blocks."""
        return sum(len(stage.blocks) for stage in self.stages)

    @cached_property
    def operators(self) -> frozenset[str]:
        """Class names of all operators."""
        blocks = [block for stage in self.stages for block in stage.blocks]
        named = {name for block in blocks for name in (block.spatial, block.temporal, block.attention)}
        return frozenset((named | {self.readout}) - {"none"})

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that identify this architecture."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the version of the form; a readout only where it is not the default."""
        data = {"format": FORMAT, **json.loads(json.dumps(asdict(self)))}
        if self.readout == DEFAULT_READOUT:
            del data["readout"]  # so that an architecture of before there was a choice keeps its digest
        return data

    def to_json(self, indent: int | None = None) -> str:
        """Canonical JSON: equal architectures give equal text."""
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, data: object) -> "Architecture":
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, a value is out of range, or the form is newer than this release.
        """
        if not isinstance(data, Mapping):
            hint = "compare it with a file of stgnn/space/architectures"
            raise InputError("this is not an architecture", given=repr(data), hint=hint)
        fields = dict(data)
        version = fields.pop("format", FORMAT)
        if version != FORMAT:
            raise InputError(
                "this architecture has an unknown form", given=version, allowed=FORMAT, hint="update stgnn"
            )
        readers: dict[str, Callable[[Any], tuple[Any, ...]]] = {
            "streams": lambda value: entries(value, "the streams of an architecture"),
            "stages": lambda value: tuple(map(_stage, entries(value, "the stages of an architecture"))),
        }
        read = {key: readers[key](value) if key in readers else value for key, value in fields.items()}
        return build(cls, read, "an architecture")

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Read the text of :meth:`to_json`.

        Raises:
            InputError: the text is not JSON, or not an architecture.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            hint = "compare it with a file of stgnn/space/architectures"
            raise InputError("an architecture must be JSON", given=str(error), hint=hint) from error
        return cls.from_dict(data)

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


def architecture_names() -> tuple[str, ...]:
    """Names of the shipped architectures, the classic networks among them."""
    folder = files("stgnn.space") / "architectures"
    return tuple(sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")))


def load_architecture(source: "str | Path | Mapping[str, Any] | Architecture") -> Architecture:
    """A shipped architecture by name, a JSON file, or plain data; an architecture is returned as it is.

    Raises:
        InputError: there is no such name or file, or it does not hold an architecture.
    """
    if isinstance(source, Architecture):
        return source
    if isinstance(source, Mapping):
        return Architecture.from_dict(source)
    if str(source) in architecture_names():
        return Architecture.from_json((files("stgnn.space") / "architectures" / f"{source}.json").read_text())
    path = Path(source)
    if not path.is_file():
        raise InputError(
            "there is no such architecture", given=source, allowed=[*architecture_names(), "the path of a JSON file"]
        )
    return Architecture.from_json(read_text(path, "an architecture"))
