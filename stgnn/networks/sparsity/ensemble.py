"""Several levels of sparsity at once: independent experts, or nested masks of one network.

Source: the ensembles of "Are ST-GCNs for HAR over-parameterized?" (arXiv 2505.10679) and its code: experts of sparsity
0.6, 0.8, 0.95 and 0.99 whose kept weights add up to 66 % of one dense network; loss = CE(fused) + sum CE(expert).
Fusing feature maps before the pooling equals fusing pooled features, since both are linear, so maps are pooled first.
Nested levels are ours: one set of weights and scores, thresholds that rise with the level, so that each sparser level
keeps a subset of what the denser one keeps; batch norms and classifier are each level's own. A level chooses among what
the denser one keeps: its gradient reaches those scores alone. Otherwise the sparsest level, whose gradients are the
largest, would decide what the others keep.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.classifier import classifier_path
from stgnn.networks.sparsity.compact import compact
from stgnn.networks.sparsity.sparse import SparseNetwork

FUSIONS = ("mean", "learned", "mix")
LEVELS = (0.6, 0.8, 0.95, 0.99)


class Predictions(NamedTuple):
    """Logits of an ensemble: fused ``(B, classes)``, and of every expert ``(E, B, classes)``."""

    fused: Tensor
    experts: Tensor


class Fusion(nn.Module):
    """Pooled features of E experts ``(E, B, C)`` to one ``(B, C)``.

    Args:
        kind: ``mean``; ``learned``, a weighted mean; or ``mix``, a 1x1 convolution of all channels of all experts.
        experts: E.
        channels: C.

    Raises:
        InputError: there is no such kind.
    """

    def __init__(self, kind: str, experts: int, channels: int) -> None:
        super().__init__()
        if kind not in FUSIONS:
            raise InputError("no such fusion of experts", given=kind, allowed=FUSIONS)
        self.experts = experts
        self.weight = nn.Parameter(torch.zeros(experts)) if kind == "learned" else None
        self.mix = nn.Linear(experts * channels, channels) if kind == "mix" else None

    def check(self, count: int) -> None:
        """Refuse a number of experts that this fusion was not trained for.

        Raises:
            InputError: it takes all or none.
        """
        if not 1 <= count <= self.experts or (self.mix is not None and count != self.experts):
            allowed = self.experts if self.mix is not None else f"1 to {self.experts}"
            hint = "fuse by mean or learned, which work for any number of levels"
            raise InputError("this fusion cannot take so many experts", given=count, allowed=allowed, hint=hint)

    def forward(self, features: Tensor) -> Tensor:
        """``(E, B, C) -> (B, C)``; other than ``mix``, also of the first few experts alone."""
        self.check(len(features))
        if self.mix is not None:
            return self.mix(features.transpose(0, 1).flatten(1))  # (B, E*C)
        if self.weight is None:
            return features.mean(dim=0)
        return torch.tensordot(torch.softmax(self.weight[: features.shape[0]], dim=0), features, dims=1)

    @torch.no_grad()
    def classifiers(self, head: nn.Linear, count: int) -> list[nn.Linear]:
        """One classifier for each of the first ``count`` experts whose logits add up to ``head`` after this fusion."""
        weight, bias = head.weight.detach(), head.bias.detach()
        if self.mix is not None:
            parts = [
                weight @ block for block in torch.split(self.mix.weight, weight.shape[1], dim=1)
            ]  # each (classes, C)
            bias = bias + weight @ self.mix.bias
        else:
            scores = weight.new_zeros(count) if self.weight is None else self.weight[:count]
            parts = [weight * share for share in torch.softmax(scores, dim=0)]
        heads = [_fresh(head) for _ in range(count)]
        for number, (one, part) in enumerate(zip(heads, parts, strict=True)):
            one.weight.copy_(part)
            one.bias.copy_(bias if number == 0 else torch.zeros_like(bias))
        return heads


class SummedExperts(nn.Module):
    """The sum of the logits of plain networks.

    Fusion and classifier are linear, so each network has its part of both in its own classifier.

    Args:
        networks: Networks of bodies ``(B, T, V, C)``.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, x: Tensor) -> Tensor:
        """Bodies ``(B, T, V, C)`` to logits ``(B, classes)``."""
        return torch.stack([network(x) for network in self.networks]).sum(dim=0)

    def deploy(self) -> "SummedExperts":
        """The exact rewrite for inference of every network; these are left as they are."""
        return SummedExperts([network.deploy() for network in self.networks]).eval()  # type: ignore[operator]


