"""Stick figures: well-formed SVG, one line per visible bone, inside the frame."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, layout_names, layout_svg, load_layout, pose_svg
from stgnn.skeleton.draw import upward
from stgnn.skeleton.rest import at_rest


def parts(svg: str) -> tuple[list[ElementTree.Element], list[ElementTree.Element]]:
    root = ElementTree.fromstring(svg)
    return [e for e in root if e.tag.endswith("line")], [e for e in root if e.tag.endswith("circle")]


@pytest.mark.parametrize("name", layout_names())
def test_layouts_and_coarse_bodies(name: str) -> None:
    full = load_layout(name)
    for layout in (full, *(full.coarsen(count) for count in full.coarse_counts)):
        lines, dots = parts(layout_svg(layout, size=100))
        assert len(lines) == len(layout.bones) and len(dots) == layout.num_joints
        places = np.array([[float(dot.attrib["cx"]), float(dot.attrib["cy"])] for dot in dots])
        assert places.min() >= 0 and places.max() <= 100
        assert len(np.unique(places, axis=0)) == layout.num_joints


def test_pose_leaves_missing_joints_out_and_stands_upright() -> None:
    layout = load_layout("ntu25")
    pose = np.random.default_rng(0).normal(size=(25, 3))
    pose[0, 1], pose[3, 1] = -5, 5
    pose[15] = 0
    lines, dots = parts(pose_svg(pose, layout))
    assert len(lines) == 23 and len(dots) == 24
    assert float(dots[3].attrib["cy"]) < float(dots[0].attrib["cy"])  # the head above the hips: SVG's y points down
    assert parts(pose_svg(np.zeros((25, 2)), layout)) == ([], [])


def test_points_must_match() -> None:
    with pytest.raises(InputError, match=r"(?s)do not match the layout.*\(24, 3\).*\(25, 2\)"):
        pose_svg(np.zeros((24, 3)), load_layout("ntu25"))


@pytest.mark.parametrize("name", [name for name in layout_names() if "left_knee" in load_layout(name).joints])
def test_a_shipped_body_stands_and_its_left_is_one_side(name: str) -> None:
    layout = load_layout(name)
    _, dots = parts(layout_svg(layout))
    across, down = (np.array([float(dot.attrib[key]) for dot in dots]) for key in ("cx", "cy"))
    left, right = np.array(layout.symmetry).T
    assert (across[left] < across[right]).all() and np.allclose(down[left], down[right])
    assert down.argmax() in [
        joint for joint, name in enumerate(layout.joints) if name.endswith(("ankle", "foot", "heel", "toe"))
    ]


def test_a_body_of_other_joints_is_drawn_as_its_tree() -> None:
    joints = {"hub": [0.5, 0.5], "one": [0.92, 0.5], "two": [0.08, 0.5]}
    layout = load_layout({"name": "mine", "joints": [*joints], "bones": [["hub", "one"], ["hub", "two"]], "center": 0})
    _, dots = parts(layout_svg(layout, size=1000))
    assert np.allclose(
        [[float(dot.attrib["cx"]), float(dot.attrib["cy"])] for dot in dots], np.array([*joints.values()]) * 1000
    )


def standing(layout: SkeletonLayout, up: int) -> np.ndarray:
    """The body at rest as a pose (V, C) whose vertical coordinate grows upwards (1) or downwards (-1)."""
    rest = at_rest(layout)
    assert rest is not None
    pose = np.full((layout.num_joints, layout.dimensions), 0.3)
    pose[:, 0], pose[:, layout.vertical] = rest[:, 0] + 3, -up * rest[:, 1] + 7
    return pose


@pytest.mark.parametrize("up", [1, -1])
@pytest.mark.parametrize("name", [name for name in layout_names() if "left_knee" in load_layout(name).joints])
def test_a_pose_stands_whichever_way_its_vertical_axis_points(name: str, up: int) -> None:
    layout = load_layout(name)
    pose = standing(layout, up)
    assert upward(pose, layout) == upward(pose[np.newaxis, np.newaxis], layout) == up
    _, dots = parts(pose_svg(pose, layout))
    head = next(joint for joint, name in enumerate(layout.joints) if name in ("head", "nose", "face"))
    knee = layout.joints.index("left_knee")
    assert float(dots[head].attrib["cy"]) < float(dots[knee].attrib["cy"])


def test_what_does_not_stand_is_drawn_as_usual() -> None:
    ntu, hand, coco = load_layout("ntu25"), load_layout("hand21"), load_layout("coco17")
    lying = standing(ntu, 1)[:, [1, 0, 2]]
    assert upward(lying, ntu) == 1
    assert upward(-np.random.default_rng(0).random((21, 3)), hand) == 1
    assert upward(np.zeros((17, 2)), coco) == -1
    assert upward(np.stack([standing(ntu, -1), np.zeros((25, 3)), lying]), ntu) == -1


def test_the_direction_of_a_clip_holds_for_its_frames() -> None:
    layout = load_layout("ntu25")
    handstand = standing(layout, -1)
    _, dots = parts(pose_svg(handstand, layout, up=1))
    assert float(dots[3].attrib["cy"]) > float(dots[13].attrib["cy"])  # the head below the knee
