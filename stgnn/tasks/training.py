"""LightningCLI with our defaults: short class names, the layout linked from the data, results under ``runs/``."""

import json
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import jsonargparse
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, ProgressBar
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities import rank_zero_only

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.networks import check_run_checkpoint
from stgnn.tasks import continuing
from stgnn.tasks.adasgn import AdaSGNTask
from stgnn.tasks.base import BaseTask, run_folder
from stgnn.tasks.classification import ClassificationTask
from stgnn.tasks.levels import MultiLevelTask
from stgnn.tasks.predictions import every_clip, write_predictions
from stgnn.tasks.quiet import PlainBar, quiet
from stgnn.tasks.run_recipe import RecipeCallback, Text, parsed_recipe
from stgnn.tasks.running import check_held_out
from stgnn.tasks.sgn import SGNTask
from stgnn.tasks.sparse import SparseTask
from stgnn.tasks.supernet import SupernetTask

__all__ = [
    "AdaSGNTask",
    "ClassificationTask",
    "MultiLevelTask",
    "SGNTask",
    "SparseTask",
    "SupernetTask",
    "TrainingCLI",
    "train",
]  # tasks are found once imported

RUNS = "runs"
CHECKPOINT_HINT = "--ckpt_path runs/NAME/version_N/checkpoints/last.ckpt"


