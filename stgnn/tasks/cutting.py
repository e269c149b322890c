"""A network cut out of a supernet, with batch-norm statistics of its own, and whether data are those of a supernet."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError
from stgnn.networks import Loaded, Supernet, load_supernet
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import BaseArchitecture
from stgnn.tasks.continuing import warn_if_stopped
from stgnn.tasks.seen import check_unseen
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


def load_for(path: str | Path, data: SkeletonDataModule) -> Loaded[Supernet]:
    """A supernet whose members are to be scored on held-out clips; a warning tells of one whose training was stopped.

    Args:
        path: Its checkpoint.
        data: The data it was trained on, and the clips.

    Raises:
        InputError: the checkpoint is missing, damaged or of something else, the data are not what the supernet knows,
            or it may have seen the clips.
    """
    loaded = load_supernet(path)
    check_data(loaded.module, data)
    check_classes(loaded.class_names, data)
    check_unseen(loaded.extra, data)
    warn_if_stopped(path, loaded.extra)
    return loaded


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