class SparseEnsemble(nn.Module):
    """Experts of rising sparsity with a classifier each, and one for all.

    Args:
        networks: One network for each level (independent), or a single one (nested). They are held, not copied, and
            lose their classifier to the ensemble; where there are more classifiers than networks, they start as copies.
        levels: Sparsity of each level, rising.
        fusion: One of :data:`FUSIONS`.
        granularity: As of :class:`SparseNetwork`.
        scope: As of :class:`SparseNetwork`.
        round_to: As of :class:`SparseNetwork`.
        initial: As of :class:`SparseNetwork`.

    Raises:
        InputError: the levels do not rise, their number is another than the networks', or a network has no classifier
            ``head``.
    """

    def __init__(
        self,
        networks: Sequence[nn.Module],
        levels: Sequence[float] = LEVELS,
        fusion: str = "mean",
        granularity: str = "unstructured",
        scope: str | None = None,
        round_to: int = 1,
        initial: str = "random",
    ) -> None:
        super().__init__()
        if not levels or len(networks) not in (1, len(levels)) or list(levels) != sorted(set(levels)):
            given = f"{len(networks)} networks, levels {tuple(levels)}"
            allowed = "rising levels; one network for each of them, or one for all"
            raise InputError("these networks and levels make no ensemble", given=given, allowed=allowed)
        self.levels = tuple(levels)
        self._head_path = classifier_path(networks[0])
        heads = [self._take_head(network) for network in networks]
        head = heads[0]
        heads += [copy.deepcopy(head) for _ in range(len(levels) - len(networks))]
        self.experts = nn.ModuleList(
            SparseNetwork(network, granularity, scope, round_to=round_to, initial=initial) for network in networks
        )
        self.heads, self.head = nn.ModuleList(heads), copy.deepcopy(head)
        self.fusion = Fusion(fusion, len(levels), head.in_features)
        self.norms = nn.ModuleList(Norms(networks[0]) for _ in range(len(levels) - len(networks)))

    @property
    def nested(self) -> bool:
        """Whether all levels share one network."""
        return len(self.experts) < len(self.levels)

    def forward(self, x: Tensor, sparsities: Sequence[float] | None = None) -> Predictions:
        """Logits of bodies ``(B, T, V, C)``.

        Args:
            x: The bodies.
            sparsities: Of each level, during a schedule; of the first few, to use these alone. None: the targets.
        """
        chosen = self.levels if sparsities is None else tuple(sparsities)
        denser = (0.0, *chosen) if self.nested else (0.0,) * len(chosen)
        features = torch.stack(
            [self._expert(level)(x, sparsity, self._own(level), denser[level]) for level, sparsity in enumerate(chosen)]
        )
        each = torch.stack([head(one) for head, one in zip(self.heads, features, strict=False)])
        return Predictions(self.head(self.fusion(features)), each)

    def penalty(self, kind: str = "pull") -> Tensor:
        """The penalty of every level, each at its target."""
        penalties = [
            self._expert(level).penalty(sparsity, kind, self._own(level)) for level, sparsity in enumerate(self.levels)
        ]
        return torch.stack(penalties).sum()

    def level(self, number: int) -> nn.Module:
        """One level alone, as a plain network without what its masks emptied."""
        head = self.heads[number]
        assert isinstance(head, nn.Linear)
        return self._plain(number, copy.deepcopy(head))

    def compacted(self, count: int | None = None) -> SummedExperts:
        """All levels, or the first ``count``, as plain networks without what their masks emptied.

        Raises:
            InputError: the fusion works for all levels only.
        """
        count = len(self.levels) if count is None else count
        self.fusion.check(count)
        heads = self.fusion.classifiers(self.head, count)
        return SummedExperts([self._plain(number, head) for number, head in enumerate(heads)])

    def _take_head(self, network: nn.Module) -> nn.Linear:
        """The classifier of a network, which gives features from now on."""
        head = network.get_submodule(classifier_path(network))
        network.set_submodule(self._head_path, nn.Identity())
        assert isinstance(head, nn.Linear)
        return head

    def _expert(self, level: int) -> SparseNetwork:
        expert = self.experts[0 if self.nested else level]
        assert isinstance(expert, SparseNetwork)
        return expert

    def _own(self, level: int) -> Mapping[str, Tensor]:
        """What a nested level has in place of the network's; the densest has nothing."""
        if level == 0 or not self.nested:
            return {}
        norms = self.norms[level - 1]
        assert isinstance(norms, Norms)
        return norms.by_name()

    def _plain(self, level: int, head: nn.Linear) -> nn.Module:
        """One level with this classifier, without what its masks emptied."""
        expert = self._expert(level)
        network = copy.deepcopy(expert.network)
        network.load_state_dict(dict(self._own(level)), strict=False)
        network.set_submodule(self._head_path, head)
        return compact(network, expert.masks(self.levels[level]))


class Norms(nn.Module):
    """Batch norms of one nested level: each level sees other features, so each has weights and statistics of its own.

    Source: Yu et al., "Slimmable Neural Networks", ICLR 2019, for nested widths.

    Args:
        network: The network whose batch norms are copied.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        found = {name: module for name, module in network.named_modules() if hasattr(module, "running_mean")}
        self._names, self.norms = [*found], nn.ModuleList(copy.deepcopy(module) for module in found.values())

    def by_name(self) -> dict[str, Tensor]:
        """Weights and statistics by the name of the network's."""
        return {
            f"{path}.{name}": value
            for path, norm in zip(self._names, self.norms, strict=True)
            for name, value in (*norm.named_parameters(), *norm.named_buffers())
        }


def _fresh(head: nn.Linear) -> nn.Linear:
    """Another classifier of the same sizes."""
    return nn.Linear(head.in_features, head.out_features, device=head.weight.device)
