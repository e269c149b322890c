"""Two processes on the CPU (gloo) make the step of one process on the joined batch, batch norm frozen."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("ddp_step.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, difference in json.loads(done.stdout.strip().splitlines()[-1]).items():
        assert difference["moved"] > 1e-3, name
        assert difference["apart"] < 1e-4 * difference["moved"], (name, difference)
