"""Foreign files -> a store on disk, and an account of what is in a store."""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.files import refuse_existing
from stgnn.data.readers import READERS
from stgnn.data.store import HEADER, SkeletonStore
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout


def import_data(
    format: str, source: str | Path, output: str | Path, layout: str | Path | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Read a data set in a foreign format and write it as a store, whole or not at all.

    Args:
        format: Name of a reader: `npz`, `nw-ucla`.
        source: The file or folder to read.
        output: The store to write.
        layout: A shipped layout or a layout file. None: what the reader finds in the source.
        overwrite: Whether an existing store may be replaced.

    Returns:
        The summary of `check_store`.

    Raises:
        InputError: anything wrong with the arguments or the data; an existing output is left as it was.
    """
    if format not in READERS:
        close = get_close_matches(format, READERS, n=1, cutoff=0.3)
        hint = f"did you mean {close[0]}?" if close else "convert the data to the npz layout"
        raise InputError("there is no reader for this format", given=format, allowed=sorted(READERS), hint=hint)
    if not Path(source).exists():
        raise InputError("the source does not exist", given=source, hint="check the path")
    # Reading may take long: what is sure to fail at the end fails here.
    refuse_existing(Path(output), HEADER, overwrite)
    body = None if layout is None else load_layout(layout)
    store = READERS[format](Path(source), body)
    store.save(output, overwrite)
    return check_store(store)


def list_stores(folder: Path) -> list[dict[str, Any]]:
    """The stores under a folder as plain data: path, layout, number of clips and of classes.

    Raises:
        InputError: there is no such folder, or it holds a damaged store.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", given=folder, hint="stgnn data import writes stores")
    stores = ((path.parent, SkeletonStore.open(path.parent)) for path in sorted(folder.rglob(HEADER)))
    return [
        {"store": str(path), "layout": store.layout.name, "clips": len(store), "classes": len(store.class_names)}
        for path, store in stores
    ]


def check_store(store: SkeletonStore) -> dict[str, Any]:
    """What is in a store, and what may be wrong with it, as plain data.

    Returns:
        Counts of clips by class, subject, view and split, the lengths, and under ``problems`` the number of frames
        with NaN or infinity, of frames and joints that are all zero, of empty bodies, of clips with a single frame, of
        classes without a clip, and for each protocol of training clips that its test split repeats.
    """
    lengths, counts = store.lengths, np.bincount(store.labels, minlength=len(store.class_names)).tolist()
    return {
        "clips": len(store),
        "frames": int(lengths.sum()),
        "persons": store.keypoints.shape[1],
        "layout": store.layout.name,
        "joints": store.layout.num_joints,
        "coordinates": store.layout.dimensions,
        "scores": store.scores is not None,
        "classes": dict(zip(store.class_names, counts, strict=True)),
        "subjects": _counts(store.subjects.tolist()),
        "views": _counts(store.views.tolist()),
        "splits": {name: len(indices) for name, indices in sorted(store.splits.items())},
        "lengths": {"min": int(lengths.min()), "median": float(np.median(lengths)), "max": int(lengths.max())},
        "problems": _problems(store),
    }


def _problems(store: SkeletonStore) -> dict[str, Any]:
    finite = np.isfinite(store.keypoints).all(axis=(1, 2, 3))
    seen = (store.keypoints != 0).any(axis=-1)  # (sum_T, M, V)
    bodies = seen.any(axis=-1)  # (sum_T, M)
    present = np.logical_or.reduceat(bodies, store.offsets[:-1], axis=0)  # (n, M)
    counts = np.bincount(store.labels, minlength=len(store.class_names))
    return {
        "frames_not_finite": int((~finite).sum()),
        "frames_all_zero": int((~bodies.any(axis=1)).sum()),
        "joints_zero": int((~seen & bodies[..., np.newaxis]).sum()),
        "bodies_empty": int((~present).sum()),
        "clips_of_one_frame": int((store.lengths == 1).sum()),
        "classes_without_clips": [name for name, count in zip(store.class_names, counts, strict=True) if count == 0],
        "train_clips_repeated_in_test": {protocol: _repeated(store, protocol) for protocol in store.protocols},
    }


def _repeated(store: SkeletonStore, protocol: str) -> int:
    train, test = store.split(protocol)
    tested = {_content(store, index) for index in test}
    return sum(_content(store, index) in tested for index in train)


def _content(store: SkeletonStore, index: int) -> bytes:
    return store.keypoints[store.offsets[index] : store.offsets[index + 1]].tobytes()


def _counts(values: list[int]) -> dict[str, int]:
    return {str(value): count for value, count in sorted(Counter(values).items()) if value >= 0}
