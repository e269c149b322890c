"""AdaSGN: for every frame, a choice of how many joints and how large a module to spend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.network import check_bodies
from stgnn.networks.sgn.branch import Branch, frame_inputs
from stgnn.networks.sgn.choice import gumbel_noise, one_hot, straight_through
from stgnn.networks.sgn.deploy import DeployedAdaSGN, DeployedSGN, route
from stgnn.networks.sgn.policy import make_policy
from stgnn.networks.sgn.sgn import SGN, check_options
from stgnn.networks.sgn.temporal import TemporalModule
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import bone_parents
from stgnn.space.sgn import FEATURES

SCOPES = ("frame", "clip")
SKIP = "skip"


@dataclass(frozen=True)
class Decided:
    """What AdaSGN says of bodies, and how it came to it.

    Attributes:
        logits: ``(B, classes)``.
        actions: One-hot ``(B, T, A)`` (all ones where the policy fuses); in training with the policy's gradient.
        scores: What the policy said, ``(B, T, A)``.
    """

    logits: Tensor
    actions: Tensor
    scores: Tensor


class AdaSGN(nn.Module):
    """Adaptive SGN (Shi et al., ICCV 2021): raw keypoints in, logits out.

    Every action is a branch of its own, reduction matrix and spatial module; temporal module and classifier are shared.
    The first action, the cheapest, is computed for every frame, and the policy decides by its features. Actions are
    ordered by joints, and by size as given: ``small-1, big-1, small-9, ...``.

    Differences from the authors' code: evaluation takes the best action instead of a random one, and computes only the
    branches that were chosen.

    Args:
        layout: The full body.
        num_classes: Number of classes.
        joints: Joint counts to choose from, such as 1, 9, 25; 0 stands for every joint.
        sizes: Module sizes to choose from, the cheaper first; every count is combined with every size.
        frames: T.
        policy: One of :data:`stgnn.networks.sgn.policy.POLICIES`.
        scope: ``"frame"``, or ``"clip"`` for one action in all frames of a body.
        skip: One more action, the last: the frame's features are zero. It saves no more than the first action, whose
            features the policy needs; it lets the network leave a frame out.
        stream: One of the four streams.
        width: Width of the network, a quarter of the features of a frame.
        dropout: Chance of a channel to be dropped in the temporal module.
        actions: Instead of joints and sizes: any actions by name, size and joint count, such as ``"w32-64-128-9"``, in
            this order; the cheapest comes first.

    Raises:
        InputError: the layout has no body of so many joints, or a name or a number is unknown.
    """

    def __init__(
        self,
        layout: SkeletonLayout,
        num_classes: int,
        joints: Sequence[int] = (),
        sizes: Sequence[str] = ("small", "big"),
        frames: int = 20,
        policy: str = "conv",
        scope: str = "frame",
        skip: bool = False,
        stream: str = "joint",
        width: int = 64,
        dropout: float = 0.2,
        actions: Sequence[str] = (),
    ) -> None:
        super().__init__()
        check_options(num_classes, frames, width, stream)
        counts = tuple(sorted(count or layout.num_joints for count in joints))
        chosen = _chosen(actions, counts, sizes)
        _check_choices(chosen, scope, skip)
        self.layout, self.num_classes, self.frames, self.stream = layout, num_classes, frames, stream
        self.scope, self.skip = scope, skip
        self.options: dict[str, Any] = {
            "joints": list(counts),
            "sizes": list(sizes),
            "frames": frames,
            "policy": policy,
            "scope": scope,
            "skip": skip,
            "stream": stream,
            "width": width,
            "dropout": dropout,
            **({"actions": list(actions)} if actions else {}),
        }
        self.register_buffer("parents", torch.tensor(bone_parents(layout)), persistent=False)
        self.branches = nn.ModuleDict({f"{size}-{count}": Branch(layout, count, size, width) for size, count in chosen})
        self.policy = make_policy(policy, FEATURES * width, len(self.branches) + skip)
        self.temporal = TemporalModule(frames, num_classes, width, dropout)

    @property
    def actions(self) -> tuple[str, ...]:
        """Names of the actions in order."""
        return (*self.branches, SKIP) if self.skip else tuple(self.branches)

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V, C)`` to logits ``(B, classes)``, with the best actions.

        A policy that draws at random draws the same here every time.
        """
        noise = gumbel_noise((len(x), self.frames, len(self.actions)), torch.Generator().manual_seed(0))
        return (self.dense if self.training else self.grouped)(x, noise=noise).logits

    def dense(
        self,
        x: Tensor,
        temperature: float | None = None,
        noise: Tensor | None = None,
        actions: Tensor | None = None,
    ) -> Decided:
        """Compute every branch and mask: the form that is trained.

        Args:
            x: Bodies ``(B, T, V, C)``.
            temperature: Draw actions at this temperature; None takes the best ones.
            noise: Gumbel noise ``(B, T, A)`` of the draws; None draws it. For a clip that of its first frame counts.
            actions: Action numbers ``(B, T)`` to take instead of the policy's.
        """
        frames = self._inputs(x)
        features = [branch(frames) for branch in self.branches.values()]
        scores = self.policy(self._clips(features[0]))
        taken = self.choose(scores, temperature, noise, actions)
        weights = taken.flatten(0, 1)  # (B * T, A)
        mixed = sum(weights[:, number, None] * value for number, value in enumerate(features))
        assert isinstance(mixed, Tensor)
        return Decided(self.temporal(self._clips(mixed)), taken, scores)

    def grouped(
        self,
        x: Tensor,
        temperature: float | None = None,
        noise: Tensor | None = None,
        actions: Tensor | None = None,
    ) -> Decided:
        """Compute each branch for the frames that chose it, over the whole batch: equal to :meth:`dense` in evaluation
        mode. Arguments as there.
        """
        if self.policy.fuses:
            return self.dense(x)
        frames = self._inputs(x)
        first, *others = self.branches.values()
        features = first(frames)
        scores = self.policy(self._clips(features))
        taken = self.choose(scores, temperature, noise, actions)
        mixed = route(features, frames, taken.argmax(dim=-1).flatten(), others, self.skip)
        return Decided(self.temporal(self._clips(mixed)), taken, scores)

    def choose(
        self,
        scores: Tensor,
        temperature: float | None = None,
        noise: Tensor | None = None,
        actions: Tensor | None = None,
    ) -> Tensor:
        """One-hot actions ``(B, T, A)`` of scores ``(B, T, A)``; see :meth:`dense`."""
        if self.policy.fuses:
            return torch.ones_like(scores)
        if actions is not None:
            return one_hot(actions, scores.shape[-1]).to(scores)
        shared = scores.mean(dim=1, keepdim=True) if self.scope == "clip" else scores  # (B, 1 or T, A)
        if temperature is None and not self.policy.draws:
            taken = one_hot(shared.argmax(dim=-1), scores.shape[-1]).to(scores)
        else:
            heat = 1.0 if temperature is None else temperature
            drawn = gumbel_noise(scores.shape) if noise is None else noise
            taken = straight_through(shared, heat, drawn[:, : shared.shape[1]])
        return taken.expand_as(scores)

    @torch.no_grad()
    def decisive(self, x: Tensor, margin: float = 1e-4) -> Tensor:
        """Which bodies ``(B,)`` have no frame in which the two best actions all but tie.

        Where they tie, another runtime may take the other action, and its logits differ by design.
        """
        scores = self.grouped(x).scores
        if self.policy.fuses or self.policy.draws:
            return torch.ones(len(x), dtype=torch.bool, device=x.device)
        best = (scores.mean(dim=1, keepdim=True) if self.scope == "clip" else scores).topk(2, dim=-1).values
        return (best[..., 0] - best[..., 1] > margin).all(dim=1)

    def deploy(self) -> DeployedAdaSGN | DeployedSGN:
        """The exact rewrite for inference; this network is left as it is.

        Raises:
            InputError: the policy draws at random.
        """
        branches = list(self.branches.values())
        if self.policy.draws:
            raise InputError("a policy that draws at random cannot be exported", given=self.options["policy"])
        if self.policy.fuses:
            return DeployedSGN(self.layout, self.stream, branches, self.temporal)
        return DeployedAdaSGN(
            self.layout,
            self.stream,
            branches,
            self.temporal,
            self.policy,
            whole_clips=self.scope == "clip",
            skip=self.skip,
        )

    def _inputs(self, x: Tensor) -> Tensor:
        check_bodies(x, self.frames, self.layout)
        return frame_inputs(x, self.layout, self.stream, self.get_buffer("parents"))

    def _clips(self, features: Tensor) -> Tensor:
        return features.reshape(-1, self.frames, features.shape[1])  # (B, T, F)


