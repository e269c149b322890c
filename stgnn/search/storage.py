"""Where studies live: a journal file, or any storage URL that Optuna knows."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from stgnn.errors import InputError
from stgnn.files import check_output, writing

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:")
LONGEST_LINE = 1 << 20  # bytes; a line holds one change of one trial


class KernelLock(JournalFileOpenLock):
    """A lock on the journal itself, which the operating system releases when its owner dies.

    Optuna's own locks are files that a killed process leaves behind; everyone else then waits half a minute. A process
    has one descriptor for each journal: a lock that Ctrl-C kept it from giving back is taken again, not waited for.
    """

    _descriptors: ClassVar[dict[tuple[int, str], int]] = {}

    def __init__(self, path: str) -> None:
        self._path, self._held = path, -1

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._held = self._descriptor()
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._held, fcntl.LOCK_UN)

    def _descriptor(self) -> int:
        key = (os.getpid(), self._path)  # a forked process shares descriptors, but shall not share locks
        known = self._descriptors.get(key)
        if known is not None and not _is_open_at(known, self._path):  # the journal was removed or replaced
            os.close(self._descriptors.pop(key))
            known = None
        if known is None:
            known = self._descriptors[key] = os.open(self._path, os.O_RDWR)
        return known


def _is_open_at(descriptor: int, path: str) -> bool:
    """Whether an open file is the one that now stands at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


class SwiftJournal(JournalFileBackend):
    """Optuna's journal file, forced to the disk once for each finished trial instead of once for each gene.

    What a killed process has written survives in any case; only a power cut could take the trial that was running.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_obj=_lock(path))
        self._path = path

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append one line for each change, all of them or none.

        Raises:
            InputError: the file cannot be written.
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with writing(self._path), _locked(self._path), self._path.open("ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                written = 0
                while written < len(lines):
                    written += file.write(lines[written:])
                if any("state" in log for log in logs):
                    os.fsync(file.fileno())
            except OSError:  # a full disk takes a part of a line, which would spoil what is appended later
                file.truncate(end)
                raise


def _lock(path: Path) -> JournalFileOpenLock:
    return JournalFileOpenLock(str(path)) if fcntl is None else KernelLock(str(path))


def open_storage(storage: str | Path, create: bool = False) -> BaseStorage:
    """Open a journal file by its path, or another storage by its URL.

    Args:
        storage: ``runs/study.journal``, ``sqlite:///study.db``, ``postgresql://...``.
        create: Whether the storage may be new and will be written to. Otherwise an existing one is only read.

    Raises:
        InputError: there is no such storage, it is not one of Optuna's, or it would keep nothing.
    """
    if "://" in str(storage):
        return _open_url(str(storage), create)
    path = Path(storage)
    if not create and not path.is_file():
        raise InputError("there is no study file here", given=path, hint="run a search first, or correct the path")
    if path.is_dir():
        raise InputError(
            "a study is a file, not a folder", given=path, hint="name a file in it, such as runs/study.journal"
        )
    if create:
        check_output(path)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _check_first_line(path, create)
        if create:
            drop_cut_line(path)
        return JournalStorage(SwiftJournal(path))
    except (ValueError, KeyError, AssertionError) as error:
        if isinstance(error, InputError):
            raise
        hint = "use another file, or a copy of this one from before"
        raise InputError("this study file is damaged", given=f"{path}: {error}", hint=hint) from error


def _open_url(url: str, create: bool) -> BaseStorage:
    if url in IN_MEMORY:
        hint = "name a file: sqlite:///study.db, or runs/study.journal"
        raise InputError("a study in memory ends with the command that makes it", given=url, hint=hint)
    if url.startswith("sqlite:///") and not create and not Path(url.removeprefix("sqlite:///")).is_file():
        raise InputError("there is no study file here", given=url, hint="run a search first, or correct the path")
    try:
        return optuna.storages.get_storage(url)
    except Exception as error:  # every database driver raises its own
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            "this storage cannot be opened",
            given=f"{url}: {reason}",
            allowed="a file, or a URL such as sqlite:///study.db",
        ) from error


def _check_first_line(path: Path, create: bool) -> None:
    """Refuse a file of another kind before anything is appended to it or read from it."""
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        first = file.readline(65536)
    try:
        known = "op_code" in json.loads(first)
    except (ValueError, TypeError):
        known = False
    if not known:
        hint = "use another file; this one is left as it is" if create else "name the file that stgnn search wrote"
        raise InputError("this file is not an Optuna journal", given=path, hint=hint)


def drop_cut_line(path: Path) -> None:
    """Remove an unfinished last line, as a power cut leaves it: it would make all later lines unreadable."""
    if not path.is_file():
        return
    with _locked(path), path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - LONGEST_LINE, 0))
        tail = file.read()
        keep = size - len(tail) + tail.rfind(b"\n") + 1
        if b"\n" in tail and keep < size:
            file.truncate(keep)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = _lock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def study_names(storage: str | Path) -> list[str]:
    """Names of the studies in a storage.

    Raises:
        InputError: there is no such storage.
    """
    return sorted(optuna.get_all_study_names(open_storage(storage)))


def load_study(storage: str | Path, study_name: str) -> optuna.Study:
    """Optuna's study of that name, to be read.

    Raises:
        InputError: there is no such storage, or no such study in it.
    """
    opened = open_storage(storage)
    names = optuna.get_all_study_names(opened)
    if study_name not in names:
        raise InputError("there is no study of this name", given=study_name, allowed=sorted(names))
    return optuna.load_study(study_name=study_name, storage=opened)
