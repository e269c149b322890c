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
from dataclasses import dataclass
from functools import cached_property, partial
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
    bodies = (_Body(space, count or layout.num_joints, layout.dimensions, quick) for count in space.joints)
    return tuple(dict.fromkeys(part for body in bodies for part in body.parts()))


@dataclass(frozen=True)
class _Body:
    """A body that networks of a space compute on, and the parts that tell their latency.

    Attributes:
        space: What a network may contain.
        joints: V.
        coordinates: C of the keypoints.
        quick: Whether fewer sizes are enough.
    """

    space: SearchSpace
    joints: int
    coordinates: int
    quick: bool

    def parts(self) -> Iterator[Part]:
        yield from self.spatial()
        for stride, frames in _strides(self.space, self.quick):
            yield from self.temporal(stride, frames)
            yield from self.projections(stride, frames)
        yield from self.attentions()
        yield from self.stems()
        yield from self.heads()

    @cached_property
    def part(self) -> partial[Part]:
        return partial(Part, joints=self.joints)

    @cached_property
    def frames(self) -> list[int]:
        """Frames that a block or the head may meet."""
        return thin((frames for stage in _frames(self.space) for frames in stage), self.quick)

    @cached_property
    def stage_widths(self) -> list[int]:
        """Channels that a block may give."""
        return _chosen((width for stage in self.space.stages for width in stage.widths), self.quick)

    @cached_property
    def widths(self) -> list[int]:
        """Channels that a block may be given or give, the coordinates excepted."""
        of_stages = (width for stage in self.space.stages for width in stage.widths)
        return _chosen([*filter(None, self.space.stems), *of_stages], self.quick)

    def spatial(self) -> Iterator[Part]:
        first_widths = thin(self.space.stages[0].widths, self.quick) if 0 in self.space.stems else []
        stemless = [(self.coordinates, width) for width in first_widths]
        pairs = _equal(self.widths) + crossings(self.widths, self.quick) + stemless
        every, corners = [*product(pairs, self.frames)], [*product(_equal(ends(self.widths)), ends(self.frames))]
        for name, (index, activation) in product(self.space.spatial, enumerate(self.space.activations)):
            for (source, target), frames in every if index == 0 else corners:
                yield self.part(
                    kind="spatial", operator=name, activation=activation, frames=frames, source=source, target=target
                )

    def temporal(self, stride: int, met: Sequence[int]) -> Iterator[Part]:
        step = partial(self.part, kind="temporal", stride=stride)
        for (name, kernels), (index, activation) in product(self.space.temporal, enumerate(self.space.activations)):
            every = product(ends(kernels), self.stage_widths, met)
            corners = product([min(kernels)], ends(self.stage_widths), ends(met))
            for kernel, width, frames in every if index == 0 else corners:
                yield step(
                    operator=name, activation=activation, kernel=kernel, frames=frames, source=width, target=width
                )

    def projections(self, stride: int, met: Sequence[int]) -> Iterator[Part]:
        same = _equal(self.widths) if stride != 1 else []
        for (source, target), frames in product(same + crossings(self.widths, True), ends(met)):
            yield self.part(kind="projection", stride=stride, frames=frames, source=source, target=target)

    def attentions(self) -> Iterator[Part]:
        for name, width, frames in product(self.space.attentions, self.widths, self.frames):
            if name != "none":
                yield self.part(kind="attention", operator=name, frames=frames, source=width, target=width)

    def stems(self) -> Iterator[Part]:
        bare = [(self.coordinates, 0)] if 0 in self.space.stems else []
        pairs = bare + _equal(thin(filter(None, self.space.stems), self.quick))
        for name, (source, target), frames in product(self.space.streams, pairs, ends(self.space.frames)):
            yield self.part(kind="stem", operator=name, frames=frames, source=source, target=target)

    def heads(self) -> Iterator[Part]:
        widths = _chosen(self.space.stages[-1].widths, self.quick)
        for name, width, frames in product(self.space.readouts, widths, ends(self.frames)):
            yield self.part(kind="head", operator=name, frames=frames, source=width, target=width)


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
