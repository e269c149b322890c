"""A `ClipSource` -> a store on disk: clip after clip, continued where a killed process was, whole or not at all."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data.draft import JOURNAL, Draft, drafting
from stgnn.data.files import claim, refuse_existing, replace_folder
from stgnn.data.index import lay, printable
from stgnn.data.readers.common import LARGEST_CLIP
from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import HEADER, KEYPOINTS, SCORES, VERSION, SkeletonStore
from stgnn.data.validation import FloatArray, check_class_names, check_finite
from stgnn.errors import InputError

Progress = Callable[[int, int], None]
"""Told how many clips of how many are done."""


@dataclass(frozen=True)
class Imported:
    """A store that was written from a source.

    Args:
        store: The store, opened.
        left_out: The clips of the source that have no place in it.
        notes: What the user should know about the work, one sentence each.
    """

    store: SkeletonStore
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()


def write_store(
    source: ClipSource,
    output: Path,
    overwrite: bool = False,
    progress: Progress | None = None,
    identity: Mapping[str, Any] | None = None,
) -> Imported:
    """Write the clips of a source as a store.

    Frames are appended to a hidden folder beside the output, ``.<output>.import``, and a journal says which clips are
    there. The folder takes the place of the output when everything is in it. After a crash, Ctrl-C or a full disk the
    same call continues after the last clip of the journal. Memory holds one clip and what the reader holds.

    Args:
        source: The clips.
        output: The store to be.
        overwrite: Whether an existing store may be replaced.
        progress: Told after each clip how many of how many are done.
        identity: What tells this import from another to the same output (format, path, time of the files), as plain
            data. An unfinished import of another identity is thrown away.

    Raises:
        InputError: the output exists or cannot be written, another process is writing it, two classes have one name, a
            clip is damaged or too large, or every clip is left out.
        KeyboardInterrupt: Ctrl-C; the message says how to go on.
    """
    check_class_names(_class_names(source))
    known = {**(identity or {}), **_identity(source)}
    with claim(output, HEADER, overwrite), drafting(output, _rows(source), known, source.count) as draft:
        _stream(source, draft, progress or (lambda done, total: None))
        _finish(source, draft)
        SkeletonStore.open(draft.folder)  # what cannot be opened must not replace what can
        refuse_existing(output, HEADER, overwrite)  # reading took its time
        replace_folder(draft.folder, output)
        (output / JOURNAL).unlink()
    notes = (draft.note,) if draft.note else ()
    return Imported(SkeletonStore.open(output), tuple(draft.left_out), (*notes, *source.notes))


def _rows(source: ClipSource) -> dict[str, tuple[int, ...]]:
    """Shape of a frame in each array of the store."""
    joints = (source.persons, source.layout.num_joints)
    scores = {SCORES: joints} if source.scored else {}
    return {KEYPOINTS: (*joints, source.layout.dimensions), **scores}


def _class_names(source: ClipSource) -> tuple[str, ...]:
    return tuple(map(printable, source.class_names))


def _identity(source: ClipSource) -> dict[str, Any]:
    """What makes two openings of a source the same, as far as the source itself knows."""
    return {
        "store_version": VERSION,
        "layout": source.layout.to_dict(),
        "classes": list(source.class_names),
        "clips": source.count,
        "persons": source.persons,
        "scored": source.scored,
        "notes": list(source.notes),
    }


def _stream(source: ClipSource, draft: Draft, progress: Progress) -> None:
    progress(draft.position, source.count)
    for item in _items(source, draft.position):
        if draft.position == source.count:
            raise _changed(source, "more clips than that")
        if isinstance(item, LeftOut):
            draft.leave_out(item)
        else:
            frames = _frames(item, source)
            draft.add(draft.index.add(item, source.layout), frames)
        progress(draft.position, source.count)
    if draft.position != source.count:
        raise _changed(source, f"{draft.position} clips")


def _items(source: ClipSource, start: int) -> Iterator[SkeletonSequence | LeftOut]:
    """The clips from ``start`` on; what the system says about the source is not said about the output."""
    try:
        yield from source.clips(start)
    except OSError as error:
        raise InputError("the source cannot be read", given=error, hint="check the disk and the permissions") from error


def _frames(clip: SkeletonSequence, source: ClipSource) -> dict[str, FloatArray]:
    """What the store holds of a clip: (T, M, V, C) and (T, M, V)."""
    if not 0 <= clip.label < len(source.class_names):
        allowed = f"0 to {len(source.class_names) - 1}, the {len(source.class_names)} classes"
        raise InputError(f"the label of clip {clip.name!r} is out of range", given=clip.label, allowed=allowed)
    if clip.keypoints.shape[0] > source.persons:
        given = f"{clip.keypoints.shape[0]} in clip {clip.name!r}"
        raise InputError("a clip has more bodies than its source announced", given=given, allowed=source.persons)
    _check_size(clip, source)
    frames = {KEYPOINTS: lay(clip.keypoints, source.persons)}
    if source.scored:
        if clip.scores is None:
            raise InputError(
                f"clip {clip.name!r} has no scores", allowed="scores in every clip of a source, or in none"
            )
        frames[SCORES] = lay(clip.scores, source.persons)
        ends = np.array([0, len(frames[SCORES])])
        check_finite(frames[SCORES][..., np.newaxis], ends, [clip.name], "scores")
    return frames


def _check_size(clip: SkeletonSequence, source: ClipSource) -> None:
    """Refuse a clip that memory should not hold in the form of the store, with room for the most bodies of any clip."""
    count = clip.keypoints.shape[1]
    size = 4 * count * math.prod(_rows(source)[KEYPOINTS])
    if size > LARGEST_CLIP:
        given = f"{count} frames with room for {source.persons} bodies: {size} bytes"
        hint = "cut the clip into shorter ones, or take away what has so many bodies"
        what = f"clip {clip.name!r} is too large for a store"
        raise InputError(what, given=given, allowed=f"{LARGEST_CLIP} bytes", hint=hint)


def _changed(source: ClipSource, given: str) -> InputError:
    hint = "the source changed while it was read: import it again"
    return InputError(
        "the source does not hold as many clips as it announced", given=given, allowed=source.count, hint=hint
    )


def _finish(source: ClipSource, draft: Draft) -> None:
    """Make the draft a whole store; the splits see its clips memory-mapped."""
    if not len(draft.index):
        reasons = sorted({clip.reason for clip in draft.left_out})
        raise InputError("no clip of the source can be used", given=reasons or "no clips", hint="check the source")
    draft.finish()
    arrays = {name: np.load(draft.folder / name, mmap_mode="r", allow_pickle=False) for name in _rows(source)}

    def store(splits: Mapping[str, Any]) -> SkeletonStore:
        return SkeletonStore(
            keypoints=arrays[KEYPOINTS],
            scores=arrays.get(SCORES),
            layout=source.layout,
            class_names=_class_names(source),
            splits={name: np.asarray(indices, dtype=np.int64) for name, indices in splits.items()},
            **draft.index.arrays(source.persons),
        )

    store(source.splits(store({}))).write_index(draft.folder)
