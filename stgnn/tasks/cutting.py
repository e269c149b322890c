"""A network cut out of a supernet, with batch-norm statistics of its own, and whether data are those of a supernet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.networks import Supernet, load_supernet, save_checkpoint
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import BaseArchitecture, SGNArchitecture, SGNSpace
from stgnn.tasks.continuing import warn_if_stopped
from stgnn.tasks.seen import seen_by
from stgnn.tasks.starting import Plain

BODIES = 64  # in one pass: enough to keep a core busy, few enough to stay in its caches
CALIBRATION_CLIPS = 2048  # for a network that is kept; a search makes do with fewer
ORIGIN = "extracted_from"  # what a checkpoint says of the supernet that it was cut out of


def cut(supernet: Supernet, architecture: BaseArchitecture, data: SkeletonDataModule) -> Plain:
    """Cut an architecture out of a supernet, with batch-norm statistics of its own; the supernet is not changed.

    Args:
        supernet: The trained supernet.
        architecture: A member of its space.
        data: The data the supernet was trained on; statistics come from its training split.

    Raises:
        InputError: the architecture is not in the supernet's space, or the data is not what the supernet knows.
    """
    if not supernet.space.contains(architecture):
        raise InputError(
            "the supernet does not hold this architecture",
            given=architecture,
            allowed=f"architectures of the space {supernet.space.name!r}",
            hint="give the supernet that the study was made with",
        )
    check_data(supernet, data)
    network = supernet.extract(architecture).eval()
    bodies = resample_frames(calibration_bodies(data, CALIBRATION_CLIPS), architecture.frames)
    bodies = bodies.to(next(network.parameters()).device)
    network.load_state_dict(supernet.calibrated(architecture, torch.split(bodies, BODIES)), strict=False)
    return network


def calibration_bodies(data: SkeletonDataModule, clips: int, seed: int = 0) -> Tensor:
    """Bodies (B, T, V, C) of training clips drawn at random, as they are evaluated: not augmented.

    Args:
        data: Where the clips come from.
        clips: How many; all when there are fewer.
        seed: Seed of the draw.
    """
    train = torch.from_numpy(data.splits()["train"])
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return data.clips().gather(train[order[:clips]].sort().values, data.frames).bodies


def check_data(supernet: Supernet, data: SkeletonDataModule) -> None:
    """Refuse data that the supernet was not made for.

    Raises:
        InputError: the layout or the number of classes differs.
    """
    if data.layout.digest != supernet.layout.digest:
        raise InputError(
            "the data has another layout than the supernet", given=data.layout.name, allowed=supernet.layout.name
        )
    if data.num_classes != supernet.num_classes:
        raise InputError("the data has another number of classes", given=data.num_classes, allowed=supernet.num_classes)


def check_classes(class_names: Sequence[str], data: SkeletonDataModule) -> None:
    """Refuse data whose classes are others than those a checkpoint was trained for, or in another order.

    Raises:
        InputError: they differ.
    """
    if list(class_names) != data.class_names:
        raise InputError(
            "the data has other classes than the checkpoint", given=data.class_names, allowed=list(class_names)
        )


@dataclass(frozen=True)
class SGNSupernet:
    """A trained supernet of SGN.

    Attributes:
        path: Its checkpoint.
        checksum: SHA-256 of that file.
        module: The supernet.
        space: Its space.
        class_names: Class names in label order.
        seen: What it says of the clips that it was trained on, if anything.
    """

    path: Path
    checksum: str
    module: Supernet
    space: SGNSpace
    class_names: tuple[str, ...]
    seen: Mapping[str, Any]


def load_sgn_supernet(checkpoint: str | Path) -> SGNSupernet:
    """Read a supernet of SGN.

    Raises:
        InputError: there is no such checkpoint, or it holds something else.
    """
    loaded, path = load_supernet(checkpoint), Path(checkpoint)
    space = loaded.module.space
    if not isinstance(space, SGNSpace):
        hint = "train one with: stgnn fit --config recipes/fit/supernet_sgn_utd_mhad.yaml"
        raise InputError(f"the supernet {checkpoint} is none of SGN", given=f"space {space.name}", hint=hint)
    warn_if_stopped(path, loaded.extra)
    checksum = sha256(path.read_bytes()).hexdigest()
    return SGNSupernet(path, checksum, loaded.module, space, loaded.class_names, seen_by(loaded.extra))


def members_named(supernet: SGNSupernet, names: Sequence[str], data: SkeletonDataModule) -> list[SGNArchitecture]:
    """The members of a supernet that actions are named after.

    Args:
        supernet: The supernet.
        names: The actions, such as ``"w32-64-128-9"``.
        data: The data the supernet was trained on.

    Raises:
        InputError: the supernet has no such member, or the data is not what it knows.
    """
    check_data(supernet.module, data)
    check_classes(supernet.class_names, data)
    return [supernet.space.of_action(name, data.layout.num_joints) for name in names]


def check_actions(
    supernet: SGNSupernet, names: Sequence[str], data: SkeletonDataModule, stream: str, width: int
) -> None:
    """Refuse a supernet that does not hold the single models of an AdaSGN.

    Args:
        supernet: The supernet.
        names: The actions of AdaSGN.
        data: Its data.
        stream: Its stream.
        width: Its width.

    Raises:
        InputError: a member is not there, the data is not what the supernet knows, or frames, stream or width differ.
    """
    members_named(supernet, names, data)
    space, frames = supernet.space, "data.init_args.frames"
    given = {frames: data.frames, "stream": stream, "width": width}
    held = {frames: space.frames, "stream": space.stream, "width": space.embeddings[-1]}
    if wrong := [name for name in held if given[name] != held[name]]:
        raise InputError(
            f"the supernet {supernet.path} is made for another {' and '.join(wrong)}",
            given=[f"{name}: {given[name]}" for name in wrong],
            allowed=[f"{name}: {held[name]}" for name in wrong],
            hint=" and ".join(f"set {name} to {held[name]}" for name in wrong),
        )


def cut_actions(supernet: SGNSupernet, names: Sequence[str], data: SkeletonDataModule, folder: Path) -> dict[str, Path]:
    """Cut single models of SGN out of a supernet, to become the actions of AdaSGN.

    Args:
        supernet: The supernet.
        names: The actions, such as ``"w32-64-128-9"``.
        data: The data the supernet was trained on.
        folder: Where the checkpoints are written, each named after its action.

    Returns:
        The path of each checkpoint.

    Raises:
        InputError: the supernet has no such member, or the data is not what it knows; nothing is written then.
    """
    found = {}
    for name, member in zip(names, members_named(supernet, names, data), strict=True):
        network = cut(supernet.module, member, data)
        extra = {ORIGIN: supernet.checksum, **supernet.seen}
        found[name] = save_checkpoint(folder / f"{name}.ckpt", network, supernet.class_names, extra)
    return found
