"""Policies of AdaSGN: from the features of the cheapest branch to one score for each action of each frame."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from stgnn.errors import InputError

HIDDEN = 128  # channels between the layers of a policy


class Policy(nn.Module, ABC):
    """Scores of actions.

    Args:
        features: Channels F of the features.
        actions: Number of actions A.

    Attributes:
        draws: Whether actions are drawn at random in evaluation, too.
        fuses: Whether every action is taken and the features are added.
    """

    draws: ClassVar[bool] = False
    fuses: ClassVar[bool] = False

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        self.actions = actions

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """``(B, T, F) -> (B, T, A)``."""


class ConvPolicy(Policy):
    """One convolution over three frames: the paper's choice and its best."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__(features, actions)
        self.conv = nn.Conv1d(features, actions, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """See :meth:`Policy.forward`."""
        return self.conv(features.transpose(1, 2)).transpose(1, 2)

    @torch.no_grad()
    def favour_last(self) -> None:
        """Let the most expensive action win at first (the authors' start for NTU-120 cross-setup): its weights are
        ``1 / (3 A)``, all others and the biases 0.
        """
        self.conv.weight.zero_()
        if self.conv.bias is not None:
            self.conv.bias.zero_()
        self.conv.weight[-1] = 1 / (self.conv.kernel_size[0] * self.actions)


class DeepConvPolicy(Policy):
    """Two convolutions over three frames with batch norm and ReLU between them."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__(features, actions)
        self.first = nn.Conv1d(features, HIDDEN, 3, padding=1)
        self.norm = nn.BatchNorm1d(HIDDEN)
        self.second = nn.Conv1d(HIDDEN, actions, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """See :meth:`Policy.forward`."""
        y = torch.relu(self.norm(self.first(features.transpose(1, 2))))
        return self.second(y).transpose(1, 2)


class LSTMPolicy(Policy):
    """Two LSTMs; each frame is judged by what came before it."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__(features, actions)
        self.first = nn.LSTM(features, HIDDEN, batch_first=True)
        self.second = nn.LSTM(HIDDEN, actions, batch_first=True)

    def forward(self, features: Tensor) -> Tensor:
        """See :meth:`Policy.forward`."""
        return self.second(self.first(features)[0])[0]


class AttentionPolicy(Policy):
    """Attention between frames without softmax, ``q k^T / 128``, then a linear map."""

    def __init__(self, features: int, actions: int) -> None:
        super().__init__(features, actions)
        self.query, self.key, self.value = (nn.Linear(features, HIDDEN) for _ in range(3))
        self.score = nn.Linear(HIDDEN, actions)

    def forward(self, features: Tensor) -> Tensor:
        """See :meth:`Policy.forward`."""
        attention = self.query(features) @ self.key(features).transpose(1, 2) / HIDDEN  # (B, T, T)
        return self.score(attention @ self.value(features))


class RandomPolicy(Policy):
    """Every action with the same chance: the control that a learned policy has to beat at equal cost."""

    draws: ClassVar[bool] = True

    def forward(self, features: Tensor) -> Tensor:
        """See :meth:`Policy.forward`."""
        return features.new_zeros(*features.shape[:2], self.actions)


class FusePolicy(RandomPolicy):
    """Every action at once, features added: the most that the branches can do together."""

    draws: ClassVar[bool] = False
    fuses: ClassVar[bool] = True


POLICIES: dict[str, type[Policy]] = {
    "conv": ConvPolicy,
    "deep_conv": DeepConvPolicy,
    "lstm": LSTMPolicy,
    "attention": AttentionPolicy,
    "random": RandomPolicy,
    "fuse": FusePolicy,
}


def make_policy(name: str, features: int, actions: int) -> Policy:
    """A policy by name.

    Raises:
        InputError: there is no such policy.
    """
    if name not in POLICIES:
        raise InputError("no such policy", given=name, allowed=tuple(POLICIES))
    return POLICIES[name](features, actions)
