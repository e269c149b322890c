"""The classifier of a network: where it is, and another one for other classes."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TypeVar

import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks.network import Network
from stgnn.networks.sgn.sgn import SGN
from stgnn.networks.sparsity.maskable import is_head

PlainT = TypeVar("PlainT", bound=Network | SGN)


def classifier_path(network: nn.Module) -> str:
    """Name of the classifier: the linear layer called ``head`` or ``head_...``, wherever in the network it is.

    Raises:
        InputError: there is none, or more than one.
    """
    found = [
        name
        for name, module in network.named_modules()
        if is_head(name.rpartition(".")[2]) and isinstance(module, nn.Linear)
    ]
    if len(found) != 1:
        hint = "a network of this package that no ensemble has taken yet has one"
        raise InputError("a network has one linear layer called head", given=type(network).__name__, hint=hint)
    return found[0]


@torch.no_grad()
def with_classes(network: PlainT, before: Sequence[str], after: Sequence[str]) -> PlainT:
    """A copy of a network for other classes: it knows those of the same name, and the others are drawn anew.

    Args:
        network: The network, compact or not.
        before: Its class names in label order.
        after: Those of the copy.
    """
    changed, path = deepcopy(network), classifier_path(network)
    known = network.get_submodule(path)
    assert isinstance(known, nn.Linear)
    head = nn.Linear(known.in_features, len(after), device=known.weight.device)
    nn.init.normal_(head.weight, 0.0, 0.01)
    nn.init.zeros_(head.bias)
    for place, name in enumerate(after):
        if name in before:
            head.weight[place] = known.weight[before.index(name)]
            head.bias[place] = known.bias[before.index(name)]
    changed.set_submodule(path, head)
    changed.num_classes = len(after)
    return changed
