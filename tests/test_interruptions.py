"""Ctrl-C and kills: one line, exit status 130, finished work is kept, and the same command goes on from it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from stgnn.cli import main
from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.latency import load_device
from stgnn.networks import Supernet, save_checkpoint
from stgnn.search.study import load_evaluations
from stgnn.skeleton import load_layout
from stgnn.space import load_space
from stgnn.tasks.continuing import resume_command

ROOT = Path(__file__).parents[1]
DATA = "data: {class_path: SkeletonDataModule, init_args: {store: store, protocol: xsub, frames: 8, batch_size: 8}}\n"
SEARCH = f"supernet: supernet.ckpt\n{DATA}latency: Roofline\nstrategy: Random\nstudy: study.journal\n"
FIT = f"""
{DATA}
model: {{class_path: SupernetTask, init_args: {{space: tiny, calibration_clips: 4}}}}
trainer: {{max_epochs: 100000, accelerator: cpu, enable_progress_bar: false, check_val_every_n_epoch: 100000}}
"""
SPACE = """
name: little
streams: [joint]
frames: [4, 8]
joints: [0]
stems: [4]
stages: [{depths: [1], widths: [4, 8]}]
spatial: [JointMixer]
temporal: {TemporalConv: [3]}
"""
PATIENCE = 240.0  # seconds; a busy machine is slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store, a supernet that has learnt nothing, and recipes."""
    monkeypatch.chdir(tmp_path)
    rng, layout = np.random.default_rng(0), load_layout("kinect20")
    clips = [
        SkeletonSequence(rng.normal(size=(1, 6, 20, 3)), index % 3, layout, subject=index // 3 % 6)
        for index in range(24)
    ]
    splits = {"xsub_train": np.arange(18), "xsub_test": np.arange(18, 24)}
    SkeletonStore.from_sequences(clips, ["a", "b", "c"], splits, layout).save("store")
    save_checkpoint("supernet.ckpt", Supernet(load_space("tiny"), layout, 3), ["a", "b", "c"])
    for name, text in {"search.yaml": SEARCH, "fit.yaml": FIT, "space.yaml": SPACE}.items():
        Path(name).write_text(text)
    return tmp_path


def stopped(arguments: list[str], ready: Callable[[], bool], number: signal.Signals) -> tuple[int, str]:
    """Start a command, send it a signal once ``ready``; its exit status and what it said on standard error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stgnn", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )
    try:
        end = time.monotonic() + PATIENCE
        while not ready() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert not out.strip()
    return process.returncode, err


def one_line(err: str) -> str:
    """The one line that a stopped command leaves."""
    assert "Traceback" not in err
    assert err.count("stgnn: ") == 1, err
    return err.strip().splitlines()[-1]


def finished(study: str) -> int:
    """Trials that a journal says are complete."""
    path = Path(study)
    return path.read_text().count('"values":[') if path.is_file() else 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_search(folder: Path, capsys: pytest.CaptureFixture[str], stop: signal.Signals) -> None:
    command = ["search", "--config=search.yaml", "--trials=100000"]
    status, err = stopped(command, lambda: finished("study.journal") >= 3, stop)
    assert status == 130
    kept = load_evaluations("study.journal", "search")
    assert len(kept) >= 3
    assert f"{len(kept)} of 100000 architectures are kept; run the same command to continue" in one_line(err)
    assert main([*command[:2], f"--trials={len(kept) + 2}"]) == 0
    continued = load_evaluations("study.journal", "search")
    assert continued[: len(kept)] == kept and len(continued) == len(kept) + 2


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_fit(folder: Path, stop: signal.Signals) -> None:
    checkpoint = folder / "runs" / "fit" / "version_0" / "checkpoints" / "last.ckpt"
    status, err = stopped(["fit", "--config=fit.yaml"], checkpoint.is_file, stop)
    assert status == 130
    assert f"to continue: {resume_command(checkpoint.relative_to(folder))}" in one_line(err)
    epoch = torch.load(checkpoint, weights_only=True)["epoch"]
    more = ["--trainer.max_epochs", str(epoch + 2), "--trainer.check_val_every_n_epoch=1"]
    assert main(["fit", "--config=fit.yaml", f"--ckpt_path={checkpoint}", *more]) == 0


@pytest.mark.slow
def test_ctrl_c_in_a_profile(folder: Path) -> None:
    profile = ["profile", "--space=space.yaml", "--layout=kinect20", "--classes=3", "--output=device.json", "--quick"]
    status, err = stopped(profile, (folder / "device.json").is_file, signal.SIGINT)
    assert status == 130
    assert "the same command continues" in one_line(err)
    before = load_device("device.json")
    assert before.entries
    assert main([*profile, "--calibration=1"]) == 0
    after = load_device("device.json")
    assert (after.entries, after.date) == (before.entries, before.date) and len(after.networks) == 1


@pytest.mark.slow
def test_a_killed_quickstart_continues(folder: Path) -> None:
    command, output = ["quickstart", "--quick", "--output=quick"], Path("quick")
    status, _ = stopped(command, (output / "device.json").is_file, signal.SIGKILL)
    assert status == -signal.SIGKILL
    supernet, parts = (output / "supernet.ckpt").read_bytes(), load_device(output / "device.json").entries
    status, err = stopped(command, lambda: finished("quick/study.journal") >= 1, signal.SIGINT)
    assert status == 130
    assert "the same command continues" in one_line(err) or "run the same command" in one_line(err)
    evaluated = load_evaluations(output / "study.journal", "quickstart")
    assert main(command) == 0
    assert (output / "supernet.ckpt").read_bytes() == supernet
    assert load_device(output / "device.json").entries[: len(parts)] == parts
    assert load_evaluations(output / "study.journal", "quickstart")[: len(evaluated)] == evaluated
    assert json.loads((output / "summary.json").read_text())["trials"] == 4
    assert main(["extract", "--study=quick/study.journal", "--output=other.ckpt"]) == 0
    assert main(["search", "--config=quick/study.journal.quickstart.recipe.yaml", "--trials=6"]) == 0
    assert len(load_evaluations(output / "study.journal", "quickstart")) == 6
