"""How orders of networks agree with their trainings: what a rank check has found, in figures and words."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from stgnn.files import without_nan
from stgnn.ranking import (
    BY_SIZE,
    BY_WEIGHTS,
    FAVOURITES,
    ORDERS,
    RankCorrelation,
    correlation_gain,
    rank_correlation,
    regret_at,
)

UNSHOWN = "are not shown to rank networks"
SIZES = {"macs": "multiply-accumulates", "parameters": "parameters"}


def agreement(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How shared weights, fine-tuned ones, sizes, and one training order the networks, against the mean of trainings.

    Args:
        rows: As :func:`stgnn.search.rank_check.check_ranks` returns them.

    Returns:
        ``orders``: for each order Kendall's tau with its interval of 95 %, and the accuracy that is lost by whoever
        takes its favourite, or the best of its five; for those by accuracy also ``over``: how much larger their tau is
        than that of either size, with an interval of its own. ``again``: tau between the first training and the mean of
        the others, None with a single seed. ``mean_shared``, ``mean_fine_tuned``, ``mean_alone``: mean accuracies.
    """
    alone = [statistics.mean(row["alone"]) for row in rows]
    scores = {key: [row[key] for row in rows] for key in ORDERS}
    orders: dict[str, dict[str, Any]] = {}
    for key, score in scores.items():
        lost = {f"lost_by_{number}": regret_at(score, alone, number) for number in FAVOURITES}
        orders[key] = {**_plain(rank_correlation(score, alone)), **lost}
    for key in BY_WEIGHTS:
        orders[key]["over"] = {size: _plain(correlation_gain(scores[key], scores[size], alone)) for size in BY_SIZE}
    others = [row["alone"][1:] for row in rows]
    first, rest = [row["alone"][0] for row in rows], [statistics.mean(one) for one in others if one]
    again = _plain(rank_correlation(first, rest)) if all(others) else None
    means = {f"mean_{key}": statistics.mean(scores[key]) for key in BY_WEIGHTS}
    means["mean_alone"] = statistics.mean(alone)
    return dict(without_nan({"networks": len(rows), "orders": orders, "again": again, **means}))


def verdict(found: Mapping[str, Any]) -> str:
    """What an agreement means, in a sentence."""
    shared, tuned = (_said(found["orders"], key) for key in BY_WEIGHTS)
    again, sizes = found["again"], {found["orders"][key]["tau"] for key in BY_SIZE}
    unclear = sizes == {None} or (again is not None and (again["low"] or 0.0) <= 0)
    if unclear and shared == tuned == UNSHOWN:
        return "nothing is shown, for the trainings do not agree on an order: give more epochs, seeds or networks"
    advice = "; train the supernet longer, or ask about more networks" if shared == UNSHOWN else ""
    both = f"{shared}, fine-tuned or not" if shared == tuned else f"{shared}; fine-tuned, they {tuned}"
    return f"the shared weights {both}{advice}"


def _said(orders: Mapping[str, Any], key: str) -> str:
    """What an order is shown to do; no more than its intervals say."""
    if (orders[key]["low"] or 0.0) <= 0:
        return UNSHOWN
    over = orders[key]["over"]
    beaten = [size for size in BY_SIZE if orders[size]["tau"] is None or (over[size]["low"] or 0.0) > 0]
    if len(beaten) == len(BY_SIZE):
        return "rank networks, and better than their size does"
    if not beaten:
        return "rank networks, but are not shown to do it better than the size of the networks"
    (better,), (open_,) = (
        [name for size, name in SIZES.items() if (size in beaten) == which] for which in (True, False)
    )
    return f"rank networks, better than {better} do, but are not shown to do it better than {open_}"


def _plain(found: RankCorrelation) -> dict[str, float]:
    return {"tau": found.value, "low": found.low, "high": found.high}
