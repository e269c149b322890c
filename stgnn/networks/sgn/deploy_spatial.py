"""Deploy form of the spatial module. Every rewrite is exact up to rounding:

* Batch norms are folded into the products; what is computed from weights alone is a constant, joint semantics first.
* Every graph layer is one product: ``[G x | x]``, and in the first layer ``G`` as well, with all its weights.
* Bias and ReLU of the last layer come after the maximum over the joints.
* One joint has G = 1, so both weights of a layer are one, and everything before the first ReLU is one product.
"""

import torch
from torch import Tensor, nn

from stgnn.networks.sgn.spatial import Embedding, FirstGraphLayer, GraphLayer, Pointwise, Similarity, SpatialModule
from stgnn.operators.folding import affine


def deploy_spatial(module: SpatialModule, joint_map: Tensor | None, full_joints: int) -> nn.Module:
    """A module ``(n, 2 * C, V_full) -> (n, F)``, computed in double precision and rounded once.

    Args:
        module: The trained module, in evaluation mode; it is changed.
        joint_map: ``(V_full, V)``, or None where V_full is V.
        full_joints: V_full.
    """
    module = module.double()
    joint_map = None if joint_map is None else joint_map.double()
    with torch.no_grad():
        if module.joints > 1:
            return _Graph(module, joint_map).float()
        return _Point(module, torch.eye(full_joints).double() if joint_map is None else joint_map).float()


class _Graph(nn.Module):
    """The module for more than one joint."""

    def __init__(self, module: SpatialModule, joint_map: Tensor | None) -> None:
        super().__init__()
        embeddings = (module.position, module.velocity)
        scales, inner, bias = zip(*(_first_map(embedding) for embedding in embeddings), strict=True)
        self.has_map = joint_map is not None
        self.register_buffer("joint_map", joint_map)
        self.register_buffer("scale", torch.cat(scales, dim=1))  # (V, 2 * C)
        self.register_buffer("inner", _diagonal(*inner))  # (2 * C, 2 * w)
        self.register_buffer("inner_bias", torch.cat(bias, dim=1))  # (V, 2 * w)
        self.outer = nn.ModuleList(_linear(embedding.second) for embedding in embeddings)
        semantics = module.semantics()  # (V, w)
        for name, value in module.similarity(semantics)._asdict().items():
            self.register_buffer(name, value.contiguous())
        first, *others = (_folded(layer, semantics) for layer in module.layers)
        self.register_buffer("first", first[0])  # (2 * w + V, C_out)
        self.register_buffer("first_bias", first[1])  # (V, C_out)
        self.weights = nn.ParameterList(weight for weight, _ in others)  # (2 * C_in, C_out)
        self.biases = nn.ParameterList(bias for _, bias in others)

    def forward(self, frames: Tensor) -> Tensor:
        """``(n, 2 * C, V_full) -> (n, F)``."""
        get = self.get_buffer
        x = (frames @ get("joint_map") if self.has_map else frames).transpose(1, 2)  # (n, V, 2 * C)
        x = torch.relu((x * get("scale")) @ get("inner") + get("inner_bias"))
        position, velocity = self.outer
        inner = position.in_features
        p = torch.relu(position(x[..., :inner])) + torch.relu(velocity(x[..., inner:]))
        similarity = Similarity(*(get(name) for name in Similarity._fields))
        graph = torch.softmax(similarity.between(p), dim=2)
        y = torch.cat([graph @ p, p, graph], dim=2) @ get("first") + get("first_bias")
        for number, weight in enumerate(self.weights):
            y = torch.relu(y if not number else y + self.biases[number - 1])
            y = torch.cat([graph @ y, y], dim=2) @ weight
        y = y.amax(dim=1)
        return torch.relu(y + self.biases[-1] if len(self.biases) else y)


class _Point(nn.Module):
    """The module for one joint."""

    def __init__(self, module: SpatialModule, joint_map: Tensor) -> None:
        super().__init__()
        embeddings = (module.position, module.velocity)
        inner = []
        for embedding in embeddings:
            scale, weight, _ = _first_map(embedding)  # (1, C), (C, w)
            inner.append((scale.T * weight)[:, None] * joint_map)  # (C, V_full, w)
        self.first = _fixed(_diagonal(*(part.flatten(0, 1) for part in inner)), _point_bias(embeddings))
        outer = [embedding.second for embedding in embeddings]
        biases = torch.cat([_bias(second) for second in outer])
        self.second = _fixed(_diagonal(*(second.matrix.T for second in outer)), biases)
        semantics = module.semantics()  # (1, w)
        self.width = semantics.shape[1]
        self.layers = nn.ModuleList()
        for layer in module.layers:
            weight, bias = _folded(layer, semantics)
            if not len(self.layers):
                weight, bias = weight[:-1], bias[0] + weight[-1]
            neighbours, own = weight.chunk(2)
            self.layers.append(_fixed(neighbours + own, bias))

    def forward(self, frames: Tensor) -> Tensor:
        """``(n, 2 * C, V_full) -> (n, F)``."""
        x = torch.relu(self.second(torch.relu(self.first(frames.flatten(1)))))  # (n, 2 * w)
        y = x[:, : self.width] + x[:, self.width :]
        for layer in self.layers:
            y = torch.relu(layer(y))
        return y


def _first_map(embedding: Embedding) -> tuple[Tensor, Tensor, Tensor]:
    """Scale ``(V, C)`` of the batch norm, weight ``(C, w)``, and bias ``(V, w)`` with the batch norm's shift in it."""
    scale, shift = (value.reshape(embedding.joints, -1) for value in affine(embedding.norm))
    weight = embedding.first.matrix.T
    return scale, weight, shift @ weight + _bias(embedding.first)


def _folded(layer: nn.Module, semantics: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer's one product, with the batch norm in them; those of the first take the semantics in.

    Weight ``(2 * w + V, C_out)`` and bias ``(V, C_out)`` of the first, else ``(2 * C_in, C_out)`` and ``(C_out,)``.
    """
    assert isinstance(layer, GraphLayer)
    if isinstance(layer, FirstGraphLayer):
        weight, bias = layer.merged(semantics)
    else:
        weight, bias = torch.cat([layer.neighbours.matrix, layer.own.matrix], dim=1).T, _bias(layer.own)
    scale, shift = affine(layer.norm)
    return (weight * scale).contiguous(), bias * scale + shift


def _diagonal(*blocks: Tensor) -> Tensor:
    return torch.block_diag(*blocks)  # type: ignore[no-untyped-call]


def _point_bias(embeddings: tuple[Embedding, ...]) -> Tensor:
    return torch.cat([_first_map(embedding)[2][0] for embedding in embeddings])


def _bias(pointwise: Pointwise) -> Tensor:
    assert pointwise.bias is not None
    return pointwise.bias.detach()


def _linear(pointwise: Pointwise) -> nn.Linear:
    return _fixed(pointwise.matrix.T, _bias(pointwise))


def _fixed(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A linear map with constant ``weight (C_in, C_out)``."""
    linear = nn.Linear(*weight.shape)
    linear.weight.data, linear.bias.data = weight.detach().T.contiguous(), bias.detach().clone()
    return linear
