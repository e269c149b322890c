"""Training without a command line: one short run of a task, quiet and for a fixed number of epochs."""

from collections.abc import Sequence
from pathlib import Path

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.files import read_kept, remade
from stgnn.tasks.base import BaseTask
from stgnn.tasks.quiet import quiet, stoppable

LARGEST_GRADIENT = 1.0  # its norm; a longer one is shortened


def train_quietly(
    task: BaseTask,
    data: SkeletonDataModule,
    epochs: int,
    seed: int | None = None,
    callbacks: Sequence[Callback] = (),
    validate: bool = False,
    progress: bool = False,
) -> pl.Trainer:
    """Train a task without logs and without checkpoints.

    Args:
        task: What is trained.
        data: The clips.
        epochs: Passes over the training clips.
        seed: Seed of what training draws (dropout); None: as it comes.
        callbacks: Callbacks of the Trainer.
        validate: Whether the held-out clips are scored after every epoch, for the callbacks.
        progress: Whether a bar is shown.

    Returns:
        The Trainer, for scoring.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    if seed is not None:
        pl.seed_everything(seed, verbose=False)
    with quiet():
        trainer = pl.Trainer(
            devices=1,
            max_epochs=epochs,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=progress,
            limit_val_batches=1.0 if validate else 0,
            num_sanity_val_steps=0,
            gradient_clip_val=LARGEST_GRADIENT,
            log_every_n_steps=1,  # nothing is logged: it only silences a warning about short runs
            callbacks=list(callbacks),
        )
        with stoppable("training stopped; run the same command to start it again"):
            trainer.fit(task, datamodule=data)
    return trainer


def check_held_out(data: SkeletonDataModule) -> None:
    """Refuse data without clips to choose by: the test split is no choice.

    Raises:
        InputError: nobody is held out for validation.
    """
    if not len(data.splits()["val"]):
        hint = "leave val_subjects out, and a fifth of the training subjects is held out"
        raise InputError("accuracy is that of held-out training subjects, and there are none", hint=hint)


def scorer() -> pl.Trainer:
    """A Trainer that validates and tests, without logs, files and bars."""
    with quiet():
        return pl.Trainer(
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )


def accuracy(task: BaseTask, data: SkeletonDataModule, split: str = "val") -> float:
    """Top-1 accuracy on the validation clips, or, for a final table, on the test clips.

    Args:
        task: Whose score is meant.
        data: The clips.
        split: ``val`` or ``test``.
    """
    with quiet():
        trainer = scorer()
        run = trainer.validate if split == "val" else trainer.test
        run(task, datamodule=data, verbose=False)
    return float(trainer.callback_metrics[f"{split}_top1"])


def kept_accuracy(path: Path) -> float:
    """The accuracy ``val_top1`` of a training that an earlier run of the same command has kept.

    Args:
        path: The JSON file of that training.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    kept = read_kept(path, ("val_top1",))
    score = kept["val_top1"] if isinstance(kept, dict) else kept
    if not isinstance(score, int | float) or not 0 <= score <= 1:
        with remade(path):
            raise InputError("this is no accuracy of a training", given=f"{path}: {score}", allowed="0 to 1")
    return float(score)
