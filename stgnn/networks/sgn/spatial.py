"""The spatial module of SGN: one frame in, one feature vector out. All tensors are frame-major, channels last."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.space.sgn import FEATURES

SIZES = {"small": (4,), "big": (2, 4, 4)}  # channels of the graph layers in multiples of the width
MOST = 16  # multiple, far beyond any use


def module_widths(size: str, width: int) -> tuple[int, ...]:
    """Channels of the embedding and of the graph layers of a module size. The last layer always has ``4 * width``.

    Args:
        size: ``"small"``, ``"big"``; multiples of ``width`` for the layers, such as ``"2-4"``, the last of them 4; or
            channels of the embedding and of the layers before the last, such as ``"w32-64-128"``.
        width: Width of the whole network: that of the embedding, unless the size says otherwise.

    Raises:
        InputError: the size says nothing of this kind.
    """
    if size.startswith("w"):
        channels = _numbers(size[1:])
        if min(channels) >= 1 and channels[0] <= width and max(channels) <= MOST * width:
            return (*channels, FEATURES * width)
    else:
        multiples = SIZES.get(size) or _numbers(size)
        if min(multiples) >= 1 and max(multiples) <= MOST and multiples[-1] == FEATURES:
            return (width, *(multiple * width for multiple in multiples))
    allowed = (
        *SIZES,
        f"multiples of the width (1 to {MOST}) that end in {FEATURES}, such as 2-4",
        f"channels of the embedding (at most {width}) and of the graph layers before the last, such as w32-64-128",
    )
    raise InputError("no such module size", given=size, allowed=allowed)


def _numbers(text: str) -> tuple[int, ...]:
    """Whole numbers between hyphens; 0 for what is none."""
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split("-"))


class Pointwise(nn.Module):
    """A linear map of channels over ``parts`` concatenated inputs, kept as an axis of their own.

    So a leading block of ``weight (C_out, parts, C_in)`` is the same map at smaller widths. Initial weights are normal
    with variance ``2 / C_out`` (He, fan out), as in the authors' code.

    Args:
        source: C_in of each part.
        target: C_out.
        parts: Number of concatenated inputs.
        bias: Whether a bias is added.
    """

    def __init__(self, source: int, target: int, parts: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(target, parts, source))
        nn.init.normal_(self.weight, 0.0, math.sqrt(2 / target))
        self.bias = nn.Parameter(torch.empty(target)) if bias else None
        if self.bias is not None:
            bound = 1 / math.sqrt(parts * source)
            nn.init.uniform_(self.bias, -bound, bound)

    @property
    def matrix(self) -> Tensor:
        """The map as ``(C_out, parts * C_in)``."""
        return self.weight.flatten(1)

    def forward(self, x: Tensor) -> Tensor:
        """``(..., parts * C_in) -> (..., C_out)``."""
        return nn.functional.linear(x, self.matrix, self.bias)


class Embedding(nn.Module):
    """Batch norm over every joint and coordinate, then two pointwise maps with ReLU: C -> width -> width.

    Args:
        joints: V; names the batch norm, whose channels depend on it.
        dimensions: C.
        width: Embedding width.
    """

    def __init__(self, joints: int, dimensions: int, width: int) -> None:
        super().__init__()
        self.joints = joints
        self.add_module(f"norm_{joints}", nn.BatchNorm1d(joints * dimensions))
        self.first, self.second = Pointwise(dimensions, width), Pointwise(width, width)

    @property
    def norm(self) -> nn.BatchNorm1d:
        """The batch norm of this joint count."""
        norm = self.get_submodule(f"norm_{self.joints}")
        assert isinstance(norm, nn.BatchNorm1d)
        return norm

    def forward(self, x: Tensor) -> Tensor:
        """``(n, V, C) -> (n, V, width)``."""
        x = self.norm(x.flatten(1)).view_as(x)
        return torch.relu(self.second(torch.relu(self.first(x))))


class Semantics(nn.Module):
    """What a joint or a frame is, whatever its coordinates: two pointwise maps with ReLU of its one-hot number.

    Args:
        count: Number of joints V or frames T; names the first map, whose columns it counts.
        width: Channels between the maps.
        target: Channels that are given.
    """

    def __init__(self, count: int, width: int, target: int) -> None:
        super().__init__()
        self.count = count
        self.add_module(f"first_{count}", Pointwise(count, width))
        self.second = Pointwise(width, target)

    def forward(self) -> Tensor:
        """``(count, target)``."""
        first = self.get_submodule(f"first_{self.count}")
        assert isinstance(first, Pointwise) and first.bias is not None
        return torch.relu(self.second(torch.relu(first.matrix.T + first.bias)))  # a one-hot input picks a column


class GraphLayer(nn.Module):
    """``y = BN(W G x + W1 x + b1)``; W starts at zero, so that an untrained network sees each joint alone.

    The ReLU that follows is left to the caller, who may take a maximum first.

    Args:
        source: C_in of each part.
        target: C_out.
        parts: Number of concatenated inputs.
    """

    def __init__(self, source: int, target: int, parts: int = 1) -> None:
        super().__init__()
        self.neighbours = Pointwise(source, target, parts, bias=False)
        nn.init.zeros_(self.neighbours.weight)
        self.own = Pointwise(source, target, parts)
        self.norm = nn.BatchNorm1d(target)

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """``x (n, V, C_in)`` and ``graph (n, V, V)`` to ``(n, V, C_out)``."""
        return self.normed(self.neighbours(graph @ x) + self.own(x))

    def normed(self, y: Tensor) -> Tensor:
        """The batch norm of ``(n, V, C_out)``."""
        return self.norm(y.flatten(0, 1)).view_as(y)


class FirstGraphLayer(GraphLayer):
    """The layer that sees ``x = [p | s]``, of which the semantics s of the joints are the same in every frame.

    So it is one product of half the width: ``W G x + W1 x = [G p | p | G] [W_p; W1_p; s W_s] + s W1_s``.

    Args:
        source: C_in of p and of s.
        target: C_out.
    """

    def __init__(self, source: int, target: int) -> None:
        super().__init__(source, target, parts=2)

    def forward(self, x: Tensor, graph: Tensor, semantics: Tensor) -> Tensor:  # type: ignore[override]
        """``x (n, V, C_in)``, ``graph (n, V, V)`` and ``semantics (V, C_in)`` to ``(n, V, C_out)``."""
        weight, bias = self.merged(semantics)
        y = torch.cat([graph @ x, x, graph], dim=2) @ weight
        return self.normed(y + bias.to(y.dtype))

    def merged(self, semantics: Tensor) -> tuple[Tensor, Tensor]:
        """Weight ``(2 * C_in + V, C_out)`` and bias ``(V, C_out)`` of the product."""
        neighbours, own = self.neighbours.weight, self.own.weight  # (C_out, 2, C_in)
        weight = torch.cat([neighbours[:, 0], own[:, 0], neighbours[:, 1] @ semantics.T], dim=1)
        assert self.own.bias is not None
        return weight.T, semantics @ own[:, 1].T + self.own.bias


class Similarity(NamedTuple):
    """``theta(z) phi(z)^T`` of ``z = [p | s]``, where s is the same in every frame.

    With ``A = theta^T phi`` it is ``(p A_pp + s A_sp + a) p^T + p (A_ps s^T) + const``: products of the width of p and
    with the few joints, instead of two with eight times the width. Equal up to rounding.

    Attributes:
        query: ``(w, w)``.
        query_bias: ``(V, w)``.
        fixed: ``(w, V)``.
        fixed_bias: ``(V, V)``.
    """

    query: Tensor
    query_bias: Tensor
    fixed: Tensor
    fixed_bias: Tensor

    @classmethod
    def of(cls, theta: Pointwise, phi: Pointwise, semantics: Tensor) -> "Similarity":
        """That of two maps of z, for semantics ``(V, w)``."""
        assert theta.bias is not None and phi.bias is not None
        left, right = theta.weight[:, 0], phi.weight[:, 0]  # (4 * w, w), what meets p
        seeing = semantics @ theta.weight[:, 1].T + theta.bias  # (V, 4 * w)
        seen = semantics @ phi.weight[:, 1].T + phi.bias
        return cls(left.T @ right, seeing @ right, left.T @ seen.T, seeing @ seen.T)

    def between(self, p: Tensor) -> Tensor:
        """Of all joints with all joints: ``(n, V, w) -> (n, V, V)``."""
        query = p @ self.query
        query = query + self.query_bias.to(query.dtype)
        fixed = p @ self.fixed
        return query @ p.transpose(1, 2) + (fixed + self.fixed_bias.to(fixed.dtype))


class SpatialModule(nn.Module):
    """SGN's module for single frames (CVPR 2020): embeddings, joint semantics, an adjacency per frame, graph layers,
    maximum over the joints.

    ``z = [position + velocity | semantics]``, ``G = softmax(theta(z) phi(z)^T)`` without scaling, one G for all layers.

    Args:
        joints: V.
        dimensions: C.
        size: Module size, see :func:`module_widths`.
        width: Width of the network, a quarter of its features.
    """

    def __init__(self, joints: int, dimensions: int, size: str, width: int = 64) -> None:
        super().__init__()
        embedding, *widths = module_widths(size, width)
        self.joints, self.size = joints, size
        self.position = Embedding(joints, dimensions, embedding)
        self.velocity = Embedding(joints, dimensions, embedding)
        self.semantics = Semantics(joints, embedding, embedding)
        self.theta = Pointwise(embedding, FEATURES * embedding, parts=2)
        self.phi = Pointwise(embedding, FEATURES * embedding, parts=2)
        self.layers = nn.ModuleList([FirstGraphLayer(embedding, widths[0])])
        self.layers.extend(GraphLayer(*pair) for pair in pairwise(widths))

    def similarity(self, semantics: Tensor) -> Similarity:
        """What the graphs are the softmax of, for semantics ``(V, w)``."""
        return Similarity.of(self.theta, self.phi, semantics)

    def forward(self, positions: Tensor, velocities: Tensor) -> Tensor:
        """``(n, V, C)`` twice to features ``(n, 4 * width)``."""
        p, semantics = self.position(positions) + self.velocity(velocities), self.semantics()
        graph = torch.softmax(self.similarity(semantics).between(p), dim=-1).to(p.dtype)
        first, *others = self.layers
        y = first(p, graph, semantics)
        for layer in others:
            y = layer(torch.relu(y), graph)
        return torch.relu(y.max(dim=1).values)
