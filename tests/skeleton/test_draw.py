"""Stick figures: well-formed SVG, one line per visible bone, inside the frame."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.skeleton import layout_names, layout_svg, load_layout, pose_svg


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


@pytest.mark.parametrize("name", ["ntu25", "kinect20", "coco17", "openpose18"])
def test_a_shipped_body_stands_and_its_left_is_one_side(name: str) -> None:
    layout = load_layout(name)
    _, dots = parts(layout_svg(layout))
    across, down = (np.array([float(dot.attrib[key]) for dot in dots]) for key in ("cx", "cy"))
    left, right = np.array(layout.symmetry).T
    assert (across[left] < across[right]).all() and np.allclose(down[left], down[right])
    assert down.argmax() in [
        layout.joints.index(joint) for joint in layout.joints if "ankle" in joint or "foot" in joint
    ]


def test_a_body_of_other_joints_is_drawn_as_its_tree() -> None:
    joints = {"hub": [0.5, 0.5], "one": [0.92, 0.5], "two": [0.08, 0.5]}
    layout = load_layout({"name": "mine", "joints": [*joints], "bones": [["hub", "one"], ["hub", "two"]], "center": 0})
    _, dots = parts(layout_svg(layout, size=1000))
    assert np.allclose(
        [[float(dot.attrib["cx"]), float(dot.attrib["cy"])] for dot in dots], np.array([*joints.values()]) * 1000
    )