class TrainingCLI(LightningCLI):
    """One command: ``fit``, ``validate``, ``test`` or ``predict``.

    Args:
        arguments: The command line from the word on.
        name: What the run is called: its results lie in ``runs/<name>/version_<n>/``.
        text: Writes a recipe out.
    """

    predictions: Path | None = None  # the table that predict has written

    def __init__(self, arguments: Sequence[str], name: str, text: Text) -> None:
        silent = {"exit_on_error": False}
        self.text = text
        self.start: Mapping[str, Any] = {}  # what the checkpoint says that the run starts from
        self.rows_before: list[dict[str, Any]] = []  # of the table of metrics
        self.claimed: Path | None = None  # the folder of this run
        self.version: str | int | None = None  # what the recipe calls it
        with self._number_given_back():
            super().__init__(
                BaseTask,
                SkeletonDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                save_config_callback=RecipeCallback,
                save_config_kwargs={"text": text},
                seed_everything_default=0,
                auto_configure_optimizers=False,
                trainer_defaults={
                    "default_root_dir": RUNS,
                    "logger": _csv_logger(name),
                    "enable_model_summary": False,  # it lists metrics as if they were layers
                },
                parser_kwargs={**silent, **{word: {**silent, "print_config": None} for word in self.subcommands()}},
                args=list(arguments),
            )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """Commands, each with the arguments of the Trainer's method that are not the user's: we show the results."""
        return {word: {*skipped, "verbose"} for word, skipped in LightningCLI.subcommands().items()}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The data say what the body is and which classes there are."""
        parser.link_arguments("data.layout", "model.init_args.layout", apply_on="instantiate")
        parser.link_arguments(
            "data.class_names", "model.init_args.class_names", compute_fn=list, apply_on="instantiate"
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse a list without the warning that it is not ``sys.argv``: the recipes in it have been resolved."""
        self.config = parser.parse_args(args if isinstance(args, list) else None)

    def _parse_ckpt_path(self) -> None:
        """Refuse a checkpoint that is missing or damaged; ours carry no arguments, the recipe has them.

        Raises:
            InputError: it is, or it is one of Lightning's words for a file, which it would look for in the new run's
                folder, or there is none and something untrained would be scored.
        """
        config = self.config[self.config.subcommand]
        path, start = config.get("ckpt_path"), config.get("model.init_args.init_from")
        if path in ("best", "last", "hpc", "registry"):
            raise InputError("ckpt_path is the path of a file", given=path, hint=CHECKPOINT_HINT)
        if path is not None:
            self.start = check_run_checkpoint(path)
        elif start is None and self.config.subcommand != "fit":
            raise InputError("there are no trained weights to score", hint=CHECKPOINT_HINT)

    def before_instantiate_classes(self) -> None:
        """A training of the same recipe goes on in its own folder; any other run gets a new one."""
        config, logger = self.config[self.config.subcommand], self._table()
        if logger is None:
            return
        runs = Path(logger.save_dir, logger.name or "")
        if self.config.subcommand == "fit" and (folder := self._begun_before(runs)) is not None:
            logger.version, self.rows_before = folder.name, continuing.rows_before(folder, self.start)
            self.save_config_callback = None  # the recipe lies there
        elif not config.trainer.fast_dev_run and getattr(rank_zero_only, "rank", 0) == 0:
            self.claimed = continuing.claimed(runs, logger.version)
            self.version, logger.version = logger.version, self.claimed.name

    def _begun_before(self, runs: Path) -> Path | None:
        """The folder of the run that this training continues, if any; a warning when it might be meant to."""
        config = self.config["fit"]
        recipe = self.text(parsed_recipe(self._parser("fit"), config))
        if config.ckpt_path is None:
            continuing.warn_of_stopped_run(runs, recipe)
            return None
        return continuing.continued(config.ckpt_path, runs, recipe)

    def instantiate_classes(self) -> None:
        """The recipe that is kept does not say which number the run was given: it can be repeated."""
        super().instantiate_classes()
        if self.claimed is not None and (logger := self._table()) is not None:
            logger.version = self.version

    def _table(self) -> jsonargparse.Namespace | None:
        """Arguments of the logger that writes a table, if the run has no other."""
        logger = self.config[self.config.subcommand].trainer.logger
        csv = isinstance(logger, jsonargparse.Namespace) and str(logger.class_path).endswith(".CSVLogger")
        return logger.init_args if csv else None

    def before_fit(self) -> None:
        """Go on with the table of metrics, which the logger begins anew."""
        logger = self.trainer.logger
        if self.rows_before and isinstance(logger, CSVLogger) and self.trainer.is_global_zero:
            logger.experiment.metrics.extend(self.rows_before)
            logger.save()

    def before_validate(self) -> None:
        """Refuse to score nothing.

        Raises:
            InputError: no clips are held out.
        """
        if isinstance(self.datamodule, SkeletonDataModule):
            check_held_out(self.datamodule)

    def after_fit(self) -> None:
        """Refuse a training that was over before it began.

        Raises:
            InputError: the run has had all of its epochs.
        """
        if isinstance(self.model, BaseTask) and not self.model.began:
            hint = "raise --trainer.max_epochs (or max_steps)"
            given = f"epoch {self.trainer.current_epoch} of {self.trainer.max_epochs}"
            raise InputError("there is nothing left to train", given=given, hint=hint)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Keep the latest weights in ``last.ckpt``, and show a bar, unless the recipe brings its own."""
        config: Mapping[str, Any] = self._get(self.config_init, "trainer", default={})
        callbacks = config.get("callbacks") or []
        callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
        own = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
        if not own and config.get("enable_checkpointing") is not False:
            callbacks.append(
                ModelCheckpoint(filename="last", enable_version_counter=False, save_on_train_epoch_end=True)
            )
        bar = any(isinstance(callback, ProgressBar) for callback in callbacks)
        if not bar and config.get("enable_progress_bar") is not False:
            callbacks.append(PlainBar())
        return super().instantiate_trainer(**kwargs, callbacks=callbacks)

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Checkpoints are read as plain data unless the command line says otherwise."""
        arguments = super()._prepare_subcommand_kwargs(subcommand)
        silent = {"verbose": False} if subcommand in ("validate", "test") else {}
        return {**arguments, **silent, "weights_only": arguments.get("weights_only") is not False}

    def _run_subcommand(self, subcommand: str) -> None:
        """Carry out the command; Lightning leaves the program on Ctrl-C, we say how to go on."""
        try:
            super()._run_subcommand(subcommand)
        except SystemExit as leave:
            if not self.trainer.interrupted:
                raise
            kept = self.checkpoint
            again = "nothing was kept" if subcommand == "fit" else "the same command starts it again"
            go_on = kept and continuing.resume_command(kept, run_folder(self.trainer))
            raise KeyboardInterrupt(f"{subcommand} stopped; {f'to continue: {go_on}' if go_on else again}") from leave

    @contextmanager
    def _number_given_back(self) -> Iterator[None]:
        """A run that ends early, with at most its recipe, takes no number: other recipes name ``version_0``."""
        try:
            yield
        except BaseException:
            folder = self.claimed
            if folder is not None and {path.name for path in folder.glob("*")} <= {continuing.RECIPE}:
                rmtree(folder, ignore_errors=True)
            raise

    @property
    def checkpoint(self) -> Path | None:
        """The weights that the run has written, if any: Lightning names those that it started from as well."""
        callback = self.trainer.checkpoint_callback
        path = getattr(callback, "last_model_path", "") or getattr(callback, "best_model_path", "")
        if not path or self.config.subcommand != "fit":
            return None
        own = Path(getattr(callback, "dirpath", None) or "")
        return Path(path) if Path(path).parent.absolute() == own.absolute() else None

    def outcome(self) -> dict[str, Any]:
        """Plain data for people and machines: where the results lie, and the last metrics."""
        folder, wrote = run_folder(self.trainer), self.checkpoint
        metrics = {name: float(value) for name, value in sorted(self.trainer.callback_metrics.items())}
        return {
            **({} if folder is None else {"results": str(folder)}),
            **({} if wrote is None else {"checkpoint": str(wrote)}),
            **({} if self.predictions is None else {"predictions": str(self.predictions)}),
            **({"metrics": metrics} if metrics else {}),
        }

    def predict(self, datamodule: SkeletonDataModule, **arguments: Any) -> None:
        """Write the class probabilities of every clip of the store beside the results.

        Every process computes all of them, so that there is nothing to put together.
        """
        loader = every_clip(datamodule, self.trainer.strategy.root_device)
        datamodule.predict_dataloader = lambda: loader  # type: ignore[method-assign]
        batches = self.trainer.predict(**{**arguments, "datamodule": datamodule, "return_predictions": True})
        if self.trainer.is_global_zero:
            self.predictions = (run_folder(self.trainer) or Path(RUNS)) / "predictions.csv"
            write_predictions(batches or [], datamodule, self.predictions)


