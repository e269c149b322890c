"""Several levels of sparsity trained at once, which vote together or are used alone."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torchmetrics.classification import MulticlassAccuracy

from stgnn.data.batches import Batch
from stgnn.errors import check_between
from stgnn.networks import Ensemble
from stgnn.networks.models import to_content
from stgnn.networks.sparsity import Density, SparseEnsemble, SparseNetwork
from stgnn.networks.sparsity.ensemble import LEVELS
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import Architecture
from stgnn.tasks.base import clip_logits, distillation_loss
from stgnn.tasks.sparse_base import (
    Granularity,
    Penalty,
    Ramp,
    Scope,
    SparseBaseTask,
    SparsitySchedule,
    channels_multiple,
    first_scores,
    usual_score_rate,
    write_finished,
)
from stgnn.tasks.starting import Plain, starting_network


class MultiLevelTask(SparseBaseTask):
    """Train a network at several levels of sparsity: ``loss = CE(fused) + level_weight * sum of loss(level)``.

    The paper (arXiv 2505.10679) trains an independent network for each level; their kept weights add up to 66 % of one
    dense network. ``nested`` is ours: one set of weights and scores, in which each sparser level keeps a part of what
    the denser one keeps, with batch norms of its own. Levels vote through a classifier on their fused features; each
    also has a classifier of its own, and is written as ``level_0.8.ckpt``, an ordinary network, when the run ends; all
    of them together as ``fused.ckpt``.

    Args:
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        architecture: The network of each level: a shipped name, a JSON file, plain data, or the object. None: that of
            ``init_from``.
        frames: T of the network, instead of the architecture's own; only for networks trained from scratch.
        init_from: Checkpoint that every level starts from: of this network, of SGN, or of a supernet whose space holds
            the architecture.
        levels: Shares of the scores that go, rising.
        nested: Whether all levels share one set of weights.
        fusion: ``mean``, ``learned`` weights, or ``mix``, a 1x1 convolution of the features of all levels.
        level_weight: Weight of the losses of the levels.
        distillation: Share of the losses of all levels but the densest that comes from the densest one's logits.
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
        InputError: the levels do not rise, or the network has nothing of that granularity.
    """

    network: SparseEnsemble

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        architecture: str | Path | Mapping[str, Any] | Architecture | None = None,
        frames: int | None = None,
        init_from: str | Path | None = None,
        levels: Sequence[float] = LEVELS,
        nested: bool = False,
        fusion: Literal["mean", "learned", "mix"] = "mean",
        level_weight: float = 1.0,
        distillation: float = 0.0,
        granularity: Granularity = "unstructured",
        scope: Scope | None = None,
        round_to: int = 1,
        initial: Literal["auto", "random", "magnitude"] = "auto",
        dense_until: float = 0.5,
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
        check_between(0, level_weight=level_weight)
        check_between(0, 1, distillation=distillation)
        for level in levels:
            check_between(0, 1, levels=level)
        begin = partial(starting_network, self.layout, self.class_names, architecture, frames, init_from)
        first, self.unready = begin()
        others = () if nested else levels[1:]
        networks = [first, *(deepcopy(first) if init_from is not None else begin().network for _ in others)]
        self.content, self.frames = to_content(first), first.frames
        start = first_scores(initial, init_from)
        round_to = channels_multiple(granularity, round_to)
        self.network = SparseEnsemble(
            networks, levels, fusion=fusion, granularity=granularity, scope=scope, round_to=round_to, initial=start
        )
        self.level_weight, self.distillation = level_weight, distillation
        self.options = {
            "levels": list(levels),
            "nested": nested,
            "fusion": fusion,
            "granularity": granularity,
            "scope": self.sparse_networks[0].scope,
            "round_to": self.sparse_networks[0].round_to,
        }
        self.val_metrics = self.metrics("val_")
        self.level_metrics = nn.ModuleList(MulticlassAccuracy(self.num_classes, average="micro") for _ in levels)

    @property
    def sparse_networks(self) -> Sequence[SparseNetwork]:
        """One, or one for each level."""
        return [one for one in self.network.experts if isinstance(one, SparseNetwork)]

    def trainable(self) -> nn.Module:
        """Weights, batch norms, classifiers and fusion, without scores."""
        own = [self.network.norms, self.network.heads, self.network.head, self.network.fusion]
        return nn.ModuleList([super().trainable(), *own])

    def clip_scores(self, batch: Batch, sparsities: Sequence[float] | None = None) -> list[Tensor]:
        """Logits (N, classes) of the clips, fused and by every level."""
        found = self.network(resample_frames(batch.bodies, self.frames), sparsities)
        return [clip_logits(logits, batch) for logits in (found.fused, *found.experts)]

    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch by all levels together."""
        return self.clip_scores(batch)[0]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Losses of the fused prediction and of every level, and the penalty."""
        sparsities = [self.sparsity_now(level) for level in self.network.levels]
        scores = self.clip_scores(batch, sparsities)
        fused, *each = (self.classification_loss(one, batch.label) for one in scores)
        _, densest, *others = scores
        if self.distillation:
            taught = [distillation_loss(one, densest) for one in others]
            each[1:] = [torch.lerp(*pair, self.distillation) for pair in zip(each[1:], taught, strict=True)]
        loss = fused + self.level_weight * torch.stack(each).sum()
        self.log_step(loss, batch, train_loss_fused=fused, sparsity=sparsities[-1])
        return self.penalised(loss, self.network.penalty)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the held-out training subjects, by all levels together and by each alone."""
        fused, *each = self.clip_scores(batch)
        self.log_scores(self.val_metrics, fused, batch)
        for level, metric, scores in zip(self.network.levels, self.level_metrics, each, strict=True):
            metric.update(scores, batch.label)  # type: ignore[operator]
            self.log(f"val_top1_at_{level:g}", metric, on_step=False, on_epoch=True)  # type: ignore[arg-type]

    def densities(self) -> Iterator[tuple[str, Density]]:
        """What of each weight stays at the present sparsity of every level."""
        for number, level in enumerate(self.network.levels):
            expert = self.sparse_networks[0 if self.network.nested else number]
            yield from ((f"{level:g}", one) for one in expert.densities(self.sparsity_now(level)))

    def fused(self, count: int | None = None) -> Ensemble:
        """All levels, or the first ``count``, as plain networks that vote.

        Raises:
            InputError: the fusion ``mix`` works for all levels only.
        """
        return Ensemble([one for one in self.network.compacted(count).networks if isinstance(one, Plain)])

    def finish(self, folder: Path) -> list[Path]:
        """Write every level as a network of its own, and all of them as one network."""
        granularity = str(self.options["granularity"])
        told = {**self.clips_seen(), "granularity": granularity, "levels": list(self.network.levels)}
        paths = write_finished(folder, "fused", self.fused(), self.class_names, granularity, told)
        for number, level in enumerate(self.network.levels):
            network = self.network.level(number)
            assert isinstance(network, Plain)
            about = {**told, "sparsity": level}
            paths += write_finished(folder, f"level_{level:g}", network, self.class_names, granularity, about)
        return paths

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights and scores are."""
        return self.describe_sparse(self.content, **self.options)
