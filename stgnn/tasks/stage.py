"""One stage of a training of several: goes on where it was stopped, is evaluated, says that it is done."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch.callbacks import ModelCheckpoint

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.data.loader import ClipLoader
from stgnn.files import write_text
from stgnn.networks import check_run_checkpoint
from stgnn.tasks.base import BaseTask
from stgnn.tasks.predictions import write_predictions
from stgnn.tasks.quiet import quiet, stoppable

RESULT = "result.json"  # what a stage that is done leaves


@dataclass(frozen=True)
class Attempt:
    """How a stage is trained.

    Attributes:
        epochs: Passes over the training clips.
        folder: Where ``last.ckpt`` and ``best.ckpt`` are kept.
        monitor: Metric that the best epoch is chosen by, the more the better; None takes the last.
        seed: Seed of what training draws.
        progress: Whether a bar is shown.
    """

    epochs: int
    folder: Path
    monitor: str | None
    seed: int
    progress: bool


def fitted(task: BaseTask, data: SkeletonDataModule, attempt: Attempt) -> pl.Trainer:
    """Train, from where an earlier attempt was stopped; the best epoch is kept in ``best.ckpt``.

    Raises:
        InputError: the checkpoint of the earlier attempt is damaged.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    pl.seed_everything(attempt.seed, verbose=False)
    keeper = ModelCheckpoint(
        attempt.folder,
        "best",
        monitor=attempt.monitor if len(data.splits()["val"]) else None,
        mode="max",
        save_last=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    last = attempt.folder / "last.ckpt"
    if last.is_file():
        check_run_checkpoint(last)
    with quiet():
        trainer = pl.Trainer(
            max_epochs=attempt.epochs,
            logger=False,
            callbacks=[keeper],
            enable_model_summary=False,
            num_sanity_val_steps=0,
            enable_progress_bar=attempt.progress,
            default_root_dir=attempt.folder,
        )
        with stoppable("training stopped; the same command goes on from the last epoch"):
            trainer.fit(task, datamodule=data, ckpt_path=last if last.is_file() else None, weights_only=True)
    return trainer


def evaluated(trainer: pl.Trainer, task: BaseTask, data: SkeletonDataModule) -> dict[str, float]:
    """Metrics on the validation clips, and, once, on the test clips."""
    figures: dict[str, float] = {}
    with quiet():
        if len(data.splits()["val"]):
            trainer.validate(task, datamodule=data, verbose=False)
            figures |= {key: float(value) for key, value in trainer.callback_metrics.items()}
        trainer.test(task, datamodule=data, verbose=False)
    return figures | {key: float(value) for key, value in trainer.callback_metrics.items()}


def predict(trainer: pl.Trainer, task: BaseTask, data: SkeletonDataModule, path: Path) -> None:
    """Write the class probabilities of every clip of the store."""
    clips = data.clips(trainer.strategy.root_device)
    loader = ClipLoader(clips, np.arange(len(clips)), data.batch_size, data.frames)
    with quiet():
        batches = trainer.predict(task, loader)
    write_predictions(batches or [], data, path)


def finish(folder: Path, result: Any) -> None:
    """Say that a stage is done, and let go of what continues it."""
    write_text(folder / RESULT, json.dumps(result, indent=2))
    for name in ("last.ckpt", "best.ckpt"):
        (folder / name).unlink(missing_ok=True)
