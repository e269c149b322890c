"""Coarse bodies of any count: they divide the joints, hang together, treat both sides alike and never change."""

import hashlib

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, hop_distance, layout_names, load_layout
from stgnn.skeleton.coarse import computed_groups


def named(layout: SkeletonLayout, count: int) -> list[str]:
    return ["+".join(layout.joints[joint] for joint in group) for group in computed_groups(layout, count)]


@pytest.mark.parametrize("name", layout_names())
def test_every_count_gives_a_body(name: str) -> None:
    layout = load_layout(name)
    for count in range(1, layout.num_joints):
        groups = computed_groups(layout, count)
        assert sorted(joint for group in groups for joint in group) == list(range(layout.num_joints))
        assert len(groups) == count and groups == tuple(sorted(groups))
        body = layout.coarsen(count)  # a layout checks itself
        assert body.num_joints == count and body.name == f"{name}/{count}"
        np.testing.assert_allclose(layout.coarsening(count).sum(axis=0), 1, rtol=1e-6)


@pytest.mark.parametrize("name", layout_names())
def test_left_and_right_are_treated_alike(name: str) -> None:
    layout = load_layout(name)
    mirror = dict(layout.symmetry) | {right: left for left, right in layout.symmetry}
    for count in range(1, layout.num_joints):
        groups = {frozenset(group) for group in computed_groups(layout, count)}
        assert {frozenset(mirror.get(joint, joint) for joint in group) for group in groups} == groups


@pytest.mark.parametrize("name", layout_names())
def test_a_group_hangs_together_or_is_its_own_mirror_image(name: str) -> None:
    layout = load_layout(name)
    near, mirror = hop_distance(layout, 1) <= 1, dict(layout.symmetry)
    for count in range(1, layout.num_joints):
        for group in map(list, computed_groups(layout, count)):
            linked = np.linalg.matrix_power(near[np.ix_(group, group)].astype(np.int64), len(group)) > 0
            assert linked.all() or any(mirror.get(joint) in group for joint in group)


def test_groups_of_the_hand_are_those_of_the_literature_without_being_declared() -> None:
    layout = load_layout("shrec22")
    for count in (11, 6):
        assert computed_groups(layout, count) == next(body for body in layout.coarse if len(body) == count)


def test_declared_bodies_come_first() -> None:
    layout = load_layout("ntu25")
    assert layout.groups(9) == layout.coarse[0] != computed_groups(layout, 9)
    assert layout.groups(9) in layout.coarse and layout.groups(10) not in layout.coarse


def test_small_parts_far_from_the_centre_merge_first() -> None:
    layout = load_layout("kinect20")
    assert named(layout, 18)[-4:] == ["left_ankle+left_foot", "right_hip", "right_knee", "right_ankle+right_foot"]
    assert named(layout, 18)[:14] == list(layout.joints[:14])
    assert named(layout, 19)[0] == "hip_center+spine"  # one joint less: no pair can merge
    parts = ["+".join(layout.joints[joint] for joint in joints) for _, joints in layout.parts]
    assert sorted(named(layout, 5)) == sorted(parts)
    assert named(layout, 1) == ["+".join(layout.joints)]


def test_a_body_whose_bones_are_not_symmetric_still_has_every_count() -> None:
    joints = ("mid", "left", "right", "tip", "end")
    layout = SkeletonLayout("lame", joints, ((0, 1), (0, 2), (1, 3), (3, 4)), 0, symmetry=((1, 2),))
    assert [len(computed_groups(layout, count)) for count in range(1, 5)] == [1, 2, 3, 4]
    assert named(layout, 3) == ["mid", "left+right", "tip+end"]


def test_counts_out_of_range() -> None:
    layout = load_layout("ntu25")
    for count in (25, -1):
        with pytest.raises(InputError, match=rf"(?s)'ntu25' has no coarse body of {count} joints.*1 to 24"):
            layout.coarsen(count)
    with pytest.raises(InputError, match="no coarse body of 0 joints"):
        layout.coarsening(0)


def test_golden_groups() -> None:
    """A trained network depends on the groups of its joint count: they are the same for ever."""
    groups = {
        name: [computed_groups(load_layout(name), count) for count in range(1, load_layout(name).num_joints)]
        for name in ("coco17", "kinect20", "ntu25", "shrec22", "hand21", "openpose18")
    }
    assert hashlib.sha256(repr(groups).encode()).hexdigest()[:12] == "523eadb680d1"
