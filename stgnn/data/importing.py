"""Foreign files -> a store on disk, with an account of what came in."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from stgnn.data.files import refuse_existing
from stgnn.data.image import Size, check_image_size
from stgnn.data.pixels import of_pixels
from stgnn.data.quality.summary import check_store
from stgnn.data.readers import FORMATS
from stgnn.data.readers.labels import read_labels
from stgnn.data.store import HEADER, SkeletonStore
from stgnn.data.writing import Progress, write_store
from stgnn.errors import InputError, did_you_mean
from stgnn.skeleton.layout import load_layout


def import_data(
    format: str,
    source: str | Path,
    output: str | Path,
    layout: str | Path | None = None,
    labels: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    image_size: Size | None = None,
) -> dict[str, Any]:
    """Read a data set in a foreign format and write it as a store, whole or not at all.

    An import that was stopped, by Ctrl-C or by a crash, is continued by the same call.

    Args:
        format: Name of a format: see `FORMATS`, or ``stgnn list formats``.
        source: The file or folder to read.
        output: The store to write.
        layout: A shipped layout or a layout file. None: what the reader finds in the source.
        labels: A CSV file with the labels of a source that holds none.
        overwrite: Whether an existing store may be replaced.
        progress: Told after each clip how many of how many are done.
        image_size: Width and height of the image of all clips, where two coordinates are pixels: they become shares of
            half of it, -1 to 1, as the readers do of sources that say the size. ``(1, 1)`` for shares of the whole.

    Returns:
        The summary of `check_store`; under ``left_out`` the number of clips that have no place in the store, by
        reason, and under ``remarks`` what the user should know of the source and the work, one sentence each.

    Raises:
        InputError: anything wrong with the arguments or the data; an existing output is left as it was.
        KeyboardInterrupt: Ctrl-C; the message says how to go on.
    """
    if format not in FORMATS:
        hint = did_you_mean(format, FORMATS) or "convert the data to the npz layout"
        raise InputError("there is no reader for this format", given=format, allowed=sorted(FORMATS), hint=hint)
    if not Path(source).exists():
        raise InputError(
            "the source does not exist", given=source, allowed=FORMATS[format].source, hint="check the path"
        )
    # Reading may take long: what is sure to fail at the end fails here.
    if image_size is not None:
        check_image_size(image_size)
    refuse_existing(Path(output), HEADER, overwrite)
    # Before anything is read, so that what changes meanwhile makes the next call another import.
    files = _digest([Path(source)] if labels is None else [Path(source), Path(labels)], Path(output))
    clips = FORMATS[format].open(
        Path(source),
        None if layout is None else load_layout(layout),
        None if labels is None else read_labels(Path(labels)),
    )
    if image_size is not None:
        clips = of_pixels(clips, image_size)
    identity = {
        "format": format,
        "source": str(Path(source).resolve()),
        "files": files,
        "beside": _digest(clips.beside, Path(output)),
        "image_size": image_size,
    }
    imported = write_store(clips, Path(output), overwrite, progress, identity)
    left_out = dict(sorted(Counter(clip.reason for clip in imported.left_out).items()))
    try:
        summary = check_store(imported.store)
    except KeyboardInterrupt as stop:
        said = f"the check was stopped; the store is complete: stgnn data check --store {output} checks it"
        raise KeyboardInterrupt(said) from stop
    return {**summary, "left_out": left_out, "remarks": list(imported.notes)}


def list_stores(folder: Path) -> list[dict[str, Any]]:
    """The stores under a folder as plain data: path, layout, number of clips and of classes.

    Raises:
        InputError: there is no such folder, or it holds a damaged store.
    """
    if not folder.is_dir():
        raise InputError("there is no such folder", given=folder, hint="stgnn data import writes stores")
    paths = (file.parent for file in sorted(folder.rglob(HEADER)))
    # An unfinished import is a hidden folder.
    seen = (path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    stores = ((path, SkeletonStore.open(path)) for path in seen)
    return [
        {"store": str(path), "layout": store.layout.name, "clips": len(store), "classes": len(store.class_names)}
        for path, store in stores
    ]


def _digest(paths: Sequence[Path], output: Path) -> str:
    """A digest of the names, sizes and times of files and of what lies in folders, the output excepted."""
    files = [file for path in paths for file in (sorted(_below(path, output)) if path.is_dir() else [path])]
    digest = hashlib.sha256()
    for file in files:
        stat = file.stat() if file.exists() else file.lstat()  # a link may lead nowhere
        digest.update(f"{file!s}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _below(folder: Path, output: Path) -> Iterator[Path]:
    """The files below a folder; what is hidden, as an unfinished import and its lock, does not count."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and Path(parent, name) != output]
        yield from (Path(parent, name) for name in names if not name.startswith("."))