def _chosen(actions: Sequence[str], counts: Sequence[int], sizes: Sequence[str]) -> list[tuple[str, int]]:
    """Size and joint count of every action."""
    if not actions:
        return [(size, count) for count in counts for size in sizes]
    if counts:
        raise InputError(
            "actions are given by name, or by joints and sizes", given=f"actions {actions}, joints {counts}"
        )
    named = [name.rpartition("-") for name in actions]
    if wrong := [
        name for name, (size, _, count) in zip(actions, named, strict=True) if not (size and _is_count(count))
    ]:
        allowed = "the module size, a hyphen and the joint count, such as small-1 or w32-64-128-9"
        hint = "the count is a whole number above 0; every joint is given by its number"
        raise InputError("this names no action", given=wrong, allowed=allowed, hint=hint)
    return [(size, int(count)) for size, _, count in named]


def _is_count(text: str) -> bool:
    """Whether a text is a whole number above 0, as it is usually written."""
    return text.isdecimal() and text == str(int(text)) != "0"


def _check_choices(chosen: Sequence[tuple[str, int]], scope: str, skip: bool) -> None:
    given = ", ".join(f"{size}-{count}" for size, count in chosen) or "none"
    if len(set(chosen)) < len(chosen):
        raise InputError("an action is named twice", given=given)
    if len(chosen) + skip < 2:
        hint = "SGN is the network of one action" if chosen else "give joints, or actions by name"
        raise InputError("AdaSGN needs at least two actions", given=given, hint=hint)
    if scope not in SCOPES:
        raise InputError("no such scope of the policy", given=scope, allowed=SCOPES)


def branches_of(network: SGN | AdaSGN) -> dict[str, Branch]:
    """The branches in the order of the actions, by name; that of a single model by its size."""
    named = network.branches.items() if isinstance(network, AdaSGN) else [(network.options["size"], network.branch)]
    return {name: branch for name, branch in named if isinstance(branch, Branch)}
