"""What every task shares: optimiser, learning-rate schedule, metrics, scoring of clips, and what a checkpoint says."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassConfusionMatrix

from stgnn.data.batches import Batch, Draw, keyed_seed
from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError, check_between
from stgnn.files import csv_text, write_text
from stgnn.networks.checkpoint import KEY
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture
from stgnn.tasks.continuing import TRAINED, trained, version_folder
from stgnn.tasks.metrics import scores
from stgnn.tasks.precision import warn_of_slow_bfloat16
from stgnn.tasks.schedule import drop_steps, parameter_groups, schedule
from stgnn.tasks.seen import SEEN, check_unseen, seen


def clip_logits(logits: Tensor, batch: Batch) -> Tensor:
    """Logits (N, classes) of the clips of a batch: the mean over those of their bodies (B, classes), in float32."""
    scores, clips = logits.float(), len(batch.label)
    total = scores.new_zeros(clips, scores.shape[1]).index_add(0, batch.clip, scores)
    bodies = scores.new_zeros(clips).index_add(0, batch.clip, scores.new_ones(len(batch.clip)))
    return total / bodies.clamp(min=1)[:, None]


def distillation_loss(logits: Tensor, teacher: Tensor) -> Tensor:
    """KL(teacher || student) at temperature 1, averaged over clips, in float32; both (N, classes).

    No gradient reaches the teacher.
    """
    target = functional.log_softmax(teacher.detach().float(), dim=-1)
    return functional.kl_div(
        functional.log_softmax(logits.float(), dim=-1), target, log_target=True, reduction="batchmean"
    )


def copied_state(module: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers of a module as they are now, on the CPU; training on leaves them as they are."""
    return {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}


def run_folder(trainer: Trainer) -> Path | None:
    """Where a run keeps its results: the folder of the first logger's version, the same that holds the checkpoints."""
    if not trainer.loggers or trainer.loggers[0].save_dir is None:
        return None
    logger = trainer.loggers[0]
    return version_folder(Path(str(logger.save_dir)) / str(logger.name), logger.version)


def _named(key: str, value: Any) -> str:
    """An entry of a checkpoint for a message: a layout or a space by its name, an architecture as one line."""
    if key == "architecture" and value is not None:
        return str(Architecture.from_dict(value))
    return str(value["name"]) if isinstance(value, dict) and "name" in value else str(value)


