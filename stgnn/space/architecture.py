"""The genotype made explicit: one complete choice of a network, as a frozen value.

An Architecture is plain data. Two equal networks have equal Architectures, equal digests and equal JSON. It knows no
weights and no torch; :class:`stgnn.networks.Network` makes it flesh.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.skeleton.names import STREAMS

FORMAT = 1  # the version of the JSON form; files of every earlier version must load for ever


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
    """

    streams: tuple[str, ...]
    frames: int
    joints: int
    stem: int
    stages: tuple[StageSpec, ...]

    def __post_init__(self) -> None:
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
    def digest(self) -> str:
        """Twelve hexadecimal digits that identify this architecture."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the version of the form."""
        return {"format": FORMAT, **json.loads(json.dumps(asdict(self)))}

    def to_json(self, indent: int | None = None) -> str:
        """Canonical JSON: equal architectures give equal text."""
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Architecture":
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, a value is out of range, or the form is newer than this release.
        """
        fields = dict(data)
        version = fields.pop("format", FORMAT)
        if version != FORMAT:
            raise InputError(
                "this architecture has an unknown form", given=version, allowed=FORMAT, hint="update stgnn"
            )
        try:
            stages = tuple(
                StageSpec(**{**stage, "blocks": tuple(BlockSpec(**block) for block in stage["blocks"])})
                for stage in fields.pop("stages")
            )
            return cls(stages=stages, **{**fields, "streams": tuple(fields["streams"])})
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError(
                "this is not an architecture",
                given=str(error),
                hint="compare it with a file of stgnn/space/architectures",
            ) from error

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Read the text of :meth:`to_json`.

        Raises:
            InputError: the text is not JSON, or not an architecture.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError("an architecture must be JSON", given=str(error)) from error
        return cls.from_dict(data)

    def __str__(self) -> str:
        stages = " | ".join(
            f"{stage.width}: {', '.join(_block_text(block) for block in stage.blocks)}" for stage in self.stages
        )
        joints = self.joints or "all"
        return f"{'+'.join(self.streams)}, {self.frames} frames, {joints} joints, stem {self.stem} | {stages}"


def _block_text(block: BlockSpec) -> str:
    attention = "" if block.attention == "none" else f"+{block.attention}"
    return f"{block.spatial}/{block.temporal}-{block.kernel}/{block.activation}{attention}"


def architecture_names() -> tuple[str, ...]:
    """Names of the shipped architectures, the classic networks among them."""
    folder = files("stgnn.space") / "architectures"
    return tuple(sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")))


def load_architecture(source: "str | Path | Mapping[str, Any] | Architecture") -> Architecture:
    """A shipped architecture by name, a JSON file, or plain data.

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
    return Architecture.from_json(path.read_text())
