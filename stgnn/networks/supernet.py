"""The supernet: every network of a search space, with shared weights.

**The slicing law.** The network of an architecture has exactly the parameter names of the supernet that the
architecture selects, and each of its tensors is the leading block of the supernet's tensor along channel axes and the
centre block along kernel axes. Hence

    supernet(x, arch)      = functional_call(template(arch), slices(arch), (x,))
    supernet.extract(arch) = make_network(arch) with a copy of those slices

and no operator knows about elasticity. Kernel axes are the axes from the third on of the weight of a convolution
module; every other axis is a channel axis. Gradients flow through the slices into the big tensors, and batch-norm
buffers are updated through them.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from stgnn.errors import InputError
from stgnn.networks.models import make_network
from stgnn.networks.network import Network
from stgnn.networks.sgn import SGN
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture, Space, check_joints, cover, narrow

_TEMPLATES = 512  # networks without weights that are kept; each takes about a hundred kilobytes


class Supernet(nn.Module):
    """The union of the networks of a space: one tensor per name, as large as any of them needs.

    Args:
        space: The architectures.
        layout: The full body.
        num_classes: Number of classes.

    Raises:
        InputError: the layout does not offer a joint count of the space, or an operator cannot have one of the widths
            or kernels that the space gives it.
    """

    def __init__(self, space: Space, layout: SkeletonLayout, num_classes: int) -> None:
        super().__init__()
        check_joints(space, layout)
        self.space, self.layout, self.num_classes = space, layout, num_classes
        self._templates: OrderedDict[BaseArchitecture, tuple[Network | SGN, dict[str, tuple[slice, ...] | None]]] = (
            OrderedDict()
        )
        self._homes: dict[str, tuple[dict[str, Tensor], str]] = {}
        for name, part in _union(space, layout, num_classes).items():
            self._homes[name] = _register(self, name, part)

    def forward(self, x: Tensor, architecture: BaseArchitecture, buffers: Mapping[str, Tensor] | None = None) -> Tensor:
        """Logits of one architecture.

        Args:
            x: Bodies ``(B, T, V_full, C)`` with the architecture's T.
            architecture: A member of the space.
            buffers: Batch-norm statistics to use instead of the stored ones, from :meth:`calibrated`.

        Returns:
            Logits ``(B, classes)``.
        """
        template = self.template(architecture)
        tensors = self.slices(architecture) | dict(buffers or {})
        return functional_call(template, tensors, (x,))

    def template(self, architecture: BaseArchitecture) -> Network | SGN:
        """The network of an architecture without weights, in this supernet's mode; built once."""
        template = self._plan(architecture)[0]
        return template if template.training == self.training else template.train(self.training)

    def slices(self, architecture: BaseArchitecture) -> dict[str, Tensor]:
        """The blocks of this supernet's tensors that the architecture selects, as views, by name."""
        plan = self._plan(architecture)[1]
        return {
            name: self._tensor(name) if block is None else self._tensor(name)[block] for name, block in plan.items()
        }

    def extract(self, architecture: BaseArchitecture) -> Network | SGN:
        """A network of its own with a copy of the selected weights; the same function as ``self(x, architecture)``."""
        network = make_network(architecture, self.layout, self.num_classes)
        tensors = _tensors(network)
        for name, tensor in self.slices(architecture).items():
            tensors[name].copy_(tensor.detach())
        return network.to(next(self.parameters()).device).train(self.training)

    @torch.no_grad()
    def calibrated(self, architecture: BaseArchitecture, batches: Iterable[Tensor]) -> dict[str, Tensor]:
        """Exact batch-norm statistics of one architecture.

        Batch norms alone are in training mode, so that the statistics are of what evaluation will see, without dropout.
        Mean and variance over all batches follow from E[x] and E[x^2] (averaging the batches' variances would lose the
        variance between their means).

        Args:
            architecture: A member of the space.
            batches: Bodies ``(B, T, V_full, C)`` with the architecture's T.

        Returns:
            ``running_mean`` and ``running_var`` by name, to be given to :meth:`forward`.
        """
        template = self._plan(architecture)[0].eval()
        state = {name: tensor.clone() for name, tensor in self.slices(architecture).items()}
        moments: dict[str, tuple[Tensor, Tensor, int]] = {}
        with _counting(template) as counts:
            for x in batches:
                functional_call(template, state, (x,), tie_weights=False)
                _add(moments, state, counts)
        if not moments:
            raise InputError("recalibration needs at least one batch of bodies")
        buffers = {}
        for name, (total, square, count) in moments.items():
            mean = total / count
            buffers[f"{name}.running_mean"] = mean
            buffers[f"{name}.running_var"] = (square / count - mean * mean).clamp_min(0)
        return {name: value.float().to(self._tensor(name).device) for name, value in buffers.items()}

    def _tensor(self, name: str) -> Tensor:
        """A whole tensor; its home is known, because finding it in all modules would cost as much as a small step."""
        home, leaf = self._homes[name]
        return home[leaf]

    def _plan(self, architecture: BaseArchitecture) -> tuple[Network | SGN, dict[str, tuple[slice, ...] | None]]:
        """The template and, for every tensor, the block to take; None stands for the whole tensor."""
        known = self._templates.get(architecture)
        if known is not None:
            self._templates.move_to_end(architecture)
            return known
        # Made on the CPU and then emptied: much faster than on the meta device, where drawing initial values is slow.
        with torch.random.fork_rng(devices=[]):
            template = make_network(architecture, self.layout, self.num_classes).to_empty(device="meta")
        kernels = _kernel_weights(template)
        plan: dict[str, tuple[slice, ...] | None] = {}
        for name, tensor in _tensors(template).items():
            whole = self._tensor(name).shape if name in self._homes else None
            if whole is None or any(size > most for size, most in zip(tensor.shape, whole, strict=True)):
                raise InputError(
                    "this supernet has no weights for the architecture",
                    given=f"{architecture} needs {name} of shape {tuple(tensor.shape)}",
                    allowed=f"architectures of the space {self.space.name!r}",
                )
            plan[name] = _block(tensor.shape, whole, name in kernels)
        if len(self._templates) >= _TEMPLATES:
            self._templates.popitem(last=False)
        self._templates[architecture] = template, plan
        return template, plan


