"""The sparse generator: scores beside the weights of any network, trained together with them.

Source: "Are ST-GCNs for HAR over-parameterized?", arXiv 2505.10679, and its code. The network's code is not touched: it
runs with masked weights in place of its own. Other than the authors', masks and thresholds are computed once per step,
layers run once, shortcuts share the threshold of their scope, and the penalty has a gradient.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from stgnn.errors import InputError, check_between
from stgnn.networks.sparsity.compact import compact, masked
from stgnn.networks.sparsity.gates import FINE, Gate, Target, find_gates
from stgnn.networks.sparsity.maskable import block_of
from stgnn.networks.sparsity.masks import erdos_renyi, keep, open_gate, scope_keys, usual_scope

PENALTIES = ("pull", "inert")
INITIAL = ("random", "magnitude")


@dataclass(frozen=True)
class Density:
    """How much of one parameter a mask leaves."""

    name: str
    kept: int
    total: int

    @property
    def fraction(self) -> float:
        """Kept of all."""
        return self.kept / self.total


class Scores(nn.Module):
    """The trained scores of one gate.

    Args:
        gate: What they are about.
        start: Their values, shaped as the gate says.
    """

    def __init__(self, gate: Gate, start: Tensor) -> None:
        super().__init__()
        self.gate = gate
        self.score = nn.Parameter(start)
        for number, target in enumerate(gate.targets):
            if target.index is not None:
                self.register_buffer(f"index_{number}", target.index, persistent=False)

    def spread(self, value: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Parameter names, and the values of the scores brought to the parameters' axes; 1 where there is no score."""
        padded = None
        for number, target in enumerate(self.gate.targets):
            if target.index is None:
                yield target.parameter, value
                continue
            padded = torch.cat([value, value.new_ones(1)]) if padded is None else padded
            yield target.parameter, padded[getattr(self, f"index_{number}")]


