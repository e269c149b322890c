"""Which weights a mask may touch, by rule."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

_JOINTS = re.compile(r"_\d+$")
_GATES = ("attention", "squeeze", "excite")
_CONTAINERS = (nn.ModuleList, nn.ModuleDict, nn.Sequential)


@dataclass(frozen=True)
class Weight:
    """A parameter and whether it may be masked.

    Attributes:
        name: Its name in the network.
        size: Number of values.
        kept_because: Why it is never masked; empty for a maskable one.
    """

    name: str
    size: int
    kept_because: str


def is_head(name: str) -> bool:
    """Whether a classifier is called so: ``head``, or ``head_`` and the readout it belongs to."""
    return name == "head" or name.startswith("head_")


def why_kept(name: str, parameter: Tensor) -> str:
    """Why a parameter is never masked; empty for a maskable one.

    Maskable are the weights of convolutions over joints and frames, of embeddings and relations, and of projecting
    shortcuts. Never masked are, in this order: biases, scales and strengths; whatever is named by a joint count (graphs
    and matrices over the joints); attention and gates; the stems; the classifier ``head``. This is the choice of the
    code of "Are ST-GCNs for HAR over-parameterized?" (arXiv 2505.10679), as a rule on names and axes, so that it holds
    for networks that the authors do not have.
    """
    *path, leaf = name.split(".")
    if parameter.dim() < 2 or leaf.endswith("bias"):
        return "a bias, scale or strength"
    if any(_JOINTS.search(part) for part in (*path, leaf)):
        return "a matrix over the joints"
    if any(part in _GATES or "gate" in part for part in path):
        return "attention or a gate"
    if path[:1] == ["stems"]:
        return "a stem"
    return "the classifier" if path and is_head(path[-1]) else ""


def list_weights(network: nn.Module) -> tuple[Weight, ...]:
    """Every parameter, with the reason for which it is never masked."""
    return tuple(
        Weight(name, parameter.numel(), why_kept(name, parameter)) for name, parameter in network.named_parameters()
    )


def maskable(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters that a mask may touch."""
    for name, parameter in network.named_parameters():
        if not why_kept(name, parameter):
            yield name, parameter


def not_zero(network: nn.Module) -> float:
    """Share of the maskable weights that are not zero."""
    weights = [weight for _, weight in maskable(network)]
    return sum(int(weight.count_nonzero()) for weight in weights) / sum(weight.numel() for weight in weights)


def block_of(network: nn.Module, name: str) -> str:
    """The block that a tensor belongs to: the first module on its path that is no mere container.

    ``stages.0.1.temporal.TemporalConv.conv.0.weight`` belongs to ``stages.0.1``.
    """
    parts = name.split(".")[:-1]
    for count in range(1, len(parts) + 1):
        if not isinstance(network.get_submodule(".".join(parts[:count])), _CONTAINERS):
            return ".".join(parts[:count])
    return ".".join(parts)


def fan_in(network: nn.Module, name: str, parameter: Tensor) -> int:
    """How many inputs one output of this weight sums over.

    Raw weights of several 1x1 convolutions are ``(K, C_out, C_in)``; those of modules ``(C_out, C_in, ...)``.
    """
    module = network.get_submodule(name.rpartition(".")[0])
    raw = not isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d)
    return parameter.shape[-1] if raw else int(parameter[0].numel())
