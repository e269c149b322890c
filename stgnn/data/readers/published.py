"""What published arrays and pickles leave unsaid: the body by the shape, the protocol and the people by names."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stgnn.data.readers.common import MOST_CLASSES
from stgnn.data.readers.ntu import ntu_classes, recording
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, layout_names, load_layout

USUAL: Mapping[tuple[int, int], str] = {(17, 2): "coco17", (18, 3): "openpose18", (25, 3): "ntu25"}
"""What joints and channels mean in the files that are commonly shared, where shipped layouts leave a choice."""

_PROTOCOLS: Mapping[str, str] = {
    **dict.fromkeys(("xsub", "cs", "csub"), "xsub"),
    **dict.fromkeys(("xview", "cv", "cview"), "xview"),
    **dict.fromkeys(("xset", "cset", "xsetup"), "xset"),
}


class Body(NamedTuple):
    """The layout of an array, and whether its last channel is the score of the joint."""

    layout: SkeletonLayout
    scored: bool


def body_of(joints: int, channels: int, layout: SkeletonLayout | None, where: object) -> Body:
    """The body of an array of so many joints and channels.

    Args:
        joints: V of the source.
        channels: Coordinates of a joint, or two coordinates and a score.
        layout: What the user asked for. None: what is usual, or the only shipped layout that fits.
        where: For the messages.

    Raises:
        InputError: the layout does not fit, or none or several do.
    """
    if layout is None:
        layout = _shipped(joints, channels, where)
    scored = (channels, layout.dimensions) == (3, 2)
    if joints != layout.num_joints or channels - scored != layout.dimensions:
        raise InputError(
            f"the body of {where} does not fit the layout {layout.name!r}",
            given=f"{joints} joints of {channels} channels",
            allowed=f"{layout.num_joints} joints of {layout.dimensions} coordinates",
            hint="name another layout, or write a layout file with the joints of the source in their order",
        )
    return Body(layout, scored)


def _shipped(joints: int, channels: int, where: object) -> SkeletonLayout:
    if (joints, channels) in USUAL:
        return load_layout(USUAL[joints, channels])
    bodies = [body for body in map(load_layout, layout_names()) if body.num_joints == joints]
    fitting = [body for body in bodies if channels == body.dimensions or (channels, body.dimensions) == (3, 2)]
    if len(fitting) != 1:
        raise InputError(
            f"the layout of {where} is not known",
            given=f"{joints} joints of {channels} channels",
            allowed=[body.name for body in fitting] or "the joints of a shipped layout: stgnn list layouts",
            hint="say --layout NAME, or --layout FILE.yaml with a layout of your own",
        )
    return fitting[0]


def protocol_of(name: str) -> str:
    """The protocol that the name of a file or folder speaks of: `xsub` for ``NTU60_CS``; `main` if it says nothing."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return next((_PROTOCOLS[word] for word in words if word in _PROTOCOLS), "main")


def people(name: str) -> tuple[int, int]:
    """Subject and view of a clip that has the name of a recording of NTU RGB+D; -1, -1 of another."""
    try:
        one = recording(name)
    except InputError:
        return -1, -1
    return one.subject, one.camera


def class_names(names: Sequence[str], labels: Sequence[int], where: object) -> tuple[str, ...]:
    """Names of the classes: those of NTU RGB+D where every clip is a recording of the action of its label, or numbers.

    Raises:
        InputError: a label is negative or too large to be one.
    """
    highest = max(labels, default=0)
    for name, label in zip(names, labels, strict=True):
        if not 0 <= label < MOST_CLASSES:
            raise InputError(f"{where} has a wrong label", given=f"{label} of {name!r}", allowed="0, 1, 2, ...")
    actions = ntu_classes()
    if highest < len(actions) and names and all(map(_is_of_action, names, labels)):
        return actions[: 60 if highest < 60 else 120]
    return tuple(str(label) for label in range(highest + 1))


def _is_of_action(name: str, label: int) -> bool:
    try:
        return recording(name).action == label + 1
    except InputError:
        return False


def without_padding(keypoints: FloatArray) -> FloatArray:
    """Keypoints (M, T, V, C) up to the last frame that shows somebody; T = 0 if none does."""
    with np.errstate(invalid="ignore"):  # what is not finite is refused later, with the name of the clip
        shown = (keypoints != 0).any(axis=(0, 2, 3)).nonzero()[0]
    return keypoints[:, : shown[-1] + 1 if len(shown) else 0]
