"""How orders of networks agree with their trainings: what a rank check has found, in figures and words."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from stgnn.files import without_nan
from stgnn.ranking import BY_SIZE, FAVOURITES, ORDERS, rank_correlation, regret_at

UNSHOWN = "are not shown to rank networks"


def agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How shared weights, fine-tuned ones, sizes, and one training order the networks, against the mean of trainings.

    Args:
        rows: As :func:`stgnn.search.rank_check.check_ranks` returns them.

    Returns:
        ``orders``: for each order Kendall's tau with its interval of 95 %, and the accuracy that is lost by whoever
        takes its favourite, or the best of its five; ``again``: tau between the first training and the mean of the
        others, None with a single seed; ``mean_shared``, ``mean_fine_tuned`` and ``mean_alone``: mean accuracies.
    """
    alone = [statistics.mean(row["alone"]) for row in rows]
    orders = {
        key: {
            **_tau([row[key] for row in rows], alone),
            **{f"lost_by_{number}": regret_at([row[key] for row in rows], alone, number) for number in FAVOURITES},
        }
        for key in ORDERS
    }
    others = [row["alone"][1:] for row in rows]
    again = _tau([row["alone"][0] for row in rows], [statistics.mean(one) for one in others]) if all(others) else None
    means = {f"mean_{key}": statistics.mean(row[key] for row in rows) for key in ("shared", "fine_tuned")}
    means["mean_alone"] = statistics.mean(alone)
    return dict(without_nan({"networks": len(rows), "orders": orders, "again": again, **means}))


def verdict(found: Mapping[str, Any]) -> str:
    """What an agreement means, in a sentence."""
    shared, tuned = (_said(found, key) for key in ("shared", "fine_tuned"))
    again, sizes = found["again"], {found["orders"][key]["tau"] for key in BY_SIZE}
    unclear = sizes == {None} or (again is not None and (again["low"] or 0.0) <= 0)
    if unclear and shared == tuned == UNSHOWN:
        return "nothing is shown, for the trainings do not agree on an order: give more epochs, seeds or networks"
    advice = "; train the supernet longer, or ask about more networks" if shared == UNSHOWN else ""
    return f"the shared weights {shared}; fine-tuned, they {tuned}{advice}"


def _said(found: Mapping[str, Any], key: str) -> str:
    """What an order is shown to do; no more than its interval says."""
    low = found["orders"][key]["low"] or 0.0
    if low <= 0:
        return UNSHOWN
    by_size = max(found["orders"][size]["tau"] or 0.0 for size in BY_SIZE)
    if low <= by_size:
        return "rank networks, but are not shown to do it better than the size of the networks"
    return "rank networks, and better than their size does"


def _tau(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    found = rank_correlation(first, second)
    return {"tau": found.value, "low": found.low, "high": found.high}
