"""Whether the lists of a search space make sense: kinds, order, and choices that exclude each other."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.space.architecture import BlockSpec
from stgnn.space.plain import check_kind

if TYPE_CHECKING:
    from stgnn.space.search_space import SearchSpace


def check_choices(space: "SearchSpace") -> None:
    """Refuse lists of the wrong kind or order.

    Raises:
        InputError: a list is empty, holds another kind, names something twice or does not rise; a kernel size is even;
            or a stem may be missing where there may be several streams.
    """
    if not space.stages:
        raise InputError("a search space needs at least one stage")
    _check_kinds(space)
    _check_lists(space)
    _check_sizes(space)
    _check_streams(space)


def _check_kinds(space: "SearchSpace") -> None:
    check_kind(str, (space.name,), "the name of a space")
    for name in ("streams", "spatial", "activations", "attentions", "readouts"):
        check_kind(str, getattr(space, name), f"a choice of {name}")
    for name in ("frames", "joints", "stems"):
        check_kind(int, getattr(space, name), f"a choice of {name}")
    for stage in space.stages:
        check_kind(int, (*stage.depths, *stage.widths, stage.stride), "a choice of a stage")
        if not stage.depths or min(stage.depths) < 1:
            raise InputError("every stage needs at least one block", given=stage.depths, allowed="1 or more")
    for name, kernels in space.temporal:
        check_kind(str, (name,), "the name of a temporal operator")
        check_kind(int, kernels, f"a kernel size of {name}")


def _check_lists(space: "SearchSpace") -> None:
    if any(not kernels for _, kernels in space.temporal):
        raise InputError("every temporal operator needs at least one kernel size", given=dict(space.temporal))
    for gene in space.genes:
        if not gene.choices or (not gene.nested and len(set(gene.choices)) != len(gene.choices)):
            raise InputError(f"{gene.name} needs at least one choice, each once", given=gene.choices)


def _check_sizes(space: "SearchSpace") -> None:
    check_rising("frames", space.frames)
    check_rising("joints (0 for every joint)", space.joints, zero_last=True)
    check_rising("stems", space.stems)
    for number, stage in enumerate(space.stages, start=1):
        check_rising(f"depths of stage {number}", stage.depths)
        check_rising(f"widths of stage {number}", stage.widths)
    for name, kernels in space.temporal:
        check_rising(f"kernel sizes of {name}", kernels)
        for kernel in kernels:
            try:
                BlockSpec(space.spatial[0], name, kernel)
            except InputError as error:
                raise error.at(f"kernel sizes of {name}") from error


def check_rising(what: str, sizes: Sequence[int], zero_last: bool = False) -> None:
    """Refuse sizes that do not rise; ``zero_last`` takes 0 for more than any other.

    Raises:
        InputError: they do not, or one comes twice.
    """
    rising = sorted(set(sizes), key=lambda size: math.inf if zero_last and size == 0 else size)
    if list(sizes) != rising:
        raise InputError(f"{what} must go from small to large, each once", given=sizes, allowed=rising)


def _check_streams(space: "SearchSpace") -> None:
    sets = {frozenset(choice.split("+")) for choice in space.streams}
    if len(sets) != len(space.streams):
        raise InputError("streams needs every set of streams once, in whatever order", given=space.streams)
    if 0 in space.stems and any(len(one) > 1 for one in sets):
        raise InputError(
            "without a stem there can be only one stream",
            given=f"stems: {list(space.stems)}, streams: {list(space.streams)}",
            allowed="a stem of 0 where every choice of streams is a single one",
            hint="take 0 out of stems, or the choices of several streams out of streams",
        )
