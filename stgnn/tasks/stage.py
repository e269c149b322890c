"""One stage of a training: it goes on where it was stopped, is evaluated, and says that it is done."""

import json
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.files import write_text
from stgnn.networks import check_run_checkpoint
from stgnn.progress import heading
from stgnn.tasks.base import BaseTask
from stgnn.tasks.predictions import every_clip, write_predictions
from stgnn.tasks.quiet import quiet, stoppable

RESULT = "result.json"  # what a stage that is done leaves
_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")  # what a ModelCheckpoint remembers


class _Keeper(ModelCheckpoint):
    """Remembers the best epoch also where the folder was moved since; Lightning would begin anew, and overwrite it."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from an earlier attempt, whose files lie where this one's do."""
        folder = Path(self.dirpath or "")
        here = {
            key: str(folder / Path(path).name) if path else path for key, path in state_dict.items() if key in _PATHS
        }
        best = {str(folder / Path(path).name): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict({**state_dict, **here, "best_k_models": best, "dirpath": self.dirpath})


def fit_stage(
    task: BaseTask,
    data: SkeletonDataModule,
    folder: Path,
    epochs: int,
    seed: int,
    precision: Literal["32-true", "bf16-mixed"] = "32-true",
    monitor: str | None = None,
    title: str | None = None,
) -> None:
    """Train, from where an earlier attempt was stopped; the best epoch is kept in ``best.ckpt``.

    Args:
        task: What is trained.
        data: The clips.
        folder: Where ``last.ckpt`` and ``best.ckpt`` are kept.
        epochs: Passes over the training clips.
        seed: Seed of what training draws.
        precision: Of the training, as the Trainer calls it.
        monitor: Metric that the best epoch is chosen by, the more the better; None takes the last.
        title: What is said before a bar is shown; None shows neither.

    Raises:
        InputError: the checkpoint of the earlier attempt is damaged.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    pl.seed_everything(seed, verbose=False)
    keeper = _Keeper(
        folder,
        "best",
        monitor=monitor if len(data.splits()["val"]) else None,
        mode="max",
        save_last=True,
        enable_version_counter=False,
        save_on_train_epoch_end=True,
    )
    last = folder / "last.ckpt"
    if last.is_file():
        check_run_checkpoint(last)
    if title is not None:
        heading(title)
    with quiet():
        trainer = pl.Trainer(
            devices=1,
            max_epochs=epochs,
            precision=precision,
            logger=False,
            callbacks=[keeper],
            enable_model_summary=False,
            num_sanity_val_steps=0,
            enable_progress_bar=title is not None,
            default_root_dir=folder,
        )
        with stoppable("training stopped; the same command goes on from the last epoch"):
            trainer.fit(task, datamodule=data, ckpt_path=last if last.is_file() else None, weights_only=True)


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
    with quiet():
        batches = trainer.predict(task, every_clip(data, trainer.strategy.root_device))
    write_predictions(batches or [], data, path)


def finish(folder: Path, result: Any) -> None:
    """Say that a stage is done, and let go of what continues it."""
    write_text(folder / RESULT, json.dumps(result, indent=2))
    for name in ("last.ckpt", "best.ckpt"):
        (folder / name).unlink(missing_ok=True)
