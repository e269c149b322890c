"""Which parts to measure so that a table can predict every architecture of a space. Torch-free.

Every part a space can contain is too many; the plan thins them out along the axes on which latency is smooth:

* frames: the fewest, the most, and one in the middle;
* temporal kernels: the shortest and the longest of each operator;
* widths: every width with itself; pairs of different widths only between the smallest, the middle and the largest;
* no stem: the coordinates meet the smallest, the middle and the largest width of the first stage;
* activations: all of the above for the first; for the others only the corner sizes, to learn the difference.

Of a space of SGN every member is measured.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise, product

from stgnn.latency.parts import Part, parts
from stgnn.skeleton import SkeletonLayout
from stgnn.space import SearchSpace, SGNSpace, Space

Pair = tuple[int, int]


def plan(space: Space, layout: SkeletonLayout, quick: bool = False) -> tuple[Part, ...]:
    """The parts to measure, in a fixed order.

    Args:
        space: What a network may contain.
        layout: The body.
        quick: Only the ends of the frames, three widths, and pairs of different widths only between the ends.
    """
    if isinstance(space, SGNSpace):
        return tuple(part for one in space.members() for part in parts(one, layout))
    joints = [count or layout.num_joints for count in space.joints]
    found: dict[Part, None] = {}
    for count in joints:
        for part in _of_body(space, count, layout.dimensions, quick):
            found[part] = None
    return tuple(found)


def _of_body(space: SearchSpace, joints: int, coordinates: int, quick: bool) -> Iterator[Part]:
    part = partial(Part, joints=joints)
    reach = _frames(space)  # frames at the input of each stage's first block, then after the last stage
    every = thin([frames for stage in reach for frames in stage], quick)
    widths = _chosen([*filter(None, space.stems), *(width for stage in space.stages for width in stage.widths)], quick)
    stemless = [(coordinates, width) for width in thin(space.stages[0].widths, quick)] if 0 in space.stems else []
    pairs = _equal(widths) + crossings(widths, quick) + stemless
    for name, (index, activation) in product(space.spatial, enumerate(space.activations)):
        sizes = product(pairs, every) if index == 0 else product(_equal(ends(widths)), ends(every))
        for (source, target), frames in sizes:
            yield part(
                kind="spatial", operator=name, activation=activation, frames=frames, source=source, target=target
            )
    for stride, met in _strides(space, quick):
        yield from _temporal(space, joints, stride, met, quick)
        same = _equal(widths) if stride != 1 else []
        for (source, target), frames in product(same + crossings(widths, True), ends(met)):
            yield part(kind="projection", stride=stride, frames=frames, source=source, target=target)
    for name, width, frames in product(space.attentions, widths, every):
        if name != "none":
            yield part(kind="attention", operator=name, frames=frames, source=width, target=width)
    for name, (source, target), frames in product(space.streams, _stems(space, coordinates, quick), ends(space.frames)):
        yield part(kind="stem", operator=name, frames=frames, source=source, target=target)
    for name, width, frames in product(space.readouts, _chosen(space.stages[-1].widths, quick), ends(every)):
        yield part(kind="head", operator=name, frames=frames, source=width, target=width)


def _stems(space: SearchSpace, coordinates: int, quick: bool) -> list[Pair]:
    """Channels that the first block is given, and the stem width; the coordinates themselves where it is 0."""
    bare = [(coordinates, 0)] if 0 in space.stems else []
    return bare + _equal(thin(filter(None, space.stems), quick))


def _temporal(space: SearchSpace, joints: int, stride: int, frames: Sequence[int], quick: bool) -> Iterator[Part]:
    widths = _chosen([width for stage in space.stages for width in stage.widths], quick)
    for (name, kernels), (index, activation) in product(space.temporal, enumerate(space.activations)):
        if index == 0:
            sizes = product(ends(kernels), widths, frames)
        else:
            sizes = product([min(kernels)], ends(widths), ends(frames))
        for kernel, width, count in sizes:
            yield Part(
                kind="temporal",
                operator=name,
                activation=activation,
                stride=stride,
                joints=joints,
                kernel=kernel,
                frames=count,
                source=width,
                target=width,
            )


def _frames(space: SearchSpace) -> list[list[int]]:
    """Possible frame counts at the input of each stage, and after the last."""
    reach = [sorted(space.frames)]
    for stage in space.stages:
        reach.append([-(-frames // stage.stride) for frames in reach[-1]])
    return reach


def _strides(space: SearchSpace, quick: bool) -> Iterator[tuple[int, list[int]]]:
    """Strides in use, each with the thinned frame counts it meets."""
    met: dict[int, set[int]] = {}
    for stage, (before, after) in zip(space.stages, pairwise(_frames(space)), strict=True):
        met.setdefault(stage.stride, set()).update(before)
        if max(stage.depths) > 1:
            met.setdefault(1, set()).update(after)
    for stride, frames in sorted(met.items()):
        yield stride, thin(frames, quick)


def _chosen(widths: Iterable[int], quick: bool) -> list[int]:
    return thin(widths, False) if quick else sorted(set(widths))


def crossings(widths: Sequence[int], quick: bool) -> list[Pair]:
    """Pairs of different widths to measure."""
    few = thin(widths, quick)
    return [(a, b) for a, b in product(few, few) if a != b]


def _equal(widths: Iterable[int]) -> list[Pair]:
    """Every width with itself."""
    return [(width, width) for width in widths]


def ends(values: Iterable[int]) -> list[int]:
    """The smallest and the largest."""
    return thin(values, True)


def thin(values: Iterable[int], quick: bool) -> list[int]:
    """The smallest, the largest and, unless ``quick``, the one nearest to their geometric mean; of nothing, nothing."""
    ordered = sorted(set(values))
    if not ordered:
        return []
    low, high = ordered[0], ordered[-1]
    middle = min(ordered, key=lambda value: abs(math.log(value / math.sqrt(low * high))))
    return sorted({low, high} if quick else {low, middle, high})
