"""Temporal operators: convolutions, shift and pooling over the frames."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.operators.base import ACTIVATIONS, OPERATORS, TemporalOperator
from stgnn.skeleton import SkeletonLayout


def frame_conv(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Conv2d:
    """A convolution over the frames that keeps their number (before the stride), He-initialised."""
    conv = nn.Conv2d(
        in_channels,
        out_channels,
        (kernel, 1),
        stride=(stride, 1),
        padding=(dilation * (kernel // 2), 0),
        dilation=(dilation, 1),
        groups=groups,
    )
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    return conv


@OPERATORS.register
class TemporalConv(TemporalOperator):
    """One convolution over k frames and batch norm, the temporal step of ST-GCN (k = 9)."""

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        self.conv = nn.Sequential(frame_conv(channels, channels, kernel_size, stride), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        return self.conv(x)


@OPERATORS.register
class DepthwiseTemporalConv(TemporalOperator):
    """A convolution over k frames per channel, then a 1x1 convolution; batch norm after both, activation between."""

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        self.depthwise = nn.Sequential(
            frame_conv(channels, channels, kernel_size, stride, groups=channels), nn.BatchNorm2d(channels)
        )
        self.pointwise = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        return self.pointwise(self.activation(self.depthwise(x)))


@OPERATORS.register
class TemporalShift(TemporalOperator):
    """One eighth of the channels looks one frame back, one eighth one frame ahead; a 1x1 convolution mixes them.

    The shift of Lin et al., "TSM", ICCV 2019. Channels c with c mod 8 = 0 and 1 are shifted, so that a leading block of
    channels is shifted alike at every width; written as a constant depthwise convolution, which every runtime does
    fast.
    """

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        if kernel_size != 3:
            raise InputError("TemporalShift looks one frame back and ahead", given=f"kernel {kernel_size}", allowed=3)
        position = torch.arange(channels) % 8
        tap = torch.where(position == 0, 0, torch.where(position == 1, 2, 1))  # (C,)
        self.register_buffer("taps", (torch.arange(3) == tap[:, None]).float()[:, None, :, None])  # (C, 1, 3, 1)
        self.pointwise = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        taps = self.get_buffer("taps")
        shifted = nn.functional.conv2d(x, taps, stride=(self.stride, 1), padding=(1, 0), groups=taps.shape[0])
        return self.pointwise(shifted)


@OPERATORS.register
class TemporalPool(TemporalOperator):
    """The maximum of k neighbouring frames, then a 1x1 convolution and batch norm: the cheapest view of time."""

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        self.pool = nn.MaxPool2d((kernel_size, 1), stride=(stride, 1), padding=(kernel_size // 2, 0))
        self.pointwise = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        return self.pointwise(self.pool(x))


def _reduced(channels: int, width: int, activation: str, *layers: nn.Module) -> nn.Sequential:
    """A branch: 1x1 convolution to ``width``, batch norm, activation, then ``layers`` and a last batch norm."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 1),
        nn.BatchNorm2d(width),
        ACTIVATIONS[activation](),
        *layers,
        nn.BatchNorm2d(width),
    )


def _outputs(x: Tensor, branches: Iterable[nn.Module]) -> list[Tensor]:
    """The outputs of branches, each of which begins with a 1x1 convolution; those without a stride are computed as one,
    because thin convolutions are slow.
    """
    sequences: list[list[Any]] = [list(branch.children()) for branch in branches]
    whole = [layers[0] for layers in sequences if layers[0].stride[0] == 1]
    parts: Iterator[Tensor] = iter(())
    if whole:
        y = nn.functional.conv2d(x, torch.cat([one.weight for one in whole]), torch.cat([one.bias for one in whole]))
        parts = iter(torch.split(y, [len(one.bias) for one in whole], dim=1))
    outputs = []
    for first, *others in sequences:
        # A batch norm is slow on a part of a tensor, so the part is copied.
        output = next(parts).contiguous() if first.stride[0] == 1 else first(x)
        for layer in others:
            output = layer(output)
        outputs.append(output)
    return outputs


def _pool(stride: int) -> nn.MaxPool2d:
    return nn.MaxPool2d((3, 1), stride=(stride, 1), padding=(1, 0))


