"""Conversion between bodies: names first, then the stated rules; what is not there stays missing."""

from itertools import product

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, layout_names, load_layout
from stgnn.skeleton.convert import conversion, convert


def made_from(source: str, to: str, joint: str) -> dict[str, float]:
    """The joints that a joint is made from, with their weights."""
    old, new = load_layout(source), load_layout(to)
    weights = conversion(old, new).sources[new.joints.index(joint)]
    return {old.joints[number]: weight for number, weight in weights.items()}


@pytest.mark.parametrize("name", layout_names())
def test_a_body_converts_to_itself_unchanged(name: str) -> None:
    layout = load_layout(name)
    keypoints = np.random.default_rng(0).normal(size=(2, 3, layout.num_joints, layout.dimensions)).astype(np.float32)
    scores = np.random.default_rng(1).random(keypoints.shape[:3]).astype(np.float32)
    result = convert(keypoints, layout, layout, scores)
    np.testing.assert_array_equal(result.keypoints, keypoints)
    assert result.scores is not None and np.array_equal(result.scores, scores)
    assert result.invented == result.missing == ()


@pytest.mark.parametrize(("source", "to"), [*product(layout_names(), repeat=2)])
def test_each_joint_is_found_invented_or_missing(source: str, to: str) -> None:
    old, new = load_layout(source), load_layout(to)
    plan = conversion(old, new)
    assert len(plan.sources) == new.num_joints
    for joint, weights in zip(new.joints, plan.sources, strict=True):
        assert (joint in plan.missing) == (not weights)
        assert not weights or sum(weights.values()) == pytest.approx(1)
        assert joint in plan.invented or len(weights) <= 1
        assert joint not in old.joints or weights == {old.joints.index(joint): 1.0}


@pytest.mark.parametrize(("source", "to"), [*product(layout_names(), repeat=2)])
def test_sides_are_treated_alike(source: str, to: str) -> None:
    old, new = load_layout(source), load_layout(to)
    mirror = dict(old.symmetry) | {right: left for left, right in old.symmetry}
    plan = conversion(old, new)
    for left, right in new.symmetry:
        image = {mirror.get(joint, joint): weight for joint, weight in plan.sources[left].items()}
        assert image == plan.sources[right]


def test_rules_are_means_copies_and_other_names() -> None:
    assert made_from("coco17", "openpose18", "neck") == {"left_shoulder": 0.5, "right_shoulder": 0.5}
    assert made_from("ntu25", "kinect20", "hip_center") == {"spine_base": 1}
    assert made_from("coco17", "kinect20", "left_hand") == {"left_wrist": 1}
    assert made_from("halpe26", "kinect20", "spine") == {"pelvis": 0.5, "left_shoulder": 0.25, "right_shoulder": 0.25}
    assert made_from("hand21", "shrec22", "palm") == {"wrist": 0.5, "middle_base": 0.5}
    assert made_from("ntu25", "natops8", "hand_tip_left") == {"left_hand_tip": 1}


def test_what_was_invented_and_what_is_missing_is_said() -> None:
    plan = conversion(load_layout("ntu25"), load_layout("coco17"))
    assert plan.invented == ("nose",) and plan.missing == ("left_eye", "right_eye", "left_ear", "right_ear")


def test_a_joint_made_from_a_missing_one_is_missing_and_scores_are_the_least() -> None:
    coco, openpose = load_layout("coco17"), load_layout("openpose18")
    keypoints = np.ones((2, 17, 2), np.float32)
    keypoints[1, coco.joints.index("left_shoulder")] = 0
    scores = np.linspace(0.1, 0.9, 34, dtype=np.float32).reshape(2, 17)
    result = convert(keypoints, coco, openpose, scores)
    assert result.keypoints[:, 1].tolist() == [[1, 1], [0, 0]] and result.invented == ("neck",)
    assert result.scores is not None
    assert result.scores[:, 1].tolist() == [scores[0, 5], 0]


def test_depth_goes_only_when_asked_and_never_comes() -> None:
    ntu, coco = load_layout("ntu25"), load_layout("coco17")
    pose = np.random.default_rng(0).normal(size=(25, 3)).astype(np.float32)
    with pytest.raises(InputError, match="drop_depth=True"):
        convert(pose, ntu, coco)
    flat = convert(pose, ntu, coco, drop_depth=True).keypoints
    np.testing.assert_array_equal(flat[5], pose[ntu.joints.index("left_shoulder"), :2])
    with pytest.raises(InputError, match="depth cannot be made up"):
        convert(np.ones((17, 2)), coco, ntu, drop_depth=True)
    with pytest.raises(InputError, match="turn the coordinates first"):
        convert(pose, ntu, SkeletonLayout("point", ("head",), (), 0, vertical=2))


def test_arrays_must_fit() -> None:
    coco = load_layout("coco17")
    with pytest.raises(InputError, match=r"(?s)do not match the layout 'coco17'.*\(\.\.\., 17, 2\)"):
        convert(np.ones((18, 2)), coco, coco)
    with pytest.raises(InputError, match="the scores do not fit"):
        convert(np.ones((3, 17, 2)), coco, coco, np.ones((3, 18)))
