"""Batch-norm folding: the exact rewrites that every deploy form uses."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


def affine(norm: _BatchNorm) -> tuple[Tensor, Tensor]:
    """Scale and shift ``(C,)`` that an evaluated batch norm applies."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias.detach() - norm.running_mean * scale


def fold_batch_norms(module: nn.Module) -> nn.Module:
    """Fold every batch norm that directly follows a convolution in an ``nn.Sequential``, in place.

    Args:
        module: A module in eval mode that may be changed.
    """
    for child in module.modules():
        if not isinstance(child, nn.Sequential):
            continue
        for (name, first), (next_name, second) in pairwise(list(child.named_children())):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(child, name, fuse_conv_bn_eval(first, second))
                setattr(child, next_name, nn.Identity())
    return module


def fixed_conv(weight: Tensor, bias: Tensor | None, stride: int = 1) -> nn.Conv2d:
    """A 1x1 convolution with constant ``weight (C_out, C_in)`` and ``bias (C_out,)``."""
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], 1, stride=(stride, 1), bias=bias is not None)
    conv.weight.data = weight.detach().clone()[:, :, None, None]
    if bias is not None and conv.bias is not None:
        conv.bias.data = bias.detach().clone()
    return conv
