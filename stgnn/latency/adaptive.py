"""What SGN and AdaSGN cost for one body: every action by itself, and what is paid whatever the actions are.

Two countings. ``"macs"`` is ours, of :mod:`stgnn.latency.cost`: products and convolutions, matrix products included.
``"adasgn"`` is that of AdaSGN's authors, reproduced from the published numbers: multiply-accumulates and bias
additions of convolutions, one for each element of a ReLU, two of a batch norm, one for each element that is pooled;
the matrix products of the graph, the softmax and additions count nothing. Ours are those of the products as they are
carried out, which for SGN are fewer than written in the paper (:class:`stgnn.networks.sgn.spatial.Similarity`).
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.latency.cost import Cost, body_macs, cost_of
from stgnn.networks import SGN, AdaSGN
from stgnn.networks.sgn import Branch, Policy, branches_of
from stgnn.networks.sgn.adasgn import SKIP
from stgnn.networks.sgn.choice import expected_cost
from stgnn.networks.sgn.spatial import module_widths
from stgnn.space.sgn import FEATURES

COUNTINGS = ("macs", "adasgn")
COUNTED = ("conv", "deep_conv", "random", "fuse")  # policies that the authors' counting is known for


@dataclass(frozen=True)
class ActionCosts:
    """Costs of one body, all frames.

    Attributes:
        actions: Cost of each action's branch, by name; one for SGN.
        policy: Cost of the policy.
        temporal: Cost of the temporal module.
        head: Cost of pooling and classifier.
    """

    actions: Mapping[str, int]
    policy: int
    temporal: int
    head: int

    @property
    def fixed(self) -> int:
        """What every body pays: the first action, policy, temporal module. The authors leave the classifier out."""
        return next(iter(self.actions.values())) + self.policy + self.temporal

    def total(self, usage: Sequence[float] | None = None) -> float:
        """Cost at a usage of the actions (shares of the frames; each action equally often when not given)."""
        count = len(self.actions)
        usage = [1 / count] * count if usage is None else usage
        return expected_cost(usage, list(self.actions.values()), self.fixed) + self.head


def action_costs(network: SGN | AdaSGN, counting: str = "macs") -> ActionCosts:
    """Costs of a network.

    Raises:
        InputError: there is no such counting, or it is not defined for the policy.
    """
    if counting not in COUNTINGS:
        raise InputError("no such counting", given=counting, allowed=COUNTINGS)
    found = _count(network, authors=counting == "adasgn")
    if isinstance(network, AdaSGN) and network.skip:
        found = ActionCosts({**found.actions, SKIP: 0}, found.policy, found.temporal, found.head)
    return found


def count_adaptive(network: SGN | AdaSGN, usage: Sequence[float] | None = None) -> Cost:
    """Our MACs and the parameters of one body; for AdaSGN at a usage of its actions, by default all equally often."""
    if isinstance(network, AdaSGN) and network.policy.fuses:
        usage = [1.0] * len(network.actions)
    return cost_of(network, round(action_costs(network).total(usage)))


def _count(network: SGN | AdaSGN, authors: bool) -> ActionCosts:
    frames, width, classes = network.frames, network.options["width"], network.num_classes
    policy = network.policy if isinstance(network, AdaSGN) else None
    if authors:
        return ActionCosts(
            {name: _authors_branch(branch, network, width) for name, branch in branches_of(network).items()},
            0 if policy is None else _authors_policy(policy, network.options["policy"], frames),
            _authors_temporal(frames, width),
            2 * FEATURES * width * (frames + classes),
        )
    head = 2 * FEATURES * width * classes
    features = (1, frames, FEATURES * width)
    inputs = (frames, network.layout.num_joints, 2 * network.layout.dimensions)
    return ActionCosts(
        {name: _macs(branch, inputs) for name, branch in branches_of(network).items()},
        0 if policy is None else _macs(policy, features),
        _macs(network.temporal, features) - head,
        head,
    )


def _macs(module: nn.Module, shape: tuple[int, ...]) -> int:
    twin = copy.deepcopy(module).to("meta").eval()
    return body_macs(twin, torch.empty(shape, device="meta"))


def _conv(source: int, target: int, positions: int, kernel: int = 1, bias: bool = True) -> int:
    return positions * target * (kernel * source + bias)


def _semantics(count: int, width: int, target: int) -> int:
    return _conv(count, width, count) + count * width + _conv(width, target, count) + count * target


def _authors_branch(branch: Branch, network: SGN | AdaSGN, width: int) -> int:
    joints, channels = branch.spatial.joints, network.layout.dimensions
    positions = network.frames * joints
    embedding, *layers = module_widths(branch.spatial.size, width)
    total = _semantics(joints, embedding, embedding)
    total += 2 * positions * (2 * channels + 2 * embedding) + 2 * _conv(channels, embedding, positions)
    total += 2 * _conv(embedding, embedding, positions)
    total += 2 * _conv(2 * embedding, FEATURES * embedding, positions)
    source = 2 * embedding
    for target in layers:
        total += _conv(source, target, positions, bias=False) + _conv(source, target, positions)
        total += 3 * target * positions  # batch norm and ReLU
        source = target
    return total + source * positions  # maximum over the joints


def _authors_temporal(frames: int, width: int) -> int:
    features = FEATURES * width
    total = _semantics(frames, width, features)
    total += features * frames  # the published totals hold one more maximum, over the one joint that is left
    total += _conv(features, features, frames, kernel=3) + 3 * features * frames
    return total + _conv(features, 2 * features, frames) + 6 * features * frames


def _authors_policy(policy: Policy, name: str, frames: int) -> int:
    if name not in COUNTED:
        hint = "take cost macs or milliseconds"
        raise InputError("the authors' counting is not known for this policy", given=name, allowed=COUNTED, hint=hint)
    convs = [module for module in policy.modules() if isinstance(module, nn.Conv1d)]
    norms = [module for module in policy.modules() if isinstance(module, nn.BatchNorm1d)]
    total = sum(_conv(conv.in_channels, conv.out_channels, frames, conv.kernel_size[0]) for conv in convs)
    return total + sum(3 * norm.num_features * frames for norm in norms)  # batch norm and ReLU
