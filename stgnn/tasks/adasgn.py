"""Training AdaSGN: branches that start from single models, and a policy that is pressed to be cheap."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from stgnn.data.batches import Batch, Draw, keyed_generator
from stgnn.errors import check_between
from stgnn.files import csv_text, write_text
from stgnn.latency.actions import ActionTable, action_table
from stgnn.networks import AdaSGN
from stgnn.networks.checkpoint import describe
from stgnn.networks.sgn import ConvPolicy, Decided, branches_of
from stgnn.networks.sgn.choice import efficiency_loss, gumbel_noise, pressure, relative_costs, temperature
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.tasks.base import BaseTask, clip_logits
from stgnn.tasks.branches import hold_still, load_singles, turned_in_radians
from stgnn.tasks.sgn import AUTHORS_DROPS
from stgnn.tasks.usage import Usage, named

EPOCHS = 120  # of the authors' runs: over them the temperature falls from 5 to 0.02


class AdaSGNTask(BaseTask):
    """Train AdaSGN (Shi et al., ICCV 2021) densely: every branch is computed, the policy's draw decides which counts.

    ``loss = cross-entropy + alpha(epoch) * efficiency``, the efficiency loss on GFLOPs, MACs or milliseconds with the
    authors' scale, in which one GFLOP weighs ``alpha / 5`` (:func:`stgnn.networks.sgn.choice.efficiency_loss`). The
    temperature falls over the run as the authors' does over 120 epochs. Evaluation takes the best action and computes
    what was chosen; costs and usage are those of real bodies, empty ones are in no batch. ``val_choice``, which
    checkpoints are chosen by, is the validation accuracy from the epoch on in which everything is trained at full
    pressure, ties going to the cheaper; before, it is negative.

    Differs from the authors' code, which has each of these by name in ``authors``: actions are drawn at random in
    evaluation too (``drawn_at_evaluation``), batch norms of frozen modules move on (``moving_norms``), turns about z
    are radians that were meant as degrees (``z_in_radians``, beside the turns of the data module).

    Args:
        layout: The skeleton layout. Filled in from the data module by the command line.
        class_names: Class names in label order. Filled in from the data module by the command line.
        joints: Joint counts to choose from; 0 stands for every joint.
        sizes: Module sizes to choose from, the cheaper first; every count is combined with every size.
        frames: T.
        policy: ``conv``, ``deep_conv``, ``lstm``, ``attention``, ``random`` or ``fuse``.
        scope: ``frame``, or ``clip`` for one action in all frames of a body.
        skip: Whether a frame may be left out.
        stream: One of the four streams.
        width: Width of the network, a quarter of the features of a frame.
        dropout: Chance of a channel to be dropped in the temporal module.
        actions: Instead of joints and sizes: any actions by name, such as ``w32-64-128-9``, the cheapest first.
        singles: Folder of single models to start the branches from, as :class:`stgnn.tasks.SGNTask` writes them.
        frozen: What stays as it is in the first epochs: ``branches`` (joint matrices and modules, with the statistics
            of their batch norms), ``matrices``, or ``nothing``. ``auto``: branches that start from singles, otherwise
            matrices.
        frozen_epochs: How many epochs these are.
        favour_dearest: Whether the convolutional policy starts by taking the dearest action.
        alpha: Weight of the efficiency loss.
        alpha_warmup: Epochs over which it rises from 0.
        cost: ``gflops`` (counted as the authors do), ``macs``, ``milliseconds`` (measured on this device when training
            starts), or a file of measured costs.
        authors: What to do as the authors' code does, see above.
        seed: Seed of the drawn actions.
        optimizer: ``AdamW``, ``Adam``, or ``SGD`` with Nesterov momentum 0.9.
        learning_rate: Peak learning rate.
        weight_decay: For weights; biases and batch norms never decay.
        warmup: Share of all steps over which the learning rate rises.
        label_smoothing: Of the cross-entropy.
        milestones: Where the learning rate falls to a tenth: shares of the run below 1, epochs from 1 on. None of
            them: a cosine.

    Raises:
        InputError: the network cannot be built, or the singles are not its own.
    """

    network: AdaSGN

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        joints: Sequence[int] = (),
        sizes: Sequence[str] = ("small", "big"),
        frames: int = 20,
        policy: str = "conv",
        scope: Literal["frame", "clip"] = "frame",
        skip: bool = False,
        stream: str = "joint",
        width: int = 64,
        dropout: float = 0.2,
        actions: Sequence[str] = (),
        singles: str | Path | None = None,
        frozen: Literal["auto", "branches", "matrices", "nothing"] = "auto",
        frozen_epochs: int = 30,
        favour_dearest: bool = False,
        alpha: float = 4.0,
        alpha_warmup: int = 5,
        cost: str | Path = "gflops",
        authors: Sequence[Literal["z_in_radians", "drawn_at_evaluation", "moving_norms"]] = (),
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
        check_between(0, frozen_epochs=frozen_epochs, alpha=alpha, alpha_warmup=alpha_warmup)
        self.network = AdaSGN(
            self.layout,
            self.num_classes,
            joints=joints,
            sizes=sizes,
            frames=frames,
            policy=policy,
            scope=scope,
            skip=skip,
            stream=stream,
            width=width,
            dropout=dropout,
            actions=actions,
        )
        self.frozen = frozen if frozen != "auto" else "matrices" if singles is None else "branches"
        self.frozen_epochs = 0 if frozen == "nothing" else frozen_epochs
        self.alpha, self.alpha_warmup, self.cost = alpha, alpha_warmup, cost
        self.authors, self.seed = tuple(authors), seed
        if singles is not None:
            load_singles(self.network, singles, self.class_names)
        if favour_dearest and isinstance(self.network.policy, ConvPolicy):
            self.network.policy.favour_last()
        self.val_metrics = self.metrics("val_")
        self.val_usage = Usage(self.num_classes, len(self.network.actions))
        self.test_usage = Usage(self.num_classes, len(self.network.actions))
        self.tables: dict[str, ActionTable] = {}  # by unit; the first is what the policy is trained against

    @property
    def chooses(self) -> bool:
        """Whether there is a policy to train: not one that draws at random or takes every action."""
        return not (self.network.policy.draws or self.network.policy.fuses)

    def setup(self, stage: str) -> None:
        """Count or measure the costs before anything else runs."""
        if not self.tables:
            names = [self.cost, "macs"] if self.chooses else ["gflops", "macs"]
            tables = [action_table(self.network, name) for name in names]
            self.tables = {table.unit: table for table in tables}
            self.costs = relative_costs(list(tables[0].added.values()))

    def on_train_start(self) -> None:
        """Warn of a training that is too short to be judged."""
        super().on_train_start()
        epochs = self.trainer.max_epochs
        if epochs is not None and 0 < epochs <= self._settles:
            warnings.warn(
                f"{epochs} epochs, of which parts are frozen for {self.frozen_epochs} and alpha rises for "
                f"{self.alpha_warmup}: none shows what this training leads to; give more, or fewer of those",
                stacklevel=2,
            )

    @property
    def _settles(self) -> int:
        """The first epoch in which everything is trained, at the full alpha."""
        return max(self.frozen_epochs, self.alpha_warmup if self.chooses else 0)

    def on_train_epoch_start(self) -> None:
        """Hold parts of the branches, or let them go."""
        super().on_train_epoch_start()
        early = self.current_epoch < self.frozen_epochs
        hold_still(
            branches_of(self.network).values(),
            matrices=early,
            modules=early and self.frozen == "branches",
            norms_move="moving_norms" in self.authors,
        )

    def temperature(self, epoch: int) -> float:
        """Temperature of an epoch, counted from 0."""
        epochs = self.trainer.max_epochs or EPOCHS
        return temperature(epoch * EPOCHS / epochs) if epochs > 0 else temperature(epoch)

    def pressure(self, epoch: int) -> float:
        """Weight of the efficiency loss in an epoch, counted from 0; 0 where there is nothing to choose."""
        return pressure(epoch, self.alpha, self.alpha_warmup) if self.chooses else 0.0

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy and the efficiency loss of drawn actions."""
        bodies = batch.bodies
        if "z_in_radians" in self.authors:
            turns = keyed_generator(Draw.TURNS, self.seed, self.global_step)
            bodies = turned_in_radians(bodies, batch.clip, len(batch.label), turns)
        decided = self.network.dense(
            resample_frames(bodies, self.network.frames),
            self.temperature(self.current_epoch),
            self._noise(len(bodies), self.global_step),
        )
        logits = clip_logits(decided.logits, batch)
        loss = self.classification_loss(logits, batch.label)
        weight, efficiency = self.pressure(self.current_epoch), efficiency_loss(decided.actions, self.costs)
        loss = loss + weight * efficiency
        self.log_step(loss, batch, train_efficiency=efficiency)
        return loss

    def decide(self, batch: Batch) -> Decided:
        """What the network says of the bodies of a batch, and how, as it is evaluated."""
        bodies = resample_frames(batch.bodies, self.network.frames)
        drawn = "drawn_at_evaluation" in self.authors
        if not drawn and not self.network.policy.draws:
            return self.network.grouped(bodies)
        counts = torch.bincount(batch.clip, minlength=len(batch.index))
        pairs = zip(counts.tolist(), batch.index.tolist(), strict=True)
        noise = torch.cat([self._noise(count, clip) for count, clip in pairs])  # whatever batch the clip is in
        return self.network.grouped(bodies, 1.0 if drawn else None, noise)

    def _noise(self, bodies: int, key: int) -> Tensor:
        shape = (bodies, self.network.frames, len(self.network.actions))
        return gumbel_noise(shape, keyed_generator(Draw.ACTIONS, self.seed, key))

    def score(self, batch: Batch) -> Tensor:
        """Logits (N, classes) of the clips of a batch."""
        return clip_logits(self.decide(batch).logits, batch)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the held-out training subjects, and count its actions."""
        decided = self.decide(batch)
        self.val_usage.update(decided.actions, batch.clip, batch.label)
        self.log_scores(self.val_metrics, clip_logits(decided.logits, batch), batch)

    def on_validation_epoch_end(self) -> None:
        """Tell usage, costs, and whether this epoch may be chosen."""
        shares = self.val_usage.compute().tolist()
        self.log_dict(self._figures("val", shares))
        top1 = float(self.val_metrics["val_top1"].compute())
        settled = self.current_epoch >= self._settles
        relative = sum(share * cost for share, cost in zip(shares, self.costs.tolist(), strict=True))
        self.log("val_choice", (top1 if settled else top1 - 2) - 1e-5 * relative)
        self.val_usage.reset()

    def on_test_epoch_start(self) -> None:
        """Count the actions of this test alone."""
        self.test_usage.reset()

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score one batch of the test split, and count its actions."""
        decided = self.decide(batch)
        self.count_tested(clip_logits(decided.logits, batch), batch)
        self.test_usage.update(decided.actions, batch.clip, batch.label)

    def on_test_epoch_end(self) -> None:
        """Write the confusion matrix, and which actions the clips of each class took: one row for each class."""
        super().on_test_epoch_end()
        shares = self.test_usage.compute().tolist()
        self.log_dict({**self._figures("test", shares), "test_bodies_per_clip": self.test_usage.bodies_per_clip})
        table = self._usage_table()  # of all processes together
        if (folder := self.own_folder()) is not None:
            write_text(folder / "usage.csv", table)

    def _usage_table(self) -> str:
        rows = zip(self.class_names, self.test_usage.by_class(), strict=True)
        return csv_text(["class", *self.network.actions], ([name, *row] for name, row in rows))

    def _figures(self, split: str, shares: Sequence[float]) -> dict[str, float]:
        usage = {f"{split}_usage_{name}": share for name, share in named(self.network.actions, shares).items()}
        return {**usage, **{f"{split}_{unit}": table.total(shares) for unit, table in self.tables.items()}}

    def describe(self) -> dict[str, Any]:
        """Plain data that says what the weights are."""
        return describe(self.network, self.class_names)
