"""A store in the making: arrays of frames that grow, and a journal of the clips that they hold for certain.

The journal is a text file. Its first line says what is being imported; each further line lists some clips, and is
written once their frames are safe on the disk. Whatever the arrays hold beyond the last whole line is cut off when the
work is taken up again.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import Any

from stgnn.data.growing import GrowingArray
from stgnn.data.index import ClipIndex, Entry
from stgnn.data.readers.source import LeftOut
from stgnn.data.validation import FloatArray
from stgnn.errors import InputError

JOURNAL = ".journal"
FLUSH_BYTES, FLUSH_SECONDS = 8 << 20, 5.0
"""What a killed process loses at most."""


class Draft:
    """The hidden folder of an import, and what is known of the clips in it.

    Args:
        folder: The folder.
        rows: Shape of a frame in each array, by file name.
        identity: What is being imported, as JSON types; a draft of anything else is thrown away.

    Attributes:
        index: The clips that are in.
        left_out: The clips that are not.
        note: What became of an earlier draft, in one sentence; empty if there was none.

    Raises:
        InputError: a link stands in the place of the folder.
    """

    def __init__(self, folder: Path, rows: Mapping[str, tuple[int, ...]], identity: Mapping[str, Any]) -> None:
        self.folder, self.index, self.note = folder, ClipIndex(), ""
        self.left_out: list[LeftOut] = []
        self._pending: dict[str, list[Any]] = {"clips": [], "left_out": []}
        self._bytes, self._flushed = 0, time.monotonic()
        self._journal = _open_journal(folder)
        try:
            self._load(rows, identity)
            self._arrays = {name: GrowingArray(folder / name, row, self.index.frames) for name, row in rows.items()}
        except BaseException:
            self._journal.close()
            raise

    @property
    def position(self) -> int:
        """Number of the next clip of the source."""
        return len(self.index) + len(self.left_out)

    def add(self, entry: Entry, frames: Mapping[str, FloatArray]) -> None:
        """Append the frames of a clip that the index has taken in, (T, ...) for each array."""
        for name, values in frames.items():
            self._arrays[name].append(values)
            self._bytes += values.nbytes
        self._pending["clips"].append(entry)
        self._flush_in_time()

    def leave_out(self, clip: LeftOut) -> None:
        """Remember a clip that has no place."""
        self.left_out.append(clip)
        self._pending["left_out"].append((clip.name, clip.reason))
        self._flush_in_time()

    def flush(self) -> None:
        """Make sure of every clip so far: first the frames, then the line of the journal that speaks of them."""
        for array in self._arrays.values():
            array.sync()
        # An interruption between these lines must not leave clips that the next line would count a second time.
        pending, self._pending = self._pending, {"clips": [], "left_out": []}
        self._write(pending)
        self._bytes, self._flushed = 0, time.monotonic()

    def finish(self) -> None:
        """Turn the files into arrays."""
        self.flush()
        for array in self._arrays.values():
            array.finish()

    def close(self) -> None:
        """Release the files."""
        with suppress(OSError):  # what could not be written is not in the journal
            for array in self._arrays.values():
                array.close()
        self._journal.close()

    def _flush_in_time(self) -> None:
        if self._bytes > FLUSH_BYTES or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def _write(self, record: Mapping[str, Any]) -> None:
        self._journal.write(json.dumps(record).encode() + b"\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())

    def _load(self, rows: Mapping[str, tuple[int, ...]], identity: Mapping[str, Any]) -> None:
        """Take up the clips of an earlier draft of the same import, or begin a new one."""
        wanted = json.loads(json.dumps(identity))
        records, ends = _records(self._journal)
        if records and records[0] == wanted:
            kept = self._take_up(records[1:], rows)
            self._journal.truncate(ends[kept])
            if self.position:
                self.note = f"continued after clip {self.position} of an unfinished import"
            return
        if records:
            self.note = "an unfinished import of something else to the same output was thrown away"
        self._clear()
        self._journal.truncate(0)
        self._write(wanted)

    def _clear(self) -> None:
        """Remove every file but the open journal."""
        for path in self.folder.iterdir():
            if path.name != JOURNAL:
                path.unlink()

    def _take_up(self, records: list[Any], rows: Mapping[str, tuple[int, ...]]) -> int:
        """The number of records whose frames are there."""
        sizes = {name: (self.folder / name).stat().st_size if (self.folder / name).is_file() else 0 for name in rows}
        for number, record in enumerate(records):
            entries = [Entry(*entry) for entry in record["clips"]]
            frames = self.index.frames + sum(entry.frames for entry in entries)
            if any(sizes[name] < GrowingArray.size(row, frames) for name, row in rows.items()):
                return number
            self.index.extend(entries)
            self.left_out.extend(LeftOut(*pair) for pair in record["left_out"])
        return len(records)


@contextmanager
def drafting(
    output: Path, rows: Mapping[str, tuple[int, ...]], identity: Mapping[str, Any], total: int
) -> Iterator[Draft]:
    """The draft of ``output``, beside it; it stays after an interruption or a full disk, and goes after wrong input.

    Args:
        output: The store to be; the caller holds the claim to it (`stgnn.data.files.claim`).
        rows: As for `Draft`.
        identity: As for `Draft`.
        total: Number of clips of the source, for the message.

    Raises:
        InputError: a link stands in the place of the draft.
        KeyboardInterrupt: Ctrl-C; the message says how to go on.
    """
    folder = output.parent / f".{output.name}.import"
    draft = Draft(folder, rows, identity)
    try:
        yield draft
    except KeyboardInterrupt:
        draft.flush()
        message = f"import stopped after {draft.position} of {total} clips; the same command continues"
        raise KeyboardInterrupt(message) from None
    except InputError:
        draft.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        draft.close()


def _open_journal(folder: Path) -> BufferedRandom:
    """The journal, open for reading and appending."""
    if folder.is_symlink():
        raise InputError("a link stands where the import is drafted", given=folder, hint="remove it")
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / JOURNAL).open("a+b")


def _records(journal: BufferedRandom) -> tuple[list[Any], list[int]]:
    """The whole lines of a journal, and where in the file each of them ends."""
    journal.seek(0)
    records: list[Any] = []
    ends: list[int] = []
    for line in journal:
        try:
            record = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            record = None
        if not isinstance(record, dict):
            break
        records.append(record)
        ends.append((ends[-1] if ends else 0) + len(line))
    return records, ends
