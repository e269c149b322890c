"""What every genotype and every space of genotypes is.

A space is a flat, fixed list of genes. A genotype gives every gene a value, also the genes that another one switches
off; ``decode`` ignores those, so that two genotypes of the same network give equal architectures. (Genetic samplers
recombine only parameters that every trial has.)
"""

import hashlib
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from stgnn.errors import InputError
from stgnn.space.genes import Gene, Genotype, Value

TRIES = 100  # of a mutation: the genes that it changes may be switched off by others
FORMAT = 1  # the version of the JSON forms; files of every earlier version must load for ever
HINT = "compare it with a file of stgnn/space/architectures"
SPREAD = 0.4  # of quantiles around a wanted size: networks of one size still differ in where it comes from
TYPICAL_JOINTS = 25  # stands for "every joint" when only costs relative to each other matter


class BaseArchitecture(ABC):
    """One complete choice of a network, as a frozen value. Equal networks have equal digests and equal JSON.

    Attributes:
        frames: Number T of frames the network sees.
        joints: Number V of joints of the body it computes on; 0 means every joint.
    """

    frames: int
    joints: int

    @property
    @abstractmethod
    def input_streams(self) -> tuple[str, ...]:
        """The streams that go in, in canonical order."""

    @property
    @abstractmethod
    def depth(self) -> int:
        """Number of blocks or layers, one after the other."""

    @property
    @abstractmethod
    def operators(self) -> frozenset[str]:
        """Class names of all operators that a registry gives."""

    @property
    @abstractmethod
    def relative_cost(self) -> float:
        """A cheap estimate of multiply-accumulates, good enough to order the architectures of one space."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the version of the form."""

    @classmethod
    @abstractmethod
    def from_dict(cls, data: object) -> Self:
        """Read plain data.

        Raises:
            InputError: a key is unknown or missing, a value is out of range, or the form is newer than this release.
        """

    def with_frames(self, frames: int) -> Self:
        """The same network for another number of frames T.

        Raises:
            InputError: the number is below 1.
        """
        return self.from_dict({**self.to_dict(), "frames": frames})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text of :meth:`to_json`.

        Raises:
            InputError: the text is not JSON, or not an architecture.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError("an architecture must be JSON", given=str(error), hint=HINT) from error
        return cls.from_dict(data)

    def to_json(self, indent: int | None = None) -> str:
        """Canonical JSON: equal architectures give equal text."""
        return json.dumps(self.to_dict(), indent=indent)

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that identify this architecture."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]


def fields_of(data: object) -> dict[str, Any]:
    """The fields of an architecture as plain data, without the version of the form.

    Raises:
        InputError: it is no mapping, or the form is newer than this release.
    """
    if not isinstance(data, Mapping):
        raise InputError("this is not an architecture", given=repr(data), hint=HINT)
    fields = dict(data)
    version = fields.pop("format", FORMAT)
    if version != FORMAT:
        raise InputError("this architecture has an unknown form", given=version, allowed=FORMAT, hint="update stgnn")
    return fields


ArchitectureT = TypeVar("ArchitectureT", bound=BaseArchitecture)
ArchitectureT_co = TypeVar("ArchitectureT_co", bound=BaseArchitecture, covariant=True)


class BaseSpace(ABC, Generic[ArchitectureT_co]):
    """All architectures that some choices span. Every list of choices goes from cheap to expensive.

    Attributes:
        name: What the space is called in files and figures.
        joints: Joint counts V of the layout's coarser bodies; 0 means every joint and is the last.
    """

    name: str
    joints: tuple[int, ...]

    @property
    @abstractmethod
    def genes(self) -> tuple[Gene, ...]:
        """Every choice of the space, in a fixed order."""

    @abstractmethod
    def decode(self, genotype: Genotype) -> ArchitectureT_co:
        """The architecture a genotype stands for.

        Raises:
            InputError: a gene is missing or has a value the space does not offer.
        """

    @abstractmethod
    def encode(self, architecture: BaseArchitecture) -> dict[str, Value]:
        """The canonical genotype of an architecture: genes it does not use have their first choice.

        Raises:
            InputError: the architecture is not in this space.
        """

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of distinct architectures, exactly."""

    @property
    @abstractmethod
    def operators(self) -> frozenset[str]:
        """Class names of all operators that an architecture may have."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain data, the form of the YAML file."""

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that identify the choices (not the name)."""
        data = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12]

    def check(self, genotype: Genotype) -> None:
        """Refuse a genotype of another space.

        Raises:
            InputError: a gene is missing or has a value the space does not offer.
        """
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

    def contains(self, architecture: BaseArchitecture) -> bool:
        """Whether the space can express ``architecture``."""
        try:
            self.encode(architecture)
        except InputError:
            return False
        return True

    def smallest(self) -> ArchitectureT_co:
        """The first choice of every gene."""
        return self.decode({gene.name: gene.choices[0] for gene in self.genes})

    def largest(self) -> ArchitectureT_co:
        """The last choice of every gene."""
        return self.decode({gene.name: gene.choices[-1] for gene in self.genes})

    def sample(self, rng: random.Random) -> ArchitectureT_co:
        """Every gene drawn uniformly."""
        return self.decode({gene.name: rng.choice(gene.choices) for gene in self.genes})

    def sample_sized(self, rng: random.Random, size: float) -> ArchitectureT_co:
        """Genes that set the cost are drawn near the quantile ``size`` of their choices, operators uniformly.

        Uniform choices pile up in the middle of the cost range: the all-small corner, which is the edge end, would
        hardly ever be drawn. ``size`` 0 gives nearly the smallest, 1 nearly the largest.
        """

        def draw(gene: Gene) -> Value:
            if not (gene.nested or gene.name in ("joints", "streams")):
                return rng.choice(gene.choices)
            quantile = min(max(size + rng.uniform(-SPREAD, SPREAD), 0.0), 1.0)
            return gene.choices[round(quantile * (len(gene.choices) - 1))]

        return self.decode({gene.name: draw(gene) for gene in self.genes})

    def mutate(self, architecture: BaseArchitecture, rng: random.Random, probability: float = 0.1) -> ArchitectureT_co:
        """Redraw each gene with ``probability``; the result differs from the parent unless the space has one member."""
        parent = self.encode(architecture)
        open_genes = [gene for gene in self.genes if len(gene.choices) > 1]
        for _ in range(TRIES):
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
        return self.decode(parent)

    def crossover(self, first: BaseArchitecture, second: BaseArchitecture, rng: random.Random) -> ArchitectureT_co:
        """Every gene from one parent or the other."""
        genes, others = self.encode(first), self.encode(second)
        return self.decode({name: value if rng.random() < 0.5 else others[name] for name, value in genes.items()})