class BaseTask(LightningModule, ABC):
    """A network under training.

    Batches come from :class:`stgnn.data.SkeletonDataModule`; a clip is scored by the mean logits of its bodies.

    Args:
        layout: The skeleton layout, or its name. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        optimizer: ``AdamW``, ``Adam`` (whose weight decay is an L2 loss), or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases, batch norms and other one-dimensional parameters never decay.
        warmup: Share of all steps over which the learning rate rises; afterwards it follows a cosine to 5 %.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth, instead of the cosine: shares of the run below 1, epochs
            from 1 on.
    """

    network: nn.Module
    unready: InputError | None = None  # what to say when it is to be scored before it is trained
    began = False  # whether it has trained in this process
    planned_steps = 0  # optimiser steps of the whole schedule

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        optimizer: Literal["AdamW", "Adam", "SGD"] = "AdamW",
        learning_rate: float = 2e-3,
        weight_decay: float = 5e-4,
        warmup: float = 0.1,
        label_smoothing: float = 0.1,
        milestones: Sequence[float] = (),
    ) -> None:
        super().__init__()
        if len(class_names) < 2:
            raise InputError("a recogniser needs at least two classes", given=list(class_names))
        check_between(0, weight_decay=weight_decay, milestones=min(milestones, default=0.0))
        if not 0 <= warmup <= 1 or not 0 <= label_smoothing < 1 or not 0 < learning_rate < math.inf:
            raise InputError(
                "wrong training arguments",
                given=f"warmup {warmup}, label_smoothing {label_smoothing}, learning_rate {learning_rate}",
                allowed="warmup 0 to 1, label_smoothing 0 to below 1, learning_rate above 0",
            )
        self.layout = load_layout(layout)
        self.class_names = tuple(class_names)
        self.optimizer_name, self.learning_rate, self.weight_decay = optimizer, learning_rate, weight_decay
        self.warmup, self.label_smoothing, self.milestones = warmup, label_smoothing, tuple(milestones)
        self.test_metrics = self.metrics("test_")
        self.confusion = MulticlassConfusionMatrix(self.num_classes)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def metrics(self, prefix: str) -> MetricCollection:
        """Top-1, top-5, mean class accuracy and calibration error."""
        return scores(self.num_classes, prefix)

    def classification_loss(self, logits: Tensor, label: Tensor) -> Tensor:
        """Cross-entropy with label smoothing in float32; logits (N, classes), label (N,)."""
        return functional.cross_entropy(logits.float(), label, label_smoothing=self.label_smoothing)

    def log_step(self, loss: Tensor, batch: Batch, **others: Tensor | float) -> None:
        """Log the loss of a training step, and whatever else; the progress bar has room for the loss alone."""
        self.log("train_loss", loss, prog_bar=True, batch_size=len(batch.label))
        self.log_dict(others, batch_size=len(batch.label))

    @abstractmethod
    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch, as the finished network gives them."""

    def on_fit_start(self) -> None:
        """Warn of half precision where it is slower."""
        warn_of_slow_bfloat16(str(self.trainer.precision), self.device)

    def on_train_start(self) -> None:
        """Training makes a network ready to be scored."""
        self.unready, self.began = None, True
        self._seed = torch.initial_seed()

    def on_train_epoch_start(self) -> None:
        """Make what an epoch draws (dropout) a function of seed and epoch, so that a resumed run repeats."""
        torch.manual_seed(keyed_seed(Draw.DROPOUT, self._seed, self.current_epoch, self.global_rank))

    def on_train_epoch_end(self) -> None:
        """Stop where there is nothing left to save; the weights of the epoch before stay in the checkpoint.

        Raises:
            InputError: a weight is not a finite number.
        """
        for name, weight in self.named_parameters():
            if not torch.isfinite(weight).all():
                raise InputError(
                    f"the training diverged in epoch {self.current_epoch}",
                    given=f"NaN or infinity in {name}",
                    hint="train with a smaller learning_rate; what was saved before this epoch stays",
                )

    def on_validation_start(self) -> None:
        """Refuse to score what a training is to begin with; before a training it is only tried out.

        Raises:
            InputError: the network was taken out of a supernet, or is of other classes, and was not trained since.
        """
        if self.unready is not None and self.trainer.state.fn != "fit":
            raise self.unready

    on_test_start = on_predict_start = on_validation_start

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the test split."""
        self.count_tested(self.score(batch), batch)

    def count_tested(self, logits: Tensor, batch: Batch) -> None:
        """Count what logits (N, classes) say of the clips of a batch of the test split."""
        self.confusion.update(logits, batch.label)
        self.log_scores(self.test_metrics, logits, batch)

    def log_scores(self, metrics: MetricCollection, logits: Tensor, batch: Batch) -> None:
        """Update metrics of an epoch with the logits (N, classes) of the clips of a batch, and log them."""
        metrics.update(logits, batch.label)
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=len(batch.label))

    def on_test_epoch_end(self) -> None:
        """Write the confusion matrix beside the results: one row for each true class."""
        counts = self.confusion.compute().tolist()
        self.confusion.reset()
        if (folder := self.own_folder()) is not None:
            rows = ([name, *row] for name, row in zip(self.class_names, counts, strict=True))
            write_text(folder / "confusion.csv", csv_text(["true class", *self.class_names], rows))

    def predict_step(self, batch: Batch, batch_idx: int) -> tuple[Tensor, Tensor]:
        """Store indices (N,) and class probabilities (N, classes) of one batch."""
        return batch.index, self.score(batch).softmax(dim=-1)

    def own_folder(self) -> Path | None:
        """Where this process writes results of the run: of several processes only the first does."""
        return run_folder(self.trainer) if self.trainer.is_global_zero else None

    def trainable(self) -> nn.Module:
        """What holds the parameters that the optimiser changes."""
        return self.network

    def groups(self) -> list[dict[str, Any]]:
        """What the optimiser trains, in groups of one weight decay and one learning rate."""
        return parameter_groups(self.trainable(), self.weight_decay)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """One optimiser and one schedule over the whole run."""
        groups = self.groups()
        optimizer: torch.optim.Optimizer
        if self.optimizer_name == "SGD":
            optimizer = torch.optim.SGD(groups, lr=self.learning_rate, momentum=0.9, nesterov=True)
        else:
            kind = torch.optim.Adam if self.optimizer_name == "Adam" else torch.optim.AdamW
            optimizer = kind(groups, lr=self.learning_rate)
        steps = self.trainer.estimated_stepping_batches
        if steps in (-1, math.inf):
            raise InputError(
                "the learning-rate schedule needs an end", hint="set trainer.max_epochs or trainer.max_steps"
            )
        self.planned_steps = planned = int(steps)
        drops = drop_steps(self.milestones, planned, self.trainer.max_epochs)
        scheduler = LambdaLR(optimizer, lambda step: schedule(step, planned, self.warmup, drops))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights are, for the ``stgnn`` entry of a checkpoint."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make a checkpoint readable without this class, and let it say how far it came and which clips it has seen."""
        entry = self.describe()
        how_far = {TRAINED: trained(self.global_step, self.planned_steps)}
        entry["extra"] = {**entry["extra"], **how_far, **self.clips_seen()}
        checkpoint[KEY] = entry

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of something else.

        Raises:
            InputError: another space, architecture, layout or set of classes, or not a checkpoint of ours; or weights
                that may have seen the clips that are to be scored.
        """
        there, here = checkpoint.get(KEY), self.describe()
        if not isinstance(there, dict):
            raise InputError("this is not a checkpoint of stgnn", hint="give a file written by fit")
        different = sorted(key for key in {*there, *here} - {"extra"} if there.get(key) != here.get(key))
        if different:
            raise InputError(
                f"the checkpoint was made with another {' and another '.join(different)}",
                given=[f"{key}: {_named(key, there.get(key))}" for key in different],
                allowed=[f"{key}: {_named(key, here.get(key))}" for key in different],
                hint="use the recipe that the checkpoint was trained with; it lies beside it",
            )
        if (data := self._data()) is not None and (word := self.trainer.state.fn) in ("validate", "test"):
            check_unseen(there.get("extra", {}), data, "test" if word == "test" else "val")
        self.unready = None

    def clips_seen(self) -> dict[str, Any]:
        """What a checkpoint says of the clips it was trained on; nothing where the Trainer was given mere loaders."""
        data = self._data()
        return {} if data is None else {SEEN: seen(data)}

    def _data(self) -> SkeletonDataModule | None:
        """The clips that the Trainer has given to this task, if any."""
        data = getattr(self._trainer, "datamodule", None)
        return data if isinstance(data, SkeletonDataModule) else None
