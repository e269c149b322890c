"""Several processes on one journal, and processes that die."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from optuna.trial import Trial, TrialState

from stgnn.search import Random, recovery
from stgnn.search.recovery import is_worked_on, recover, signature
from stgnn.search.study import load_evaluations, load_study

TOY = Path(__file__).with_name("toy.py")


def start(path, trials, seconds):
    return subprocess.Popen(
        [sys.executable, str(TOY), str(path), str(trials), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def evaluated(path):
    log = path.with_suffix(".evaluated")
    return log.read_text().split() if log.is_file() else []


def wait_for(worker, path, count):
    deadline = time.monotonic() + 30
    while len(evaluated(path)) < count and worker.poll() is None:
        assert time.monotonic() < deadline, "the worker does not get on"
        time.sleep(0.02)


def test_killed_and_started_again(toy, tmp_path, monkeypatch):
    # a worker may be killed before it has signed its trial
    monkeypatch.setattr("stgnn.search.recovery.NAMELESS_LEASE", timedelta(0))
    path = tmp_path / "s.journal"
    for finished in (4, 9):
        worker = start(path, 16, 0.1)
        wait_for(worker, path, finished)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    kept = load_evaluations(path, "toy")
    assert len(kept) >= 8
    done = toy.search(path, 16)
    assert [one for one in done if one.number in {two.number for two in kept}] == kept
    assert len(done) == 16 and len({one.architecture.digest for one in done}) == 16
    trials = load_study(path, "toy").trials
    assert not [trial for trial in trials if trial.state.name in ("RUNNING", "WAITING")]
    retried = [trial for trial in trials if "retry_of" in trial.user_attrs]
    assert all(trials[trial.user_attrs["retry_of"]].params == trial.params for trial in retried)
    assert all(trial.state.name == "COMPLETE" for trial in retried)
    proposed = [tuple(trial.params.items()) for trial in trials if trial.state.name == "COMPLETE"]
    assert len(set(proposed)) == len(proposed), "a restart repeats no proposal"


def test_two_workers_share_a_study(tmp_path):
    path = tmp_path / "s.journal"
    workers = [start(path, 20, 0.05) for _ in range(2)]
    assert [int(worker.communicate(timeout=60)[0]) >= 20 for worker in workers] == [True, True]
    trials = load_study(path, "toy").trials
    assert len({trial.user_attrs["worker"] for trial in trials}) == 2, "both have worked"
    assert set(Counter(evaluated(path)).values()) == {1}
    assert len(load_evaluations(path, "toy")) in (20, 21)


def test_whose_trial_is_it():
    def running(worker, age=timedelta(minutes=1)):
        attributes = {} if worker is None else {"worker": worker}
        return SimpleNamespace(user_attrs=attributes, datetime_start=datetime.now(UTC) - age)

    machine, process, started = signature().rsplit("/", 2)
    assert int(process) == os.getpid()
    assert not is_worked_on(running(signature())), "what this process has left behind"
    parent = f"{machine}/{os.getppid()}"
    assert not is_worked_on(running(f"{parent}/0")), "the number of a dead process, given to another one"
    assert not is_worked_on(running(f"{machine}/999999999/{started}"))
    assert is_worked_on(running("elsewhere/boot/1/2")) and not is_worked_on(
        running("elsewhere/boot/1/2", timedelta(hours=2))
    )
    assert is_worked_on(running(None, timedelta(seconds=1))) and not is_worked_on(running(None))


@pytest.fixture
def in_zone(monkeypatch):
    """Puts this process in a time zone."""

    def move(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be changed here")
@pytest.mark.parametrize("zone", ["EST5EDT", "America/New_York", "JST-9", "UTC"])
def test_the_age_of_a_trial_is_the_same_in_every_time_zone(toy, tmp_path, in_zone, zone):
    in_zone(zone)
    toy.search(tmp_path / "s.journal", 1)
    study = load_study(tmp_path / "s.journal", "toy")
    number, now = study.ask().number, datetime.now(UTC)
    trial = study.trials[number]
    assert is_worked_on(trial, now) and not is_worked_on(trial, now + timedelta(seconds=11))
    trial.user_attrs["worker"] = "elsewhere/boot/1/2"
    assert is_worked_on(trial, now + timedelta(minutes=59))
    assert not is_worked_on(trial, now + timedelta(minutes=61))


def test_what_was_queued_with_a_trial_is_not_lost_with_it(toy, tmp_path, monkeypatch):
    """Both ends of the space, then an end that is tried again, before their first gene is suggested."""
    path, space = tmp_path / "s.journal", toy.few()
    ends = [space.smallest().digest, space.largest().digest]
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(Trial, "suggest_categorical", _interrupted)
            with pytest.raises(KeyboardInterrupt, match="0 of 2"):
                toy.search(path, 2, Random(), toy.ToyEvaluator(space=space))
    found = toy.search(path, 2, Random(), toy.ToyEvaluator(space=space))
    assert sorted(one.architecture.digest for one in found) == sorted(ends)
    assert [trial.user_attrs.get("retry_of") for trial in load_study(path, "toy").trials] == [None, None, 0, 1, 2]


def _interrupted(*_):
    raise KeyboardInterrupt


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs a process table")
def test_a_living_process_is_recognised():
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        from stgnn.search.recovery import _started

        machine = signature().rsplit("/", 2)[0]
        trial = SimpleNamespace(
            user_attrs={"worker": f"{machine}/{other.pid}/{_started(other.pid)}"}, datetime_start=datetime.now(UTC)
        )
        assert is_worked_on(trial)
        other.kill()
        other.wait()
        assert not is_worked_on(trial)
    finally:
        other.kill()


def test_a_worker_that_was_taken_for_dead_goes_on(toy, tmp_path, monkeypatch):
    path, evaluator = tmp_path / "s.journal", toy.ToyEvaluator()
    accuracy, robbed = evaluator.accuracy, []

    def slow(architecture):
        if not robbed:
            robbed.append(load_study(path, "toy").get_trials(states=(TrialState.RUNNING,))[0].number)
            with monkeypatch.context() as elsewhere:
                elsewhere.setattr("stgnn.search.recovery.is_worked_on", lambda trial: False)
                recover(load_study(path, "toy"), evaluator.space)
        return accuracy(architecture)

    monkeypatch.setattr(evaluator, "accuracy", slow)
    assert len(toy.search(path, 6, evaluator=evaluator)) == 6
    trials = load_study(path, "toy").trials
    assert trials[robbed[0]].state.name == "FAIL"
    assert [trial.params for trial in trials if trial.user_attrs.get("retry_of") == robbed[0]] == [
        trials[robbed[0]].params
    ], "nothing is lost"


def test_machines_and_containers_of_one_name_are_told_apart(monkeypatch):
    own = signature()
    for change in ("_read", "_namespace"):
        recovery._machine.cache_clear()
        with monkeypatch.context() as there:
            there.setattr(recovery, change, lambda *_: "another")
            other = signature()
        recovery._machine.cache_clear()
        attributes = {"worker": other}
        trial = SimpleNamespace(user_attrs=attributes, datetime_start=datetime.now(UTC) - timedelta(minutes=1))
        assert other != own and is_worked_on(trial), "it may live: it is given up after an hour"
