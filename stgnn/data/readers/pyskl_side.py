"""Key points in files beside an annotation pickle, as PYSKL shares those of Kinetics-400.

The annotation has ``frame_inds`` (S,), the frame of each of S skeletons, and ``box_score`` (S,), the confidence of its
box. The skeletons (S, V, 3), of x, y and score, are in a pickle of the folder of the annotation pickle, or in a folder
``kpfiles`` there: under the last part of ``raw_file`` if the annotation has one, else under the name of the clip. That
pickle is ``{clip: {"keypoint": skeletons}}`` of any number of clips, or ``{"keypoint": skeletons}``.

Frames without a skeleton are left out; of the others the `PERSONS` skeletons with the best boxes are kept, so that a
person may change place with another from one frame to the next.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.pickles import StoredArray, open_pickle
from stgnn.data.readers.pyskl_record import Record
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

PERSONS = 2
"""Bodies of a frame that are kept."""

_NO_FILE = "its file of key points is not there"


class SideFiles:
    """The files of key points of a folder.

    Args:
        folder: Where the annotation pickle lies.
    """

    def __init__(self, folder: Path) -> None:
        places = [place for place in (folder, folder / "kpfiles") if place.is_dir()]
        found = [path for place in places for path in sorted(place.glob("*.pkl"))]
        # A link could lead anywhere.
        self.files = {path.name: path for path in found if path.is_file() and not path.is_symlink()}
        self._open = lru_cache(maxsize=4)(open_pickle)

    def read(self, one: Record, layout: SkeletonLayout) -> tuple[FloatArray, FloatArray] | str:
        """Keypoints (M, T, V, 2) and scores (M, T, V) of a clip, or why there are none.

        Raises:
            InputError: the file or the annotation is damaged.
        """
        path = self._find(one)
        if path is None:
            return _NO_FILE
        skeletons = _skeletons(self._open(path), one.name)
        if skeletons is None:
            return _NO_FILE
        if len(skeletons.shape) != 3 or skeletons.shape[1:] != (layout.num_joints, 3):
            allowed = f"(S, {layout.num_joints}, 3)"
            raise InputError(f"the key points in {path} are of the wrong kind", given=skeletons.shape, allowed=allowed)
        count = skeletons.shape[0]
        if count == 0:
            return "no body"
        frames = _column(one.entry, "frame_inds", count)
        boxes = _column(one.entry, "box_score", count) if "box_score" in one.entry else skeletons.read()[..., 2].mean(1)
        return assemble(skeletons.read().astype(np.float32), frames, boxes)

    def used_by(self, records: Iterable[Record]) -> tuple[Path, ...]:
        """The files that hold the key points of annotations without any of their own, sorted."""
        found = {self._find(one) for one in records if one.keypoints is None}
        return tuple(sorted(path for path in found if path is not None))

    def _find(self, one: Record) -> Path | None:
        raw = one.entry.get("raw_file")
        name = raw if isinstance(raw, str) else f"{one.name}.pkl"
        return self.files.get(name.replace("\\", "/").rpartition("/")[2])


def assemble(skeletons: FloatArray, frames: npt.NDArray[Any], boxes: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Skeletons of a clip, in any order, as bodies.

    Args:
        skeletons: x, y and score of each joint (S, V, 3).
        frames: Number of the frame of each (S,).
        boxes: Confidence of each (S,).

    Returns:
        Keypoints (M, T, V, 2) and scores (M, T, V) of the frames that have a skeleton; the first body has the best box.
    """
    numbers, frame = np.unique(frames, return_inverse=True)
    order = np.lexsort((-boxes, frame))
    skeletons, frame = skeletons[order], frame[order]
    place = np.arange(len(frame)) - np.searchsorted(frame, frame)  # 0 for the best of its frame
    kept = place < PERSONS
    bodies = np.zeros((int(place[kept].max()) + 1, len(numbers), *skeletons.shape[1:]), np.float32)
    bodies[place[kept], frame[kept]] = skeletons[kept]
    return bodies[..., :2], bodies[..., 2]


def _skeletons(content: Any, name: str) -> StoredArray | None:
    entry = content.get(name, content) if isinstance(content, Mapping) else None
    array = entry.get("keypoint") if isinstance(entry, Mapping) else None
    return array if isinstance(array, StoredArray) and array.dtype.kind in "fiu" else None


def _column(entry: Mapping[str, Any], name: str, count: int) -> npt.NDArray[Any]:
    array = entry.get(name)
    if not isinstance(array, StoredArray) or array.dtype.kind not in "fiu" or array.shape != (count,):
        given = array.shape if isinstance(array, StoredArray) else type(array).__name__
        raise InputError(f"{name!r} does not fit the key points", given=given, allowed=f"{count} numbers")
    return array.read()
