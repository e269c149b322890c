"""The plain `.npz` layout: NumPy arrays under fixed names, no pickled objects.

========================  ======================  ==========================================================
array                     type                    meaning
========================  ======================  ==========================================================
``keypoint``              float (sum_T, M, V, C)  all frames of all clips, one after the other; required
``frame_offset``          int (n + 1,)            clip i is ``keypoint[frame_offset[i]:frame_offset[i + 1]]``; required
``label_<what>``          int (n,)                0-based class; required, exactly one
``label_names_<what>``    str (classes,)          names of the classes
``score``                 float (sum_T, M, V)     confidence of each joint
``subject, view, name``   (n,)                    who, which camera, what the clip is called
``split_<protocol>_*``    int                     indices of the ``train`` and ``test`` clips of a protocol
``joint_names``           str (V,)                names of the joints, to find the layout and the order of the joints
========================  ======================  ==========================================================
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data.store import SkeletonStore
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, layout_names, load_layout

Arrays = Mapping[str, npt.NDArray[Any]]


def read_npz(source: Path, layout: SkeletonLayout | None = None) -> SkeletonStore:
    """Read one `.npz` file.

    Args:
        source: The file.
        layout: The body. None: the shipped layout that has the joint names of the file, in any order.

    Raises:
        InputError: the file cannot be read, lacks an array, or its arrays do not fit each other or the layout.
    """
    arrays = _load(source)
    keypoints = _floats(_required(arrays, "keypoint", source), "keypoint", 4, source)
    labels, class_names = _labels(arrays, source)
    layout, order = _match_layout(_texts(arrays, "joint_names", source), layout, keypoints.shape, source)
    scores = _floats(arrays["score"], "score", 3, source) if "score" in arrays else None
    if order is not None:
        keypoints = keypoints[:, :, order]
        scores = scores if scores is None else scores[:, :, order]
    names = _texts(arrays, "name", source) or [f"clip{index:06d}" for index in range(len(labels))]
    return SkeletonStore(
        keypoints=keypoints,
        offsets=_integers(_required(arrays, "frame_offset", source), "frame_offset", source),
        labels=labels,
        class_names=class_names,
        layout=layout,
        names=tuple(names),
        subjects=_per_clip(arrays, "subject", len(labels), source),
        views=_per_clip(arrays, "view", len(labels), source),
        splits=_splits(arrays, source),
        scores=scores,
    )


def _load(source: Path) -> Arrays:
    try:
        with zipfile.ZipFile(source):  # a single array is a file of NumPy's too, but not this one
            pass
        with np.load(source, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            "the source is not a whole .npz file of plain arrays",
            given=f"{source}: {error}",
            hint="write it with numpy.savez, without object arrays; if it was copied, copy it again",
        ) from error


def _required(arrays: Arrays, name: str, source: Path) -> npt.NDArray[Any]:
    if name not in arrays:
        raise InputError(f"{source} has no array {name!r}", given=sorted(arrays), allowed="keypoint, frame_offset, ...")
    return arrays[name]


def _floats(values: npt.NDArray[Any], name: str, axes: int, source: Path) -> npt.NDArray[np.float32]:
    if values.dtype.kind not in "fiu" or values.ndim != axes:
        raise _unfit(values, name, source, f"real numbers with {axes} axes")
    return values.astype(np.float32)


def _integers(values: npt.NDArray[Any], name: str, source: Path) -> npt.NDArray[np.int64]:
    if values.dtype.kind not in "iu" or values.ndim != 1:
        raise _unfit(values, name, source, "integers with one axis")
    return values.astype(np.int64)


def _texts(arrays: Arrays, name: str, source: Path) -> list[str] | None:
    if name not in arrays:
        return None
    if arrays[name].ndim != 1:
        raise _unfit(arrays[name], name, source, "names with one axis")
    return [str(text) for text in arrays[name]]


def _unfit(values: npt.NDArray[Any], name: str, source: Path, allowed: str) -> InputError:
    given = f"{values.dtype} {values.shape}"
    return InputError(f"the array {name!r} of {source} is of the wrong kind", given=given, allowed=allowed)


def _labels(arrays: Arrays, source: Path) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    kinds = [n.removeprefix("label_") for n in arrays if n.startswith("label_") and not n.startswith("label_names_")]
    if len(kinds) != 1:
        raise InputError(
            f"{source} needs exactly one array of labels",
            given=[f"label_{kind}" for kind in kinds],
            allowed="label_action, label_gesture, ...: 0-based integers, one for each clip",
            hint="leave one of them in the file" if kinds else "add the class of each clip as label_action",
        )
    labels = _integers(arrays[f"label_{kinds[0]}"], f"label_{kinds[0]}", source)
    names = _texts(arrays, f"label_names_{kinds[0]}", source)
    return labels, tuple(names or (str(label) for label in range(int(labels.max(initial=-1)) + 1)))


def _match_layout(
    names: list[str] | None, layout: SkeletonLayout | None, shape: tuple[int, ...], source: Path
) -> tuple[SkeletonLayout, list[int] | None]:
    """The layout, and which joint of the file stands at each place of it (None: the same order, or names unknown)."""
    if layout is None:
        layout = _find_layout(names, source)
    if names is None:
        return layout, None
    if len(names) != shape[2]:
        raise InputError(f"{source} needs one joint name for each joint", given=len(names), allowed=shape[2])
    if sorted(names) != sorted(layout.joints):
        raise InputError(
            f"the joints of {source} do not match the layout {layout.name!r}",
            given=_difference(names, layout.joints) or names,
            allowed=_difference(layout.joints, names) or layout.joints,
            hint="name another layout, or write a layout file with the joint names of the source",
        )
    order = [names.index(joint) for joint in layout.joints]
    return layout, None if order == list(range(len(order))) else order


def _find_layout(names: Sequence[str] | None, source: Path) -> SkeletonLayout:
    for candidate in map(load_layout, layout_names()):
        if names is not None and sorted(candidate.joints) == sorted(names):
            return candidate
    raise InputError(
        f"the layout of {source} is not known",
        given="no joint_names" if names is None else names,
        allowed=f"the joints of one of: {', '.join(layout_names())}",
        hint="say --layout NAME, or --layout FILE.yaml with a layout of your own",
    )


def _difference(names: Sequence[str], others: Sequence[str]) -> list[str]:
    return [name for name in names if name not in set(others)]


def _per_clip(arrays: Arrays, name: str, count: int, source: Path) -> npt.NDArray[np.int64]:
    """Integers (n,); a pair of subjects, or a text, counts as one subject of its own."""
    if name not in arrays:
        return np.full(count, -1, dtype=np.int64)
    values = arrays[name]
    if values.ndim == 0:
        raise _unfit(values, name, source, "one entry for each clip")
    if values.ndim == 1 and np.issubdtype(values.dtype, np.integer):
        return values.astype(np.int64)
    return np.unique(values, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _splits(arrays: Arrays, source: Path) -> dict[str, npt.NDArray[np.int64]]:
    names = [name for name in arrays if name.startswith("split_") and name.endswith(("_train", "_test"))]
    return {name.removeprefix("split_"): _integers(arrays[name], name, source) for name in names}
