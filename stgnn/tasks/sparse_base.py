"""What tasks with sparse networks share: the schedule of sparsity, the optimiser of scores, densities, files."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from stgnn.errors import InputError, check_between
from stgnn.files import DENSITIES, csv_text, write_text
from stgnn.networks import Ensemble, save_checkpoint, save_compressed
from stgnn.networks.checkpoint import FORMAT
from stgnn.networks.sparsity import FINE, Density, SparseNetwork, penalty_weight, sparsity_at
from stgnn.skeleton import SkeletonLayout
from stgnn.tasks.base import BaseTask
from stgnn.tasks.schedule import drop_steps
from stgnn.tasks.starting import Plain

Granularity = Literal["unstructured", "block", "channel", "branch", "edge"]
Scope = Literal["layer", "erdos_renyi", "block", "global_raw", "global_standardised"]
Ramp = Literal["at_once", "linear", "cubic"]
Penalty = Literal["none", "pull", "inert"]

STRUCTURED = ("channel", "branch")  # granularities that make a network smaller, not only its file
DENSITY_COLUMNS = ("epoch", "network", "layer", "kept", "total")
NO_SPEED_UP = "single weights were removed: the file is smaller, no speed-up is expected on any CPU runtime"


def usual_score_rate(optimizer: str, granularity: str) -> float:
    """Learning rate of scores as a multiple of that of the weights.

    1 with SGD, as the authors'. A step of Adam is about as long as its rate, whatever the gradient, and scores start
    within sqrt(6 / fan_in): at the rate of weights, few of single weights would ever cross the threshold, hence 30. The
    scores of whole units are few, and better at 1 (both chosen on validation clips, benchmarks/sparse_accuracy.py).
    """
    return 30.0 if optimizer != "SGD" and granularity in FINE else 1.0


def first_scores(initial: str, init_from: str | Path | None) -> str:
    """How scores start: as told; ``auto`` by magnitude where the weights come from a checkpoint, else at random."""
    if initial != "auto":
        return initial
    return "random" if init_from is None else "magnitude"


@dataclass(frozen=True)
class SparsitySchedule:
    """How sparsity rises over a run.

    Attributes:
        dense_until: Until here nothing is masked: a share of the run below 1, an epoch from 1 on.
        ramp: ``at_once``, or how sparsity rises from there to ``ramp_until``.
        ramp_until: From here on it is the target.
    """

    dense_until: float = 0.0
    ramp: Ramp = "at_once"
    ramp_until: float = 0.5

    def __post_init__(self) -> None:
        check_between(0, dense_until=self.dense_until, ramp_until=self.ramp_until)
        shares = (self.dense_until < 1) == (self.ramp_until < 1)
        if self.ramp != "at_once" and shares and self.ramp_until < self.dense_until:
            given = f"{self.dense_until:g} and {self.ramp_until:g}"
            raise InputError("sparsity cannot reach its target before it begins to rise", given=given)

    def phases(self, steps: int, epochs: int | None) -> tuple[int, int]:
        """Steps without masks, and steps of the ramp.

        Raises:
            InputError: epochs are named in a run that does not count them, or the ramp ends before it begins.
        """
        if self.ramp == "at_once":
            return drop_steps((self.dense_until,), steps, epochs)[0], 0
        begin, end = drop_steps((self.dense_until, self.ramp_until), steps, epochs)
        if end < begin:
            raise InputError("sparsity cannot reach its target before it begins to rise", given=f"{end} and {begin}")
        return begin, end - begin


class SparseBaseTask(BaseTask, ABC):
    """A task whose networks are :class:`stgnn.networks.sparsity.SparseNetwork`.

    Args:
        layout: The skeleton layout.
        class_names: Class names in label order.
        schedule: How sparsity rises.
        penalty: Of what will be pruned, while nothing is masked yet.
        score_decay: Weight decay of the scores.
        score_rate: Learning rate of the scores, as a multiple of that of the weights.
        optimizer: See :class:`stgnn.tasks.BaseTask`, as everything that follows.
        learning_rate: See there.
        weight_decay: See there.
        warmup: See there.
        label_smoothing: See there.
        milestones: See there.
    """

    def __init__(
        self,
        layout: str | Path | Mapping[str, Any] | SkeletonLayout,
        class_names: Sequence[str],
        schedule: SparsitySchedule,
        penalty: Penalty,
        score_decay: float,
        score_rate: float,
        optimizer: Literal["AdamW", "Adam", "SGD"],
        learning_rate: float,
        weight_decay: float,
        warmup: float,
        label_smoothing: float,
        milestones: Sequence[float],
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
        check_between(0, score_decay=score_decay, score_rate=score_rate)
        self.schedule, self.penalty_kind = schedule, penalty
        self.score_decay, self.score_rate = score_decay, score_rate
        self._phases: tuple[int, int] | None = None  # steps without masks and steps of the ramp, once they are known
        self._densities: list[tuple[int, str, Density]] = []

    @property
    @abstractmethod
    def sparse_networks(self) -> Sequence[SparseNetwork]:
        """Every network with scores."""

    @abstractmethod
    def densities(self) -> Iterable[tuple[str, Density]]:
        """What of each weight stays at the present sparsity, with the name of its network."""

    @abstractmethod
    def finish(self, folder: Path) -> list[Path]:
        """Write the finished networks into a folder."""

    @property
    def phases(self) -> tuple[int, int]:
        """Steps without masks, and steps of the ramp."""
        if self._phases is None:
            steps = int(self.trainer.estimated_stepping_batches)
            self._phases = self.schedule.phases(steps, self.trainer.max_epochs)
        return self._phases

    def on_fit_start(self) -> None:
        """Refuse half precision.

        A channel that masks leave without inputs is a constant. Batch norm learns it as half precision rounds it, and
        divides by a variance of zero: in float32 the difference is multiplied by 300, and the finished network guesses.

        Raises:
            InputError: the trainer computes in 16 bits.
        """
        if "16" in str(self.trainer.precision):
            hint = "set trainer.precision to 32-true"
            what = "sparse networks are trained in float32: their batch norms would not fit what is deployed"
            raise InputError(what, given=self.trainer.precision, allowed="32-true", hint=hint)

    def sparsity_now(self, target: float) -> float:
        """The sparsity of the training step that comes, on its way to a target."""
        dense, ramp = self.phases
        return sparsity_at(self.global_step, target, dense, ramp, self.schedule.ramp)

    def penalised(self, loss: Tensor, penalty: Callable[[str], Tensor]) -> Tensor:
        """A loss with the penalty at its present weight; ``penalty(kind)`` is computed only where it counts."""
        weight = 0.0 if self.penalty_kind == "none" else penalty_weight(self.global_step, self.phases[0])
        if not weight:
            return loss
        extra = penalty(self.penalty_kind)
        self.log("train_penalty", extra)
        return loss + weight * extra

    def groups(self) -> list[dict[str, Any]]:
        """Weights as in every task, and the scores as a group of their own."""
        scores = [score for network in self.sparse_networks for score in network.score_parameters()]
        rate = self.learning_rate * self.score_rate
        return [*super().groups(), {"params": scores, "lr": rate, "weight_decay": self.score_decay}]

    def trainable(self) -> nn.Module:
        """Weights without scores: those have decay and rate of their own."""
        return nn.ModuleList(network.network for network in self.sparse_networks)

    def on_train_epoch_end(self) -> None:
        """Write how dense every layer is."""
        super().on_train_epoch_end()
        found = [*self.densities()]
        kept, total = sum(one.kept for _, one in found), sum(one.total for _, one in found)
        self.log("density", kept / total)
        self._densities += [(self.current_epoch, name, one) for name, one in found]
        if (folder := self.own_folder()) is not None:
            write_text(folder / DENSITIES, _table(self._densities))

    def on_train_end(self) -> None:
        """Write the finished networks beside the checkpoints of the run."""
        if (folder := self.own_folder()) is not None:
            self.finish(folder / "checkpoints")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take along how dense every layer was, epoch by epoch."""
        super().on_save_checkpoint(checkpoint)
        rows = [(epoch, name, *astuple(one)) for epoch, name, one in self._densities]
        checkpoint["densities"] = [list(row) for row in rows]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights of something else; go on with the densities of earlier epochs.

        Raises:
            InputError: as :meth:`stgnn.tasks.base.BaseTask.on_load_checkpoint`.
        """
        super().on_load_checkpoint(checkpoint)
        rows = checkpoint.get("densities", [])
        self._densities = [(epoch, name, Density(*one)) for epoch, name, *one in rows]

    def describe_sparse(self, content: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """The ``stgnn`` entry of a checkpoint with scores.

        Args:
            content: Which networks they belong to.
            options: What else tells them apart.
        """
        return {
            "kind": "sparse",
            "sparse": {"network": dict(content), **options},
            "format": FORMAT,
            "layout": self.layout.to_dict(),
            "class_names": list(self.class_names),
            "extra": {},
        }


def channels_multiple(granularity: str, round_to: int) -> int:
    """The multiple that counts: channels are kept in it, of anything else there are too few."""
    return round_to if granularity == "channel" else 1


def write_finished(
    folder: Path,
    name: str,
    network: Plain | Ensemble,
    class_names: Sequence[str],
    granularity: str,
    told: Mapping[str, Any],
) -> list[Path]:
    """Write a finished network as ``NAME.ckpt``, and where single weights were removed as ``NAME.compressed.ckpt``."""
    network = network.eval()
    paths = [save_checkpoint(folder / f"{name}.ckpt", network, class_names, told)]
    if granularity not in STRUCTURED:
        told = {**told, "note": NO_SPEED_UP}
        paths.append(save_compressed(folder / f"{name}.compressed.ckpt", network, class_names, told))
    return paths


def finished_network(network: SparseNetwork, sparsity: float) -> Plain:
    """The network alone at a sparsity: compacted where whole units go, otherwise with zeros."""
    with torch.no_grad():
        whole = network.granularity in STRUCTURED
        finished = network.compacted(sparsity) if whole else network.masked(sparsity)
    assert isinstance(finished, Plain)
    return finished


def _table(rows: Iterable[tuple[int, str, Density]]) -> str:
    return csv_text(DENSITY_COLUMNS, ((epoch, name, one.name, one.kept, one.total) for epoch, name, one in rows))
