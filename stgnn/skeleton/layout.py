"""`SkeletonLayout`: which joints a body has, which bones join them, and how joints group into coarser bodies."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from stgnn.errors import InputError
from stgnn.skeleton.coarse import Groups, coarse_layout, computed_groups
from stgnn.skeleton.validation import check, parse

FOLDER = Path(__file__).parent / "layouts"


@dataclass(frozen=True)
class SkeletonLayout:
    """One declaration that drives graph, streams, coarsening, alignment and drawing. Plain, hashable, checked.

    Args:
        name: Name of the layout.
        joints: V joint names, in the order of the joint axis.
        bones: (parent, child) pairs; a tree over all joints.
        center: The joint that clips are centred on and that `centripetal` partitions look towards.
        dimensions: Coordinates per joint, C: 2 or 3.
        vertical: Index of the coordinate that points up or down.
        symmetry: (left, right) pairs of joints.
        parts: (name, joints) pairs that divide the joints, e.g. into arms, legs and trunk; may be empty.
        coarse: Coarser bodies; each is a tuple of joint groups, one group per coarse joint.
        bone_parents: Parent of each joint in the bone stream where it differs from the tree (a root is its own).
        spine: (from, to) joints of the upward direction of view alignment.
        shoulders: (left, right) joints of the sideward direction of view alignment.

    Raises:
        InputError: a field breaks a rule; the message names the layout and the field.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    center: int
    dimensions: int = 3
    vertical: int = 1
    symmetry: tuple[tuple[int, int], ...] = ()
    parts: tuple[tuple[str, tuple[int, ...]], ...] = ()
    coarse: tuple[tuple[tuple[int, ...], ...], ...] = ()
    bone_parents: tuple[int, ...] | None = None
    spine: tuple[int, int] | None = None
    shoulders: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check(self)

    @property
    def num_joints(self) -> int:
        """V."""
        return len(self.joints)

    @property
    def parents(self) -> tuple[int, ...]:
        """Parent of each joint in the tree; the root is its own parent."""
        parents = {child: parent for parent, child in self.bones}
        return tuple(parents.get(joint, joint) for joint in range(self.num_joints))

    @property
    def coarse_counts(self) -> tuple[int, ...]:
        """The joint counts of the coarse bodies that the layout declares."""
        return tuple(len(body) for body in self.coarse)

    @property
    def digest(self) -> str:
        """12 hexadecimal digits of the content; the name does not count."""
        content = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def coarsening(self, count: int) -> npt.NDArray[np.float32]:
        """Matrix (V, count) that takes the mean of each of the `groups`: x_coarse = x @ matrix on the joint axis.

        Raises:
            InputError: `count` is not 1 to V - 1.
        """
        groups = self.groups(count)
        matrix = np.zeros((self.num_joints, count), np.float32)
        for column, group in enumerate(groups):
            matrix[list(group), column] = 1 / len(group)
        return matrix

    def coarsen(self, count: int) -> SkeletonLayout:
        """The layout of the coarse body of `count` joints, made of `groups`; 0 gives this layout itself.

        A coarse joint is called after one joint of its group (and how many more it holds). Its bones come from bones
        and joints that groups share; the tree starts at the group that holds the centre. `spine` and `shoulders`
        stay with the full body.

        Raises:
            InputError: `count` is not 0 to V - 1.
        """
        return self if count == 0 else coarse_layout(self, self.groups(count))

    def groups(self, count: int) -> Groups:
        """The joint groups of the coarse body of `count` joints.

        They are those that the layout declares in `coarse`; a body of another count is computed from bones, symmetry
        and parts by the rule of `stgnn.skeleton.coarse.computed_groups`.

        Raises:
            InputError: `count` is not 1 to V - 1.
        """
        if not 1 <= count < self.num_joints:
            raise InputError(
                f"layout {self.name!r} has no coarse body of {count} joints",
                given=count,
                allowed=f"1 to {self.num_joints - 1}, or 0 (every joint)",
            )
        return next((body for body in self.coarse if len(body) == count), None) or computed_groups(self, count)

    def to_dict(self) -> dict[str, Any]:
        """Plain data (JSON types only) that `from_dict` reads back."""
        data = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {**data, "parts": {name: list(joints) for name, joints in self.parts}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SkeletonLayout:
        """Layout from plain data; joints may be written as indices or as names.

        Raises:
            InputError: an unknown field, a value of the wrong kind, or a rule broken.
        """
        return cls(**parse(data))


def layout_names() -> tuple[str, ...]:
    """Names of the shipped layouts."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_layout(source: str | Path | Mapping[str, Any] | SkeletonLayout) -> SkeletonLayout:
    """A shipped layout by name, a layout file (YAML or JSON) by path, or plain data; a layout is returned as it is.

    Raises:
        InputError: no such layout, or a file that breaks a rule; the message names the file and the field.
    """
    if isinstance(source, SkeletonLayout):
        return source
    if isinstance(source, Mapping):
        return SkeletonLayout.from_dict(source)
    if str(source) in layout_names():
        return _shipped(str(source))
    path = Path(source)
    if not path.is_file():
        hint = "give the name of a shipped layout or the path of a layout file"
        raise InputError("no such layout", given=source, allowed=layout_names(), hint=hint)
    return _read(path)


@functools.cache
def _shipped(name: str) -> SkeletonLayout:
    return _read(FOLDER / f"{name}.yaml")


def _read(path: Path) -> SkeletonLayout:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"layout file {path} is not YAML", hint=" ".join(str(error).split())) from None
    try:
        return SkeletonLayout.from_dict(data)
    except InputError as error:
        raise error.at(f"layout file {path}") from None


def _plain(value: object) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
