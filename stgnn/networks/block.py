"""One block of a network: spatial step, temporal step, attention, residual."""

from typing import TypeVar

from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.operators import ACTIVATIONS, OPERATORS, AttentionOperator, Operator, SpatialOperator, TemporalOperator
from stgnn.operators.folding import fold_batch_norms
from stgnn.operators.spatial import shortcut
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BlockSpec

Kind = TypeVar("Kind", bound=Operator)


class Block(nn.Module):
    """``y = act( attention(temporal(spatial(x))) + residual(x) )``.

    Each operator is stored under its class name, so that operators of different kinds never share a tensor in the
    supernet.

    Args:
        spec: The operators.
        in_channels: C_in.
        out_channels: C_out.
        stride: Divides the frames.
        layout: The body, already coarsened.
        residual: Whether there is a residual path (the classic networks have none in their first block).
    """

    def __init__(
        self,
        spec: BlockSpec,
        in_channels: int,
        out_channels: int,
        stride: int,
        layout: SkeletonLayout,
        residual: bool = True,
    ) -> None:
        super().__init__()
        spatial = operator_class(spec.spatial, SpatialOperator)(in_channels, out_channels, layout, spec.activation)
        temporal = operator_class(spec.temporal, TemporalOperator)(
            out_channels, spec.kernel, stride, layout, spec.activation
        )
        self.spatial = nn.ModuleDict({spec.spatial: spatial})
        self.temporal = nn.ModuleDict({spec.temporal: temporal})
        self.attention = nn.ModuleDict()
        if spec.attention != "none":
            self.attention[spec.attention] = operator_class(spec.attention, AttentionOperator)(out_channels, layout)
        self.residual = shortcut(in_channels, out_channels, stride) if residual else None
        self.activation = ACTIVATIONS[spec.activation]()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C_in, T, V) -> (B, C_out, ceil(T / stride), V)``."""
        y = x
        for step in (self.spatial, self.temporal, self.attention):
            for operator in step.values():
                y = operator(y)
        return self.activation(y if self.residual is None else y + self.residual(x))

    def deploy(self) -> "Block":
        """Replace every operator by its deploy form, in place (the caller owns a copy)."""
        for step in (self.spatial, self.temporal, self.attention):
            for name, operator in step.items():
                step[name] = operator.deploy()  # type: ignore[operator]
        if self.residual is not None:
            fold_batch_norms(nn.Sequential(self.residual))
        return self


def operator_class(name: str, base: type[Kind]) -> type[Kind]:
    """The operator class called ``name``, which must be of the right kind.

    Raises:
        InputError: there is no such operator, or it is of another kind.
    """
    cls = OPERATORS[name]
    if not issubclass(cls, base):
        kinds = [other for other in OPERATORS if issubclass(OPERATORS[other], base)]
        raise InputError(f"{name} is not a {base.__name__}", given=name, allowed=kinds)
    return cls
