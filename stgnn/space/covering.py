"""Architectures that together hold every tensor of a space: what a supernet is made of."""

from collections.abc import Iterable
from itertools import product
from typing import Any

from stgnn.space.base import ArchitectureT, BaseSpace
from stgnn.space.genes import Gene, Value


def cover(space: BaseSpace[ArchitectureT]) -> tuple[ArchitectureT, ...]:
    """Architectures whose networks together hold every operator at its largest, at every joint count.

    Nested genes stand at their largest. Joint counts are combined with every operator, because parameters that depend
    on the joint count exist once per operator and count. A projection exists only where two neighbouring widths differ,
    so two more families lower every other width by one step. The full-size family comes last. A tensor that grows with
    the width is the largest here; one that does not may be larger in :func:`narrow`.
    """
    turns, widths = range(_turns(space)), _widths(space)
    lowered = [
        _turned(space, turn, space.joints[-1]) | _lowered(widths[odd::2], 1) for odd, turn in product((1, 0), turns)
    ]
    full = [_turned(space, turn, joints) for joints, turn in product(space.joints, turns)]
    return tuple(dict.fromkeys(map(space.decode, lowered + full)))


def narrow(space: BaseSpace[ArchitectureT]) -> tuple[ArchitectureT, ...]:
    """Architectures in which every operator has each width and each kernel below its largest at least once.

    The stem, all widths and all kernels go down together, step by step.
    """
    sizes = [*_widths(space), *(gene for gene in space.genes if gene.name.endswith(".kernel"))]
    steps = range(1, max(len(gene.choices) for gene in sizes))
    lowered = [
        _turned(space, turn, space.joints[-1]) | _lowered(sizes, step)
        for step, turn in product(steps, range(_turns(space)))
    ]
    return tuple(dict.fromkeys(map(space.decode, lowered)))


def _widths(space: BaseSpace[Any]) -> tuple[Gene, ...]:
    """The genes of the stem's and the stages' widths, in order."""
    return tuple(gene for gene in space.genes if gene.name == "stem" or gene.name.endswith(".width"))


def _turns(space: BaseSpace[Any]) -> int:
    """Turns after which every choice of every gene that is not nested has been met."""
    return max(len(gene.choices) for gene in space.genes if not gene.nested)


def _turned(space: BaseSpace[Any], turn: int, joints: int) -> dict[str, Value]:
    """Nested genes at their largest, others at choice ``turn`` (cyclic)."""
    genotype = {
        gene.name: gene.choices[-1] if gene.nested else gene.choices[turn % len(gene.choices)] for gene in space.genes
    }
    return genotype | {"joints": joints}


def _lowered(genes: Iterable[Gene], steps: int) -> dict[str, Value]:
    """Each gene some steps below its last choice, or at its first."""
    return {gene.name: gene.choices[max(len(gene.choices) - 1 - steps, 0)] for gene in genes}
