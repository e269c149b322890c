"""Layouts: every shipped one is valid, coarse bodies obey their laws, every wrong file is refused with its reason."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, layout_names, load_layout

SMALL: dict[str, Any] = {
    "name": "small",
    "joints": ["hip", "head", "left", "right", "tip"],
    "bones": [["hip", "head"], ["hip", "left"], ["hip", "right"], ["left", "tip"]],
    "center": "hip",
    "symmetry": [["left", "right"]],
    "parts": {"trunk": ["hip", "head"], "arms": ["left", "right", "tip"]},
    "coarse": [[["hip", "head"], ["left", "tip"], ["right"]]],
    "spine": ["hip", "head"],
    "shoulders": ["left", "right"],
}
COUNTS = {
    "coco17": (17, (9, 5, 1)),
    "h36m17": (17, (9, 5, 1)),
    "halpe26": (26, (9, 5, 1)),
    "hand21": (21, (11, 6, 1)),
    "jhmdb15": (15, (9, 5, 1)),
    "kinect20": (20, (9, 5, 1)),
    "mediapipe33": (33, (9, 5, 1)),
    "natops8": (8, (4, 2, 1)),
    "ntu25": (25, (9, 5, 1)),
    "nvidia34": (34, (9, 5, 1)),
    "openpose18": (18, (9, 5, 1)),
    "sbu15": (15, (9, 5, 1)),
    "sfinge20": (20, (11, 6, 1)),
    "shrec22": (22, (11, 6, 1)),
}
DIGESTS = {  # stores and checkpoints know their layout by it
    "coco17": "e10a254654c5",
    "hand21": "aecb58a9813b",
    "kinect20": "b3c8bf28ce52",
    "ntu25": "f9adb32fae53",
    "openpose18": "7b912ad8d191",
    "shrec22": "e9f140b2c9d6",
}


def test_shipped_layouts() -> None:
    assert {name: (load_layout(name).num_joints, load_layout(name).coarse_counts) for name in layout_names()} == COUNTS
    flat = {name for name in layout_names() if load_layout(name).dimensions == 2}
    assert flat == {"coco17", "halpe26", "jhmdb15", "openpose18"}


def test_a_published_layout_never_changes() -> None:
    assert {name: load_layout(name).digest for name in DIGESTS} == DIGESTS


@pytest.mark.parametrize("name", COUNTS)
def test_shipped_layout_laws(name: str) -> None:
    layout = load_layout(name)
    assert layout.name == name
    parents = dict(enumerate(layout.parents))
    assert sum(joint == parent for joint, parent in parents.items()) == 1
    for left, right in layout.symmetry:
        assert layout.joints[left].replace("left", "right") == layout.joints[right]
    mirror = dict(layout.symmetry) | {right: left for left, right in layout.symmetry}
    bones = {frozenset(bone) for bone in layout.bones}
    assert {frozenset(mirror.get(joint, joint) for joint in bone) for bone in bones} == bones


@pytest.mark.parametrize("name", COUNTS)
def test_coarse_bodies(name: str) -> None:
    layout = load_layout(name)
    assert layout.coarsen(0) is layout
    for count in layout.coarse_counts:
        matrix = layout.coarsening(count)
        assert matrix.shape == (layout.num_joints, count) and matrix.dtype == np.float32
        np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-6)
        coarse = layout.coarsen(count)
        assert coarse.num_joints == count and len(coarse.bones) == count - 1
        assert matrix[layout.center, coarse.center] > 0
        assert len(coarse.symmetry) <= len(layout.symmetry)
        assert coarse.dimensions == layout.dimensions


def test_golden_ntu_coarsening() -> None:
    layout = load_layout("ntu25")
    groups = [np.flatnonzero(column).tolist() for column in layout.coarsening(9).T]
    assert groups == [
        *([0, 1, 12, 16], [2, 4, 8, 20], [3], [5], [6, 7, 21, 22], [9], [10, 11, 23, 24]),
        *([13, 14, 15], [17, 18, 19]),
    ]
    edges = {tuple(sorted(bone)) for bone in layout.coarsen(9).bones}
    assert edges == {(0, 1), (1, 2), (1, 3), (3, 4), (1, 5), (5, 6), (0, 7), (0, 8)}
    assert layout.coarsen(9).symmetry == ((3, 5), (4, 6), (7, 8))
    groups = [np.flatnonzero(column).tolist() for column in layout.coarsening(5).T]
    assert groups == [
        *([2, 3], [4, 5, 6, 7, 20, 21, 22], [8, 9, 10, 11, 20, 23, 24]),
        *([0, 1, 12, 13, 14, 15], [0, 1, 16, 17, 18, 19]),
    ]


def test_golden_shrec_coarsening_is_consecutive_pairs() -> None:
    layout = load_layout("shrec22")
    np.testing.assert_array_equal(layout.coarsening(11), np.repeat(np.eye(11, dtype=np.float32), 2, axis=0) / 2)


def test_kinect20_is_the_order_of_nw_ucla() -> None:
    layout = load_layout("kinect20")
    assert layout.joints[:4] == ("hip_center", "spine", "shoulder_center", "head")
    assert layout.joints[4] == "left_shoulder" and layout.joints[-1] == "right_foot"


def test_identical_groups_still_get_different_names() -> None:
    layout = SkeletonLayout.from_dict(SMALL | {"coarse": [[[0, 1, 2, 3, 4], [0, 1], [1, 0]]]})
    assert len(set(layout.coarsen(3).joints)) == 3


@pytest.mark.parametrize("name", COUNTS)
def test_dict_round_trip(name: str) -> None:
    layout = load_layout(name)
    for one in (layout, *(layout.coarsen(count) for count in layout.coarse_counts)):
        again = SkeletonLayout.from_dict(json.loads(json.dumps(one.to_dict())))
        assert again == one and hash(again) == hash(one) and again.digest == one.digest
    assert load_layout(layout.to_dict()) == layout
    assert load_layout(layout) is layout


def test_digest() -> None:
    digests = {load_layout(name).digest for name in layout_names()}
    assert len(digests) == len(COUNTS) and all(len(digest) == 12 for digest in digests)
    small = SkeletonLayout.from_dict(SMALL)
    assert SkeletonLayout.from_dict(SMALL | {"name": "other"}).digest == small.digest
    assert SkeletonLayout.from_dict(SMALL | {"center": "head"}).digest != small.digest


def test_names_and_numbers_mean_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(SMALL))
    by_name = load_layout(path)
    assert by_name == load_layout(str(path)) == SkeletonLayout.from_dict(by_name.to_dict())
    assert by_name.parents == (0, 0, 0, 0, 2)
    parents = SkeletonLayout.from_dict(SMALL | {"bone_parents": {"tip": "right"}}).bone_parents
    assert parents == (0, 0, 0, 0, 3)


def test_one_joint() -> None:
    layout = SkeletonLayout(name="point", joints=("p",), bones=(), center=0)
    assert layout.parents == (0,) and layout.coarse_counts == ()


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"bonse": []}, "unknown field.*bonse.*did you mean bones\\?"),
    "missing key": ({"bones": None}, "missing field 'bones'"),
    "out of range": ({"bones": [[0, 9]]}, r"bones\[0\]: no joint 9.*0 to 4"),
    "negative": ({"bones": [[0, -1]]}, r"bones\[0\]: no joint -1"),
    "unknown name": ({"bones": [["hip", "foot"]]}, r"bones\[0\]: no joint is called 'foot'.*hip, head"),
    "three joints": ({"bones": [[0, 1, 2]]}, r"bones\[0\]: must be two joints"),
    "loop": ({"bones": [[1, 1]]}, r"bones\[0\]: joins a joint with itself"),
    "cycle": ({"bones": [[0, 1], [2, 3], [3, 4], [4, 2]]}, "bones: the bones form a cycle.*left"),
    "two trees": ({"bones": [[0, 1], [0, 2], [3, 4]]}, "bones: 2 separate trees.*hip, right"),
    "two parents": ({"bones": [[0, 1], [2, 1]]}, r"bones\[1\]: joint 'head' has two parents.*hip, left"),
    "duplicate joint": ({"joints": ["hip", "head", "left", "right", "right"]}, "joints: duplicate joint name 'right'"),
    "not text": ({"joints": ["hip", True, "left", "right", "tip"]}, "joints: a joint name must be a text.*True"),
    "no joints": ({"joints": [], "bones": [], "center": 0}, "joints: a layout has at least one joint"),
    "empty name": (
        {"joints": ["hip", "", "left", "right", "tip"], "bones": [[0, 1]]},
        "joints: a joint name must be a text that is not empty",
    ),
    "bad centre": ({"center": 5}, "center: no joint 5.*0 to 4"),
    "centre of a wrong kind": ({"center": 1.5}, "center: must be a whole number.*1.5"),
    "twice in a group": ({"coarse": [[[0, 1, 1], [2, 3, 4]]]}, r"coarse\[0\]\[0\]: joint 'head' appears twice"),
    "missing in groups": ({"coarse": [[[0, 1], [2, 3]]]}, r"coarse\[0\]: every joint must be in a group.*tip"),
    "empty group": ({"coarse": [[[0, 1, 2, 3, 4], []]]}, r"coarse\[0\]\[1\]: a group is empty"),
    "same count": ({"coarse": [[[0, 1, 2, 3, 4]], [[0, 1, 2, 3, 4]]]}, r"coarse\[1\].*no other has as many"),
    "as fine": ({"coarse": [[[0], [1], [2], [3], [4]]]}, r"coarse\[0\].*fewer joints"),
    "part twice": ({"parts": {"a": [0, 1, 2], "b": [2, 3, 4]}}, "parts: joint 'left' appears twice"),
    "part missing": ({"parts": {"a": [0, 1, 2], "b": [3]}}, "parts: every joint must be in a group.*tip"),
    "parts list": ({"parts": [[0, 1]]}, "parts: must be a mapping"),
    "symmetry": ({"symmetry": [[2, 3], [2, 4]]}, "symmetry: joint 'left' appears twice"),
    "dimensions": ({"dimensions": 4}, "dimensions.*4.*2 or 3"),
    "vertical": ({"dimensions": 2, "vertical": 2}, "vertical: no such axis.*0 to 1"),
    "spine": ({"spine": ["hip", "hip"]}, "spine: joins a joint with itself"),
    "bone parents length": ({"bone_parents": [0, 0]}, "bone_parents: needs one entry per joint"),
    "bone parents cycle": ({"bone_parents": [1, 0, 0, 0, 0]}, "bone_parents: the bones form a cycle.*hip"),
    "bone parents key": ({"bone_parents": {7: 0}}, "bone_parents: no such joint"),
    "text for a list": ({"joints": "hip head"}, "joints: must be a list"),
    "name": ({"name": ""}, "name: must be a text"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_file_is_refused_with_its_reason(case: str, tmp_path: Path) -> None:
    change, reason = BAD[case]
    data = copy.deepcopy(SMALL) | change
    if case == "missing key":
        del data["bones"]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=f"(?s)layout file .*mine.yaml: .*({reason})"):
        load_layout(path)


def test_duplicate_joint_is_named() -> None:
    with pytest.raises(InputError, match="layout 'd', joints: duplicate joint name 'a'"):
        SkeletonLayout(name="d", joints=("a", "a"), bones=((0, 1),), center=0)


def test_no_such_layout_and_not_yaml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)no such layout.*ntu26.*coco17, h36m17"):
        load_layout("ntu26")
    path = tmp_path / "mine.yaml"
    path.write_text("joints: [a, b")
    with pytest.raises(InputError, match=r"mine.yaml is not YAML"):
        load_layout(path)
    path.write_text("- a")
    with pytest.raises(InputError, match=r"mine.yaml: a layout is a mapping"):
        load_layout(path)


def test_package_does_not_import_torch() -> None:
    code = "import sys, stgnn.skeleton; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
