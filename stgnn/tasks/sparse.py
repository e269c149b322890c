"""The sparse generator: training a network and what is left out of it, together."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.func import functional_call

from stgnn.data.batches import Batch
from stgnn.errors import check_between
from stgnn.networks.models import to_content
from stgnn.networks.sparsity import Density, SparseNetwork
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import Architecture
from stgnn.tasks.base import clip_logits
from stgnn.tasks.sparse_base import (
    Granularity,
    Penalty,
    Ramp,
    Scope,
    SparseBaseTask,
    SparsitySchedule,
    channels_multiple,
    finished_network,
    first_scores,
    usual_score_rate,
    write_finished,
)
from stgnn.tasks.starting import Plain, starting_network
from stgnn.tasks.teacher import teacher_of


class SparseTask(SparseBaseTask):
    """Train the weights of a network and, beside them, scores that say which of them stay.

    A step runs with the weights ``W B``, ``B = 1[S >= t]``; gradients go straight through B to the scores ("Are ST-GCNs
    for HAR over-parameterized?", arXiv 2505.10679). Validation, test and predictions always use the target sparsity.
    A run leaves ``densities.csv`` (what stays of each layer, for every epoch) and, at the end, beside its checkpoints
    ``finished.ckpt``, an ordinary network: compacted where whole channels or branches go, otherwise with zeros, and
    then once more as ``finished.compressed.ckpt``.

    Differs from the authors' code: thresholds are computed once in a step, scores do not decay, ``penalty: pull`` has a
    gradient, and small layers stay denser. Theirs is ``score_decay: 5e-4``, ``penalty: inert``,
    ``scope: global_raw`` for ST-GCN and ``block`` for the others.

    Args:
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        architecture: The network: a shipped name, a JSON file, plain data, or the object. None: that of ``init_from``.
        frames: T of the network, instead of the architecture's own; only for a network trained from scratch.
        init_from: Checkpoint of this network, of SGN, or of a supernet whose space holds the architecture.
        teacher: Checkpoint of a network to learn from, besides the labels: the dense network, for example.
        distillation: Share of the loss that comes from the teacher's logits.
        sparsity: Share of the scores that goes.
        granularity: What a score opens or closes: single weights, blocks of four, channels, branches, edges of graphs.
        scope: What shares a threshold. None: each layer has its own and small ones stay denser (``erdos_renyi``) where
            single weights go; one for all layers (``global_standardised``) where whole units do.
        round_to: Channels: every group keeps a multiple of so many, such as 16, which runtimes like.
        initial: Scores start at ``random``, or in the order of the ``magnitude`` of what they open; ``auto``: by
            magnitude where the weights come from a checkpoint.
        dense_until: Until here nothing is masked: a share of the run below 1, an epoch from 1 on.
        ramp: Whether sparsity then is the target ``at_once``, or rises ``linear`` or ``cubic``.
        ramp_until: Where it reaches the target.
        penalty: Until ``dense_until``: ``pull`` draws what will be pruned to zero, ``inert`` only adds to the loss.
        score_decay: Weight decay of the scores.
        score_rate: Learning rate of the scores, as a multiple of that of the weights. None: see
            :func:`stgnn.tasks.sparse_base.usual_score_rate`.
        optimizer: ``AdamW``, ``Adam``, or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases and batch norms never decay.
        warmup: Share of all steps over which the learning rate rises.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth, instead of the cosine: shares of the run below 1, epochs
            from 1 on.

    Raises:
        InputError: there is no network, or it has nothing of that granularity; or the teacher is a supernet, or of
            other data.
    """

    network: SparseNetwork

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        architecture: str | Path | Mapping[str, Any] | Architecture | None = None,
        frames: int | None = None,
        init_from: str | Path | None = None,
        teacher: str | Path | None = None,
        distillation: float = 0.5,
        sparsity: float = 0.8,
        granularity: Granularity = "unstructured",
        scope: Scope | None = None,
        round_to: int = 1,
        initial: Literal["auto", "random", "magnitude"] = "auto",
        dense_until: float = 0.0,
        ramp: Ramp = "at_once",
        ramp_until: float = 0.5,
        penalty: Penalty = "none",
        score_decay: float = 0.0,
        score_rate: float | None = None,
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
            schedule=SparsitySchedule(dense_until=dense_until, ramp=ramp, ramp_until=ramp_until),
            penalty=penalty,
            score_decay=score_decay,
            score_rate=usual_score_rate(optimizer, granularity) if score_rate is None else score_rate,
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            warmup=warmup,
            label_smoothing=label_smoothing,
            milestones=milestones,
        )
        check_between(0, 1, sparsity=sparsity)
        network, self.unready = starting_network(self.layout, self.class_names, architecture, frames, init_from)
        self.content, self.frames, self.sparsity = to_content(network), network.frames, sparsity
        start = first_scores(initial, init_from)
        self.network = SparseNetwork(
            network, granularity, scope, round_to=channels_multiple(granularity, round_to), initial=start
        )
        self.teacher = teacher_of(teacher, self.layout, self.class_names, distillation)
        self.val_metrics = self.metrics("val_")
        self._masked: dict[str, Tensor] = {}  # weights at the target, while clips are scored

    @property
    def sparse_networks(self) -> Sequence[SparseNetwork]:
        """The one that is trained."""
        return (self.network,)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy at the present sparsity, mixed with what the teacher says, and the penalty."""
        sparsity = self.sparsity_now(self.sparsity)
        bodies = self.network(resample_frames(batch.bodies, self.frames), sparsity)
        logits = clip_logits(bodies, batch)
        loss = self.classification_loss(logits, batch.label)
        if self.teacher is not None:
            loss = self.teacher.mixed(loss, logits, batch)
        self.log_step(loss, batch, sparsity=sparsity)
        return self.penalised(loss, lambda kind: self.network.penalty(self.sparsity, kind))

    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch at the target sparsity."""
        weights = self._masked or self.network.weights(self.sparsity)
        logits = functional_call(self.network.network, weights, (resample_frames(batch.bodies, self.frames),))
        return clip_logits(logits, batch)

    def on_validation_epoch_start(self) -> None:
        """Mask the weights once for all clips."""
        with torch.no_grad():
            self._masked = self.network.weights(self.sparsity)

    on_test_epoch_start = on_predict_epoch_start = on_validation_epoch_start

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the held-out training subjects."""
        self.log_scores(self.val_metrics, self.score(batch), batch)

    def on_validation_epoch_end(self) -> None:
        """Let go of the masked weights: training changes them."""
        self._masked.clear()

    def densities(self) -> Iterator[tuple[str, Density]]:
        """What of each weight stays at the present sparsity."""
        yield from (("", one) for one in self.network.densities(self.sparsity_now(self.sparsity)))

    def finished(self) -> Plain:
        """The network alone at the target sparsity, without scores."""
        return finished_network(self.network, self.sparsity)

    def finish(self, folder: Path, name: str = "finished") -> list[Path]:
        """Write ``finished.ckpt``, and ``finished.compressed.ckpt`` where single weights were removed."""
        told = {**self.clips_seen(), "sparsity": self.sparsity, "granularity": self.network.granularity}
        return write_finished(folder, name, self.finished(), self.class_names, self.network.granularity, told)

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights and scores are."""
        return self.describe_sparse(
            self.content,
            granularity=self.network.granularity,
            scope=self.network.scope,
            round_to=self.network.round_to,
            sparsity=self.sparsity,
        )
