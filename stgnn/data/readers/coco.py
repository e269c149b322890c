"""Keypoints in COCO's form, as HRNet, RTMPose, YOLO-pose, AlphaPose and annotation tools write them: one file a clip.

A file ``<clip>.json`` is a list of detections or a COCO data set, ``{"images": [...], "annotations": [...]}``:

* ``image_id``: the frame. The frames of a clip are the images of the data set, or the images of which there is a
  detection, in the order of their numbers. A list of detections cannot name a frame in which nobody was seen.
* ``keypoints``: ``[x, y, v] * V`` in pixels. V = 17 is `coco17`, V = 26 `halpe26`; another needs a layout. Where all v
  of a file are 0, 1 or 2 they are COCO's flags (not labelled, hidden, visible), and half of them is the score;
  otherwise they are confidences. A joint with v = 0 is missing.
* ``track_id`` or ``idx``, if there: which person it is; the two with the highest scores in all are kept. Without, the
  detection with the highest score of each frame is kept.

Where a data set says ``width`` and ``height`` of its images, x becomes (x - w/2) / (w/2) and y (y - h/2) / (h/2), as in
PYSKL; where none does, the ``image_size`` of the import may say it. The first file decides whether there are persons
and image sizes. Labels are those of a table, or the files lie in one folder for each class.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stgnn.data.image import UNSIZED, in_image
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

LAYOUTS = {17: "coco17", 26: "halpe26"}
_FORM = "a list of detections, or an object with 'images' and 'annotations'"
Size = tuple[float, float]


class _Recording(NamedTuple):
    """What a file holds: the detections that have keypoints, and the sizes of the images it lists (0, 0: not said)."""

    file: Path
    detections: list[Mapping[str, Any]]
    sizes: Mapping[str, Size]


def read_coco(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of JSON files, one for each clip.

    Args:
        source: The folder: ``<clip>.json`` with a table of labels, or ``<class>/<clip>.json``.
        layout: The body. None: by the number of keypoints.
        labels: The table, by clip names.

    Raises:
        InputError: no files, nobody in any of them, no labels; later, a file that does not follow the format.
    """
    files = files_of(source, "**/*.json")
    first = next((recording for recording in map(_record, files) if recording.detections), None)
    if first is None:
        raise InputError("the files of the source hold no detections", given=source, allowed=_FORM)
    body = chosen_layout(layout, len(_joints(first.detections[0], first.file)), 2, LAYOUTS, first.file)
    tracked, sized = _person(first.detections[0]) is not None, any(width for width, _ in first.sizes.values())

    def read(file: Path) -> Poses | None:
        return _read(_record(file), body, tracked, sized)

    unsized = f"The files do not say the size of the image: {UNSIZED}"
    unit = "Coordinates are shares of half the image, -1 to 1" if sized else unsized
    kept = f"the {TRACKED} persons with the highest scores" if tracked else "the best detection of each frame"
    notes = (f"{unit}; kept of each clip: {kept}.",)
    estimates = Estimates(body, TRACKED if tracked else 1, True, notes, read, in_image=sized)
    return clip_source(named(source, files), labels, "coco", estimates)


def _record(file: Path) -> _Recording:
    content = read_json_file(file, "keypoints of COCO's form")
    entries, images = content, []
    if isinstance(content, dict):
        entries, images = content.get("annotations"), content.get("images", [])
    if not all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in (entries, images)):
        raise InputError(
            f"{file} does not follow COCO's form",
            given=type(content).__name__,
            allowed=_FORM,
            hint="write the forms of MMPose and Ultralytics as the table of --format csv",
        )
    found = [entry for entry in entries if entry.get("keypoints")]
    if not all(isinstance(entry.get("image_id"), (int, str)) for entry in found):
        raise InputError(f"{file}: a detection does not say its frame", allowed="'image_id', a number or a name")
    return _Recording(file, found, {str(image.get("id")): _size(image, file) for image in images})


def _read(recording: _Recording, layout: SkeletonLayout, tracked: bool, sized: bool) -> Poses | None:
    file, sizes = recording.file, recording.sizes
    found = [_joints(detection, file) for detection in recording.detections]
    for joints in found:
        if len(joints) != layout.num_joints:
            given, allowed = f"{len(joints)} keypoints in {file}", f"{layout.num_joints} of {layout.name!r}"
            raise InputError("the detections of a source have one number of keypoints", given=given, allowed=allowed)
    if found and np.isin(np.stack(found)[..., 2], (0, 1, 2)).all():  # flags
        found = [joints * np.array([1, 1, 0.5], np.float32) for joints in found]
    images = [str(detection["image_id"]) for detection in recording.detections]
    frames: dict[str, list[Body]] = {image: [] for image in sorted({*images, *sizes}, key=natural)}
    for image, joints, detection in zip(images, found, recording.detections, strict=True):
        if sized:
            joints[:, :2] = in_image(joints[:, :2], *_known(sizes, image, file))
        frames[image].append(Body(_person(detection) if tracked else None, joints))
    return assemble(list(frames.values()), TRACKED if tracked else 1)


def _joints(detection: Mapping[str, Any], file: Path) -> FloatArray:
    """Columns x, y, v of one detection (V, 3)."""
    values = coordinates(detection["keypoints"], f"the keypoints of {file}")
    if values.size % 3 or values.ndim > 2 or not np.isfinite(values).all():
        given = f"{values.shape} in image {detection['image_id']!r}"
        raise InputError(f"{file} has a wrong detection", given=given, allowed="x, y, v of each joint, finite numbers")
    return values.reshape(-1, 3)


def _person(detection: Mapping[str, Any]) -> str | None:
    number = detection.get("track_id", detection.get("idx"))
    return None if number is None else str(number)


def _size(image: Mapping[str, Any], file: Path) -> Size:
    size = coordinates([image.get("width", 0), image.get("height", 0)], f"the image sizes of {file}")
    if size.shape != (2,) or not (((size > 0).all() and np.isfinite(size).all()) or (size == 0).all()):
        given = f"image {image.get('id')!r}"
        raise InputError(f"{file} has a wrong image size", given=given, allowed="'width' and 'height' in pixels")
    return float(size[0]), float(size[1])


def _known(sizes: Mapping[str, Size], image: str, file: Path) -> Size:
    size = sizes.get(image, (0.0, 0.0))
    if size[0] == 0:
        hint = "add the sizes, or leave them out of every file"
        raise InputError(f"{file} does not say the size of an image", given=f"image {image!r}", hint=hint)
    return size
