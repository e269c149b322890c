"""How sparse a network is at a step: pure functions."""

from stgnn.errors import InputError, check_between

RAMPS = ("at_once", "linear", "cubic")


def sparsity_at(step: int, target: float, warm_up: int = 0, ramp: int = 0, kind: str = "at_once") -> float:
    """Sparsity of a step.

    Args:
        step: Step or epoch, from 0.
        target: Sparsity at the end.
        warm_up: Steps without any mask; the scores are trained all the same.
        ramp: Steps after the warm-up until the target is reached; without effect ``at_once``.
        kind: ``at_once``; ``linear``, ``s p``; or ``cubic``, ``s (1 - (1 - p)^3)``, p the part of the ramp that is done
            (Zhu and Gupta, "To prune, or not to prune", 2017: fast while much is redundant, slow at the end).

    Raises:
        InputError: there is no such kind, or a number is out of range.
    """
    if kind not in RAMPS:
        raise InputError("no such schedule of sparsity", given=kind, allowed=RAMPS)
    check_between(0, 1, target=target)
    check_between(0, step=step, warm_up=warm_up, ramp=ramp)
    if step < warm_up:
        return 0.0
    done = 1.0 if kind == "at_once" or ramp == 0 else min((step - warm_up) / ramp, 1.0)
    return target * (1 - (1 - done) ** 3 if kind == "cubic" else done)


def penalty_weight(step: int, warm_up: int) -> float:
    """Weight of the penalty on what will be pruned: ``step / warm_up`` until the warm-up ends, then 0."""
    return step / warm_up if 0 < step <= warm_up else 0.0
