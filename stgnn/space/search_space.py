"""The space of architectures: which values each choice may take.

A space is a flat, fixed list of genes. A genotype gives every gene a value, also the genes of blocks that the chosen
depth leaves out; ``decode`` ignores those, so that two genotypes of the same network give equal Architectures. (Genetic
samplers recombine only parameters that every trial has.)
"""

import hashlib
import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stgnn.errors import InputError
from stgnn.space.architecture import DEFAULT_READOUT, Architecture, BlockSpec, StageSpec
from stgnn.space.checks import check_choices
from stgnn.space.genes import Gene, Genotype, StageSpace, Value, read_field
from stgnn.space.plain import build


@dataclass(frozen=True)
class SearchSpace:
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
        self._check(genotype)
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

    def _check(self, genotype: Genotype) -> None:
        for gene in self.genes:
            if gene.name not in genotype:
                raise InputError(
                    f"the genotype lacks the gene {gene.name!r}", allowed=[gene.name for gene in self.genes]
                )
            if genotype[gene.name] not in gene.choices:
                raise InputError(
                    f"the space {self.name!r} does not offer this value of {gene.name}",
                    given=genotype[gene.name],
                    allowed=gene.choices,
                )

    def encode(self, architecture: Architecture) -> dict[str, Value]:
        """The canonical genotype of an architecture: genes it does not use have their first choice.

        Raises:
            InputError: the architecture is not in this space.
        """
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

    def contains(self, architecture: Architecture) -> bool:
        """Whether the space can express ``architecture``."""
        try:
            self.encode(architecture)
        except InputError:
            return False
        return True

    def smallest(self) -> Architecture:
        """The first choice of every gene."""
        return self.decode({gene.name: gene.choices[0] for gene in self.genes})

    def largest(self) -> Architecture:
        """The last choice of every gene."""
        return self.decode({gene.name: gene.choices[-1] for gene in self.genes})

    def sample(self, rng: random.Random) -> Architecture:
        """Every gene drawn uniformly."""
        return self.decode({gene.name: rng.choice(gene.choices) for gene in self.genes})

    def sample_sized(self, rng: random.Random, size: float) -> Architecture:
        """Genes that set the cost are drawn near the quantile ``size`` of their choices, operators uniformly.

        Uniform choices pile up in the middle of the cost range: the all-small corner, which is the edge end, would
        hardly ever be drawn. ``size`` 0 gives nearly the smallest, 1 nearly the largest.
        """

        def draw(gene: Gene) -> Value:
            if not (gene.nested or gene.name in ("joints", "streams")):
                return rng.choice(gene.choices)
            quantile = min(max(size + rng.uniform(-0.4, 0.4), 0.0), 1.0)
            return gene.choices[round(quantile * (len(gene.choices) - 1))]

        return self.decode({gene.name: draw(gene) for gene in self.genes})

    def mutate(self, architecture: Architecture, rng: random.Random, probability: float = 0.1) -> Architecture:
        """Redraw each gene with ``probability``; the result differs from the parent unless the space has one member."""
        parent = self.encode(architecture)
        open_genes = [gene for gene in self.genes if len(gene.choices) > 1]
        for _ in range(100):
            forced = rng.choice(open_genes) if open_genes else None
            genotype = {
                gene.name: rng.choice(gene.choices)
                if gene is forced or rng.random() < probability
                else parent[gene.name]
                for gene in self.genes
            }
            child = self.decode(genotype)
            if child != architecture:
                return child
        return architecture

    def crossover(self, first: Architecture, second: Architecture, rng: random.Random) -> Architecture:
        """Every gene from one parent or the other."""
        genes, others = self.encode(first), self.encode(second)
        return self.decode({name: value if rng.random() < 0.5 else others[name] for name, value in genes.items()})

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

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that identify the choices (not the name)."""
        data = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12]

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
