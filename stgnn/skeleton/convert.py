"""From one body to another: joints by name, joints made up by stated rules, and the rest missing. Free of torch.

The names and the rules are the data of `conversion.yaml`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

RULES = Path(__file__).with_name("conversion.yaml")
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Conversion:
    """How the joints of one layout are made from those of another.

    Args:
        sources: For each joint of the new body the joints of the old one that it is the weighted mean of, with their
            weights; none if it is missing.
        invented: Joints of the new body that the old one does not have and that a rule makes up.
        missing: Joints of the new body that no rule can make up.
    """

    sources: tuple[Mapping[int, float], ...]
    invented: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Converted:
    """Poses in the new body.

    Args:
        keypoints: Coordinates (..., V, C); a missing joint is exactly zero.
        scores: Confidence (..., V), if there was one: the least of the joints that a joint is made from.
        invented: Joints that a rule made up.
        missing: Joints that are zero in every pose.
    """

    keypoints: FloatArray
    scores: FloatArray | None
    invented: tuple[str, ...]
    missing: tuple[str, ...]


def convert(
    keypoints: npt.ArrayLike,
    source: SkeletonLayout,
    to: SkeletonLayout,
    scores: npt.ArrayLike | None = None,
    drop_depth: bool = False,
) -> Converted:
    """Poses of one body as poses of another, by the `conversion` of their layouts.

    The unit and the direction of the axes stay as they are. A joint that is made from joints of which one is missing
    in a pose (all its coordinates are zero) is missing in that pose.

    Args:
        keypoints: Coordinates (..., V, C), for example those of a clip (M, T, V, C).
        source: Layout of the keypoints.
        to: Layout wanted.
        scores: Confidence of each joint (..., V).
        drop_depth: Whether 3-D coordinates may lose their depth on the way to a 2-D layout.

    Raises:
        InputError: the arrays do not fit `source`, or the coordinates do not fit `to`.
    """
    old = np.asarray(keypoints, dtype=np.float32)
    _check(old, scores, source)
    plan = conversion(source, to)
    flat = old[..., _axes(source, to, drop_depth)]
    present = (old != 0).any(axis=-1)  # (..., V)
    new = np.zeros((*old.shape[:-2], to.num_joints, flat.shape[-1]), np.float32)
    confidence = None if scores is None else np.zeros(new.shape[:-1], np.float32)
    for joint, weights in enumerate(plan.sources):
        if joints := list(weights):
            shares = np.array([*weights.values()], np.float32)
            seen = present[..., joints].all(axis=-1)
            new[..., joint, :] = np.where(seen[..., None], shares @ flat[..., joints, :], 0)
            if confidence is not None:
                confidence[..., joint] = np.where(seen, np.asarray(scores)[..., joints].min(axis=-1), 0)
    return Converted(new, confidence, plan.invented, plan.missing)


@functools.lru_cache(maxsize=64)
def conversion(source: SkeletonLayout, to: SkeletonLayout) -> Conversion:
    """Find each joint of `to` in `source`: by its name, by another name of the same joint, or by a rule."""
    same, rules = _rules()
    held: dict[str, int] = {}
    for joint, name in enumerate(source.joints):
        held.setdefault(same.get(name, name), joint)
    named = {name: joint for joint, name in enumerate(source.joints)}
    sources: list[dict[int, float]] = []
    invented: list[str] = []
    missing: list[str] = []
    for name in to.joints:
        wanted = same.get(name, name)
        own = named.get(name, held.get(wanted))
        weights = {own: 1.0} if own is not None else _made_up(wanted, held, rules, frozenset())
        sources.append(weights)
        if own is None:
            (invented if weights else missing).append(name)
    return Conversion(tuple(sources), tuple(invented), tuple(missing))


def _made_up(
    joint: str, held: Mapping[str, int], rules: Mapping[str, list[list[str]]], asked: frozenset[str]
) -> dict[int, float]:
    """The joints, and their weights, that the first rule that works asks for; none if no rule works."""
    for way in rules.get(joint, []):
        found = [
            {held[part]: 1.0}
            if part in held
            # A joint is not made from itself.
            else {}
            if part in asked
            else _made_up(part, held, rules, asked | {joint})
            for part in way
        ]
        if all(found):
            weights: dict[int, float] = {}
            for number, weight in (item for parts in found for item in parts.items()):
                weights[number] = weights.get(number, 0.0) + weight / len(way)
            return weights
    return {}


@functools.cache
def _rules() -> tuple[dict[str, str], dict[str, list[list[str]]]]:
    """Name -> first name of the same joint; first name -> ways to make it up."""
    data = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    same: dict[str, str] = {}
    rules: dict[str, list[list[str]]] = {}
    for side in ("left", "right"):
        for names in data["same"]:
            same.update(dict.fromkeys((name.replace("*", side) for name in names), names[0].replace("*", side)))
        for joint, ways in data["invented"].items():
            rules[joint.replace("*", side)] = [[part.replace("*", side) for part in way] for way in ways]
    return same, rules


def _axes(source: SkeletonLayout, to: SkeletonLayout, drop_depth: bool) -> list[int]:
    """The coordinates of `source` that make those of `to`."""
    if source.dimensions == to.dimensions and source.vertical == to.vertical:
        return list(range(source.dimensions))
    if source.dimensions == 3 and to.dimensions == 2 and drop_depth:
        across = next(axis for axis in range(3) if axis != source.vertical)
        return [source.vertical, across] if to.vertical == 0 else [across, source.vertical]
    hints = {(3, 2): "say drop_depth=True to leave the depth out", (2, 3): "depth cannot be made up: name a 2-D layout"}
    raise InputError(
        f"the coordinates of {source.name!r} do not fit {to.name!r}",
        given=f"{source.dimensions} coordinates, the vertical one is number {source.vertical}",
        allowed=f"{to.dimensions} coordinates, the vertical one is number {to.vertical}",
        hint=hints.get((source.dimensions, to.dimensions), "turn the coordinates first"),
    )


def _check(keypoints: FloatArray, scores: npt.ArrayLike | None, source: SkeletonLayout) -> None:
    if keypoints.ndim < 2 or keypoints.shape[-2:] != (source.num_joints, source.dimensions):
        allowed = f"(..., {source.num_joints}, {source.dimensions})"
        what = f"the keypoints do not match the layout {source.name!r}"
        raise InputError(what, given=str(keypoints.shape), allowed=allowed)
    if scores is not None and np.shape(scores) != keypoints.shape[:-1]:
        what = "the scores do not fit the keypoints"
        raise InputError(what, given=str(np.shape(scores)), allowed=str(keypoints.shape[:-1]))
