"""What an optimiser is told: which parameters decay, and how the learning rate goes."""

import math
from collections.abc import Sequence
from typing import Any

from torch import nn

from stgnn.errors import InputError

FINAL_LEARNING_RATE = 0.05  # of the peak, at the end of the cosine


def schedule(step: int, steps: int, warmup: float, drops: Sequence[int] = ()) -> float:
    """Factor of the learning rate: linear warm-up over the share ``warmup`` of ``steps``, then a cosine down to 5 %.

    With ``drops`` there is no cosine: the factor falls to a tenth at each of these steps.
    """
    rising = max(round(warmup * steps), 1)
    if step < rising:
        return (step + 1) / rising
    if drops:
        return float(0.1 ** sum(step >= drop for drop in drops))
    done = min((step - rising) / max(steps - rising, 1), 1.0)
    return FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * (1 + math.cos(math.pi * done)) / 2


def drop_steps(milestones: Sequence[float], steps: int, epochs: int | None) -> tuple[int, ...]:
    """The steps at which milestones are reached.

    Args:
        milestones: Below 1 a share of the run, from 1 on an epoch.
        steps: Steps of the run.
        epochs: Epochs of the run, where it is limited by them.

    Raises:
        InputError: epochs are named, and the run is not limited by epochs.
    """
    if not epochs or epochs < 0:
        if max(milestones, default=0) >= 1:
            hint = "set trainer.max_epochs, or give the milestones as shares of the run"
            raise InputError("milestones in epochs need a run that counts epochs", given=tuple(milestones), hint=hint)
        epochs = 1
    return tuple(round(place * (steps if place < 1 else steps / epochs)) for place in milestones)


def parameter_groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases, batch norms and every other one-dimensional parameter do not."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
