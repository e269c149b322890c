"""The network that an architecture describes: raw keypoints in, logits out."""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks.block import Block, operator_class
from stgnn.networks.deploy import DeployedNetwork
from stgnn.operators import ReadoutOperator
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.streams import bone_matrix, bone_parents, motion, stream
from stgnn.skeleton.transforms import center
from stgnn.space import DEFAULT_READOUT, Architecture


class Stem(nn.Module):
    """Batch norm over every joint and coordinate of one stream, then a 1x1 convolution to the stem width (or none).

    Args:
        width: Stem width; 0 leaves the coordinates as they are.
        layout: The body, already coarsened to V joints of C coordinates.
    """

    def __init__(self, width: int, layout: SkeletonLayout) -> None:
        super().__init__()
        self.num_joints = layout.num_joints
        self.add_module(f"norm_{self.num_joints}", nn.BatchNorm1d(self.num_joints * layout.dimensions))
        self.conv = nn.Conv2d(layout.dimensions, width, 1) if width else None

    @property
    def norm(self) -> nn.BatchNorm1d:
        """The batch norm of this joint count."""
        norm = self.get_submodule(f"norm_{self.num_joints}")
        assert isinstance(norm, nn.BatchNorm1d)
        return norm

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, V, C) -> (B, width or C, T, V)``."""
        batch, frames, joints, coordinates = x.shape
        x = self.norm(x.reshape(batch * frames, joints * coordinates)).reshape(batch, frames, joints, coordinates)
        x = x.permute(0, 3, 1, 2)  # (B, C, T, V)
        return x if self.conv is None else self.conv(x)


class Network(nn.Module):
    """One network. Centring, joint coarsening and streams are its first layers, so they are trained and exported with
    it.

    Parameter names and shapes follow the slicing law (see :mod:`stgnn.networks.supernet`): each is a block of the
    supernet's tensor of the same name.

    Args:
        architecture: The choice.
        layout: The full body; ``architecture.joints`` picks one of its coarser bodies.
        num_classes: Number of classes.

    Raises:
        InputError: an operator is unknown, or the layout does not offer the joint count.
    """

    def __init__(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> None:
        super().__init__()
        if num_classes < 2:
            raise InputError("a network needs at least two classes", given=num_classes)
        self.architecture, self.layout, self.num_classes = architecture, layout, num_classes
        self.body = layout.coarsen(architecture.joints)
        if architecture.joints:
            self.register_parameter(
                f"coarsening_{architecture.joints}", nn.Parameter(torch.tensor(layout.coarsening(architecture.joints)))
            )
        self.register_buffer(f"parents_{self.body.num_joints}", torch.tensor(bone_parents(self.body)))
        self.stems = nn.ModuleDict({name: Stem(architecture.stem, self.body) for name in architecture.streams})
        self.stem_norm = nn.BatchNorm2d(architecture.stem) if architecture.stem else None
        stages = [nn.ModuleList() for _ in architecture.stages]
        for place in architecture.placed_blocks(layout.dimensions):
            block = Block(place.spec, place.source, place.target, place.stride, self.body, place.residual)
            stages[place.stage].append(block)
        self.stages = nn.ModuleList(stages)
        readout = operator_class(architecture.readout, ReadoutOperator)(architecture.stages[-1].width, self.body)
        self.readout = nn.ModuleDict({architecture.readout: readout})
        head = nn.Linear(readout.out_channels, num_classes)
        nn.init.normal_(head.weight, 0.0, 0.01)
        nn.init.zeros_(head.bias)
        self.add_module(self._head, head)

    @property
    def _head(self) -> str:
        """Name of the classifier: each readout has one of its own, so that two of them never share a tensor."""
        readout = self.architecture.readout
        return "head" if readout == DEFAULT_READOUT else f"head_{readout}"

    @property
    def classifier(self) -> nn.Linear:
        """The last layer, from what the readout gives to logits."""
        head = self.get_submodule(self._head)
        assert isinstance(head, nn.Linear)
        return head

    @property
    def coarsening(self) -> Tensor | None:
        """The learned matrix ``(V_full, V)`` from the full body to the coarse one; None when every joint is used."""
        joints = self.architecture.joints
        return getattr(self, f"coarsening_{joints}") if joints else None

    @property
    def frames(self) -> int:
        """T."""
        return self.architecture.frames

    def forward(self, x: Tensor) -> Tensor:
        """Raw keypoints of bodies ``(B, T, V_full, C)`` to logits ``(B, classes)``."""
        check_bodies(x, self.frames, self.layout)
        streams = self._streams(center(x, self.layout.center))
        y = torch.stack([stem(x) for stem, x in zip(self.stems.values(), streams, strict=True)]).sum(dim=0)
        if self.stem_norm is not None:
            y = torch.relu(self.stem_norm(y))
        for blocks in self.stages:
            for block in blocks:  # type: ignore[attr-defined]
                y = block(y)
        return self.get_submodule(self._head)(self.readout[self.architecture.readout](y))

    def _streams(self, x: Tensor) -> Iterator[Tensor]:
        """The streams (B, T, V, C) of the coarse body.

        Motion comes before the learned product: under autocast that rounds to fewer digits than neighbouring frames
        differ in.
        """
        parents = self.get_buffer(f"parents_{self.body.num_joints}")
        for name in self.architecture.streams:
            y = motion(x) if name.endswith("motion") else x
            if self.coarsening is not None:
                y = self.coarsening.T @ y
            yield stream(name.removesuffix("_motion"), y, parents)

    def deploy(self) -> DeployedNetwork:
        """The exact rewrite for inference (see :class:`DeployedNetwork`); this network is left as it is."""
        trained = copy.deepcopy(self).eval()
        device = self.classifier.weight.device
        bones = bone_matrix(self.body)
        coarsening = np.eye(self.layout.num_joints, dtype=np.float32)
        if trained.coarsening is not None:
            coarsening = trained.coarsening.detach().cpu().numpy()
        with torch.no_grad():
            deployed = DeployedNetwork(
                layout=self.layout,
                bones=bones,
                coarsening=coarsening,
                stems={name: (stem.norm, stem.conv) for name, stem in trained.stems.items()},  # type: ignore[misc]
                stem_norm=trained.stem_norm,
                blocks=[block.deploy() for blocks in trained.stages for block in blocks],  # type: ignore[attr-defined]
                readout=trained.readout[self.architecture.readout].deploy(),  # type: ignore[operator]
                head=trained.classifier,
            )
        return deployed.to(device).eval().requires_grad_(False)


def check_bodies(x: Tensor, frames: int, layout: SkeletonLayout) -> None:
    """Refuse bodies that a network was not built for.

    Raises:
        InputError: ``x`` is not ``(B, T, V, C)`` with these frames and the joints and coordinates of the layout.
    """
    expected = (frames, layout.num_joints, layout.dimensions)
    if x.dim() != 4 or x.shape[1:] != expected:
        raise InputError(
            "these bodies do not fit the network",
            given=f"shape {tuple(x.shape)}",
            allowed=f"(B, {', '.join(map(str, expected))}): frames, joints of {layout.name}, coordinates",
            hint="sample the frames the architecture names, and use the layout it was trained on",
        )
