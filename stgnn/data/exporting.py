"""A store on disk -> a file that other tools read."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from stgnn.data.image import Size, check_flat, check_image_size
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.files import check_output, draft

EXPORTS: Final = ("pyskl",)
"""The formats that are written."""

_BATCH: Final = 1000
_FAR: Final = 10.0  # halves of an image from its middle
_NOT_IN_IMAGE = (
    "the image size is not known, so that the coordinates are as in the store and img_shape is missing: leave out the "
    "normalisation of the other tool (PreNormalize2D), or export with the size of the image"
)
_NO_SCORES = "the store has no scores: keypoint_score is 1 for joints that were seen and 0 for the others"


def export_data(
    format: str, store: str | Path, output: str | Path, overwrite: bool = False, image_size: Size | None = None
) -> dict[str, Any]:
    """Write a store as an annotation pickle of PYSKL and MMAction2, clip after clip, whole or not at all.

    3-D coordinates, and 2-D ones without an image size, are written as they are, and `read_pyskl` gives them back bit
    for bit. With an image size 2-D coordinates become pixels, x = (x' + 1) w/2, which is the inverse of what importing
    does. The protocol `main` has the splits ``train`` and ``val``, another one ``<protocol>_train`` and
    ``<protocol>_val``. Empty bodies behind the last one are left out.

    Args:
        format: ``pyskl``.
        store: The store to read.
        output: The pickle to write.
        overwrite: Whether an existing file may be replaced.
        image_size: Width and height of the image of 2-D coordinates, in pixels.

    Returns:
        The numbers of clips, of clips by split, and of bytes, and under ``remarks`` what the user should know.

    Raises:
        InputError: anything wrong with the arguments or the store; an existing output is left as it was.
    """
    if format not in EXPORTS:
        raise InputError(
            "this format is not written",
            given=format,
            allowed=EXPORTS,
            hint="write pyskl, which other tools read, and convert that",
        )
    path = Path(output)
    check_output(path)
    if path.exists() and not overwrite:
        raise InputError("the output exists already", given=path, hint="choose another path, or say --overwrite=true")
    opened = SkeletonStore.open(store)
    _check(opened, image_size)
    with draft(path) as hidden, hidden.open("wb") as file:
        for piece in _annotations(opened, image_size):
            file.write(piece)
    return {
        "clips": len(opened),
        "splits": {name: len(names) for name, names in _split(opened).items()},
        "bytes": path.stat().st_size,
        "remarks": _remarks(opened, image_size),
    }


def _check(store: SkeletonStore, image_size: Size | None) -> None:
    if len(set(store.names)) != len(store):
        twice = next(name for index, name in enumerate(store.names) if name in store.names[:index])
        raise InputError("two clips have one name, by which the format tells them apart", given=twice)
    if image_size is not None:
        check_image_size(image_size)
        check_flat(store.layout)


def _remarks(store: SkeletonStore, image_size: Size | None) -> list[str]:
    flat = store.layout.dimensions == 2
    remarks = {_NOT_IN_IMAGE: flat and image_size is None, _NO_SCORES: flat and store.scores is None}
    return [remark for remark, holds in remarks.items() if holds]


def _split(store: SkeletonStore) -> dict[str, list[str]]:
    """Names of the clips of each split, by the names that PYSKL gives to splits."""
    return {_split_name(name): [store.names[clip] for clip in clips] for name, clips in sorted(store.splits.items())}


def _split_name(name: str) -> str:
    return (f"{name.removesuffix('_test')}_val" if name.endswith("_test") else name).removeprefix("main_")


def _annotations(store: SkeletonStore, image_size: Size | None) -> Iterator[bytes]:
    """The pickle, piece by piece: Python's own pickler would keep every clip that it has written."""
    head = {"class_names": list(store.class_names), "layout": store.layout.to_dict(), "split": _split(store)}
    yield pickle.PROTO + bytes([4]) + pickle.EMPTY_DICT + pickle.MARK
    for name, value in head.items():
        yield _plain(name) + _plain(value)
    yield _plain("annotations") + pickle.EMPTY_LIST
    for start in range(0, len(store), _BATCH):
        yield pickle.MARK
        for index in range(start, min(start + _BATCH, len(store))):
            yield from _entries(_annotation(store[index], image_size))
        yield pickle.APPENDS
    yield pickle.SETITEMS + pickle.STOP


def _annotation(clip: SkeletonSequence, image_size: Size | None) -> dict[str, Any]:
    there = np.flatnonzero(clip.keypoints.any(axis=(1, 2, 3)))
    persons = int(there[-1]) + 1 if len(there) else 1
    keypoints = clip.keypoints[:persons]
    entry = {
        "frame_dir": clip.name,
        "label": clip.label,
        "total_frames": keypoints.shape[1],
        "keypoint": keypoints if image_size is None else _pixels(keypoints, image_size, clip.name),
        "subject": clip.subject,
        "view": clip.view,
    }
    if clip.scores is not None:
        entry["keypoint_score"] = clip.scores[:persons]
    elif clip.layout.dimensions == 2:
        entry["keypoint_score"] = keypoints.any(axis=-1).astype(np.float32)
    if image_size is not None:
        entry["img_shape"] = entry["original_shape"] = (image_size[1], image_size[0])
    return entry


def _pixels(keypoints: FloatArray, image_size: Size, name: str) -> FloatArray:
    half, seen = np.array(image_size, np.float32) / 2, np.abs(keypoints[keypoints.any(axis=-1)])
    middle = float(np.median(seen)) if len(seen) else 0.0
    if middle > _FAR:
        raise InputError(
            f"the coordinates of clip {name!r} are no shares of half an image",
            given=f"half of them are {middle:.4g} or more away from its middle",
            allowed="-1 to 1, and little more",
            hint="leave the image size out if they are pixels already",
        )
    return np.where(keypoints.any(axis=-1, keepdims=True), (keypoints + 1) * half, np.float32(0))


def _entries(entry: dict[str, Any]) -> Iterator[bytes]:
    yield pickle.EMPTY_DICT + pickle.MARK
    for name, value in entry.items():
        yield _plain(name)
        yield from _array(value) if isinstance(value, np.ndarray) else [_plain(value)]
    yield pickle.SETITEMS


def _plain(value: object) -> bytes:
    """The program that makes a plain value: a pickle without its first opcode and its last.

    Protocol 3 numbers what it remembers from 0 in each of them, so that they may follow each other in one pickle.
    """
    return pickle.dumps(value, 3)[2:-1]


def _array(array: FloatArray) -> Iterator[bytes]:
    """The program that makes an array of float32; its bytes stand in the file as they are.

    NumPy 2 would write the new name of its module, which NumPy 1 does not know; the old one is known to both.
    """
    content = np.ascontiguousarray(array, dtype="<f4").tobytes()
    yield _call("numpy.core.multiarray\n_reconstruct", _name("numpy\nndarray"), _plain((0,)), _plain(b"b"))
    yield pickle.MARK + _plain(1) + _plain(array.shape)
    yield _call("numpy\ndtype", _plain("f4"), _plain(False), _plain(True))
    state = (3, "<", None, None, None, -1, -1, 0)
    yield _plain(state) + pickle.BUILD
    yield _plain(False) + pickle.BINBYTES8 + len(content).to_bytes(8, "little")
    yield content
    yield pickle.TUPLE + pickle.BUILD


def _name(qualified: str) -> bytes:
    return pickle.GLOBAL + qualified.encode() + b"\n"


def _call(function: str, *arguments: bytes) -> bytes:
    return _name(function) + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE
