"""What a two-stage training of AdaSGN does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between
from stgnn.latency.actions import COSTS
from stgnn.networks import AdaSGN
from stgnn.networks.sgn import POLICIES
from stgnn.tasks.adasgn import AdaSGNTask
from stgnn.tasks.sgn import AUTHORS_DROPS, SGNTask
from stgnn.tasks.two_stage_costs import CONTROLS


@dataclass(frozen=True)
class TwoStages:
    """What both stages do; see :func:`stgnn.commands.adasgn`.

    Attributes:
        joints: Joint counts; 0 stands for every joint.
        sizes: Module sizes, the cheaper first; every count is combined with every size.
        actions: Instead of both: actions by name, the cheapest first.
        supernet: Checkpoint of a supernet of SGN that the single models are cut out of, instead of training them.
        stream: The stream.
        width: Width of the network, a quarter of the features of a frame.
        policies: Policies to train.
        alphas: Weights of the efficiency loss; each gives an AdaSGN of its own.
        alpha_warmup: Epochs over which it rises from 0.
        scope: ``frame`` or ``clip``.
        skip: Whether a frame may be left out.
        cost: ``gflops``, ``macs`` or ``milliseconds``.
        pretrain: Whether there are single models to start from.
        single_epochs: Epochs of the first stage.
        epochs: Epochs of the second.
        frozen_epochs: Epochs that joint matrices (and in the second stage pretrained modules) stay as they are.
        frozen: What stays so in the second stage.
        favour_dearest: Whether the policy starts by taking the dearest action.
        learning_rate: Of both stages.
        weight_decay: Of both stages.
        milestones: Where the learning rate falls to a tenth.
        authors: What to do as the authors' code does.
        precision: Of the training: ``32-true``, or ``bf16-mixed`` where the processor multiplies bfloat16 fast. What is
            reported is computed in 32 bits either way.
        seed: Seed of everything but the data.
    """

    joints: tuple[int, ...] = ()
    sizes: tuple[str, ...] = ("small", "big")
    actions: tuple[str, ...] = ()
    supernet: Path | None = None
    stream: str = "joint"
    width: int = 64
    policies: tuple[str, ...] = ("conv",)
    alphas: tuple[float, ...] = (4.0,)
    alpha_warmup: int = 5
    scope: Literal["frame", "clip"] = "frame"
    skip: bool = False
    cost: str = "gflops"
    pretrain: bool = True
    single_epochs: int = 120
    epochs: int = 120
    frozen_epochs: int = 30
    frozen: Literal["auto", "branches", "matrices", "nothing"] = "auto"
    favour_dearest: bool = False
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    milestones: tuple[float, ...] = AUTHORS_DROPS
    authors: tuple[Literal["z_in_radians", "drawn_at_evaluation", "moving_norms"], ...] = ()
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    seed: int = 0

    def __post_init__(self) -> None:
        check_between(1, single_epochs=self.single_epochs, epochs=self.epochs)
        check_between(0, LARGEST_SEED, seed=self.seed)
        check_between(0, **{f"alpha number {number + 1}": alpha for number, alpha in enumerate(self.alphas)})
        check_between(0, frozen_epochs=self.frozen_epochs, alpha_warmup=self.alpha_warmup)
        if unknown := sorted(set(self.policies) - set(POLICIES)):
            raise InputError("no such policy", given=unknown, allowed=tuple(POLICIES))
        if not self.runs:
            raise InputError("there is no policy to train", hint="give policies, and alphas for those that choose")
        if len(self.runs) < sum(1 if policy in CONTROLS else len(self.alphas) for policy in self.policies):
            told = f"policies {', '.join(self.policies)}; alphas {', '.join(f'{alpha:g}' for alpha in self.alphas)}"
            raise InputError("two networks would have the same name", given=told, hint="give each once")
        if bool(self.actions) != (self.supernet is not None):
            hint = "the single models of joints and sizes are trained, those of named actions come from a supernet"
            raise InputError("actions by name and a supernet go together", given=self.actions or None, hint=hint)
        unused = {"joints": self.joints, "sizes": self.sizes != TwoStages.sizes, "pretrain: false": not self.pretrain}
        if self.supernet is not None and (given := [name for name, one in unused.items() if one]):
            hint = "its single models are cut, and named by actions: leave these out, or the supernet"
            raise InputError("this means nothing beside a supernet", given=given, hint=hint)
        if self.cost not in COSTS:
            raise InputError("no such cost", given=self.cost, allowed=COSTS)

    @property
    def runs(self) -> dict[str, tuple[str, float]]:
        """Policy and alpha of every AdaSGN, by the name of its folder."""
        found: dict[str, tuple[str, float]] = {}
        for policy in self.policies:
            for alpha in (0.0,) if policy in CONTROLS else self.alphas:
                found[policy if policy in CONTROLS else f"{policy}_alpha_{alpha:g}"] = (policy, alpha)
        return found

    def network(self, data: SkeletonDataModule, policy: str = "conv") -> AdaSGN:
        """An untrained AdaSGN for these data."""
        return AdaSGN(
            data.layout,
            data.num_classes,
            joints=self.joints,
            sizes=self.sizes,
            frames=data.frames,
            policy=policy,
            scope=self.scope,
            skip=self.skip,
            stream=self.stream,
            width=self.width,
            actions=self.actions,
        )

    def singles_task(self, data: SkeletonDataModule, folder: Path) -> SGNTask:
        """The training of all single models on the same batches.

        Args:
            data: The clips.
            folder: Where the checkpoint of each model is kept.
        """
        return SGNTask(
            data.layout,
            data.class_names,
            joints=[count or data.layout.num_joints for count in self.joints],
            sizes=self.sizes,
            frames=data.frames,
            stream=self.stream,
            width=self.width,
            frozen_epochs=self.frozen_epochs,
            models=folder,
            authors=["z_in_radians"] if "z_in_radians" in self.authors else [],
            seed=self.seed,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            milestones=self.milestones,
        )

    def policy_task(self, data: SkeletonDataModule, policy: str, alpha: float, cost: str | Path) -> AdaSGNTask:
        """The training of one policy.

        Args:
            data: The clips.
            policy: The policy.
            alpha: Weight of the efficiency loss.
            cost: What it counts: ``gflops``, ``macs``, or a file of measured costs.
        """
        return AdaSGNTask(
            data.layout,
            data.class_names,
            joints=self.joints,
            sizes=self.sizes,
            frames=data.frames,
            policy=policy,
            scope=self.scope,
            skip=self.skip,
            stream=self.stream,
            width=self.width,
            actions=self.actions,
            frozen="branches" if self.pretrain and self.frozen == "auto" else self.frozen,
            frozen_epochs=self.frozen_epochs,
            favour_dearest=self.favour_dearest,
            alpha=alpha,
            alpha_warmup=self.alpha_warmup,
            cost=cost,
            authors=self.authors,
            seed=self.seed,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            milestones=self.milestones,
        )
