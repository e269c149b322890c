"""OpenPose: a folder for each clip, in it a file ``..._keypoints.json`` for each frame.

A file holds ``{"people": [{"person_id": [-1], "pose_keypoints_2d": [x, y, score] * V}, ...]}``. V = 18 (the COCO
model) is `openpose18`. Of V = 25 (the BODY_25 model) the 18 joints of `openpose18` are kept, unless a layout of 25
joints is named: the middle of the hips and the feet are left out. A joint with score 0 is missing.

Frames are in the order of the numbers in the file names. Where ``person_id`` is 0 or more, the two persons with the
highest scores in all are kept; otherwise the best person of each frame. The files do not say the size of the image:
coordinates stay as they are (see OpenPose's ``--keypoint_scale``) unless the ``image_size`` of the import says it.
Labels are those of a table, or the clips lie in one folder for each class. Hands and face are not read.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stgnn.data.image import UNSIZED
from stgnn.data.readers.common import coordinates, files_of, read_json_file
from stgnn.data.readers.poses import (
    TRACKED,
    Body,
    Estimates,
    Poses,
    assemble,
    chosen_layout,
    clip_source,
    named,
    natural,
)
from stgnn.data.readers.source import ClipLabels, ClipSource
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

ENDING = "_keypoints.json"
BODY_25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
"""Where the joints of `openpose18` stand among those of BODY_25."""
_FORM = "an object with 'people', each with 'pose_keypoints_2d'"


def read_openpose(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of clips.

    Args:
        source: The folder: ``<clip>/..._keypoints.json`` with a table of labels, or ``<class>/<clip>/...``.
        layout: The body. None: `openpose18`.
        labels: The table, by clip names.

    Raises:
        InputError: no files, nobody in any of them, no labels; later, a file that does not follow the format.
    """
    files = files_of(source, f"*/**/*{ENDING}")
    first = next(filter(None, map(_people, files)), None)
    if first is None:
        raise InputError("the files of the source show nobody", given=source, allowed=_FORM)
    reduced = len(first[0].joints) == len(BODY_25) + 7 and (layout is None or layout.num_joints == len(BODY_25))
    joints = len(BODY_25) if reduced else len(first[0].joints)
    body = chosen_layout(layout, joints, 2, {18: "openpose18"}, source)
    tracked = first[0].person is not None

    def read(folder: Path) -> Poses | None:
        return _read(folder, len(first[0].joints), reduced, tracked)

    kept = f"the {TRACKED} persons with the highest scores" if tracked else "the best person of each frame"
    unit = f"OpenPose writes pixels unless it is told otherwise, and {UNSIZED}"
    notes = [f"{unit}; kept of each clip: {kept}."]
    if reduced:
        notes.append("Of the 25 joints of BODY_25 the middle of the hips and the feet are left out.")
    folders = sorted({file.parent for file in files})
    return clip_source(
        named(source, folders),
        labels,
        "openpose",
        Estimates(body, TRACKED if tracked else 1, True, tuple(notes), read),
    )


def _read(folder: Path, joints: int, reduced: bool, tracked: bool) -> Poses | None:
    files = sorted(folder.glob(f"*{ENDING}"), key=lambda file: natural(file.name))
    frames = [list(_bodies(file, joints, reduced, tracked)) for file in files]
    return assemble(frames, TRACKED if tracked else 1)


def _bodies(file: Path, joints: int, reduced: bool, tracked: bool) -> Iterator[Body]:
    for person, values in _people(file):
        if len(values) != joints:
            given, allowed = f"{len(values)} joints in {file}", f"{joints}, as in the first frame with a person"
            raise InputError("the frames of a source have one number of joints", given=given, allowed=allowed)
        yield Body(person if tracked else None, values[list(BODY_25)] if reduced else values)


def _people(file: Path) -> list[Body]:
    """The persons of one frame that have body keypoints, with columns x, y, score (V, 3)."""
    content = read_json_file(file, "a frame of OpenPose")
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{file} does not follow the OpenPose format", given=type(content).__name__, allowed=_FORM)
    found = []
    for person in people:
        values = person.get("pose_keypoints_2d", person.get("pose_keypoints"))  # the second before version 1.3
        if values:
            found.append(Body(_number(person.get("person_id")), _joints(values, file)))
    return found


def _joints(values: object, file: Path) -> FloatArray:
    joints = coordinates(values, f"the keypoints of {file}")
    if joints.ndim != 1 or joints.size % 3 or not np.isfinite(joints).all():
        raise InputError(f"{file} has a wrong person", given=joints.shape, allowed="x, y, score of each joint, finite")
    return joints.reshape(-1, 3)


def _number(value: object) -> str | None:
    """The number of a person; None where OpenPose did not track."""
    first = value[0] if isinstance(value, list) and value else value
    return str(first) if isinstance(first, int) and first >= 0 else None