@OPERATORS.register
class MultiBranchTemporalConv(TemporalOperator):
    """Six branches of ST-GCN++: convolutions of k frames at dilation 1 to 4, a maximum of 3 frames, and a 1x1
    convolution.

    Branch outputs are batch-normed, activated and mixed by a 1x1 convolution, written as the equal sum of one 1x1
    convolution per branch, so that every branch can be sliced by itself. Widths: C // 6, the first branch takes the
    remainder.
    Source: Duan et al., PYSKL, 2022 (k = 3).
    """

    dilations = (1, 2, 3, 4)

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        count = len(self.dilations) + 2
        width = max(channels // count, 1)
        first = max(channels - width * (count - 1), 1)
        widths = [first] + [width] * (count - 1)
        self.branches = nn.ModuleList(
            _reduced(channels, size, activation, frame_conv(size, size, kernel_size, stride, dilation))
            for size, dilation in zip(widths, self.dilations, strict=False)
        )
        self.branches.append(_reduced(channels, width, activation, _pool(stride)))
        self.branches.append(nn.Sequential(nn.Conv2d(channels, width, 1, stride=(stride, 1)), nn.BatchNorm2d(width)))
        self.mix = nn.ModuleList(nn.Conv2d(size, channels, 1, bias=False) for size in widths)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        return self.norm(self._mixed(torch.cat(_outputs(x, self.branches), dim=1)))

    def _mixed(self, y: Tensor) -> Tensor:
        weight = torch.cat([conv.weight for conv in self.mix], dim=1)  # type: ignore[misc]
        return nn.functional.conv2d(self.activation(y), weight, self.bias)


@OPERATORS.register
class DynamicGroupTemporalConv(MultiBranchTemporalConv):
    """Six branches of DG-STGCN on V + 1 joints, the extra one the mean over the body, which flows back with a learned
    weight per joint.

    ``y_v = mix( act( h_v + c_v h_mean ) )``, c zero at first. Source: Duan et al., "DG-STGCN", arXiv 2210.05895.
    """

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        self.joint_parameter("global_weight", torch.zeros(layout.num_joints))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        joints = self.num_joints
        extended = torch.cat([x, x.mean(dim=3, keepdim=True)], dim=3)  # (B, C, T, V + 1)
        y = torch.cat(_outputs(extended, self.branches), dim=1)
        y = y[..., :joints] + y[..., joints:] * self.of_joints("global_weight")
        return self.norm(self._mixed(y))


@OPERATORS.register
class MultiScaleTemporalConv(TemporalOperator):
    """Four branches of CTR-GCN: 5 frames at dilation 1 and 2, a maximum of 3 frames, and a 1x1 convolution, each C / 4
    wide.

    The branches are interleaved (channel 4 w + branch), not concatenated, so that a leading block of channels holds the
    first channels of every branch. Source: Chen et al., "Channel-wise Topology Refinement Graph Convolution", ICCV
    2021.
    """

    def __init__(
        self, channels: int, kernel_size: int, stride: int, layout: SkeletonLayout, activation: str = "ReLU"
    ) -> None:
        super().__init__(channels, kernel_size, stride, layout, activation)
        if channels % 4:
            raise InputError(
                "MultiScaleTemporalConv has four equal branches", given=f"{channels} channels", allowed="multiples of 4"
            )
        width = channels // 4
        self.branches = nn.ModuleList(
            _reduced(channels, width, activation, frame_conv(width, width, kernel_size, stride, dilation))
            for dilation in (1, 2)
        )
        self.branches.append(_reduced(channels, width, activation, _pool(stride)))
        self.branches.append(nn.Sequential(nn.Conv2d(channels, width, 1, stride=(stride, 1)), nn.BatchNorm2d(width)))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, T, V) -> (B, C, T', V)``."""
        outputs = _outputs(x, self.branches)
        batch, width, frames, joints = outputs[0].shape
        stacked = torch.stack([output.flatten(2) for output in outputs], dim=2)  # (B, C/4, 4, T*V)
        return stacked.reshape(batch, 4 * width, frames, joints)
