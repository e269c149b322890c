"""SGN in steps: the widths and the joint count of a single model of SGN, each freely chosen, and the space of them.

The published AdaSGN chooses among two modules and three joint counts that were fixed before training; steps in between
are what its authors name as future work (Shi et al., ICCV 2021).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any, Self

from stgnn.errors import InputError
from stgnn.skeleton.names import STREAMS
from stgnn.space.base import FORMAT, TYPICAL_JOINTS, BaseArchitecture, BaseSpace, fields_of
from stgnn.space.checks import check_rising
from stgnn.space.genes import Gene, Genotype, Value
from stgnn.space.plain import build, check_kind, entries

KIND = "sgn"  # what tells its plain data from that of a network of blocks
FEATURES = 4  # features of a frame, in multiples of the width


@dataclass(frozen=True)
class SGNArchitecture(BaseArchitecture):
    """One single model of SGN.

    Attributes:
        frames: T.
        joints: V of a reduced body with a learned matrix; 0 takes every joint as it is.
        embedding: Channels of the embeddings.
        layers: Channels of the graph layers before the last, which always gives ``4 * width``.
        width: Width of the temporal module, which the models of a space share.
        stream: The input stream.
    """

    frames: int
    joints: int
    embedding: int
    layers: tuple[int, ...]
    width: int = 64
    stream: str = "joint"

    def __post_init__(self) -> None:
        check_kind(int, (self.frames, self.joints, self.embedding, *self.layers, self.width), "a size of SGN")
        if min(self.frames, self.embedding, *self.layers, self.width) < 1 or self.joints < 0:
            raise InputError("the sizes of SGN are positive, joints 0 or more", given=self)
        if self.embedding > self.width:
            raise InputError("the embedding of SGN is at most the width", given=self.embedding, allowed=self.width)
        if self.stream not in STREAMS:
            raise InputError("no such stream", given=self.stream, allowed=STREAMS)

    @property
    def features(self) -> int:
        """Features of a frame, which the last graph layer gives."""
        return FEATURES * self.width

    @property
    def module(self) -> str:
        """Size of the spatial module, as :class:`stgnn.networks.sgn.SpatialModule` takes it: ``"w32-64-128"``."""
        return "w" + "-".join(map(str, (self.embedding, *self.layers)))

    def action(self, num_joints: int) -> str:
        """Name of the action that this model becomes in AdaSGN: ``"w32-64-128-9"``.

        Args:
            num_joints: Joints of the full body.
        """
        return f"{self.module}-{self.joints or num_joints}"

    @property
    def input_streams(self) -> tuple[str, ...]:
        """The one stream that goes in."""
        return (self.stream,)

    @property
    def depth(self) -> int:
        """Number of graph layers."""
        return len(self.layers) + 1

    @property
    def operators(self) -> frozenset[str]:
        """None: SGN is built of modules of its own."""
        return frozenset()

    @cached_property
    def relative_cost(self) -> float:
        """A cheap estimate of multiply-accumulates: maps of channels in the spatial and in the temporal module."""
        joints = self.joints or TYPICAL_JOINTS
        widths = (2 * self.embedding, *self.layers, self.features)
        spatial = 2 * self.embedding**2 + 4 * FEATURES * self.embedding**2
        spatial += sum(2 * source * target for source, target in pairwise(widths))
        return float(self.frames * (joints * spatial + 5 * self.features**2))

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the kind and the version of the form."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {"format": FORMAT, "kind": KIND, **fields, "layers": list(self.layers)}

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, a value is out of range, or the form is newer than this release.
        """
        fields = fields_of(data)
        if fields.pop("kind", KIND) != KIND:
            raise InputError("this is not an SGN", given=data)
        if "layers" in fields:
            fields["layers"] = entries(fields["layers"], "the graph layers of SGN")
        return build(cls, fields, "an SGN")

    def __str__(self) -> str:
        layers = ", ".join(map(str, (*self.layers, self.features)))
        joints = self.joints or "all"
        return f"SGN: {self.stream}, {self.frames} frames, {joints} joints, embedding {self.embedding} | {layers}"


