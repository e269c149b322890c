"""Annotation pickles of PYSKL and MMAction2, 2-D and 3-D: NTU RGB+D, FineGYM, Kinetics-400, Diving48, UCF101, HMDB51.

The pickle is ``{"split": {name: [clip, ...]}, "annotations": [annotation, ...]}``, or the list of annotations alone.
Of an annotation these entries are read:

===================  ==========================  ======================================================================
entry                type                        meaning
===================  ==========================  ======================================================================
``frame_dir``        text                        name of the clip (``filename`` goes before it); names of NTU RGB+D
                                                 tell subject and camera
``label``            int                         0-based class; missing in all: a table of labels is needed
``keypoint``         float (M, T, V, C)          coordinates; missing: see `stgnn.data.readers.pyskl_side`
``keypoint_score``   float (M, T, V)             confidence
``img_shape``        (height, width)             size of the image of 2-D coordinates
===================  ==========================  ======================================================================

**Units.** Where the image sizes are given, pixels become x' = (x - w/2) / (w/2) and y' = (y - h/2) / (h/2), the shares
of half an image that PYSKL's own pipeline computes; x = (x' + 1) w/2 takes them back. A joint at pixel (0, 0) is one
that was not seen, and stays exactly zero. Where the file gives no sizes, the ``image_size`` of the import may. 3-D
coordinates stay as they are.

**Protocols.** ``xsub_train`` and ``xsub_val`` (or ``_test``) are the protocol `xsub`, ``train`` and ``val`` are `main`,
``train1`` and ``test1`` are `1`.

Two entries that `stgnn data export` adds are understood: ``class_names`` and ``layout`` beside the annotations, and
``subject`` and ``view`` in each of them.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.image import UNSIZED, seen_in_image
from stgnn.data.pickles import StoredArray, open_pickle
from stgnn.data.readers.common import refuse_labels, require_labels
from stgnn.data.readers.labels import label_splits
from stgnn.data.readers.published import Body, body_of, class_names
from stgnn.data.readers.pyskl_record import Content, Record, read_content
from stgnn.data.readers.pyskl_side import PERSONS, SideFiles
from stgnn.data.readers.pyskl_splits import protocols, splits_of
from stgnn.data.readers.source import ClipLabel, ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

_IMAGE = "coordinates are shares of half the image, -1 to 1: x' = (x - w/2) / (w/2), y' = (y - h/2) / (h/2)"
_PIXELS = f"coordinates are as in the file, because it gives no image sizes: {UNSIZED}"
_SIDE = (
    f"of key points in separate files the {PERSONS} bodies with the best boxes of each frame are kept, in that order"
)
_SOME_SCORES = "the scores are left out, because some clips have none"


def read_pyskl(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Read an annotation pickle; nothing in it is run.

    Args:
        source: The file.
        layout: The body. None: told by joints and coordinates.
        labels: A table by clip name, for annotations without labels.

    Raises:
        InputError: the file is damaged, calls anything, or does not follow the format.
    """
    content = read_content(open_pickle(source), source)
    side = SideFiles(source.parent)
    body = _body(content, layout, source)
    classes, records = _labelled(content, labels, source)
    clips = _Clips(records, side, body, source)
    splits = protocols(content.split)
    return ClipSource(
        layout=body.layout,
        class_names=classes,
        count=len(records),
        persons=max(map(_persons, records)),
        clips=clips.read,
        splits=label_splits(labels) if labels and not splits else lambda store: splits_of(splits, store),
        scored=clips.scored,
        notes=clips.notes(),
        beside=side.used_by(records),
        in_image=clips.in_image,
    )


def _persons(one: Record) -> int:
    """Bodies that a clip may have; 1 if it has no content, and thus no place in a store."""
    if one.keypoints is None:
        return PERSONS
    return one.keypoints.shape[0] if math.prod(one.keypoints.shape) else 1


def _body(content: Content, layout: SkeletonLayout | None, source: Path) -> Body:
    """The body of all clips.

    Raises:
        InputError: it is not known, or clips differ.
    """
    shapes = {one.keypoints.shape[2:]: one.name for one in content.records if one.keypoints is not None}
    if len(shapes) > 1:
        given = [f"{name}: {joints} joints of {channels}" for (joints, channels), name in list(shapes.items())[:3]]
        raise InputError(f"the clips of {source} have different bodies", given=given, allowed="one")
    named = layout or content.layout
    # Of key points in separate files nothing is known yet; the usual ones are COCO's.
    joints, channels = next(iter(shapes), (named.num_joints if named else 17, 2))
    return body_of(joints, channels, named, source)


