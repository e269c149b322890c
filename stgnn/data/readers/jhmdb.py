"""JHMDB (Jhuang et al., ICCV 2013), puppet joints, in either of the two forms in which they go around.

* The data set's own: ``<class>/<clip>/joint_positions.mat``, 21 classes. Its array ``pos_world`` (2, 15, T) is read,
  which the authors have centred and scaled; y points down. Protocols ``1``, ``2`` and ``3`` come from the lists
  ``<class>_test_split<k>.txt`` in a folder ``splits`` or an archive ``splits.zip`` in or beside the source, with
  lines ``<clip>.avi 1`` (training) or ``2`` (test).
* That of DD-Net (Yang et al., 2019): ``GT_train_<k>.pkl`` and ``GT_test_<k>.pkl``; see
  :mod:`~stgnn.data.readers.jhmdb_pickles`.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from stgnn.data.readers.common import files_of, folder_of, read_lines, refuse_labels, split_pair, the_layout
from stgnn.data.readers.jhmdb_pickles import PICKLES, read_jhmdb_pickles
from stgnn.data.readers.matlab import read_mat
from stgnn.data.readers.small import clip_of, to_floats
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    *("brush_hair", "catch", "clap", "climb_stairs", "golf", "jump", "kick_ball", "pick", "pour", "pullup", "push"),
    *("run", "shoot_ball", "shoot_bow", "shoot_gun", "sit", "stand", "swing_baseball", "throw", "walk", "wave"),
)
LIST_LIMIT = 1 << 20
"""Largest list, and all lists of an archive together, in bytes."""

_LIST = re.compile(r"(\w+)_test_split([0-9])\.txt")

Sides = Mapping[str, Mapping[str, int]]
"""By protocol and clip name ``<class>/<clip>``: 1 is training, 2 test."""


def read_jhmdb(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of either form.

    Args:
        source: The folder ``joint_positions``, or the folder of the pickles.
        layout: The body. None: `jhmdb15`, which has the joint order of the files.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a class that JHMDB does not have, damaged lists, or labels.
    """
    refuse_labels(labels, "jhmdb")
    body = the_layout(layout, "jhmdb15")
    if any(source.glob(PICKLES)):
        return read_jhmdb_pickles(source, body)
    files = files_of(source, "**/joint_positions.mat")
    index = sorted((_label(file), file.parent.name, file) for file in files)
    sides = _read_sides(source)
    missing = "the protocols need splits.zip, or its folder splits, of the data set in or beside the source"
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(index),
        persons=1,
        clips=lambda start: (_clip(file, label, body) for label, _, file in index[start:]),
        splits=lambda store: _splits(store, sides),
        notes=() if sides else (missing,),
    )


def _label(file: Path) -> int:
    name = file.parent.parent.name
    if name not in CLASSES:
        raise InputError(f"{file} is of no class of JHMDB", given=name, allowed=CLASSES)
    return CLASSES.index(name)


def _clip(file: Path, label: int, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    positions = read_mat(file, "pos_world")
    if positions.ndim != 3 or positions.shape[:2] != (2, 15):
        raise InputError(f"the array pos_world of {file} is wrong", given=positions.shape, allowed="(2, 15, frames)")
    keypoints = positions.transpose(2, 1, 0)[np.newaxis]  # (C, V, T) -> (1, T, V, C)
    return clip_of(to_floats(keypoints), label, layout, f"{CLASSES[label]}/{file.parent.name}")


def _read_sides(source: Path) -> Sides:
    sides: dict[str, dict[str, int]] = {}
    for name, lines in _lists(source):
        match = _LIST.fullmatch(name)
        for number, line in enumerate(lines if match else (), start=1):
            clip, _, side = line.strip().rpartition(" ")
            if side not in ("1", "2"):
                raise InputError(f"line {number} of {name} is wrong", given=line[:80], allowed="<clip>.avi 1, or 2")
            assert match is not None
            sides.setdefault(match[2], {})[f"{match[1]}/{clip.removesuffix('.avi')}"] = int(side)
    return sides


def _lists(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Name and lines of every list of the splits."""
    for folder in (source, folder_of(source)):
        if (folder / "splits").is_dir():
            for file in files_of(folder / "splits", "*.txt"):
                yield file.name, read_lines(file, "a list of JHMDB", LIST_LIMIT)
            return
        if (folder / "splits.zip").is_file():
            yield from _archived(folder / "splits.zip")
            return


def _archived(archive: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        with zipfile.ZipFile(archive) as file:
            members = file.infolist()
            size = sum(member.file_size for member in members)
            if size > LIST_LIMIT:
                raise InputError(f"{archive} is too large for lists", given=f"{size} bytes", allowed=LIST_LIMIT)
            for member in members:
                path = PurePosixPath(member.filename)
                if path.is_absolute() or ".." in path.parts:
                    raise InputError(f"{archive} holds a file that leads out of it", given=member.filename[:80])
                if _LIST.fullmatch(path.name):
                    _check_compression(member, archive)
                    with file.open(member) as stream:
                        yield path.name, stream.read(LIST_LIMIT).decode("utf-8").splitlines()
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{archive} is not a whole archive", given=error, hint="copy it again") from error


def _check_compression(member: zipfile.ZipInfo, archive: Path) -> None:
    """Refuse what `zipfile` cannot unpack a bounded part of."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        given = f"{member.filename[:80]}, compression {member.compress_type}"
        hint = "unpack it to a folder splits"
        raise InputError(f"{archive} is packed in an unusual way", given=given, allowed="stored, deflate", hint=hint)


def _splits(store: SkeletonStore, sides: Sides) -> dict[str, IntArray]:
    splits: dict[str, IntArray] = {}
    for protocol, clips in sorted(sides.items()):
        side = np.array([clips.get(name, 0) for name in store.names])
        splits |= split_pair(protocol, side == 1, side == 2)
    return splits
