"""Coarser bodies: joint groups computed for any count, and the layout that groups make. Free of torch."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stgnn.skeleton.layout import SkeletonLayout

Group = frozenset[int]
Groups = tuple[tuple[int, ...], ...]


@functools.lru_cache(maxsize=256)
def computed_groups(layout: SkeletonLayout, count: int) -> Groups:
    """Divide the joints into groups by merging neighbours, one step after the other, until `count` are left.

    A step merges two groups that a bone joins, together with its mirror image on the other side of the body; or it
    merges a group with its own mirror image, where the two touch or hang on the same group. Of all steps the first is
    taken by this order:

    1. it treats left and right alike (where no such step is left: because the bones of the layout are not symmetric);
    2. it stays within one of the layout's parts;
    3. its largest new group is small;
    4. it is far from the centre joint: hands and feet before shoulders and hips;
    5. its joints have low numbers.

    A step that would leave fewer than `count` groups is not taken.

    Args:
        layout: The body.
        count: Number of groups, 1 to V - 1.

    Returns:
        Groups that divide the joints, in the order of their first joints.
    """
    groups = [frozenset({joint}) for joint in range(layout.num_joints)]
    while len(groups) > count:
        blocks = min(_steps(layout, groups, len(groups) - count), key=functools.partial(_rank, layout, groups))
        groups = [*(group for group in groups if not any(group <= block for block in blocks)), *blocks]
    return tuple(sorted(tuple(sorted(group)) for group in groups))


@functools.lru_cache(maxsize=256)
def coarse_layout(layout: SkeletonLayout, groups: Groups) -> SkeletonLayout:
    """The layout whose joints are groups of joints; see `SkeletonLayout.coarsen`."""
    # A joint shared by several groups stands for the first of them.
    owner = {joint: number for number, group in reversed(list(enumerate(groups))) for joint in group}
    center = owner[layout.center]
    return replace(
        layout,
        name=f"{layout.name}/{len(groups)}",
        joints=tuple(_group_name(layout, groups, number) for number in range(len(groups))),
        bones=_spanning_tree(_neighbours(layout, groups), center),
        center=center,
        symmetry=_mirrored(layout, groups),
        parts=_coarse_parts(layout, groups),
        coarse=(),
        bone_parents=None,
        spine=None,
        shoulders=None,
    )


def _steps(layout: SkeletonLayout, groups: Sequence[Group], most: int) -> Iterator[tuple[Group, ...]]:
    """The possible steps that take away at most `most` groups, each as the groups that it makes."""
    numbers = {group: number for number, group in enumerate(groups)}
    links = _neighbours(layout, groups)
    mirror = [numbers.get(_image(layout, group), -1) for group in groups]
    for one, group in enumerate(groups):
        image = mirror[one]
        if image > one and links[one] & (links[image] | {image}):
            yield (group | groups[image],)
        for other in links[one]:
            if other < one or other == image:
                continue
            block, twin = group | groups[other], _image(layout, group | groups[other])
            paired = min(image, mirror[other]) >= 0 and mirror[other] in links[image]
            if twin == block or not paired or most == 1:  # with one to go: half of a step, which ranks last
                yield (block,)
            else:
                yield (block | twin,) if block & twin else (block, twin)


def _rank(layout: SkeletonLayout, groups: Sequence[Group], blocks: tuple[Group, ...]) -> tuple[object, ...]:
    """The order of `computed_groups`: the smallest goes first."""
    lopsided = {_image(layout, block) for block in blocks} != set(blocks)
    crosses = any(all(not block <= set(joints) for _, joints in layout.parts) for block in blocks)
    distance = _distances(layout)
    farthest = max(distance[joint] for block in blocks for joint in block)
    return lopsided, crosses and bool(layout.parts), max(map(len, blocks)), -farthest, sorted(map(sorted, blocks))


def _image(layout: SkeletonLayout, joints: Group) -> Group:
    """The joints of the other side."""
    mirror = _mirror(layout)
    return frozenset(mirror.get(joint, joint) for joint in joints)


@functools.lru_cache(maxsize=64)
def _mirror(layout: SkeletonLayout) -> dict[int, int]:
    return dict(layout.symmetry) | {right: left for left, right in layout.symmetry}


@functools.lru_cache(maxsize=64)
def _distances(layout: SkeletonLayout) -> tuple[int, ...]:
    """Number of bones between each joint and the centre."""
    links = _neighbours(layout, [(joint,) for joint in range(layout.num_joints)])
    distances, queue = {layout.center: 0}, deque([layout.center])
    while queue:
        joint = queue.popleft()
        for other in links[joint] - distances.keys():
            distances[other] = distances[joint] + 1
            queue.append(other)
    return tuple(distances[joint] for joint in range(layout.num_joints))


def _group_name(layout: SkeletonLayout, groups: Groups, number: int) -> str:
    """After the first joint that no other group holds, so that names differ."""
    group = groups[number]
    shared = {joint for other, joints in enumerate(groups) if other != number for joint in joints}
    own = [layout.joints[joint] for joint in group if joint not in shared]
    first = own[0] if own else f"group{number}"
    return first if len(group) == 1 else f"{first}+{len(group) - 1}"


def _neighbours(layout: SkeletonLayout, groups: Sequence[Collection[int]]) -> list[set[int]]:
    """For each group the groups that a bone or a shared joint joins it with."""
    held = [{number for number, group in enumerate(groups) if joint in group} for joint in range(layout.num_joints)]
    links: list[set[int]] = [set() for _ in groups]
    for one, other in [*layout.bones, *((joint, joint) for joint in range(layout.num_joints))]:
        for first in held[one]:
            for second in held[other] - {first}:
                links[first].add(second)
                links[second].add(first)
    return links


def _spanning_tree(links: list[set[int]], root: int) -> tuple[tuple[int, int], ...]:
    """(parent, child) pairs, breadth first."""
    seen, queue, bones = {root}, deque([root]), []
    while queue:
        parent = queue.popleft()
        for child in sorted(links[parent] - seen):
            seen.add(child)
            queue.append(child)
            bones.append((parent, child))
    return tuple(bones)


def _mirrored(layout: SkeletonLayout, groups: Groups) -> tuple[tuple[int, int], ...]:
    """(left, right) pairs of groups that the symmetry of the joints maps on each other."""
    lefts = {left for left, _ in layout.symmetry}
    sets = [frozenset(group) for group in groups]
    pairs = []
    for number, group in enumerate(sets):
        twin = _image(layout, group)
        if twin != group and twin in sets and len(group & lefts) > len(twin & lefts):
            pairs.append((number, sets.index(twin)))
    return tuple(pairs)


def _coarse_parts(layout: SkeletonLayout, groups: Groups) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Each group joins the part that most of its joints belong to; a part without a group is left out."""
    if not layout.parts:
        return ()
    best = [max(range(len(layout.parts)), key=lambda part: len(set(layout.parts[part][1]) & set(g))) for g in groups]
    parts = ((name, tuple(g for g, part in enumerate(best) if part == p)) for p, (name, _) in enumerate(layout.parts))
    return tuple((name, members) for name, members in parts if members)
