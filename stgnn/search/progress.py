"""What a search shows while it runs."""

from collections.abc import Sequence
from types import TracebackType

import numpy as np
from optuna.trial import FrozenTrial
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from stgnn.search.pareto import front_order
from stgnn.search.trial import is_feasible


class SearchProgress:
    """A progress bar: architectures done, time left, size of the front and its best accuracy, in 80 columns."""

    def __init__(self, title: str, total: int, shown: bool) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[front]}"),
            console=Console(stderr=True),  # standard output is for results
            disable=not shown,
        )
        self._task = self._bar.add_task(title, total=total, front="")
        self._shown = shown

    def __enter__(self) -> "SearchProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, done: Sequence[FrozenTrial]) -> None:
        """Show the trials that are finished."""
        if not self._shown:
            return
        self._bar.update(self._task, completed=len(done), front=_front(done))


def _front(done: Sequence[FrozenTrial]) -> str:
    values = np.array([one.values for one in done if is_feasible(one)])
    if not len(values):
        return ""
    front = values[front_order(values)]
    return f"front of {len(front)}, up to {front[-1, 0]:.1%}"
