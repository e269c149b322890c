"""What training does with the branches of SGN and AdaSGN: start them from single models, hold them still, and one
rotation of the authors' code.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from stgnn.errors import InputError
from stgnn.networks import SGN, AdaSGN, load_model
from stgnn.networks.sgn import Branch
from stgnn.skeleton.transforms import rotation_matrix
from stgnn.tasks.cutting import ORIGIN

MOST_DEGREES = 17  # of a random turn about each axis in the authors' augmentation


def single_name(size: str, joints: int) -> str:
    """What a single model is called, as the action that it becomes: ``big-9``; ``big`` without a joint matrix."""
    return f"{size}-{joints}" if joints else size


def hold_still(branches: Iterable[Branch], matrices: bool, modules: bool, norms_move: bool = False) -> None:
    """Keep parts of the branches from training, and let go of the others.

    Args:
        branches: The branches, in training mode.
        matrices: Whether the joint matrices stay as they are.
        modules: Whether the spatial modules stay as they are, the statistics of their batch norms included.
        norms_move: Whether those statistics go on all the same, as in the authors' code.
    """
    for branch in branches:
        branch.spatial.requires_grad_(not modules)
        branch.spatial.train(norms_move or not modules)
        if branch.coarsening is not None:
            branch.coarsening.requires_grad_(not matrices)


def load_singles(network: AdaSGN, folder: str | Path, class_names: Sequence[str]) -> None:
    """Start every branch from the single model of its size and joint count.

    The branch of every joint may start from a model without a joint matrix; its own stays the identity. Singles that
    were all cut out of one supernet share the weights of their temporal module: the network then starts from it, too,
    with the statistics of the most expensive one. Otherwise its temporal module stays as it is, and its policy always
    does.

    Args:
        network: Whose branches are filled.
        folder: Checkpoints named after the actions: ``small-1.ckpt``, ``big-25.ckpt`` (or ``big.ckpt``).
        class_names: Of the network.

    Raises:
        InputError: a checkpoint is missing, or belongs to other data or to another network.
    """
    origins = []
    for action, branch in network.branches.items():
        assert isinstance(branch, Branch)
        single, origin = _single(network, action, branch, Path(folder), class_names)
        branch.spatial.load_state_dict(single.branch.spatial.state_dict())
        if single.branch.coarsening is not None and branch.coarsening is not None:
            branch.coarsening.data.copy_(single.branch.coarsening.data)
        origins.append(origin)
    if origins[0] is not None and all(one == origins[0] for one in origins):
        network.temporal.load_state_dict(single.temporal.state_dict())


def _single(
    network: AdaSGN, action: str, branch: Branch, folder: Path, class_names: Sequence[str]
) -> tuple[SGN, object]:
    """The single model that a branch starts from, and what it was cut out of; nothing where it was trained."""
    path, whole = folder / f"{action}.ckpt", folder / f"{branch.spatial.size}.ckpt"
    if not path.is_file() and branch.joints == network.layout.num_joints and whole.is_file():
        path = whole
    loaded = load_model(path)
    single = loaded.module
    if not isinstance(single, SGN) or loaded.class_names != tuple(class_names) or single.layout != network.layout:
        what = f"{path} is not a single model of these data"
        raise InputError(what, hint="train the singles with SGNTask on the same data")
    _check_alike(network, single, action, path)
    return single, loaded.extra.get(ORIGIN)


def _check_alike(network: AdaSGN, single: SGN, action: str, path: Path) -> None:
    shared = ("frames", "stream", "width")
    joints = single.options["joints"] or network.layout.num_joints
    given = {"action": single_name(single.options["size"], joints), **{key: single.options[key] for key in shared}}
    wanted = {"action": action, **{key: network.options[key] for key in shared}}
    if given != wanted:
        raise InputError(f"the single model {path} does not fit its branch", given=given, allowed=wanted)


def turned_in_radians(bodies: Tensor, clip: Tensor, clips: int, generator: torch.Generator) -> Tensor:
    """Bodies turned about z by -17 to 17 whole **radians**, all bodies of a clip alike: almost any angle.

    The authors' augmentation means degrees and converts those of x and y only.

    Args:
        bodies: ``(B, T, V, 3)``.
        clip: The clip that each body belongs to, ``(B,)``.
        clips: N.
        generator: Draws the angles, on the CPU.
    """
    angles = torch.zeros(clips, 3)
    angles[:, 2] = torch.randint(-MOST_DEGREES, MOST_DEGREES + 1, (clips,), generator=generator).float()
    rotation = rotation_matrix(angles).to(bodies)[clip]  # (B, 3, 3)
    return bodies @ rotation[:, None].mT
