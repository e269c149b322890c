"""Deploy form of the spatial module. Every rewrite is exact up to rounding:

* Batch norms are folded into the products; joint semantics s are constants.
* With ``z = [p | s]``, row constants vanish in the softmax, hence ``theta(z) phi(z)^T`` equals ``(z A + a) z^T`` with
  ``A = theta^T phi``. Split into blocks, it is ``(p A_pp + s A_sp + a_p) p^T + p (A_ps s^T) + const``: products of
  half the width and with the few joints instead of two with four times the width.
* The first graph layer sees s through constants only: ``W G z = G (p W_p + s W_s)``.
* Later layers are one product of ``[G x | x]`` with both weights.
* Bias and ReLU of the last layer come after the maximum over the joints.
* One joint has G = 1, so both weights of a layer are one, and everything before the first ReLU is one product.
"""

import torch
from torch import Tensor, nn

from stgnn.networks.sgn.spatial import Embedding, GraphLayer, Pointwise, SpatialModule
from stgnn.operators.folding import affine


def deploy_spatial(module: SpatialModule, joint_map: Tensor | None, full_joints: int) -> nn.Module:
    """A module ``(n, 2 * C, V_full) -> (n, F)``.

    Args:
        module: The trained module, in evaluation mode.
        joint_map: ``(V_full, V)``, or None where V_full is V.
        full_joints: V_full.
    """
    with torch.no_grad():
        if module.joints > 1:
            return _Graph(module, joint_map)
        return _Point(module, torch.eye(full_joints) if joint_map is None else joint_map)


class _Graph(nn.Module):
    """The module for more than one joint."""

    def __init__(self, module: SpatialModule, joint_map: Tensor | None) -> None:
        super().__init__()
        embeddings = (module.position, module.velocity)
        scales, inner, bias = zip(*(_first_map(embedding) for embedding in embeddings), strict=True)
        semantics = module.semantics()  # (V, w)
        self.has_map = joint_map is not None
        self.register_buffer("joint_map", joint_map)
        self.register_buffer("scale", torch.cat(scales, dim=1))  # (V, 2 * C)
        self.register_buffer("inner", _diagonal(*inner))  # (2 * C, 2 * w)
        self.register_buffer("inner_bias", torch.cat(bias, dim=1))  # (V, 2 * w)
        self.outer = nn.ModuleList(_linear(embedding.second) for embedding in embeddings)
        for name, value in _attention(module, semantics).items():
            self.register_buffer(name, value)
        first, *others = module.layers
        assert isinstance(first, GraphLayer)
        for name, value in _first_layer(first, semantics).items():
            self.register_buffer(name, value)
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for layer in others:
            assert isinstance(layer, GraphLayer)
            neighbours, own, shift = _folded(layer)
            self.weights.append(torch.cat([neighbours, own]))  # (2 * C_in, C_out)
            self.biases.append(shift)

    def forward(self, frames: Tensor) -> Tensor:
        """``(n, 2 * C, V_full) -> (n, F)``."""
        get = self.get_buffer
        x = (frames @ get("joint_map") if self.has_map else frames).transpose(1, 2)  # (n, V, 2 * C)
        x = torch.relu((x * get("scale")) @ get("inner") + get("inner_bias"))
        position, velocity = self.outer
        inner = position.in_features
        p = torch.relu(position(x[..., :inner])) + torch.relu(velocity(x[..., inner:]))
        graph = (p @ get("query") + get("query_bias")) @ p.transpose(1, 2) + (p @ get("fixed") + get("fixed_bias"))
        graph = torch.softmax(graph, dim=2)
        y = graph @ (p @ get("neighbours") + get("neighbours_bias")) + (p @ get("own") + get("own_bias"))
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
            assert isinstance(layer, GraphLayer)
            neighbours, own, shift = _folded(layer)
            weight = neighbours + own
            if not len(self.layers):
                shift, weight = shift + (semantics @ weight[self.width :])[0], weight[: self.width]
            self.layers.append(_fixed(weight, shift))

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


def _attention(module: SpatialModule, semantics: Tensor) -> dict[str, Tensor]:
    theta, phi, width = module.theta.matrix.double(), module.phi.matrix.double(), semantics.shape[1]
    square = (theta.T @ phi).float()  # (2 * w, 2 * w)
    shift = (_bias(module.theta).double() @ phi).float()  # (2 * w,)
    constant = semantics @ square[width:] + shift  # (V, 2 * w): what s and the bias contribute to z A + a
    return {
        "query": square[:width, :width].contiguous(),
        "query_bias": constant[:, :width].contiguous(),
        "fixed": (square[:width, width:] @ semantics.T).contiguous(),  # (w, V)
        "fixed_bias": (constant[:, width:] @ semantics.T).contiguous(),  # (V, V)
    }


def _first_layer(layer: GraphLayer, semantics: Tensor) -> dict[str, Tensor]:
    neighbours, own, shift = _folded(layer)
    width = semantics.shape[1]
    return {
        "neighbours": neighbours[:width].contiguous(),
        "neighbours_bias": semantics @ neighbours[width:],  # (V, C_out)
        "own": own[:width].contiguous(),
        "own_bias": semantics @ own[width:] + shift,
    }


def _folded(layer: GraphLayer) -> tuple[Tensor, Tensor, Tensor]:
    """Both weights ``(C_in, C_out)`` and the bias ``(C_out,)`` with the batch norm in them."""
    scale, shift = affine(layer.norm)
    return layer.neighbours.matrix.T * scale, layer.own.matrix.T * scale, _bias(layer.own) * scale + shift


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
