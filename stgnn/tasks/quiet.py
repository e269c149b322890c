"""Keeps Lightning's own ways from people who came for their networks: its notices, and how it answers Ctrl-C.

Warnings that matter pass.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

LOGGERS = ("lightning.pytorch", "lightning.fabric")  # devices that were not asked for, advertisements, how loops end
NOISE = (
    r".*treespec.*",  # how Lightning uses torch
    r".*torchvision is not installed.*",
    r".*does not have many workers.*",  # batches are gathered by index: workers would only cost
    r".*dirpath has changed.*",
    r".*smaller than the logging interval.*",  # steps are counted over epochs: nothing is lost
    r".*Checkpoint directory .* exists and is not empty.*",  # a run that goes on
    r".*Experiment logs directory .* exists and is not empty.*",  # the same; its rows are kept
    r".*Total length of `list` across ranks is zero.*",  # nobody is held out for validation
    r"(?s).*deprecated in v4\.49.*",  # how Lightning uses jsonargparse
    r"(?s).*JSONARGPARSE_DEPRECATION.*",
)


class PlainBar(RichProgressBar):
    """Lightning's bar without the number of the version, which it prints with three decimals."""

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """What stands beside the bar."""
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's log below warnings, and the warnings that no user can do anything about."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in NOISE:
            warnings.filterwarnings("ignore", message=message)
        try:
            for logger in loggers:
                logger.setLevel(logging.WARNING)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def stoppable(message: str) -> Iterator[None]:
    """Lightning leaves the program on Ctrl-C; here Ctrl-C stays Ctrl-C.

    Args:
        message: How to go on.

    Raises:
        KeyboardInterrupt: instead of any SystemExit inside, with the message.
    """
    try:
        yield
    except SystemExit as leave:
        raise KeyboardInterrupt(message) from leave
