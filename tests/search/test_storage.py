"""The lock of a journal: held against others, never against the process that holds it."""

import subprocess
import sys
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl")

from stgnn.search.storage import KernelLock  # noqa: E402  # it needs fcntl

TRY = """
import fcntl, os, sys
try:
    fcntl.flock(os.open(sys.argv[1], os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("held")
else:
    print("free")
"""


def seen_from_outside(path: Path) -> str:
    done = subprocess.run([sys.executable, "-c", TRY, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "study.journal"
    path.touch()
    return path


def test_it_keeps_others_out_until_it_is_given_back(journal: Path) -> None:
    lock = KernelLock(str(journal))
    lock.acquire()
    assert seen_from_outside(journal) == "held"
    lock.release()
    assert seen_from_outside(journal) == "free"


def test_a_lock_that_an_interruption_left_behind_is_taken_again(journal: Path) -> None:
    KernelLock(str(journal)).acquire()  # Ctrl-C came before it could be given back
    again = KernelLock(str(journal))
    again.acquire()
    again.release()
    assert seen_from_outside(journal) == "free"


def test_a_new_file_at_the_same_path_has_a_lock_of_its_own(journal: Path) -> None:
    lock = KernelLock(str(journal))
    lock.acquire()
    lock.release()
    journal.unlink()
    journal.touch()
    lock.acquire()
    assert seen_from_outside(journal) == "held"
    lock.release()
