"""Plain data -> the fields of a `SkeletonLayout`, and the rules that every layout obeys. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stgnn.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from stgnn.skeleton.layout import SkeletonLayout

REQUIRED = ("name", "joints", "bones", "center")
OPTIONAL = ("dimensions", "vertical", "symmetry", "parts", "coarse", "bone_parents", "spine", "shoulders")


def parse(data: object) -> dict[str, Any]:
    """Constructor arguments of a layout from plain data; a joint may be written as its index or its name.

    Raises:
        InputError: an unknown or missing field, or a value of the wrong kind.
    """
    if not isinstance(data, Mapping):
        raise InputError("a layout is a mapping of fields", given=type(data).__name__, allowed=REQUIRED + OPTIONAL)
    for key in data:
        if key not in REQUIRED + OPTIONAL:
            hint = did_you_mean(str(key), REQUIRED + OPTIONAL)
            raise InputError("layout: unknown field", given=key, allowed=REQUIRED + OPTIONAL, hint=hint)
    missing = [key for key in REQUIRED if key not in data]
    if missing:
        raise InputError(f"layout: missing field {missing[0]!r}", given=tuple(data), allowed=REQUIRED)
    return _Parser(data).fields()


class _Parser:
    """Reads the fields of one layout; every complaint starts with the layout's name and the field."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self.data = data
        self.name = data["name"]
        self.joints = tuple(self.sequence(data["joints"], "joints"))
        check_names(self.name, self.joints)  # first of all: the other fields may refer to joints by name
        self.numbers = {joint: number for number, joint in enumerate(self.joints)}

    def error(self, field: str, what: str, given: object = None, allowed: object = None) -> InputError:
        return InputError(f"layout {self.name!r}, {field}: {what}", given=given, allowed=allowed)

    def fields(self) -> dict[str, Any]:
        data = self.data
        bones = self.pairs(data["bones"], "bones")
        spine, shoulders = data.get("spine"), data.get("shoulders")
        return {
            "name": self.name,
            "joints": self.joints,
            "bones": bones,
            "center": self.joint(data["center"], "center"),
            "dimensions": self.integer(data.get("dimensions", 3), "dimensions"),
            "vertical": self.integer(data.get("vertical", 1), "vertical"),
            "symmetry": self.pairs(data.get("symmetry", ()), "symmetry"),
            "parts": self.parts(data.get("parts", {})),
            "coarse": tuple(
                self.body(body, f"coarse[{number}]")
                for number, body in enumerate(self.sequence(data.get("coarse", ()), "coarse"))
            ),
            "bone_parents": self.bone_parents(data.get("bone_parents"), bones),
            "spine": None if spine is None else self.pair(spine, "spine"),
            "shoulders": None if shoulders is None else self.pair(shoulders, "shoulders"),
        }

    def sequence(self, value: object, field: str) -> Sequence[object]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            raise self.error(field, "must be a list", value)
        return value

    def integer(self, value: object, field: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(field, "must be a whole number", value)
        return value

    def joint(self, value: object, field: str) -> int:
        if isinstance(value, str):
            if value not in self.numbers:
                raise self.error(field, f"no joint is called {value!r}", value, self.joints)
            return self.numbers[value]
        return self.integer(value, field)

    def group(self, value: object, field: str) -> tuple[int, ...]:
        return tuple(self.joint(joint, field) for joint in self.sequence(value, field))

    def body(self, value: object, field: str) -> tuple[tuple[int, ...], ...]:
        return tuple(
            self.group(group, f"{field}[{number}]") for number, group in enumerate(self.sequence(value, field))
        )

    def pair(self, value: object, field: str) -> tuple[int, int]:
        joints = self.group(value, field)
        if len(joints) != 2:
            raise self.error(field, "must be two joints", value)
        return joints[0], joints[1]

    def pairs(self, value: object, field: str) -> tuple[tuple[int, int], ...]:
        return tuple(self.pair(pair, f"{field}[{number}]") for number, pair in enumerate(self.sequence(value, field)))

    def parts(self, value: object) -> tuple[tuple[str, tuple[int, ...]], ...]:
        if not isinstance(value, Mapping):
            raise self.error("parts", "must be a mapping of part name -> joints", value)
        return tuple((str(name), self.group(joints, f"parts[{name}]")) for name, joints in value.items())

    def bone_parents(self, value: object, bones: tuple[tuple[int, int], ...]) -> tuple[int, ...] | None:
        """A full list, or a mapping of the joints whose parent differs from the tree."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            return self.group(value, "bone_parents")
        parents = {child: parent for parent, child in bones}
        parents |= {
            self.joint(child, "bone_parents"): self.joint(parent, "bone_parents") for child, parent in value.items()
        }
        strangers = [child for child in parents if not 0 <= child < len(self.joints)]
        if strangers:
            raise self.error("bone_parents", "no such joint", strangers[0], f"0 to {len(self.joints) - 1}")
        return tuple(parents.get(joint, joint) for joint in range(len(self.joints)))


def check_names(name: object, joints: Sequence[object]) -> None:
    """Refuse names that are not text, empty, or the same for two joints.

    Raises:
        InputError: names the layout and the joint.
    """
    if not isinstance(name, str) or not name:
        raise InputError("layout, name: must be a text that is not empty", given=repr(name))
    if not joints:
        raise InputError(f"layout {name!r}, joints: a layout has at least one joint")
    for joint in joints:
        if not isinstance(joint, str) or not joint:
            what = "a joint name must be a text that is not empty (quote it in YAML)"
            raise InputError(f"layout {name!r}, joints: {what}", given=repr(joint))
        if joints.count(joint) > 1:
            raise InputError(f"layout {name!r}, joints: duplicate joint name {joint!r}", given=joints)


def check(layout: SkeletonLayout) -> None:
    """Refuse a layout that breaks a rule.

    Raises:
        InputError: names the layout, the field and the joints at fault.
    """
    _Checker(layout).run()


class _Checker:
    """The rules, one method for each field."""

    def __init__(self, layout: SkeletonLayout) -> None:
        self.layout = layout

    def error(self, field: str, what: str, given: object = None, allowed: object = None) -> InputError:
        return InputError(f"layout {self.layout.name!r}, {field}: {what}", given=given, allowed=allowed)

    def run(self) -> None:
        layout = self.layout
        check_names(layout.name, layout.joints)
        if layout.dimensions not in (2, 3):
            raise self.error("dimensions", "coordinates per joint out of range", layout.dimensions, "2 or 3")
        if layout.vertical not in range(layout.dimensions):
            raise self.error("vertical", "no such axis", layout.vertical, f"0 to {layout.dimensions - 1}")
        self.in_range((layout.center,), "center")
        self.tree()
        self.symmetry()
        self.parts()
        self.coarse()
        self.bone_parents()
        for field, pair in (("spine", layout.spine), ("shoulders", layout.shoulders)):
            if pair is not None:
                self.two_joints(pair, field)

    def in_range(self, joints: Sequence[int], field: str) -> None:
        count = len(self.layout.joints)
        for joint in joints:
            if not 0 <= joint < count:
                raise self.error(field, f"no joint {joint}", joint, f"0 to {count - 1}, or a joint name")

    def two_joints(self, pair: tuple[int, int], field: str) -> None:
        self.in_range(pair, field)
        if pair[0] == pair[1]:
            raise self.error(field, "joins a joint with itself", self.text(pair))

    def text(self, joints: Sequence[int]) -> str:
        return ", ".join(self.layout.joints[joint] for joint in joints)

    def tree(self) -> None:
        """The bones join all joints and leave exactly one joint without a parent."""
        joints, bones = self.layout.joints, self.layout.bones
        parents: dict[int, int] = {}
        for number, (parent, child) in enumerate(bones):
            self.two_joints((parent, child), f"bones[{number}]")
            if child in parents:
                both = f"{joints[parents[child]]}, {joints[parent]}"
                raise self.error(f"bones[{number}]", f"joint {joints[child]!r} has two parents", both)
            parents[child] = parent
        self.no_cycle(parents, "bones")
        roots = [joint for joint in range(len(joints)) if joint not in parents]
        if len(roots) > 1:
            what = f"{len(roots)} separate trees; one joint only may have no parent"
            raise self.error("bones", what, f"without a parent: {self.text(roots)}")

    def no_cycle(self, parents: Mapping[int, int], field: str) -> None:
        for start in parents:
            path = [start]
            while path[-1] in parents and parents[path[-1]] != path[-1]:
                path.append(parents[path[-1]])
                if path[-1] == start:
                    raise self.error(field, "the bones form a cycle", " -> ".join(self.layout.joints[j] for j in path))
                if len(path) > len(parents) + 1:
                    break  # runs into a cycle that does not hold `start`: reported from one of its own joints

    def symmetry(self) -> None:
        for number, pair in enumerate(self.layout.symmetry):
            self.two_joints(pair, f"symmetry[{number}]")
        self.no_repeat([joint for pair in self.layout.symmetry for joint in pair], "symmetry")

    def no_repeat(self, joints: Sequence[int], field: str) -> None:
        for joint in joints:
            if joints.count(joint) > 1:
                raise self.error(field, f"joint {self.layout.joints[joint]!r} appears twice", self.text(joints))

    def covered(self, groups: Sequence[tuple[int, ...]], field: str) -> None:
        held = {joint for group in groups for joint in group}
        missing = [joint for joint in range(len(self.layout.joints)) if joint not in held]
        if missing:
            raise self.error(field, "every joint must be in a group", f"in none: {self.text(missing)}")

    def group(self, joints: tuple[int, ...], field: str) -> None:
        if not joints:
            raise self.error(field, "a group is empty")
        self.in_range(joints, field)
        self.no_repeat(joints, field)

    def parts(self) -> None:
        """Parts, where given, divide the joints: every joint belongs to exactly one."""
        parts = self.layout.parts
        names = [name for name, _ in parts]
        for name, joints in parts:
            self.group(joints, f"parts[{name}]")
            if names.count(name) > 1:
                raise self.error("parts", f"duplicate part name {name!r}", name)
        if parts:
            self.no_repeat([joint for _, joints in parts for joint in joints], "parts")
            self.covered([joints for _, joints in parts], "parts")

    def coarse(self) -> None:
        """Groups of one body may share joints (both legs may hold the pelvis), but together hold all of them."""
        counts: list[int] = []
        for number, body in enumerate(self.layout.coarse):
            field = f"coarse[{number}]"
            for index, joints in enumerate(body):
                self.group(joints, f"{field}[{index}]")
            self.covered(body, field)
            if len(body) in counts or len(body) >= len(self.layout.joints):
                what = "a coarse body has fewer joints than the layout, and no other has as many"
                raise self.error(field, what, f"{len(body)} groups")
            counts.append(len(body))

    def bone_parents(self) -> None:
        parents = self.layout.bone_parents
        if parents is None:
            return
        if len(parents) != len(self.layout.joints):
            raise self.error("bone_parents", "needs one entry per joint", len(parents), len(self.layout.joints))
        self.in_range(parents, "bone_parents")
        self.no_cycle(dict(enumerate(parents)), "bone_parents")