def train(word: str, name: str, recipe: Mapping[str, Any], flags: Sequence[str], text: Text) -> dict[str, Any]:
    """Carry out one command.

    Args:
        word: ``fit``, ``validate``, ``test`` or ``predict``.
        name: What the run is called.
        recipe: The resolved recipe.
        flags: Flags of the command line, which override the recipe.
        text: Writes a recipe out, as it is kept beside the results.

    Returns:
        Where the results lie, and the last metrics; nothing in any but the first of several processes.

    Raises:
        InputError: the parser refuses a value.
        KeyboardInterrupt: Ctrl-C; the message says how to go on.
    """
    arguments = [word, *(["--config", json.dumps(dict(recipe))] if recipe else []), *flags]
    try:
        with quiet():
            done = TrainingCLI(arguments, name, text)
    except InputError:
        raise
    except jsonargparse.ArgumentError as error:
        raise InputError(" ".join(str(error).split()), hint=f"stgnn {word} --help") from error
    # The Trainer has no error of its own for a setting that it cannot use: these are what it raises for one.
    except (ValueError, ImportError, ArithmeticError, NotImplementedError, MisconfigurationException) as error:
        if not _of_lightning(error):
            raise
        what = f"the Trainer refuses its settings: {' '.join(str(error).split())}"
        raise InputError(what, hint=f"change the keys under trainer; stgnn {word} --help lists them") from error
    return done.outcome() if done.trainer.is_global_zero else {}


def _of_lightning(error: BaseException) -> bool:
    """Whether Lightning itself raised the error, not a task or a data module that it runs."""
    frames = traceback.extract_tb(error.__traceback__)
    return "lightning" in Path(frames[-1].filename).parts


def _csv_logger(name: str) -> dict[str, Any]:
    return {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": RUNS, "name": name}}
