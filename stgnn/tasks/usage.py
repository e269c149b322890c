"""Which actions AdaSGN takes, counted over real bodies: empty ones are in no batch."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric


class Usage(Metric):
    """Frames of each class that took each action.

    Args:
        classes: Number of classes.
        actions: Number of actions.

    Attributes:
        taken: Frames of each class that took each action, ``(classes, actions)``.
        frames: Frames of each class, ``(classes,)``.
        bodies: Bodies seen.
        clips: Clips seen.
    """

    full_state_update = False
    taken: Tensor
    frames: Tensor
    bodies: Tensor
    clips: Tensor

    def __init__(self, classes: int, actions: int) -> None:
        super().__init__()
        self.add_state("taken", torch.zeros(classes, actions, dtype=torch.int64), "sum")
        self.add_state("frames", torch.zeros(classes, dtype=torch.int64), "sum")
        self.add_state("bodies", torch.zeros((), dtype=torch.int64), "sum")
        self.add_state("clips", torch.zeros((), dtype=torch.int64), "sum")

    def update(self, actions: Tensor, clip: Tensor, label: Tensor) -> None:
        """Count one batch.

        Args:
            actions: One-hot ``(B, T, A)``, or all ones.
            clip: The clip that each body belongs to, ``(B,)``.
            label: Class of each clip, ``(N,)``.
        """
        classes = label[clip]  # (B,)
        taken = actions.detach().sum(dim=1).round().to(self.taken)  # (B, A)
        self.taken.index_add_(0, classes, taken)
        self.frames.index_add_(0, classes, torch.full_like(classes, actions.shape[1], dtype=self.frames.dtype))
        self.bodies += len(clip)
        self.clips += len(label)

    def compute(self) -> Tensor:
        """Share of all frames that took each action, ``(A,)``; NaN before the first batch."""
        return self.taken.sum(0) / self.frames.sum()

    def by_class(self) -> list[list[float]]:
        """The same for each class, over all processes; zeros for a class without clips."""
        with self.sync_context():
            return (self.taken / self.frames.clamp(min=1)[:, None]).tolist()

    @property
    def bodies_per_clip(self) -> float:
        """Real bodies of a clip, on average over all processes."""
        with self.sync_context():
            return float(self.bodies / self.clips)


def named(actions: Sequence[str], shares: Sequence[float]) -> dict[str, float]:
    """Shares by the names of the actions, with underscores, as metrics are called."""
    return {name.replace("-", "_"): float(share) for name, share in zip(actions, shares, strict=True)}
