"""Many clips as one contiguous array, in memory or memory-mapped from a folder of plain NumPy files."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stgnn.data import files
from stgnn.data.index import ClipIndex, lay
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import (
    FloatArray,
    IntArray,
    check_class_names,
    check_finite,
    check_labels,
    check_shapes,
    check_splits,
)
from stgnn.errors import InputError
from stgnn.files import read_json
from stgnn.skeleton.layout import SkeletonLayout

FORMAT = "stgnn-store"
VERSION = 1
HEADER = "store.json"
KEYPOINTS, SCORES, INDEX = "keypoints.npy", "scores.npy", "index.npz"
_AGAIN = "import the data again"


@dataclass(frozen=True, eq=False)
class SkeletonStore:
    """All frames of a data set, one after the other, and what is known of its n clips.

    Args:
        keypoints: Coordinates (sum of frames, M, V, C), a ``np.memmap`` when the store was opened from a folder.
            A joint that was not seen is exactly zero, and so is an empty body.
        offsets: Clip i is ``keypoints[offsets[i]:offsets[i + 1]]`` (n + 1,).
        labels: 0-based class of each clip (n,).
        class_names: Names of the classes.
        layout: The body.
        names: Name of each clip (n,).
        subjects: Who performs each clip, -1 if unknown (n,).
        views: The camera of each clip, -1 if unknown (n,).
        splits: Clip indices by ``<protocol>_train`` and ``<protocol>_test``.
        scores: Confidence of each joint (sum of frames, M, V), if there is one.
        present: Which bodies of each clip hold anything (n, M). None: found by reading every coordinate when asked for.

    Raises:
        InputError: the parts do not fit each other: shapes, an empty clip, labels, splits that overlap.
    """

    keypoints: FloatArray
    offsets: IntArray
    labels: IntArray
    class_names: tuple[str, ...]
    layout: SkeletonLayout
    names: tuple[str, ...]
    subjects: IntArray
    views: IntArray
    splits: Mapping[str, IntArray] = field(default_factory=dict)
    scores: FloatArray | None = None
    present: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        check_shapes(self)
        check_labels(self)
        check_splits(self)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> SkeletonSequence:
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)}")
        index %= len(self)
        frames = slice(self.offsets[index], self.offsets[index + 1])
        return SkeletonSequence(
            keypoints=self.keypoints[frames].swapaxes(0, 1),
            label=int(self.labels[index]),
            layout=self.layout,
            name=self.names[index],
            subject=int(self.subjects[index]),
            view=int(self.views[index]),
            scores=None if self.scores is None else self.scores[frames].swapaxes(0, 1),
        )

    @cached_property
    def lengths(self) -> IntArray:
        """Frames of each clip (n,)."""
        return np.diff(self.offsets)

    @cached_property
    def bodies(self) -> npt.NDArray[np.bool_]:
        """Which bodies of each clip hold anything (n, M)."""
        if self.present is not None:
            return self.present
        pairs = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return np.stack([(self.keypoints[first:last] != 0).any(axis=(0, 2, 3)) for first, last in pairs])

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names of the protocols: what stands before ``_train`` in the splits."""
        return tuple(sorted(name.removesuffix("_train") for name in self.splits if name.endswith("_train")))

    def split(self, protocol: str) -> tuple[IntArray, IntArray]:
        """Indices of the training and the test clips of a protocol.

        Raises:
            InputError: there is no such protocol.
        """
        if protocol not in self.protocols:
            splits = (
                "import it again with a split: a column of --labels TABLE.csv, or arrays of an .npz file; see README"
            )
            hint = f"--data.protocol {self.protocols[0]}" if self.protocols else splits
            raise InputError("the store has no such protocol", given=protocol, allowed=self.protocols, hint=hint)
        return self.splits[f"{protocol}_train"], self.splits[f"{protocol}_test"]

    @classmethod
    def from_sequences(
        cls,
        sequences: Sequence[SkeletonSequence],
        class_names: Sequence[str],
        splits: Mapping[str, npt.ArrayLike] | None = None,
        layout: SkeletonLayout | None = None,
    ) -> "SkeletonStore":
        """Lay clips one after the other; a clip of fewer persons than another gets empty bodies.

        Raises:
            InputError: no clips, clips of several layouts, or anything the constructor refuses.
        """
        if not sequences:
            raise InputError("there are no clips", hint="check that the source holds recordings")
        layout = layout or sequences[0].layout
        index = ClipIndex()
        for clip in sequences:
            index.add(clip, layout)
        persons = max(clip.keypoints.shape[0] for clip in sequences)
        scores = [lay(clip.scores, persons) for clip in sequences if clip.scores is not None]
        return cls(
            keypoints=np.concatenate([lay(clip.keypoints, persons) for clip in sequences]),
            class_names=tuple(class_names),
            layout=layout,
            splits={name: np.asarray(indices, dtype=np.int64) for name, indices in (splits or {}).items()},
            scores=np.concatenate(scores) if len(scores) == len(sequences) else None,
            **index.arrays(persons),
        )

    def check_finite(self) -> None:
        """Read every coordinate and score and refuse NaN and infinity.

        Raises:
            InputError: naming the first clip and frame.
        """
        check_finite(self.keypoints, self.offsets, self.names)
        if self.scores is not None:
            check_finite(self.scores[..., np.newaxis], self.offsets, self.names, "scores")

    def save(self, path: str | Path, overwrite: bool = False) -> None:
        """Write the store as a folder, whole or not at all.

        Raises:
            InputError: the folder exists (and is not a store, or ``overwrite`` is off), another process is writing it,
                two classes have one name, or a coordinate is not finite.
        """
        target = Path(path)
        files.refuse_existing(target, HEADER, overwrite)
        check_class_names(self.class_names)
        self.check_finite()
        with files.new_folder(target, HEADER, overwrite) as folder:
            np.save(folder / KEYPOINTS, np.ascontiguousarray(self.keypoints))
            if self.scores is not None:
                np.save(folder / SCORES, np.ascontiguousarray(self.scores))
            self.write_index(folder)

    def write_index(self, folder: Path) -> None:
        """Write everything but the arrays of frames, which the folder holds already."""
        np.savez(folder / INDEX, allow_pickle=False, **self._index())
        header = json.dumps(self._header(folder), indent=1, ensure_ascii=False)
        (folder / HEADER).write_text(header + "\n", encoding="utf-8")

    @classmethod
    def open(cls, path: str | Path) -> "SkeletonStore":
        """Map a saved store into memory; only the index is read.

        Raises:
            InputError: the folder is missing, not a store, of another version, or damaged.
        """
        folder = Path(path)
        header = _read_header(folder)
        try:
            scored = SCORES in header["bytes"]
            with np.load(folder / INDEX, allow_pickle=False) as index:
                arrays = {name: index[name] for name in index.files}
            return cls(
                keypoints=np.load(folder / KEYPOINTS, mmap_mode="r", allow_pickle=False),
                scores=np.load(folder / SCORES, mmap_mode="r", allow_pickle=False) if scored else None,
                layout=SkeletonLayout.from_dict(header["layout"]),
                class_names=tuple(header["class_names"]),
                names=tuple(str(name) for name in arrays.pop("names")),
                splits={
                    key.removeprefix("split_"): arrays.pop(key) for key in list(arrays) if key.startswith("split_")
                },
                **{key: arrays[key] for key in ("offsets", "labels", "subjects", "views")},
                present=arrays.get("present"),
            )
        except InputError as error:
            raise error.at(f"the store {folder} is damaged").advising(_AGAIN) from error
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InputError(f"the store {folder} is damaged", given=error, hint=_AGAIN) from error

    def _index(self) -> dict[str, npt.NDArray[Any]]:
        arrays: dict[str, npt.NDArray[Any]] = {f"split_{name}": indices for name, indices in self.splits.items()}
        return arrays | {
            "offsets": self.offsets,
            "labels": self.labels,
            "names": np.array(self.names),
            "subjects": self.subjects,
            "views": self.views,
            "present": self.bodies,
        }

    def _header(self, folder: Path) -> dict[str, Any]:
        names = (INDEX, KEYPOINTS) if self.scores is None else (INDEX, KEYPOINTS, SCORES)
        return {
            "format": FORMAT,
            "version": VERSION,
            "clips": len(self),
            "layout": self.layout.to_dict(),
            "class_names": list(self.class_names),
            "bytes": {name: (folder / name).stat().st_size for name in names},
        }


