"""Deploy forms of SGN and AdaSGN: exact rewrites for inference."""

import copy
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from stgnn.networks.sgn.branch import Branch, velocity
from stgnn.networks.sgn.deploy_spatial import deploy_spatial
from stgnn.networks.sgn.policy import ConvPolicy, Policy
from stgnn.networks.sgn.temporal import TemporalModule
from stgnn.operators.folding import affine
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import bone_matrix, motion
from stgnn.skeleton.transforms import center


class _Frames(nn.Module):
    """Keypoints to frames ``(B * T, 2 * C, V)``, positions before velocities.

    Bones are linear and part of the branches' joint maps; only a motion stream is formed here.
    """

    def __init__(self, layout: SkeletonLayout, stream: str) -> None:
        super().__init__()
        self.center_joint, self.moving = layout.center, stream.endswith("motion")

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, V, C) -> (B * T, 2 * C, V)``."""
        x = center(x, self.center_joint)
        x = (motion(x) if self.moving else x).transpose(2, 3)  # (B, T, C, V)
        return torch.cat([x, velocity(x)], dim=2).flatten(0, 1)


class _Temporal(nn.Module):
    """The temporal module and the classifier as three products; the second bias and ReLU come after the maximum."""

    def __init__(self, module: TemporalModule) -> None:
        super().__init__()
        scale, shift = affine(module.near_norm)
        near = module.near.weight.detach() * scale[:, None, None]  # (F, F, 3)
        self.register_buffer("semantics", module.semantics().detach())
        self.register_buffer("near", near.permute(2, 1, 0).flatten(0, 1).contiguous())  # (3 * F, F)
        self.register_buffer("near_bias", _bias(module.near) * scale + shift)
        scale, shift = affine(module.wide_norm)
        self.register_buffer("wide", (module.wide.weight.detach()[..., 0] * scale[:, None]).T.contiguous())
        self.register_buffer("wide_bias", _bias(module.wide) * scale + shift)
        self.head = copy.deepcopy(module.head)

    def forward(self, features: Tensor) -> Tensor:
        """``(B * T, F) -> (B, classes)``."""
        semantics = self.get_buffer("semantics")
        y = features.reshape(-1, *semantics.shape) + semantics  # (B, T, F)
        nothing = torch.zeros_like(y[:, :1])
        y = torch.cat([torch.cat([nothing, y[:, :-1]], 1), y, torch.cat([y[:, 1:], nothing], 1)], dim=2)
        y = torch.relu(y @ self.get_buffer("near") + self.get_buffer("near_bias"))
        y = (y @ self.get_buffer("wide")).amax(dim=1)  # (B, 2 * F)
        return self.head(torch.relu(y + self.get_buffer("wide_bias")))


class _Windows(nn.Module):
    """The convolution of a :class:`ConvPolicy` as one product, whose parts for earlier and later frames are shifted."""

    def __init__(self, policy: ConvPolicy) -> None:
        super().__init__()
        weight = policy.conv.weight.detach()  # (A, F, 3)
        self.actions = len(weight)
        self.register_buffer("weight", weight.permute(1, 2, 0).flatten(1).contiguous())  # (F, 3 * A)
        self.register_buffer("bias", _bias(policy.conv).clone())

    def forward(self, features: Tensor) -> Tensor:
        """``(B, T, F) -> (B, T, A)``."""
        before, now, after = torch.split(features @ self.get_buffer("weight"), self.actions, dim=2)
        nothing = torch.zeros_like(now[:, :1])
        before, after = torch.cat([nothing, before[:, :-1]], 1), torch.cat([after[:, 1:], nothing], 1)
        return now + before + after + self.get_buffer("bias")


class DeployedSGN(nn.Module):
    """SGN for inference; with several branches, the sum of their features (the policy ``fuse``).

    Frame-major, batch norms folded, semantics precomputed; see :mod:`stgnn.networks.sgn.deploy_spatial`.

    Args:
        layout: The full body.
        stream: The stream.
        branches: Trained branches.
        temporal: Trained temporal module.
    """

    def __init__(
        self, layout: SkeletonLayout, stream: str, branches: Sequence[nn.Module], temporal: TemporalModule
    ) -> None:
        super().__init__()
        self.num_frames = temporal.semantics.count
        self.inputs = _Frames(layout, stream)
        self.branches = nn.ModuleList(_deployed(branches, layout, stream))
        self.temporal = _Temporal(copy.deepcopy(temporal).cpu())
        self.to(temporal.head.weight.device).eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V, C)`` to logits ``(B, classes)``."""
        frames = self.inputs(x)
        first, *others = self.branches
        features = first(frames)
        for branch in others:
            features = features + branch(frames)
        return self.temporal(features)


