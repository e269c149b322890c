"""SGN: one branch for every frame, the temporal module, the classifier."""

from typing import Any

import torch
from torch import Tensor, nn

from stgnn.errors import InputError, check_between
from stgnn.networks.network import check_bodies
from stgnn.networks.sgn.branch import Branch, frame_inputs
from stgnn.networks.sgn.deploy import DeployedSGN
from stgnn.networks.sgn.temporal import TemporalModule
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import STREAMS, bone_parents

MOST_FRAMES, MOST_WIDTH = 4096, 1024  # far beyond any use; a damaged file must not ask for all the memory


class SGN(nn.Module):
    """Semantics-guided neural network (Zhang et al., CVPR 2020): raw keypoints in, logits out.

    Centring (of each body by itself), the stream, joint reduction and velocity are its first layers. Otherwise it is
    the authors' network, with the maximum over the joints before the frame semantics, which is the same function.

    Args:
        layout: The full body.
        num_classes: Number of classes.
        frames: T.
        joints: Joints of a reduced body with a learned matrix; 0 takes every joint as it is, without a matrix.
        size: ``"small"``, ``"big"``, or widths, see :func:`stgnn.networks.sgn.module_widths`.
        stream: One of the four streams.
        width: Width of the network, a quarter of the features of a frame.
        dropout: Chance of a channel to be dropped in the temporal module.

    Raises:
        InputError: the layout has no body of so many joints, or a name or a number is unknown.
    """

    def __init__(
        self,
        layout: SkeletonLayout,
        num_classes: int,
        frames: int = 20,
        joints: int = 0,
        size: str = "big",
        stream: str = "joint",
        width: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        check_options(num_classes, frames, width, stream)
        self.layout, self.num_classes, self.frames, self.stream = layout, num_classes, frames, stream
        self.options: dict[str, Any] = {
            "frames": frames,
            "joints": joints,
            "size": size,
            "stream": stream,
            "width": width,
            "dropout": dropout,
        }
        self.register_buffer("parents", torch.tensor(bone_parents(layout)), persistent=False)
        self.branch = Branch(layout, joints, size, width)
        self.temporal = TemporalModule(frames, num_classes, width, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V, C)`` to logits ``(B, classes)``."""
        check_bodies(x, self.frames, self.layout)
        features = self.branch(frame_inputs(x, self.layout, self.stream, self.get_buffer("parents")))
        return self.temporal(features.reshape(-1, self.frames, features.shape[1]))

    def deploy(self) -> DeployedSGN:
        """The exact rewrite for inference (see :class:`DeployedSGN`); this network is left as it is."""
        return DeployedSGN(self.layout, self.stream, [self.branch], self.temporal)


def check_options(num_classes: int, frames: int, width: int, stream: str) -> None:
    """Refuse what neither SGN nor AdaSGN can be built from.

    Raises:
        InputError: naming it.
    """
    if num_classes < 2:
        raise InputError("a network needs at least two classes", given=num_classes)
    check_between(1, MOST_FRAMES, frames=frames)
    check_between(1, MOST_WIDTH, width=width)
    if stream not in STREAMS:
        raise InputError("no such stream", given=stream, allowed=STREAMS)