def _read_header(folder: Path) -> dict[str, Any]:
    """The checked content of ``store.json``, after comparing the size of every file with it."""
    if not (folder / HEADER).is_file():
        raise InputError(
            "there is no store here",
            given=folder,
            allowed=f"a folder with a file {HEADER}",
            hint="correct the path, which begins in this folder, or make one: stgnn data import --help",
        )
    header = read_json(folder / HEADER, "the description of a store")
    if not isinstance(header, dict) or header.get("format") != FORMAT or header.get("version") != VERSION:
        found = (header.get("format"), header.get("version")) if isinstance(header, dict) else type(header).__name__
        raise InputError(
            f"{folder / HEADER} does not describe a store of this version",
            given=found,
            allowed=f"{FORMAT}, version {VERSION}",
            hint=_AGAIN,
        )
    sizes = header.get("bytes")
    if not isinstance(sizes, dict):
        raise InputError(f"the store {folder} is damaged: {HEADER} names no files", given=sizes, hint=_AGAIN)
    for name, expected in sizes.items():
        size = (folder / name).stat().st_size if (folder / name).is_file() else 0
        if size != expected:
            raise InputError(
                f"the store {folder} is damaged: {name} is cut off or was changed",
                given=f"{size} bytes",
                allowed=f"{expected} bytes",
                hint=_AGAIN,
            )
    return header
