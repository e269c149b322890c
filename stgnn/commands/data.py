"""The words about data: import, check, export, list."""

from pathlib import Path
from typing import Any


def data_import(
    format: str,
    source: Path,
    output: Path,
    layout: str | Path | None = None,
    labels: Path | None = None,
    overwrite: bool = False,
    image_size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Read a data set in a foreign format and write it as a store; a stopped import is continued by the same command.

    Args:
        format: Name of a format (stgnn list formats).
        source: File or folder to read.
        output: Store to write.
        layout: A shipped layout or a layout file; what the source says when left out.
        labels: CSV table (clip, label, subject, view, split) for sources that hold coordinates only.
        overwrite: Whether an existing store may be replaced.
        image_size: Width and height in pixels of the image of coordinates in two dimensions, where the source does not
            say it: pixels become shares of half the image.

    Returns:
        What is in the store, what was left out, and what may be wrong with it.
    """
    from stgnn.data import import_data
    from stgnn.progress import counting

    with counting("clips") as advance:
        return import_data(format, source, output, layout, labels, overwrite, advance, image_size)


def data_check(store: Path, output: Path | None = None) -> dict[str, Any]:
    """Say what is in a store and what may be wrong with it; the exit status is 3 when something surely is.

    Args:
        store: Folder of the store.
        output: Page to write, with pictures; no page when left out.

    Returns:
        Counts, lengths and findings.
    """
    from stgnn.data import SkeletonStore, check_store

    opened = SkeletonStore.open(store)
    summary = check_store(opened)
    if output is None:
        return summary
    from stgnn.report.data_page import write_data_page

    return {**summary, "page": str(write_data_page(output, opened, summary))}


def data_export(
    format: str, store: Path, output: Path, overwrite: bool = False, image_size: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Write a store in the format of another tool.

    Args:
        format: pyskl, an annotation pickle that PYSKL and MMAction2 read.
        store: Folder of the store.
        output: File to write.
        overwrite: Whether an existing file may be replaced.
        image_size: Width and height in pixels of the image that coordinates in two dimensions lie in.

    Returns:
        Clips, splits and bytes of the file.
    """
    from stgnn.data.exporting import export_data

    return {"output": str(output), **export_data(format, store, output, overwrite, image_size)}


def data_list(folder: Path = Path("data")) -> list[dict[str, Any]]:
    """List the stores of a folder.

    Args:
        folder: Where to look.

    Returns:
        Path, layout, clips and classes of each store.
    """
    from stgnn.data import list_stores

    return list_stores(folder)