@dataclass(frozen=True)
class SGNSpace(BaseSpace[SGNArchitecture]):
    """Single models of SGN that share one temporal module; its width is the largest embedding.

    Attributes:
        name: What the space is called in files and figures.
        stream: The input stream.
        frames: T.
        joints: Joint counts V; 0 means every joint and is the last.
        embeddings: Channels of the embeddings.
        layers: Channels of each graph layer before the last.

    Raises:
        InputError: sizes do not rise, or a choice makes no SGN.
    """

    name: str
    joints: tuple[int, ...]
    embeddings: tuple[int, ...]
    layers: tuple[tuple[int, ...], ...]
    stream: str = "joint"
    frames: int = 20

    def __post_init__(self) -> None:
        check_kind(str, (self.name, self.stream), "a name in a space")
        sizes = (*self.joints, *self.embeddings, *(width for choices in self.layers for width in choices))
        check_kind(int, sizes, "a size of SGN")
        for gene in self.genes:
            if not gene.choices:
                raise InputError(f"{gene.name} needs at least one choice")
            check_rising(gene.name, [int(choice) for choice in gene.choices], zero_last=gene.name == "joints")
        self.smallest()
        self.largest()

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Every choice of the space, in a fixed order."""
        layers = [Gene(f"layer{number}.width", choices, True) for number, choices in enumerate(self.layers, start=1)]
        return (Gene("joints", self.joints, False), Gene("embedding.width", self.embeddings, True), *layers)

    def decode(self, genotype: Genotype) -> SGNArchitecture:
        """The architecture a genotype stands for.

        Raises:
            InputError: a gene is missing or has a value the space does not offer.
        """
        self.check(genotype)
        return SGNArchitecture(
            frames=self.frames,
            joints=int(genotype["joints"]),
            embedding=int(genotype["embedding.width"]),
            layers=tuple(int(genotype[f"layer{number}.width"]) for number in range(1, len(self.layers) + 1)),
            width=self.embeddings[-1],
            stream=self.stream,
        )

    def encode(self, architecture: BaseArchitecture) -> dict[str, Value]:
        """The genotype of an architecture.

        Raises:
            InputError: the architecture is not in this space.
        """
        if isinstance(architecture, SGNArchitecture) and len(architecture.layers) == len(self.layers):
            widths = {f"layer{number}.width": width for number, width in enumerate(architecture.layers, start=1)}
            genotype: dict[str, Value] = {
                "joints": architecture.joints,
                "embedding.width": architecture.embedding,
                **widths,
            }
            if self.decode(genotype) == architecture:
                return genotype
        raise InputError(f"the architecture is not in the space {self.name!r}", given=architecture)

    def of_action(self, name: str, num_joints: int) -> SGNArchitecture:
        """The member that an action of AdaSGN is named after, see :meth:`SGNArchitecture.action`.

        Args:
            name: ``"w32-64-128-9"``.
            num_joints: Joints of the full body.

        Raises:
            InputError: the space has no such member.
        """
        numbers = [int(part) if part.isdecimal() else 0 for part in name.removeprefix("w").split("-")]
        if name.startswith("w") and len(numbers) == len(self.layers) + 2:
            embedding, *layers, joints = numbers
            genotype = {f"layer{number}.width": width for number, width in enumerate(layers, start=1)}
            counts = 0 if joints == num_joints else joints
            member = self.decode({"joints": counts, "embedding.width": embedding, **genotype})
            if member.action(num_joints) == name:  # not w032-64-128-9, and not 0 for every joint
                return member
        one = self.largest().action(num_joints)
        raise InputError(f"the space {self.name!r} has no action of this name", given=name, allowed=f"such as {one}")

    def members(self) -> Iterator[SGNArchitecture]:
        """Every architecture, the cheaper first in each gene."""
        names = [gene.name for gene in self.genes]
        for choices in product(*(gene.choices for gene in self.genes)):
            yield self.decode(dict(zip(names, choices, strict=True)))

    @cached_property
    def size(self) -> int:
        """Number of distinct architectures, exactly."""
        return math.prod(len(gene.choices) for gene in self.genes)

    @property
    def operators(self) -> frozenset[str]:
        """None: SGN is built of modules of its own."""
        return frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the form of the YAML file."""
        return {
            "kind": KIND,
            "name": self.name,
            "stream": self.stream,
            "frames": self.frames,
            "joints": list(self.joints),
            "embeddings": list(self.embeddings),
            "layers": [list(choices) for choices in self.layers],
        }

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, or a choice is not possible.
        """
        if not isinstance(data, Mapping) or data.get("kind") != KIND:
            raise InputError(
                "this is not a space of SGN", given=repr(data), hint="compare it with the shipped space sgn"
            )
        fields = {str(key): value for key, value in data.items() if key != "kind"}
        for key in fields.keys() & {"joints", "embeddings", "layers"}:
            fields[key] = entries(fields[key], key)
        if "layers" in fields:
            fields["layers"] = tuple(entries(choices, "the widths of a graph layer") for choices in fields["layers"])
        return build(cls, fields, "a space of SGN")
