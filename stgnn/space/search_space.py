"""The space of networks of blocks: which values each choice may take. Genes and genotypes: :mod:`stgnn.space.base`.

The genes of blocks that the chosen depth leaves out have a value, too, which ``decode`` ignores.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stgnn.errors import InputError
from stgnn.space.architecture import DEFAULT_READOUT, Architecture, BlockSpec, StageSpec
from stgnn.space.base import BaseArchitecture, BaseSpace
from stgnn.space.checks import check_choices
from stgnn.space.genes import Gene, Genotype, StageSpace, Value, read_field
from stgnn.space.plain import build


@dataclass(frozen=True)
class SearchSpace(BaseSpace[Architecture]):
    """All architectures that these choices span. Every list goes from cheap to expensive.

    Attributes:
        name: What the space is called in files and figures.
        streams: Sets of streams, each written ``"joint+bone"``.
        frames: Frame counts T.
        joints: Joint counts V of the layout's coarser bodies; 0 means every joint and is the last.
        stems: Stem widths.
        stages: Choices of each stage.
        spatial: Spatial operators by class name.
        temporal: Temporal operators by class name, each with the kernel sizes it may have.
        activations: Activations by class name.
        attentions: Attentions by class name, or ``"none"``.
        readouts: Readouts by class name.

    Raises:
        InputError: sizes do not rise, a list names something twice, or a choice makes no architecture.
    """

    name: str
    streams: tuple[str, ...]
    frames: tuple[int, ...]
    joints: tuple[int, ...]
    stems: tuple[int, ...]
    stages: tuple[StageSpace, ...]
    spatial: tuple[str, ...]
    temporal: tuple[tuple[str, tuple[int, ...]], ...]
    activations: tuple[str, ...] = ("ReLU",)
    attentions: tuple[str, ...] = ("none",)
    readouts: tuple[str, ...] = (DEFAULT_READOUT,)

    def __post_init__(self) -> None:
        check_choices(self)
        self._decode_every_choice()

    def _decode_every_choice(self) -> None:
        """Refuse a choice of which no architecture can be made, wherever it stands in its list."""
        largest = {gene.name: gene.choices[-1] for gene in self.genes}
        for gene in self.genes:
            for choice in gene.choices:
                try:
                    self.decode(largest | {gene.name: choice})
                except InputError as error:
                    raise error.at(f"{gene.name} {choice}") from error

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Every choice of the space, in a fixed order."""
        genes = [
            Gene("streams", self.streams, nested=False),
            Gene("frames", self.frames, nested=True),
            Gene("joints", self.joints, nested=False),
            Gene("stem", self.stems, nested=True),
        ]
        for number, stage in enumerate(self.stages, start=1):
            genes += [
                Gene(f"stage{number}.depth", stage.depths, nested=True),
                Gene(f"stage{number}.width", stage.widths, nested=True),
            ]
            for block in range(1, max(stage.depths) + 1):
                genes += self._block_genes(f"stage{number}.block{block}")
        return (*genes, Gene("readout", self.readouts, nested=False))

    def _block_genes(self, prefix: str) -> list[Gene]:
        kernels = tuple(sorted({kernel for _, choices in self.temporal for kernel in choices}))
        return [
            Gene(f"{prefix}.spatial", self.spatial, nested=False),
            Gene(f"{prefix}.temporal", tuple(name for name, _ in self.temporal), nested=False),
            Gene(f"{prefix}.kernel", kernels, nested=True),
            Gene(f"{prefix}.activation", self.activations, nested=False),
            Gene(f"{prefix}.attention", self.attentions, nested=False),
        ]

    def decode(self, genotype: Genotype) -> Architecture:
        """The architecture a genotype stands for.

        Raises:
            InputError: a gene is missing or has a value the space does not offer.
        """
        self.check(genotype)
        stages = []
        for number, stage in enumerate(self.stages, start=1):
            depth = int(genotype[f"stage{number}.depth"])
            blocks = tuple(self._block(genotype, f"stage{number}.block{block}") for block in range(1, depth + 1))
            stages.append(StageSpec(int(genotype[f"stage{number}.width"]), stage.stride, blocks))
        return Architecture(
            streams=tuple(str(genotype["streams"]).split("+")),
            frames=int(genotype["frames"]),
            joints=int(genotype["joints"]),
            stem=int(genotype["stem"]),
            stages=tuple(stages),
            readout=str(genotype["readout"]),
        )

    def _block(self, genotype: Genotype, prefix: str) -> BlockSpec:
        temporal = str(genotype[f"{prefix}.temporal"])
        wanted = int(genotype[f"{prefix}.kernel"])
        kernel = min(dict(self.temporal)[temporal], key=lambda size: (abs(size - wanted), size))
        return BlockSpec(
            spatial=str(genotype[f"{prefix}.spatial"]),
            temporal=temporal,
            kernel=kernel,
            activation=str(genotype[f"{prefix}.activation"]),
            attention=str(genotype[f"{prefix}.attention"]),
        )

    def encode(self, architecture: BaseArchitecture) -> dict[str, Value]:
        """The canonical genotype of an architecture: genes it does not use have their first choice.

        Raises:
            InputError: the architecture is not in this space.
        """
        if not isinstance(architecture, Architecture):
            raise InputError(f"the architecture is not in the space {self.name!r}", given=architecture)
        genotype = {gene.name: gene.choices[0] for gene in self.genes}
        streams = {frozenset(choice.split("+")): choice for choice in self.streams}
        genotype["streams"] = streams.get(frozenset(architecture.streams), "+".join(architecture.streams))
        genotype |= {name: getattr(architecture, name) for name in ("frames", "joints", "stem", "readout")}
        for number, stage in enumerate(architecture.stages, start=1):
            genotype |= {f"stage{number}.depth": len(stage.blocks), f"stage{number}.width": stage.width}
            for index, block in enumerate(stage.blocks, start=1):
                for name in ("spatial", "temporal", "kernel", "activation", "attention"):
                    genotype[f"stage{number}.block{index}.{name}"] = getattr(block, name)
        if len(architecture.stages) != len(self.stages) or self.decode(genotype) != architecture:
            raise InputError(
                f"the architecture is not in the space {self.name!r}",
                given=architecture,
                hint="its number of stages, its strides or the kernel of an operator differ",
            )
        return genotype

    @cached_property
    def size(self) -> int:
        """Number of distinct architectures, exactly."""
        block = len(self.spatial) * sum(len(kernels) for _, kernels in self.temporal)
        block *= len(self.activations) * len(self.attentions)
        count = len(self.streams) * len(self.frames) * len(self.joints) * len(self.stems) * len(self.readouts)
        return count * math.prod(
            len(stage.widths) * sum(block**depth for depth in stage.depths) for stage in self.stages
        )

    @cached_property
    def operators(self) -> frozenset[str]:
        """Class names of all operators that an architecture may have."""
        temporal = (name for name, _ in self.temporal)
        return frozenset({*self.spatial, *temporal, *self.attentions, *self.readouts} - {"none"})

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the form of the YAML file; readouts only where there is a choice of them."""
        data = {
            "name": self.name,
            **{key: list(getattr(self, key)) for key in ("streams", "frames", "joints", "stems")},
            "stages": [
                {"depths": list(stage.depths), "widths": list(stage.widths), "stride": stage.stride}
                for stage in self.stages
            ],
            "spatial": list(self.spatial),
            "temporal": {name: list(kernels) for name, kernels in self.temporal},
            "activations": list(self.activations),
            "attentions": list(self.attentions),
        }
        return data if self.readouts == (DEFAULT_READOUT,) else {**data, "readouts": list(self.readouts)}

    @classmethod
    def from_dict(cls, data: object) -> "SearchSpace":
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, or a choice is not possible.
        """
        if not isinstance(data, Mapping):
            hint = "compare it with a shipped space"
            raise InputError("this is not a search space", given=repr(data), hint=hint)
        known = cls.__dataclass_fields__
        return build(
            cls, {str(key): read_field(str(key), value, known) for key, value in data.items()}, "a search space"
        )
