"""Imports damaged sources of every format: ``python -m tests.data.readers.fuzz FORMAT TRIALS`` limits its memory.

A trial is a function of the format and its number, so that one that fails can be repeated alone.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from stgnn.data.readers import FORMATS
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from tests.data.readers.mutations import mutate

GIBIBYTE = 1 << 30
SECONDS = 10.0
"""What one small file may take at most."""
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "pickle.find_class",
)
MOVES = ("os.rename", "os.symlink", "os.link")
CHANGES = (*MOVES, "os.mkdir", "os.remove", "os.rmdir", "os.chmod")

Writer = Callable[[Path, np.random.Generator], tuple[Path, list[SkeletonSequence]]]


class Watch:
    """Collects what Python does to files outside a folder, and whether it starts anything; see `the_watch`."""

    def __init__(self) -> None:
        self.allowed: Path | None = None
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event in FORBIDDEN:
            self.seen.append(f"{event}{arguments}")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self._note(event, arguments[0])
        # What comes last is the folder that a path is relative to, if there is one: so a tree is removed.
        elif event in CHANGES and arguments[-1] == -1:
            for path in arguments[: 2 if event in MOVES else 1]:
                self._note(event, path)

    def _note(self, event: str, path: Any) -> None:
        if isinstance(path, str | bytes | os.PathLike) and self.allowed is not None:
            absolute = Path(os.fsdecode(path)).absolute()
            if self.allowed not in absolute.parents:
                self.seen.append(f"{event}: {absolute}")


@cache
def the_watch() -> Watch:
    """The only one of a process, as no hook can be taken back."""
    return Watch()


def writer(name: str) -> Writer:
    """The twin of a format: ``twin_<module>.write_<...>`` for the reader ``<module>:read_<...>``."""
    module, _, function = FORMATS[name].function.partition(":")
    return getattr(import_module(f"tests.data.readers.twin_{module}"), function.replace("read_", "write_", 1))


def damage(folder: Path, rng: np.random.Generator) -> list[str]:
    """Spoil one to three files under a folder; what was done to them."""
    done = []
    for _ in range(rng.integers(1, 4)):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            break
        file, other = (files[rng.integers(len(files))] for _ in range(2))
        kind = rng.random()
        if kind < 0.04 and len(files) > 1:
            file.unlink()
            done.append(f"{file.name} removed")
        elif kind < 0.08:
            shutil.copyfile(other, file.with_name(f"copy of {file.name}"))
            done.append(f"{other.name} copied beside {file.name}")
        elif kind < 0.12 and other != file:
            shutil.copyfile(other, file)
            done.append(f"{other.name} in place of {file.name}")
        else:
            content, what = mutate(file.read_bytes(), rng)
            file.write_bytes(content)
            done.append(f"{what}: {file.name}")
    return done


def trial(name: str, number: int, folder: Path) -> str:
    """Import one damaged source.

    Returns:
        What came of it: ``read`` or ``refused``.

    Raises:
        AssertionError: another error than InputError, too long, or something written outside the output.
    """
    rng = np.random.default_rng([crc32(name.encode()), number])
    given, output = folder / "given", folder / "output"
    given.mkdir(parents=True)
    output.mkdir()
    source, _ = writer(name)(given, rng)
    done = damage(given, rng)
    where = f"format {name}, trial {number} ({', '.join(done)})"
    watch = the_watch()
    watch.allowed, watch.seen = output, []
    start, result = time.monotonic(), "read"
    try:
        write_store(FORMATS[name].open(source), output / "store")
    except InputError:
        result = "refused"
    except Exception as error:
        raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
    finally:
        watch.allowed = None
    taken = time.monotonic() - start
    left = sorted(path.name for path in output.iterdir())
    assert not watch.seen, f"{where}: {watch.seen}"
    assert left == (["store"] if result == "read" else []), f"{where}: {left}"
    assert taken < SECONDS, f"{where}: {taken:.1f} s"
    return result


def run(name: str, trials: range) -> Counter[str]:
    """Run trials of one format; how many were read and how many were refused."""
    results = Counter[str]()
    for number in trials:
        with tempfile.TemporaryDirectory() as folder:
            results[trial(name, number, Path(folder))] += 1
    return results


def limit_memory(more: int) -> None:
    """Let this process have so many bytes of address space more than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more,) * 2)


if __name__ == "__main__":
    format_name, count = sys.argv[1], int(sys.argv[2])
    run(format_name, range(1))  # imports what the reader needs
    limit_memory(GIBIBYTE)
    print(dict(run(format_name, range(count))))
