"""Training single SGN models, one or several on the same batches."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from torch import Tensor, nn
from torchmetrics import MetricCollection

from stgnn.data.batches import Batch, Draw, keyed_generator
from stgnn.errors import InputError, check_between
from stgnn.networks import SGN, save_checkpoint
from stgnn.networks.checkpoint import KEY, describe
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.tasks.base import BaseTask, clip_logits, copied_state, run_folder
from stgnn.tasks.branches import hold_still, single_name, turned_in_radians

AUTHORS_DROPS = (0.5, 0.75, 0.9167)  # epochs 60, 90 and 110 of 120


def _with_weights(model: SGN, state: Mapping[str, Tensor]) -> SGN:
    """A model like another one, with other weights."""
    other = deepcopy(model)
    other.load_state_dict(state)
    return other


class SGNTask(BaseTask):
    """Train single SGN models: every joint count with every size.

    Models that share a run see the same batches, which is cheaper than one run after the other; nothing else is
    shared, each has a loss of its own. The most expensive is the network of the task: it is what ``test`` and
    ``predict`` speak of and what the run's checkpoint holds. Every model is written to a checkpoint of its own,
    ``big-9.ckpt``, whenever its validation accuracy rises (at the end, where nobody is held out for validation). The
    run's checkpoint takes the best weights of all along: a run that goes on from it writes them first, into its own
    folder.

    The defaults are the authors' recipe for 120 epochs, except that biases and batch norms do not decay.

    Args:
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        joints: Joint counts; 0 takes every joint as it is, its count takes them through a learned matrix.
        sizes: Module sizes, the cheaper first.
        frames: T.
        stream: One of the four streams.
        width: Embedding width.
        dropout: Chance of a channel to be dropped in the temporal module.
        frozen_epochs: Epochs in which the joint matrices stay as they are (the authors': 30 of 120).
        models: Folder for the checkpoint of each model; that of the run when left out.
        authors: What to do as the authors' code does: ``z_in_radians`` turns training clips about z by -17 to 17
            radians, which were meant as degrees.
        seed: Seed of these turns.
        optimizer: ``AdamW``, ``Adam``, or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases and batch norms never decay.
        warmup: Share of all steps over which the learning rate rises.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth: shares of the run below 1, epochs from 1 on. None of
            them: a cosine.

    Raises:
        InputError: no model, or one that cannot be built for this layout.
    """

    network: SGN

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        joints: Sequence[int] = (0,),
        sizes: Sequence[str] = ("big",),
        frames: int = 20,
        stream: str = "joint",
        width: int = 64,
        dropout: float = 0.2,
        frozen_epochs: int = 0,
        models: str | Path | None = None,
        authors: Sequence[Literal["z_in_radians"]] = (),
        seed: int = 0,
        optimizer: Literal["AdamW", "Adam", "SGD"] = "Adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        warmup: float = 0.0,
        label_smoothing: float = 0.1,
        milestones: Sequence[float] = AUTHORS_DROPS,
    ) -> None:
        super().__init__(
            layout,
            class_names,
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            warmup=warmup,
            label_smoothing=label_smoothing,
            milestones=milestones,
        )
        check_between(0, frozen_epochs=frozen_epochs)
        self.frozen_epochs, self.models_folder = frozen_epochs, models
        self.authors, self.seed = tuple(authors), seed
        wanted = sorted((count or self.layout.num_joints, bool(count), count) for count in dict.fromkeys(joints))
        built = {
            single_name(size, count): SGN(
                self.layout,
                self.num_classes,
                frames=frames,
                joints=count,
                size=size,
                stream=stream,
                width=width,
                dropout=dropout,
            )
            for *_, count in wanted
            for size in sizes
        }
        if not built:
            raise InputError("there is no model to train", hint="give joints and sizes, one of each at least")
        self.names = tuple(built)
        self.network = built.pop(self.names[-1])
        self.others = nn.ModuleDict(built)
        self.val_metrics = nn.ModuleDict({name: self.metrics(self.prefix("val", name)) for name in self.names})
        self.test_of_others = nn.ModuleDict({name: self.metrics(self.prefix("test", name)) for name in self.others})
        self._kept: dict[str, dict[str, Any]] = {}  # what each file holds: weights, and what is told of them

    def prefix(self, split: str, name: str) -> str:
        """What the metrics of a model begin with: its name, which the most expensive goes without."""
        return f"{split}_" if name == self.names[-1] else f"{split}_{name.replace('-', '_')}_"

    @property
    def models(self) -> dict[str, SGN]:
        """Every model by its name, from cheap to dear."""
        found = {**dict(self.others.items()), self.names[-1]: self.network}
        return {name: model for name, model in found.items() if isinstance(model, SGN)}

    @property
    def best(self) -> dict[str, float]:
        """Validation accuracy of the models that were validated, when it was best."""
        return {name: kept["told"]["val_top1"] for name, kept in self._kept.items()}

    def trainable(self) -> nn.Module:
        """Every model is trained."""
        return nn.ModuleDict(self.models)

    def clip_scores(self, batch: Batch, model: SGN) -> Tensor:
        """Logits (N, classes) of the clips of a batch by one model."""
        return clip_logits(model(resample_frames(batch.bodies, model.frames)), batch)

    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch by the most expensive model."""
        return self.clip_scores(batch, self.network)

    def on_fit_start(self) -> None:
        """Write the models that an earlier part of the run found best."""
        super().on_fit_start()
        for name, kept in self._kept.items():
            self._write(name, _with_weights(self.models[name], kept["state"]), kept["told"])

    def on_train_epoch_start(self) -> None:
        """Hold the joint matrices, or let them go."""
        super().on_train_epoch_start()
        for model in self.models.values():
            hold_still([model.branch], matrices=self.current_epoch < self.frozen_epochs, modules=False)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The sum of the losses, of which each reaches one model."""
        if "z_in_radians" in self.authors:
            generator = keyed_generator(Draw.TURNS, self.seed, self.global_step)
            batch = batch._replace(bodies=turned_in_radians(batch.bodies, batch.clip, len(batch.label), generator))
        losses = [
            self.classification_loss(self.clip_scores(batch, model), batch.label) for model in self.models.values()
        ]
        total = sum(losses[1:], start=losses[0])
        self.log_step(total / len(losses), batch)
        return total

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the held-out training subjects by every model."""
        self._score_each(batch, self.val_metrics)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the test split by every model."""
        super().test_step(batch, batch_idx)
        self._score_each(batch, self.test_of_others)

    def _score_each(self, batch: Batch, metrics: nn.ModuleDict) -> None:
        for name, own in metrics.items():
            assert isinstance(own, MetricCollection)
            self.log_scores(own, self.clip_scores(batch, self.models[name]), batch)

    def on_validation_epoch_end(self) -> None:
        """Write the models that are better than before."""
        if self.trainer.sanity_checking or self.trainer.state.fn != "fit":
            return
        for name, metrics in self.val_metrics.items():
            assert isinstance(metrics, MetricCollection)
            top1 = float(metrics[f"{self.prefix('val', name)}top1"].compute())
            if top1 > self.best.get(name, -1.0):
                told = {"val_top1": top1, "epoch": self.current_epoch}
                self._kept[name] = {"told": told, "state": copied_state(self.models[name])}
                self._write(name, self.models[name], told)

    def on_train_end(self) -> None:
        """Write the models that were never validated."""
        for name in [name for name in self.names if name not in self.best]:
            self._write(name, self.models[name], {"epoch": self.current_epoch})

    def _write(self, name: str, model: SGN, told: Mapping[str, Any]) -> None:
        folder = self.models_folder or run_folder(self.trainer)
        if folder is not None and self.trainer.is_global_zero:
            told = {**self.clips_seen(), **told}
            save_checkpoint(Path(folder) / f"{name}.ckpt", model, self.class_names, told)

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights are: those of the most expensive model, and which others there are."""
        return describe(self.network, self.class_names, {"models": list(self.names)})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the best weights of every model along."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["best_models"] = self._kept

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of something else, of other models too.

        Raises:
            InputError: the checkpoint holds other models.
        """
        super().on_load_checkpoint(checkpoint)
        extra = checkpoint[KEY].get("extra", {})
        if tuple(extra.get("models", ())) != self.names:
            hint = "use the recipe that the checkpoint was trained with; it lies beside it"
            given = extra.get("models", "none that are named")
            raise InputError("the checkpoint holds other models", given=given, allowed=self.names, hint=hint)
        self._kept = dict(checkpoint.get("best_models", {}))