class DeployedAdaSGN(DeployedSGN):
    """AdaSGN for inference: frames are grouped by action over the whole batch, each branch runs once on its group.

    One graph without control flow (``nonzero``, ``index_select``, ``index_copy``), which runtimes run right for any
    batch and for empty groups. The transformations are right operands, for a left one fails on an empty group.

    Args:
        layout: The full body.
        stream: The stream.
        branches: Trained branches, one for each action but ``skip``.
        temporal: Trained temporal module.
        policy: Trained policy.
        whole_clips: Whether all frames of a body share an action.
        skip: Whether the last action leaves a frame out.
    """

    outputs: ClassVar[tuple[str, ...]] = ("logits", "actions")

    def __init__(
        self,
        layout: SkeletonLayout,
        stream: str,
        branches: Sequence[nn.Module],
        temporal: TemporalModule,
        policy: Policy,
        whole_clips: bool = False,
        skip: bool = False,
    ) -> None:
        super().__init__(layout, stream, branches, temporal)
        self.policy = (
            _Windows(policy) if isinstance(policy, ConvPolicy) else copy.deepcopy(policy).eval().requires_grad_(False)
        )
        self.whole_clips, self.skip = whole_clips, skip

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Raw keypoints of bodies ``(B, T, V, C)`` to logits ``(B, classes)`` and action numbers ``(B, T)``."""
        frames = self.inputs(x)
        first, *others = self.branches
        features = first(frames)
        scores = self.policy(features.reshape(-1, self.num_frames, features.shape[1]))  # (B, T, A)
        if self.whole_clips:
            scores = scores.mean(dim=1, keepdim=True).expand(-1, self.num_frames, -1)
        actions = scores.argmax(dim=2)
        features = route(features, frames, actions.flatten(), others, self.skip)
        return self.temporal(features), actions


def route(
    features: Tensor, frames: Tensor, actions: Tensor, branches: Sequence[nn.Module], skip: bool = False
) -> Tensor:
    """Features of every frame by the branch it chose. The results of all groups are put back at once.

    Args:
        features: Those of the first action, ``(n, F)``.
        frames: What branches take, ``(n, ...)``.
        actions: Action numbers ``(n,)``.
        branches: Branches of the actions from the second on.
        skip: Whether there is one more action, which stands for no features at all.

    Returns:
        ``(n, F)``.
    """
    rows, values = [], []
    for number, branch in enumerate(branches, start=1):
        chosen = (actions == number).nonzero()[:, 0]
        if torch.compiler.is_exporting() or len(chosen):
            rows.append(chosen)
            values.append(branch(frames.index_select(0, chosen)))
    if rows:
        features = features.index_copy(0, torch.cat(rows), torch.cat(values))
    return features * (actions <= len(branches))[:, None] if skip else features


def _deployed(branches: Iterable[nn.Module], layout: SkeletonLayout, stream: str) -> list[nn.Module]:
    bones = bone_matrix(layout).T if stream.startswith("bone") else None
    deployed = []
    for branch in branches:
        assert isinstance(branch, Branch)
        own = branch.coarsening
        joint_map = None if own is None else own.detach().cpu().numpy()
        if bones is not None:
            joint_map = bones if joint_map is None else bones @ joint_map
        matrix = None if joint_map is None else torch.tensor(np.ascontiguousarray(joint_map))
        deployed.append(deploy_spatial(copy.deepcopy(branch.spatial).cpu().eval(), matrix, layout.num_joints))
    return deployed


def _bias(conv: nn.Conv1d) -> Tensor:
    assert conv.bias is not None
    return conv.bias.detach()
