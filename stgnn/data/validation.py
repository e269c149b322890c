"""What can be wrong with skeleton data, each with one message that names the clip."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

if TYPE_CHECKING:
    from stgnn.data.store import SkeletonStore

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def check_joints(joints: int, coordinates: int, layout: SkeletonLayout, where: str) -> None:
    """Refuse arrays whose V and C are not those of the layout.

    Raises:
        InputError: they differ.
    """
    if (joints, coordinates) != (layout.num_joints, layout.dimensions):
        raise InputError(
            f"the joints of {where} do not match the layout {layout.name!r}",
            given=f"{joints} joints of {coordinates} coordinates",
            allowed=f"{layout.num_joints} joints of {layout.dimensions} coordinates",
            hint="name another layout (stgnn list layouts), or write a layout file for this body",
        )


def check_finite(values: FloatArray, offsets: IntArray, names: Sequence[str], what: str = "coordinates") -> None:
    """Refuse NaN and infinity, naming the first clip and frame that hold one.

    Args:
        values: Coordinates, or others of each joint (sum of frames, M, V, C).
        offsets: First frame of each clip, and the end of the last (n + 1,).
        names: One name for each clip.
        what: What the values are, for the message.

    Raises:
        InputError: a value is not finite.
    """
    bad = np.flatnonzero(~np.isfinite(values).all(axis=(1, 2, 3)))
    if len(bad) == 0:
        return
    clip = int(np.searchsorted(offsets, bad[0], side="right")) - 1
    joint = int(np.argwhere(~np.isfinite(values[bad[0]]))[0][1])
    raise InputError(
        f"the {what} of the clip {names[clip]!r} are not finite numbers",
        given=f"NaN or infinity in frame {int(bad[0] - offsets[clip])}, joint {joint}; {len(bad)} such frames in all",
        allowed="finite numbers; a joint that was not seen is exactly zero",
        hint=f"replace the {what} of joints that were not seen by zeros, or leave the clip out",
    )


def check_shapes(store: "SkeletonStore") -> None:
    """Refuse arrays that do not fit each other, and empty clips.

    Raises:
        InputError: naming the array or the clip.
    """
    count = len(store.labels)
    if store.keypoints.ndim != 4 or store.keypoints.dtype != np.float32:
        given = f"{store.keypoints.dtype} {store.keypoints.shape}"
        raise InputError(
            "the keypoints of the store are wrong", given=given, allowed="float32 (sum of frames, M, V, C)"
        )
    check_joints(store.keypoints.shape[2], store.keypoints.shape[3], store.layout, "the store")
    per_clip = {"names": store.names, "subjects": store.subjects, "views": store.views, "offsets": store.offsets[1:]}
    for name, values in per_clip.items():
        if len(values) != count:
            raise InputError(f"the store needs one entry of {name} for each clip", given=len(values), allowed=count)
    if count == 0:
        raise InputError("the store has no clips")
    empty = np.flatnonzero(np.diff(store.offsets) <= 0)
    if len(empty):
        raise InputError(
            f"clip {empty[0]} ({store.names[empty[0]]!r}) is empty",
            given=f"frames {store.offsets[empty[0]]} to {store.offsets[empty[0] + 1]}",
            hint="leave the clip out of the data set",
        )
    if store.offsets[0] != 0 or store.offsets[-1] != len(store.keypoints):
        given = f"{store.offsets[0]} to {store.offsets[-1]}"
        raise InputError("the clips do not cover the frames", given=given, allowed=f"0 to {len(store.keypoints)}")
    if store.present is not None and store.present.shape != (count, store.keypoints.shape[1]):
        allowed = (count, store.keypoints.shape[1])
        raise InputError("the present bodies do not fit the clips", given=store.present.shape, allowed=allowed)
    if store.scores is not None and store.scores.shape != store.keypoints.shape[:3]:
        raise InputError(
            "the scores do not fit the keypoints", given=store.scores.shape, allowed=store.keypoints.shape[:3]
        )


def check_labels(store: "SkeletonStore") -> None:
    """Refuse labels that no class has.

    Raises:
        InputError: naming the first such clip.
    """
    wrong = np.flatnonzero((store.labels < 0) | (store.labels >= len(store.class_names)))
    if len(wrong):
        raise InputError(
            f"the label of clip {wrong[0]} ({store.names[wrong[0]]!r}) is out of range",
            given=int(store.labels[wrong[0]]),
            allowed=f"0 to {len(store.class_names) - 1}, the {len(store.class_names)} classes",
            hint="labels are 0-based; check the list of class names",
        )


def check_class_names(names: Sequence[str]) -> None:
    """Refuse two classes of one name.

    Raises:
        InputError: naming the numbers of both.
    """
    numbers: dict[str, int] = {}
    for number, name in enumerate(names):
        if numbers.setdefault(name, number) != number:
            raise InputError(
                "two classes have one name",
                given=f"{name!r} for class {numbers[name]} and for class {number}",
                allowed="another name for each class",
                hint="rename one of them, or give their clips one label",
            )


def check_splits(store: "SkeletonStore") -> None:
    """Refuse splits that overlap, repeat a clip or name one that is not there.

    Raises:
        InputError: naming the split.
    """
    for name, indices in store.splits.items():
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(store):
            given = f"{indices.min()} to {indices.max()}"
            raise InputError(f"the split {name!r} names clips that are not there", given=given, allowed=len(store))
        if len(np.unique(indices)) != len(indices):
            raise InputError(f"the split {name!r} names a clip twice")
    for protocol in store.protocols:
        test = store.splits.get(f"{protocol}_test")
        if test is None:
            raise InputError(
                f"the protocol {protocol!r} has a training split and no test split", given=sorted(store.splits)
            )
        common = np.intersect1d(store.splits[f"{protocol}_train"], test)
        if len(common):
            raise InputError(
                f"the splits {protocol}_train and {protocol}_test overlap",
                given=f"{len(common)} of them in both, the first is clip {common[0]} ({store.names[common[0]]!r})",
                allowed="no clip in both",
                hint="remove these clips from one of the two",
            )
