"""Cutting positions out of a network's tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from stgnn.networks.sparsity.units import Positions, named_tensors


def cut_out(network: nn.Module, removed: Positions) -> None:
    """Remove positions from the tensors of a network, in place.

    Args:
        network: It is changed.
        removed: Which positions of which axes go.
    """
    for name, tensor in named_tensors(network).items():
        value = tensor.detach()
        for axis in range(tensor.dim()):
            gone = removed.get((name, axis))
            if gone is not None and gone.any():
                kept = torch.from_numpy(~gone).nonzero()[:, 0].to(value.device)
                value = value.index_select(axis, kept)
        if value.shape != tensor.shape:
            put(network, name, value)
    tell_sizes(network)


def put(network: nn.Module, name: str, value: Tensor) -> None:
    """Replace a parameter or a buffer by one of another shape."""
    path, _, leaf = name.rpartition(".")
    module = network.get_submodule(path)
    if leaf in module._parameters:
        known = module._parameters[leaf]
        trained = known is not None and known.requires_grad
        module._parameters[leaf] = nn.Parameter(value.clone(), requires_grad=trained)
    else:
        module._buffers[leaf] = value.clone()


def tell_sizes(network: nn.Module) -> None:
    """Make the modules of PyTorch say the sizes that their tensors have; some of them compute with what they say."""
    for module in network.modules():
        if isinstance(module, _ConvNd):
            rows, columns = module.weight.shape[:2]
            if module.groups == module.in_channels == module.out_channels:
                module.groups = rows  # a depthwise convolution stays one
            module.in_channels, module.out_channels = columns * module.groups, rows
        elif isinstance(module, nn.Linear):
            module.out_features, module.in_features = module.weight.shape
        elif isinstance(module, _BatchNorm):
            tensor = module.weight if module.weight is not None else module.running_mean
            module.num_features = module.num_features if tensor is None else tensor.shape[0]


def drop_entry(network: nn.Module, lists: tuple[str, ...], entry: str) -> None:
    """Take one entry out of parallel module lists; the others keep their names."""
    for name in lists:
        network.get_submodule(name)._modules.pop(entry, None)


def leading(tensor: Tensor, shape: torch.Size) -> Tensor:
    """The leading block of a tensor."""
    return tensor[tuple(slice(0, size) for size in shape)]


def fits(tensors: Mapping[str, Tensor], name: str, shape: torch.Size) -> bool:
    """Whether a tensor of this shape is a block of the tensor of that name."""
    known = tensors.get(name)
    return (
        known is not None
        and known.dim() == len(shape)
        and all(size <= most for size, most in zip(shape, known.shape, strict=True))
    )
