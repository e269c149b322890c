"""Damaged files of every format: read or refused with one clear message, in little time and memory, nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stgnn.data.readers import FORMATS
from tests.data.readers.fuzz import run, the_watch

ALL_TRIALS = 10_000
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    assert run(name, range(20)).total() == 20


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the memory accounting of Linux")
@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_damaged_files_stay_below_a_gibibyte(name: str) -> None:
    trials = -(-ALL_TRIALS // len(FORMATS))
    command = [sys.executable, "-m", "tests.data.readers.fuzz", name, str(trials)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if path)])}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]


def test_the_watch_sees_what_leaves_the_output(tmp_path: Path) -> None:
    watch = the_watch()
    watch.allowed, watch.seen = tmp_path / "output", []
    try:
        (tmp_path / "output").mkdir()
        (tmp_path / "output" / "inside").write_text("")
        assert watch.seen == [f"os.mkdir: {tmp_path / 'output'}"]
        (tmp_path / "output" / "inside").rename(tmp_path / "outside")
        (tmp_path / "outside").write_text("")
        assert [seen.partition(":")[0] for seen in watch.seen[1:]] == ["os.rename", "open"]
    finally:
        watch.allowed = None
