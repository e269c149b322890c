"""Training or fine-tuning one network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from stgnn.data.batches import Batch
from stgnn.networks.checkpoint import describe
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import BaseArchitecture
from stgnn.tasks.base import BaseTask, clip_logits
from stgnn.tasks.starting import Plain, starting_network
from stgnn.tasks.teacher import teacher_of


class ClassificationTask(BaseTask):
    """Train one architecture: from scratch, from a network's checkpoint, or from its share of a supernet.

    Args:
        architecture: The network: a shipped name, a JSON file, plain data, or the object. None: that of ``init_from``.
        frames: T of the network, instead of the architecture's own; only for a network trained from scratch.
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        init_from: Checkpoint of this network (or of SGN, without an architecture), or of a supernet whose space holds
            the architecture, to start from. Of other classes it knows, the classifier keeps those that are wanted here.
        teacher: Checkpoint of a network to learn from, besides the labels.
        distillation: Share of the loss that comes from the teacher's logits.
        optimizer: ``AdamW``, ``Adam``, or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases and batch norms never decay.
        warmup: Share of all steps over which the learning rate rises.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth, instead of the cosine: shares of the run below 1, epochs
            from 1 on.

    Raises:
        InputError: neither architecture nor checkpoint, a checkpoint of another layout, another
            architecture or another number of frames, or a teacher that is a supernet.
    """

    network: Plain

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        architecture: str | Path | Mapping[str, Any] | BaseArchitecture | None = None,
        frames: int | None = None,
        init_from: str | Path | None = None,
        teacher: str | Path | None = None,
        distillation: float = 0.5,
        optimizer: Literal["AdamW", "Adam", "SGD"] = "AdamW",
        learning_rate: float = 2e-3,
        weight_decay: float = 5e-4,
        warmup: float = 0.1,
        label_smoothing: float = 0.1,
        milestones: Sequence[float] = (),
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
        self.network, self.unready = starting_network(self.layout, self.class_names, architecture, frames, init_from)
        self.teacher = teacher_of(teacher, self.layout, self.class_names, distillation)
        self.val_metrics = self.metrics("val_")

    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch."""
        logits = self.network(resample_frames(batch.bodies, self.network.frames))
        return clip_logits(logits, batch)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy, mixed with the distance to the teacher when there is one."""
        logits = self.score(batch)
        loss = self.classification_loss(logits, batch.label)
        if self.teacher is not None:
            loss = self.teacher.mixed(loss, logits, batch)
        self.log_step(loss, batch)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the held-out training subjects."""
        self.log_scores(self.val_metrics, self.score(batch), batch)

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights are."""
        return describe(self.network, self.class_names)
