"""A trained network that another one learns from, besides the labels."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from stgnn.data.batches import Batch
from stgnn.errors import InputError, check_between
from stgnn.networks import Supernet
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import resample_frames
from stgnn.tasks.base import clip_logits, distillation_loss
from stgnn.tasks.starting import load_matching, plain_network


class Teacher:
    """A network that teaches by its logits. It is no module, so that a task that holds it neither trains nor saves it.

    Args:
        path: Its checkpoint.
        layout: The body that the student sees.
        class_names: The classes of the student.
        share: Share of the student's loss that comes from the teacher, 0 to 1.

    Raises:
        InputError: the checkpoint is a supernet, or of other data.
    """

    def __init__(
        self, path: str | Path, layout: SkeletonLayout, class_names: Sequence[str], share: float = 0.5
    ) -> None:
        module = load_matching(path, layout, class_names)
        if isinstance(module, Supernet):
            hint = "cut a network out of it first: stgnn extract"
            what = "a supernet cannot teach as it is: its batch-norm statistics belong to no network"
            raise InputError(what, given=path, allowed="a checkpoint of a network", hint=hint)
        self.network = plain_network(module, path).eval().requires_grad_(False)
        self.share = share

    def mixed(self, loss: Tensor, logits: Tensor, batch: Batch) -> Tensor:
        """The loss of the labels, mixed with the distance of logits (N, classes) to the teacher's."""
        with torch.no_grad():
            network = self.network.to(logits.device)  # no module of the task, so nobody else brings it there
            bodies = network(resample_frames(batch.bodies, network.frames))
            target = clip_logits(bodies, batch)
        return torch.lerp(loss, distillation_loss(logits, target), self.share)


def teacher_of(
    path: str | Path | None, layout: SkeletonLayout, class_names: Sequence[str], share: float
) -> Teacher | None:
    """The teacher of a task, where it has one; see :class:`Teacher`.

    Raises:
        InputError: as :class:`Teacher`; or the share is not between 0 and 1, even where nobody teaches.
    """
    check_between(0, 1, distillation=share)
    return None if path is None else Teacher(path, layout, class_names, share)