def _labelled(content: Content, labels: ClipLabels | None, source: Path) -> tuple[tuple[str, ...], Sequence[Record]]:
    """Names of the classes, and the annotations with labels: their own, or those of the table, which may lack some."""
    records = content.records
    own = [one.label for one in records if one.label is not None]
    if not own:
        table = require_labels(labels, "pyskl")
        return table.class_names, [_with_row(one, table.rows.get(one.name)) for one in records]
    refuse_labels(labels, "pyskl")
    if len(own) < len(records):
        name = next(one.name for one in records if one.label is None)
        raise InputError(f"an annotation of {source} has no label", given=name, allowed="a label in all or in none")
    classes = content.class_names or class_names([one.name for one in records], own, source)
    if not 0 <= min(own) <= max(own) < len(classes):
        given = f"{min(own)} to {max(own)}"
        raise InputError(f"a label of {source} has no class", given=given, allowed=f"0 to {len(classes) - 1}")
    return classes, records


def _with_row(one: Record, row: ClipLabel | None) -> Record:
    if row is None:
        return one
    subject, view = (row.subject if row.subject >= 0 else one.subject), (row.view if row.view >= 0 else one.view)
    return one._replace(label=row.label, subject=subject, view=view)


class _Clips:
    """The clips of an opened pickle.

    Args:
        records: The annotations.
        side: The files beside the pickle.
        body: The body of every clip.
        source: For messages.

    Raises:
        InputError: some 2-D clips have an image size and some have none.
    """

    def __init__(self, records: Sequence[Record], side: SideFiles, body: Body, source: Path) -> None:
        self.records, self.side, self.body, self.source = records, side, body, source
        flat = body.layout.dimensions == 2
        sizeless = [one.name for one in records if one.size is None]
        if flat and 0 < len(sizeless) < len(records):
            given = sizeless[0]
            raise InputError(f"an annotation of {source} has no img_shape", given=given, allowed="all of them or none")
        self.in_image = flat and not sizeless
        scored = [body.scored or one.keypoints is None or one.scores is not None for one in records]
        self.scored = all(scored)
        self.some_scored = any(scored) and not self.scored

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        remarks = {
            _IMAGE: self.in_image,
            _PIXELS: self.body.layout.dimensions == 2 and not self.in_image,
            _SIDE: any(one.keypoints is None for one in self.records),
            _SOME_SCORES: self.some_scored,
        }
        return tuple(remark for remark, holds in remarks.items() if holds)

    def read(self, start: int) -> Iterator[SkeletonSequence | LeftOut]:
        """Clip ``start`` and all that follow."""
        return map(self._read_one, self.records[start:])

    def _read_one(self, one: Record) -> SkeletonSequence | LeftOut:
        if one.label is None:
            return LeftOut(one.name, "not in the table of labels")
        try:
            arrays = self._arrays(one)
        except InputError as error:
            raise error.at(f"{self.source}, clip {one.name!r}") from None
        if isinstance(arrays, str):
            return LeftOut(one.name, arrays)
        keypoints, scores = arrays
        scores = scores if self.scored else None
        return SkeletonSequence(keypoints, one.label, self.body.layout, one.name, one.subject, one.view, scores)

    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused later, with the name of the clip
    def _arrays(self, one: Record) -> tuple[FloatArray, FloatArray | None] | str:
        """Keypoints and scores, or why there are none."""
        keypoints: FloatArray
        scores: FloatArray | None
        if one.keypoints is None:
            found = self.side.read(one, self.body.layout)
            if isinstance(found, str):
                return found
            keypoints, scores = found
        else:
            keypoints, scores = _split_scores(one.keypoints.read(), one.scores, self.body.scored)
        if keypoints.shape[1] == 0 or not keypoints.any():
            return "no frames" if keypoints.shape[1] == 0 else "no body"
        return self._unit(keypoints, one), scores

    def _unit(self, keypoints: FloatArray, one: Record) -> FloatArray:
        """Pixels to shares of half the image."""
        if not self.in_image or one.size is None:
            return keypoints
        height, width = one.size
        return seen_in_image(keypoints, width, height)


def _split_scores(
    array: npt.NDArray[Any], scores: StoredArray | None, scored: bool
) -> tuple[FloatArray, FloatArray | None]:
    """Keypoints and scores: the last channel of the array, or an array of their own."""
    values = array.astype(np.float32)
    if scored:
        return values[..., :2], values[..., 2]
    return values, None if scores is None else scores.read().astype(np.float32)
