"""What the readers of estimated poses share: clips named by their paths, labels, tracks."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from stgnn.data.readers.common import require_labels
from stgnn.data.readers.labels import label_splits
from stgnn.data.readers.source import ClipLabel, ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, load_layout

Clip = TypeVar("Clip")
"""Where a clip lies: a path, or a part of a table."""

TRACKED = 2
"""Bodies of a clip that are kept of a source that tells persons apart."""


class Poses(NamedTuple):
    """Keypoints (M, T, V, C) and scores (M, T, V) of a clip."""

    keypoints: FloatArray
    scores: FloatArray | None


class Body(NamedTuple):
    """One detection: which person it is (None: not said) and its joints (V, C + 1), the last column being scores."""

    person: Hashable | None
    joints: FloatArray


@dataclass(frozen=True)
class Estimates(Generic[Clip]):
    """What an opened source of estimated poses is, apart from its clips.

    Args:
        layout: The body.
        persons: Most bodies of a clip, M.
        scored: Whether the poses have scores.
        notes: What the user should know, one sentence each.
        read: The poses of one clip; None if it shows nobody.
        in_image: As of `ClipSource`.
    """

    layout: SkeletonLayout
    persons: int
    scored: bool
    notes: tuple[str, ...]
    read: Callable[[Clip], Poses | None]
    in_image: bool = False


def named(source: Path, paths: Iterable[Path]) -> dict[str, Path]:
    """Clips by name: the path below the source, without the ending of a file.

    Raises:
        InputError: two clips would have one name.
    """
    clips: dict[str, Path] = {}
    for path in paths:
        below = path.relative_to(source)
        name = (below.with_suffix("") if path.is_file() else below).as_posix()
        if name in clips:
            given = f"{clips[name]}, {path}"
            raise InputError("two clips have one name", given=given, hint="keep one of them, or rename it")
        clips[name] = path
    return clips


def clip_source(
    clips: Mapping[str, Clip], labels: ClipLabels | None, format: str, estimates: Estimates[Clip]
) -> ClipSource:
    """The source of clips whose labels stand in a table or are the names of their folders.

    Args:
        clips: Where each clip lies, by name.
        labels: The table, which names a clip by its whole name or, where no other clip has it, by its last part.
            None: each clip lies in a folder that bears the name of its class.
        format: Name of the format, for messages.
        estimates: How to read a clip.

    Raises:
        InputError: no labels, or a table that knows none of the clips.
    """
    table = _folders(clips, format) if labels is None else labels
    rows = known_clips(clips, table)
    order = list(clips.items())

    def read(name: str, clip: Clip) -> SkeletonSequence | LeftOut:
        if name not in rows:
            return LeftOut(name, "not in the table of labels")
        poses, row = estimates.read(clip), table.rows[rows[name]]
        if poses is None:
            return LeftOut(name, "no body")
        return SkeletonSequence(
            poses.keypoints, row.label, estimates.layout, rows[name], row.subject, row.view, poses.scores
        )

    return ClipSource(
        estimates.layout,
        table.class_names,
        count=len(order),
        persons=estimates.persons,
        clips=lambda start: (read(name, clip) for name, clip in order[start:]),
        splits=label_splits(table),
        scored=estimates.scored,
        notes=estimates.notes,
        in_image=estimates.in_image,
    )


def _folders(clips: Iterable[str], format: str) -> ClipLabels:
    """Labels from names ``<class>/.../<clip>``."""
    if any("/" not in name for name in clips):
        try:
            return require_labels(None, format)
        except InputError as error:
            hint = f"{error.hint}; or put the clips of each class into a folder that bears its name"
            raise error.advising(hint) from None
    folders = [name.partition("/")[0] for name in clips]
    classes = tuple(sorted(set(folders)))
    rows = {name: ClipLabel(classes.index(folder)) for name, folder in zip(clips, folders, strict=True)}
    return ClipLabels(classes, rows)


def known_clips(clips: Iterable[str], table: ClipLabels) -> dict[str, str]:
    """For each clip that the table knows the name under which it does.

    Raises:
        InputError: it knows none of them.
    """
    last = {name: name.rpartition("/")[2] for name in clips}
    uses = Counter(last.values())
    rows = {name: name if name in table.rows else part for name, part in last.items()}
    rows = {name: key for name, key in rows.items() if key in table.rows and (key == name or uses[key] == 1)}
    if not rows:
        raise InputError(
            "the table of labels knows none of the clips of the source",
            given=f"{', '.join(list(table.rows)[:3])}, ...",
            allowed=f"{', '.join(list(last)[:3])}, ...",
            hint="the column `clip` holds the names of the clips without their endings",
        )
    return rows


def chosen_layout(
    layout: SkeletonLayout | None, joints: int, dimensions: int, known: Mapping[int, str], where: object
) -> SkeletonLayout:
    """The layout that was asked for, or the shipped one that has as many joints as the source.

    Args:
        layout: What the user named.
        joints: V of the source.
        dimensions: C of the source.
        known: Names of shipped layouts by V.
        where: The file that tells, for the message.

    Raises:
        InputError: the named layout does not fit, or none is known for this many joints.
    """
    if layout is None and joints in known:
        return load_layout(known[joints])
    if layout is None or (layout.num_joints, layout.dimensions) != (joints, dimensions):
        allowed = ", ".join(f"{count} ({name})" for count, name in known.items())
        raise InputError(
            f"the joints of {where} do not fit the layout" if layout else f"the body of {where} is not known",
            given=f"{joints} joints of {dimensions} coordinates",
            allowed=allowed if layout is None else f"{layout.num_joints} joints of {layout.dimensions} coordinates",
            hint="say --layout FILE.yaml with a layout of these joints",
        )
    return layout


def assemble(frames: Sequence[Sequence[Body]], persons: int) -> Poses | None:
    """The bodies of a clip from the detections of its frames.

    With persons told apart: those with the highest scores in all, first the highest. Otherwise: the detection with
    the highest score of each frame. Joints with a score of zero or less are missing: exactly zero.

    Args:
        frames: Detections of each frame, all with (V, C + 1) joints.
        persons: Most bodies.

    Returns:
        Poses of 1 to `persons` bodies; None if no joint was seen.
    """
    totals: dict[Hashable | None, float] = {}
    for body in (body for frame in frames for body in frame):
        totals[body.person] = totals.get(body.person, 0.0) + float(body.joints[:, -1].sum())
    if not totals:
        return None
    told = {person: total for person, total in totals.items() if person is not None}
    best: list[Hashable | None] = [None]
    if told:
        best = [*sorted(told, key=lambda person: -told[person])[:persons]]
    shape = next(body.joints.shape for frame in frames for body in frame)
    joints: FloatArray = np.zeros((len(best), len(frames), *shape), dtype=np.float32)
    for number, frame in enumerate(frames):
        # The best comes last and stays.
        for body in sorted(frame, key=lambda body: float(body.joints[:, -1].sum())):
            if body.person in best:
                joints[best.index(body.person), number] = body.joints
    seen = joints[..., -1:] > 0
    if not seen.any():
        return None
    np.multiply(joints, seen, out=joints)
    return Poses(joints[..., :-1], joints[..., -1])


def natural(text: object) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their value: frame 10 after frame 9."""
    pieces = re.split(r"(\d+)", str(text))
    return [(int(piece), "") if piece.isdecimal() and len(piece) < 19 else (-1, piece) for piece in pieces]