def _block(size: torch.Size, whole: torch.Size, kernel: bool) -> tuple[slice, ...] | None:
    """The slicing law for one tensor: leading along channel axes, centred along a convolution's kernel axes."""
    if size == whole:
        return None
    starts = [
        (most - count) // 2 if kernel and axis >= 2 else 0
        for axis, (count, most) in enumerate(zip(size, whole, strict=True))
    ]
    return tuple(slice(start, start + count) for start, count in zip(starts, size, strict=True))


def _kernel_weights(network: nn.Module) -> set[str]:
    return {f"{name}.weight" for name, module in network.named_modules() if isinstance(module, _ConvNd)}


class _Part(NamedTuple):
    """A tensor of a network: whether it is the weight of a convolution, trained, and saved with the network."""

    tensor: Tensor
    kernel: bool
    trained: bool
    saved: bool


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by name, those that are saved first; the memory is the network's."""
    return network.state_dict() | dict(network.named_buffers(remove_duplicate=False))


def _union(space: Space, layout: SkeletonLayout, num_classes: int) -> dict[str, _Part]:
    """Every tensor that ``cover`` and ``narrow`` of a space need, at its largest.

    Initial values are those of the cover's networks; the narrow ones fill what no tensor of the cover reaches.
    """
    large = _parts(cover(space), layout, num_classes)
    with torch.random.fork_rng(devices=[]):
        small = _parts(narrow(space), layout, num_classes)
    return {name: _merge([*small.get(name, ()), *large.get(name, ())]) for name in large | small}


def _parts(
    architectures: Iterable[BaseArchitecture], layout: SkeletonLayout, num_classes: int
) -> dict[str, list[_Part]]:
    """The tensors of all networks by name, one of each shape."""
    parts: dict[str, list[_Part]] = {}
    for architecture in architectures:
        network = make_network(architecture, layout, num_classes)
        kernels, saved = _kernel_weights(network), network.state_dict().keys()
        trained = {name for name, _ in network.named_parameters()}
        for name, tensor in _tensors(network).items():
            known = parts.setdefault(name, [])
            if tensor.shape not in [part.tensor.shape for part in known]:
                known.append(_Part(tensor, name in kernels, name in trained, name in saved))
    return parts


def _merge(parts: Sequence[_Part]) -> _Part:
    """One tensor that holds all of them, later ones over earlier ones."""
    shape = torch.Size(max(sizes) for sizes in zip(*(part.tensor.shape for part in parts), strict=True))
    merged = parts[0].tensor.new_zeros(shape)
    for part in parts:
        block = _block(part.tensor.shape, shape, part.kernel)
        if block is None:
            merged.copy_(part.tensor)
        else:
            merged[block] = part.tensor
    return parts[0]._replace(tensor=merged)


def _register(root: nn.Module, name: str, part: _Part) -> tuple[dict[str, Tensor], str]:
    """Store a tensor under a dotted name, making empty modules on the way.

    Returns the dictionary that holds it, and its key. The dictionary is the module's own and stays, also when the
    module is moved and its tensors are replaced.
    """
    *path, leaf = name.split(".")
    for step in path:
        if step not in root._modules:
            root.add_module(step, nn.Module())
        root = root._modules[step]  # type: ignore[assignment]
    if part.trained:
        root.register_parameter(leaf, nn.Parameter(part.tensor))
        return root._parameters, leaf  # type: ignore[return-value]
    root.register_buffer(leaf, part.tensor, persistent=part.saved)
    return root._buffers, leaf  # type: ignore[return-value]


@contextmanager
def _counting(network: nn.Module) -> Iterator[dict[str, int]]:
    """Values per channel that every batch norm has seen last; meanwhile it keeps the last batch's statistics alone.

    So the statistics cost nothing: a batch norm computes them in any case.
    """
    counts: dict[str, int] = {}
    norms = {name: module for name, module in network.named_modules() if isinstance(module, _BatchNorm)}

    def hook(name: str) -> "torch.utils.hooks.RemovableHandle":
        def record(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            counts[name] = inputs[0].numel() // inputs[0].shape[1]

        return norms[name].register_forward_pre_hook(record)

    momenta = {name: norm.momentum for name, norm in norms.items()}
    handles = [hook(name) for name in norms]
    try:
        for norm in norms.values():
            norm.train().momentum = 1.0
        yield counts
    finally:
        for handle in handles:
            handle.remove()
        for name, norm in norms.items():
            norm.eval().momentum = momenta[name]


def _add(
    moments: dict[str, tuple[Tensor, Tensor, int]], state: Mapping[str, Tensor], counts: Mapping[str, int]
) -> None:
    """Add the last batch to the sums of x and of x^2, in float64, which not every device has: on the CPU."""
    for name, count in counts.items():
        mean = state[f"{name}.running_mean"].cpu().double()
        unbiased = state[f"{name}.running_var"].cpu().double()
        variance = unbiased * (count - 1) / count
        total, square, seen = moments.get(name, (torch.zeros_like(mean), torch.zeros_like(mean), 0))
        moments[name] = (total + mean * count, square + (variance + mean * mean) * count, seen + count)
