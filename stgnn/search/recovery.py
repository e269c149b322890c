"""Who works on a trial, and what becomes of the trials of a worker that died."""

import os
import socket
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from stgnn.space import Space

FOREIGN_LEASE = timedelta(hours=1)  # after this a running trial of another host is given up
NAMELESS_LEASE = timedelta(seconds=10)  # a worker signs its trial right after creating it


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _started(process: int) -> str:
    """When a process began, in ticks since boot: a number is given to another process sooner or later."""
    fields = _read(f"/proc/{process}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


@cache
def _machine() -> str:
    """This host, since this boot; machines and containers may share a name, so that it alone names no host."""
    host = f"{socket.gethostname()}-{_read('/etc/machine-id').strip()[:8]}-{_namespace()}"
    return f"{host}/{_read('/proc/sys/kernel/random/boot_id').strip()}"


def _namespace() -> str:
    """Within which the numbers of processes mean something."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def signature() -> str:
    """Names this process for as long as it lives, on this host, since this boot."""
    process = os.getpid()
    return f"{_machine()}/{process}/{_started(process)}"


def is_worked_on(trial: FrozenTrial, now: datetime | None = None) -> bool:
    """Whether another process is still at a running trial; one of another host counts as dead after an hour."""
    now = now or datetime.now(UTC)
    age = now - (trial.datetime_start or now).astimezone(UTC)  # Optuna tells local time, without a zone
    signed = str(trial.user_attrs.get("worker", ""))
    if not signed:
        return age < NAMELESS_LEASE
    if signed == signature():
        return False  # this process does one trial at a time, so it has left that one behind
    machine, process, started = signed.rsplit("/", 2)
    host, own_host = machine.partition("/")[0], _machine().partition("/")[0]
    if host != own_host or os.name != "posix":
        return age < FOREIGN_LEASE
    return machine == _machine() and _exists(int(process)) and _started(int(process)) == started


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def give_up(study: Study, trial: FrozenTrial, space: Space, again: bool) -> bool:
    """Mark a running trial as failed and, when ``again``, queue its architecture for the next free worker.

    An architecture is known when every gene is, be it suggested or queued with the trial.
    The new trial starts from the parameters alone: Optuna would ignore constraints that a copied trial had set already.

    Returns:
        False when someone else has finished the trial in the meantime.
    """
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):
        return False
    known = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if again and all(gene.name in known for gene in space.genes):
        study.enqueue_trial(known, user_attrs={"retry_of": trial.number})
    return True


def recover(study: Study, space: Space) -> int:
    """Give up the running trials of dead workers and queue their architectures again; returns how many there were."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return sum(give_up(study, trial, space, again=True) for trial in running if not is_worked_on(trial))
