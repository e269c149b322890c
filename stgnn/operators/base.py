"""What an operator is: a plain module for one spatial step, one temporal step, one attention or the readout.

Nothing here knows about elasticity. The one duty of an operator is to choose parameter shapes of which a leading block
makes sense (see the slicing law in :mod:`stgnn.networks.supernet`): channel axes shrink from the end, kernel axes
towards the centre.
"""

import copy

import torch
from torch import Tensor, nn

from stgnn.operators.folding import fold_batch_norms
from stgnn.registry import Registry
from stgnn.skeleton import SkeletonLayout

ACTIVATIONS: Registry[nn.Module] = Registry("activation")
for _activation in (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU):
    ACTIVATIONS.register(_activation)


class Operator(nn.Module):
    """Base of every operator: a map of ``(B, C, T, V)`` features."""

    num_joints: int

    def deploy(self) -> nn.Module:
        """An exact rewrite for inference, equal to 1e-5; overridden where more than batch norms can be folded."""
        return fold_batch_norms(copy.deepcopy(self).eval())

    def joint_parameter(self, name: str, value: Tensor) -> None:
        """Register a parameter that depends on the joint count V; each count owns one, as the name carries it."""
        self.register_parameter(f"{name}_{value.shape[-1]}", nn.Parameter(value))

    def of_joints(self, name: str) -> Tensor:
        """The parameter or buffer ``name`` of this operator's joint count."""
        return getattr(self, f"{name}_{self.num_joints}")


class SpatialOperator(Operator):
    """One step over the joints: ``(B, C_in, T, V) -> (B, C_out, T, V)``, normalised and activated.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        layout: The body, already coarsened to V joints.
        activation: Class name of the activation.
    """

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.num_joints = in_channels, out_channels, layout.num_joints
        self.activation = ACTIVATIONS[activation]()


class TemporalOperator(Operator):
    """One step over the frames: ``(B, C, T, V) -> (B, C, ceil(T / stride), V)``, normalised, not activated.

    Args:
        channels: C.
        kernel_size: Frames that one output sees, odd.
        stride: Divides the frames.
        layout: The body, already coarsened to V joints.
        activation: Class name of activations inside the operator.
    """

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__()
        self.channels, self.kernel_size, self.stride, self.num_joints = channels, kernel_size, stride, layout.num_joints
        self.activation = ACTIVATIONS[activation]()


class AttentionOperator(Operator):
    """A gate on the features: ``(B, C, T, V) -> (B, C, T, V)``.

    Args:
        channels: C.
        layout: The body, already coarsened to V joints.
    """

    def __init__(self, channels: int, layout: SkeletonLayout) -> None:
        super().__init__()
        self.channels, self.num_joints = channels, layout.num_joints


class ReadoutOperator(Operator):
    """The end of the features: ``(B, C, T, V) -> (B, out_channels)``, what the classifier sees.

    Args:
        channels: C.
        layout: The body, already coarsened to V joints.
    """

    out_channels: int

    def __init__(self, channels: int, layout: SkeletonLayout) -> None:
        super().__init__()
        self.channels, self.num_joints = channels, layout.num_joints


OPERATORS: Registry[Operator] = Registry("operator")


def fan_out_(weight: Tensor, fan_out: int) -> Tensor:
    """Fill a weight with He's normal initialisation for ``fan_out`` outputs (Kaiming He et al., ICCV 2015)."""
    return nn.init.normal_(weight, 0.0, (2.0 / fan_out) ** 0.5)


def point_conv(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1x1 convolution with a weight ``(C_out, C_in)`` on ``(B, C_in, T, V)``."""
    return torch.nn.functional.conv2d(x, weight[:, :, None, None], bias)
