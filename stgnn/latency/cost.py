"""What a network costs, counted and not measured: multiply-accumulates (MACs), parameters, operations.

The network is run once on the meta device, where tensors have shapes and no data, under a dispatch mode that sees
every operation. Formulas for products and convolutions are those of ``torch.utils.flop_counter``; one MAC is two of
its flops. Norms, activations and additions are not counted, as is usual.
"""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from stgnn.networks import Ensemble, Model, Network, make_network
from stgnn.networks.sgn import branches_of
from stgnn.skeleton import STREAMS, SkeletonLayout
from stgnn.space import BaseArchitecture

aten = torch.ops.aten


@dataclass(frozen=True)
class Cost:
    """Cost of one body through a network.

    Attributes:
        macs: Multiply-accumulates of products and convolutions.
        parameters: Number of trained values.
        frames: T.
        joints: V that the blocks compute on, see :func:`joints_and_streams`.
        bodies: Bodies that were counted.
        streams: The input streams, ``"joint+bone"``.
    """

    macs: int
    parameters: int
    frames: int
    joints: int
    bodies: int
    streams: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Operation:
    """One operation: its MACs and the bytes it reads and writes."""

    name: str
    macs: int
    bytes: int


def count(network: Network | BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Cost:
    """Cost of one body, of a network or of the network an architecture stands for.

    Raises:
        InputError: the architecture names an unknown operator, or a joint count the layout does not offer.
    """
    return _count(network.architecture if isinstance(network, Network) else network, layout, num_classes)


def operations(architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> tuple[Operation, ...]:
    """The operations of a network's forward pass in evaluation mode, views left out."""
    return _trace(architecture, layout, num_classes)[0]


def count_as_is(model: Model) -> Cost:
    """Cost of one body through a network as it is, whatever was removed from it."""
    twin, layout = copy.deepcopy(model).to("meta").eval(), model.layout
    body = torch.empty(1, model.frames, layout.num_joints, layout.dimensions, device="meta")
    return cost_of(model, body_macs(twin, body))


def cost_of(model: Model, macs: int) -> Cost:
    """Cost of one body through a network whose MACs are known."""
    joints, streams = joints_and_streams(model)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Cost(macs, parameters, model.frames, joints, bodies=1, streams="+".join(streams))


def joints_and_streams(model: Model) -> tuple[int, tuple[str, ...]]:
    """V that a network computes on, and its input streams.

    Of AdaSGN the V of its largest body; of an ensemble the largest V of its members, and every stream that one of them
    takes.
    """
    if isinstance(model, Ensemble):
        counts, streams = zip(*(joints_and_streams(one) for one in model.members), strict=True)
        return max(counts), tuple(name for name in STREAMS if any(name in one for one in streams))
    full = model.layout.num_joints
    if isinstance(model, Network):
        return model.architecture.joints or full, model.architecture.streams
    return max(branch.joints or full for branch in branches_of(model).values()), (model.stream,)


@lru_cache(maxsize=20_000)
def _count(architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Cost:
    return _trace(architecture, layout, num_classes)[1]


@lru_cache(maxsize=2_000)
def _trace(
    architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int
) -> tuple[tuple[Operation, ...], Cost]:
    with torch.device("meta"):
        network = make_network(architecture, layout, num_classes).eval()
        example = torch.empty(1, architecture.frames, layout.num_joints, layout.dimensions)
    found = trace(network, example)
    return found, cost_of(network, body_macs(network, example, found))


def trace(module: nn.Module, example: Tensor) -> tuple[Operation, ...]:
    """The operations of one forward pass of any module."""
    with torch.no_grad(), _Recorder() as recorder:
        module(example)
    return tuple(recorder.operations)


def body_macs(module: nn.Module, body: Tensor, found: tuple[Operation, ...] | None = None) -> int:
    """MACs of one more body through any module.

    Args:
        module: The module, on the device of the body.
        body: What the module takes of one body; those of several bodies are joined along the first axis.
        found: The operations for one body, if they are known.
    """
    one, two = found or trace(module, body), trace(module, torch.cat([body, body]))
    return sum(operation.macs for operation in two) - sum(operation.macs for operation in one)


def _shape_only(func: Any, args: tuple[Any, ...]) -> Any:
    """Results of the operations whose meta kernels take most of the time, though the output is shaped as the input."""
    if func is aten.hardswish.default:
        return torch.empty_like(args[0])
    if func is aten.native_batch_norm.default:
        return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
    return None


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = _shape_only(func, args)
        result = func(*args, **(kwargs or {})) if result is None else result
        if not func.is_view:
            formula: Callable[..., int] | None = flop_registry.get(func.overloadpacket)
            macs = formula(*args, **(kwargs or {}), out_val=result) // 2 if formula is not None else 0
            tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
            traffic = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
            self.operations.append(Operation(str(func.overloadpacket), macs, traffic))
        return result