class SparseNetwork(nn.Module):
    """A network with scores: ``forward(x, sparsity)`` runs it with the weights ``W B``, ``B = 1[S >= t]``.

    Args:
        network: Any network of bodies ``(B, T, V, C)``. It is held, not copied, and keeps its first weights (the
            authors draw them anew).
        granularity: What one score opens or closes (see :mod:`stgnn.networks.sparsity.gates`).
        scope: What shares a threshold: ``layer``, ``block``, ``global_raw`` (the authors') or ``global_standardised``;
            ``erdos_renyi``: a layer, and small ones stay denser (:func:`stgnn.networks.sparsity.masks.erdos_renyi`).
            None: :func:`stgnn.networks.sparsity.masks.usual_scope`.
        round_to: Channels: each group keeps a multiple of so many, such as 16 for runtimes that compute in vectors.
        floor: Each gate keeps at least so many scores; 1 or more for units, so that nothing collapses.
        initial: Scores start ``random``, as the authors', or in the order of the ``magnitude`` of what they open. Their
            values spread alike in both cases: those of magnitudes have other tails in every layer, and standardised
            thresholds would empty layers whose weights are spread evenly.
        shape: T, V, C, for a network that does not say.

    Raises:
        InputError: a name is unknown, or the network has nothing of that granularity.
    """

    def __init__(
        self,
        network: nn.Module,
        granularity: str = "unstructured",
        scope: str | None = None,
        round_to: int = 1,
        floor: int | None = None,
        initial: str = "random",
        shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        if initial not in INITIAL:
            raise InputError("no such start for scores", given=initial, allowed=INITIAL)
        check_between(1, round_to=round_to)
        gates = find_gates(network, granularity, shape)
        scope = usual_scope(granularity) if scope is None else scope
        self.network, self.granularity, self.scope = network, granularity, scope
        self.round_to, self._shape = round_to, shape
        self.floor = (0 if granularity in (*FINE, "edge") else round_to) if floor is None else floor
        weights = [network.get_parameter(gate.targets[0].parameter) for gate in gates]
        fine = granularity in FINE  # units are alike, whatever they are made of
        self._shapes = [weight.shape if fine else gate.shape for gate, weight in zip(gates, weights, strict=True)]
        self._keys = scope_keys(scope, [gate.name for gate in gates], [gate.block for gate in gates])
        self.scores = nn.ModuleList(Scores(gate, _start(network, gate, initial)) for gate in gates)

    def forward(
        self, x: Tensor, sparsity: float, overrides: Mapping[str, Tensor] | None = None, within: float = 0.0
    ) -> Tensor:
        """Logits ``(B, classes)`` of bodies ``(B, T, V, C)`` at a sparsity between 0 and 1.

        Args:
            x: The bodies.
            sparsity: The sparsity.
            overrides: See :meth:`weights`.
            within: See :meth:`weights`.
        """
        return functional_call(self.network, self.weights(sparsity, overrides, within), (x,))

    def weights(
        self, sparsity: float, overrides: Mapping[str, Tensor] | None = None, within: float = 0.0
    ) -> dict[str, Tensor]:
        """The masked weights by name, through which gradients reach weights that are kept, and scores.

        Args:
            sparsity: The sparsity.
            overrides: Parameters and buffers by name, in place of the network's; they are masked, too, and returned.
            within: Gradients reach the scores of what stays at this sparsity; at 0 all of them.
        """
        some = within and torch.is_grad_enabled()
        reached = self._kept(within) if some else [None] * len(self.scores)
        return self._applied(self._kept(sparsity), reached, overrides or {})

    def masks(self, sparsity: float) -> dict[str, Tensor]:
        """What stays of every parameter that has gates, by name; shaped as the parameter."""
        found: dict[str, Tensor] = {}
        for scores, mask in zip(self._all(), self._kept(sparsity), strict=True):
            for (name, value), target in zip(scores.spread(mask), scores.gate.targets, strict=True):
                whole = _along(value, target, self.network.get_parameter(name))
                found[name] = whole if name not in found else found[name] & whole
        return found

    def densities(self, sparsity: float) -> tuple[Density, ...]:
        """How much stays of every parameter that has gates."""
        return tuple(Density(name, int(mask.sum()), mask.numel()) for name, mask in self.masks(sparsity).items())

    def penalty(self, sparsity: float, kind: str = "pull", overrides: Mapping[str, Tensor] | None = None) -> Tensor:
        """``sum over blocks of || W where it would be pruned at this sparsity ||_2``.

        Args:
            sparsity: The target.
            kind: ``pull`` draws what will be pruned to zero; ``inert`` has the same value and no gradient, as in the
                authors' code.
            overrides: Parameters by name, in place of the network's.

        Raises:
            InputError: there is no such kind.
        """
        if kind not in PENALTIES:
            raise InputError("no such penalty", given=kind, allowed=PENALTIES)
        squares: dict[str, Tensor] = {}
        for name, mask in self.masks(sparsity).items():
            weight = (overrides or {}).get(name, self.network.get_parameter(name))
            square = (weight.detach() if kind == "inert" else weight).masked_fill(mask, 0).square().sum()
            block = block_of(self.network, name)
            squares[block] = squares[block] + square if block in squares else square
        # The root has no gradient at zero; a block without anything to prune has none either.
        return torch.stack([square.clamp_min(1e-24).sqrt() for square in squares.values()]).sum()

    def masked(self, sparsity: float) -> nn.Module:
        """The network alone, with its masked weights set to zero."""
        return masked(self.network, self.masks(sparsity))

    def compacted(self, sparsity: float) -> nn.Module:
        """The network alone, without what the masks emptied."""
        return compact(self.network, self.masks(sparsity), self._shape)

    def score_parameters(self) -> list[nn.Parameter]:
        """The scores, for a group of their own in the optimiser: decay would pull them to the threshold."""
        return [scores.score for scores in self._all()]

    def _all(self) -> Iterator[Scores]:
        for scores in self.scores:
            assert isinstance(scores, Scores)
            yield scores

    def _kept(self, sparsity: float) -> list[Tensor]:
        standardise, scores = self.scope == "global_standardised", self.score_parameters()
        sizes = [score.numel() for score in scores]
        shares = erdos_renyi(self._shapes, sizes, sparsity) if self.scope == "erdos_renyi" else sparsity
        return keep(scores, self._keys, shares, standardise=standardise, round_to=self.round_to, floor=self.floor)

    def _applied(
        self, kept: Sequence[Tensor], reached: Sequence[Tensor | None], overrides: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        found = dict(overrides)
        for scores, mask, some in zip(self._all(), kept, reached, strict=True):
            opened = scores.spread(open_gate(scores.score, mask, some))
            for (name, value), target in zip(opened, scores.gate.targets, strict=True):
                weight = found.get(name, self.network.get_parameter(name))
                found[name] = weight * _placed(value, target, weight.dim())
        return found


def _placed(value: Tensor, target: Target, dims: int) -> Tensor:
    """The values of scores on the axes of their parameter, ready to be broadcast."""
    if target.axis is None:
        return value
    return value.reshape([-1 if axis == target.axis else 1 for axis in range(dims)])


def _along(value: Tensor, target: Target, weight: Tensor) -> Tensor:
    return (_placed(value, target, weight.dim()) != 0).expand(weight.shape)


@torch.no_grad()
def _start(network: nn.Module, gate: Gate, initial: str) -> Tensor:
    """First scores: uniform within the gate's bound, at random or in the order of magnitudes."""
    device = next(network.parameters()).device
    if initial == "random":
        return torch.empty(gate.shape, device=device).uniform_(-gate.bound, gate.bound)
    ranks = _magnitude(network, gate).flatten().argsort(stable=True).argsort(stable=True)
    return (gate.bound * ((2 * ranks + 1) / len(ranks) - 1)).reshape(gate.shape)


def _magnitude(network: nn.Module, gate: Gate) -> Tensor:
    """The mean magnitude of what each score opens, relative to the mean of each parameter."""
    device = next(network.parameters()).device
    total = torch.zeros(gate.shape, device=device).flatten()
    for target in gate.targets:
        weight = network.get_parameter(target.parameter).detach().abs()
        if target.index is None:
            return weight
        index = target.index.to(device).flatten()
        values = weight if target.axis is None else weight.movedim(target.axis, 0).reshape(len(index), -1).mean(dim=1)
        values, index = values.flatten()[index >= 0], index[index >= 0]
        sums = torch.zeros_like(total).index_add_(0, index, values)
        counts = torch.zeros_like(total).index_add_(0, index, torch.ones_like(values)).clamp_min(1)
        total += sums / counts / weight.mean().clamp_min(1e-12)
    return total / len(gate.targets)
