"""Networks as after a training: no weight at its start, no batch norm trivial."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

Shake = Callable[[nn.Module], nn.Module]


@pytest.fixture(scope="session")
def shaken() -> Shake:
    """A function that puts a network into evaluation mode with random weights and statistics."""

    @torch.no_grad()
    def shake(network: nn.Module) -> nn.Module:
        for name, parameter in network.named_parameters():
            if "neighbours" in name:
                parameter.normal_(0, 0.1)
        for module in network.modules():
            if isinstance(module, _BatchNorm):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
        return network.eval()

    return shake
