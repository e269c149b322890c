"""Training the weight-sharing supernet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from stgnn.data.batches import Batch
from stgnn.errors import InputError
from stgnn.networks import Supernet
from stgnn.networks.checkpoint import describe
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import BaseArchitecture, Space, read_space
from stgnn.tasks.base import BaseTask, clip_logits, distillation_loss
from stgnn.tasks.cutting import BODIES, calibration_bodies
from stgnn.tasks.sampling import sample_architectures


class SupernetTask(BaseTask):
    """Train every architecture of a space at once: the sandwich rule with in-place distillation.

    Each step runs the largest architecture, the smallest, and a few sampled ones on the same batch. The largest learns
    from the labels, the others from its logits (BigNAS, arXiv:2003.11142); the losses are summed, there is one backward
    pass and one optimiser step. Batch norm runs on batch statistics; validation and search recalibrate it for each
    architecture.

    Differs from BigNAS: architectures are sampled uniformly in the logarithm of their cost, not uniformly over choices.

    Args:
        space: The search space: a shipped name, a file, plain data, or the object.
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        sampled: Architectures sampled in each step besides the largest and the smallest.
        distillation: Share of the loss of the smaller networks that comes from the largest one's logits; the rest comes
            from the labels.
        calibration_clips: Training clips that batch norm is recalibrated on before validation.
        seed: Seed of the sampling; what step s samples is a function of (seed, s).
        optimizer: ``AdamW``, ``Adam``, or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases and batch norms never decay.
        warmup: Share of all steps over which the learning rate rises.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth, instead of the cosine: shares of the run below 1, epochs
            from 1 on.
    """

    network: Supernet

    def __init__(
        self,
        space: str | Path | Mapping[str, Any] | Space,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        sampled: int = 2,
        distillation: float = 1.0,
        calibration_clips: int = 512,
        seed: int = 0,
        optimizer: Literal["AdamW", "Adam", "SGD"] = "AdamW",
        learning_rate: float = 2e-3,
        weight_decay: float = 5e-4,
        warmup: float = 0.1,
        label_smoothing: float = 0.1,
        milestones: Sequence[float] = (),
    ) -> None:
        super().__init__(
            layout, class_names, optimizer, learning_rate, weight_decay, warmup, label_smoothing, milestones
        )
        if sampled < 0 or not 0 <= distillation <= 1 or calibration_clips < 1:
            raise InputError(
                "wrong training arguments",
                given=f"sampled {sampled}, distillation {distillation}, calibration_clips {calibration_clips}",
                allowed="sampled 0 or more, distillation 0 to 1, calibration_clips 1 or more",
            )
        self.space = read_space(space)
        self.sampled, self.distillation, self.seed = sampled, distillation, seed
        self.calibration_clips = calibration_clips
        self.network = Supernet(self.space, self.layout, self.num_classes)
        self.ends: dict[str, BaseArchitecture] = {"largest": self.space.largest(), "smallest": self.space.smallest()}
        self.largest_metrics = self.metrics("val_largest_")
        self.smallest_metrics = self.metrics("val_smallest_")
        # Batch-norm statistics of one pass; no part of the checkpoint.
        self._calibrated: dict[str, dict[str, Tensor]] = {}

    def architectures(self, step: int) -> tuple[BaseArchitecture, ...]:
        """What training step ``step`` runs: largest, smallest, then the sampled ones."""
        sampled = sample_architectures(self.space, self.seed, step, self.sampled)
        return (self.ends["largest"], self.ends["smallest"], *sampled)

    def clip_scores(
        self, batch: Batch, architecture: BaseArchitecture, buffers: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """Logits (N, classes) of the clips by one architecture; ``buffers`` replace its batch-norm statistics."""
        logits = self.network(resample_frames(batch.bodies, architecture.frames), architecture, buffers)
        return clip_logits(logits, batch)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The summed loss of one step."""
        largest, *others = self.architectures(self.global_step)
        teacher = self.clip_scores(batch, largest)
        losses = [self.classification_loss(teacher, batch.label)]
        losses += [self._student_loss(self.clip_scores(batch, other), teacher, batch.label) for other in others]
        total = sum(losses[1:], start=losses[0])
        self.log_step(total, batch, train_loss_largest=losses[0])
        return total

    def _student_loss(self, logits: Tensor, teacher: Tensor, label: Tensor) -> Tensor:
        loss = logits.new_zeros(())
        if self.distillation > 0:
            loss = loss + self.distillation * distillation_loss(logits, teacher)
        if self.distillation < 1:
            loss = loss + (1 - self.distillation) * self.classification_loss(logits, label)
        return loss

    def calibration_bodies(self) -> tuple[Tensor, ...]:
        """Batches of bodies (B, T, V, C) of training clips as they are evaluated, not augmented: those of a search.

        Raises:
            InputError: the Trainer was given loaders instead of a data module.
        """
        if (data := self._data()) is None:
            raise InputError("recalibration needs training clips", hint="give the Trainer a data module")
        return torch.split(calibration_bodies(data, self.calibration_clips).to(self.device), BODIES)

    def _calibrate(self, names: Sequence[str]) -> None:
        bodies = self.calibration_bodies()
        for name in names:
            architecture = self.ends[name]
            resampled = [resample_frames(x, architecture.frames) for x in bodies]
            self._calibrated[name] = self.network.calibrated(architecture, resampled)

    def on_validation_epoch_start(self) -> None:
        """Recalibrate batch norm for the two ends."""
        self._calibrate(tuple(self.ends))

    def on_test_epoch_start(self) -> None:
        """Recalibrate batch norm for the largest network."""
        self._calibrate(("largest",))

    def on_predict_epoch_start(self) -> None:
        """Recalibrate batch norm for the largest network."""
        self._calibrate(("largest",))

    def score(self, batch: Batch, end: str = "largest") -> Tensor:
        """Logits (N, classes) of the clips of a batch by one end of the space, recalibrated."""
        return self.clip_scores(batch, self.ends[end], self._calibrated[end])

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch by both ends of the space."""
        for end, metrics in (("largest", self.largest_metrics), ("smallest", self.smallest_metrics)):
            self.log_scores(metrics, self.score(batch, end), batch)

    def on_validation_epoch_end(self) -> None:
        """Let go of the statistics: training changes the weights they belong to."""
        self._calibrated.clear()

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights are."""
        return describe(self.network, self.class_names)
