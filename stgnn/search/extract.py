"""From a front to a network of its own: choose an architecture, then cut it out of the supernet."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.files import check_output
from stgnn.search.pareto import front, knee
from stgnn.space import BaseArchitecture

if TYPE_CHECKING:
    from stgnn.data.datamodule import SkeletonDataModule
    from stgnn.networks import Supernet
    from stgnn.search.study import Evaluation

SHOWN = 12  # members of the front that a message lists


def choose(evaluations: "Sequence[Evaluation]", budget_ms: float | None = None) -> "Evaluation":
    """One architecture of the front: the most accurate within a latency budget, or the knee.

    Args:
        evaluations: What a study found.
        budget_ms: Largest predicted latency; None: the knee, after which more milliseconds buy little accuracy.

    Raises:
        InputError: nothing is feasible, or nothing is fast enough; the message lists what the front offers.
    """
    members = front(evaluations)
    if not members:
        raise InputError(
            "the study has no architecture that keeps its constraints",
            given=f"{len(evaluations)} architectures",
            hint="search on, or start a study with looser constraints",
        )
    if budget_ms is None:
        return members[knee([(one.accuracy, one.latency_ms) for one in members])]
    affordable = [one for one in members if one.latency_ms <= budget_ms]
    if not affordable:
        raise InputError(
            "no architecture of the front meets the latency budget",
            given=f"{budget_ms:g} ms",
            allowed=_offer(members),
            hint=f"give at least {members[0].latency_ms:.3g} ms, or search a space with smaller networks",
        )
    return affordable[-1]


def spread(evaluations: "Sequence[Evaluation]", count: int) -> "list[Evaluation]":
    """Members of the front at even steps of the logarithm of their latency, the fastest and the most accurate included.

    Args:
        evaluations: What a study found.
        count: How many; all of the front when it has no more.

    Raises:
        InputError: fewer than two are asked for, or the front has fewer.
    """
    members = front(evaluations)
    if min(count, len(members)) < 2:
        raise InputError("a choice needs two members of the front", given=f"{count} of {len(members)}")
    places = [math.log(one.latency_ms) for one in members]
    chosen = {0, len(members) - 1}
    for step in range(1, count - 1):
        aim = places[0] + (places[-1] - places[0]) * step / (count - 1)
        free = [index for index in range(len(members)) if index not in chosen]
        chosen |= {min(free, key=lambda index: abs(places[index] - aim))} if free else set()
    return [members[index] for index in sorted(chosen)]


def _offer(members: "Sequence[Evaluation]") -> str:
    lines = [f"{one.latency_ms:.3g} ms: {one.accuracy:.1%}" for one in members[:SHOWN]]
    more = len(members) - len(lines)
    return "; ".join(lines) + (f"; and {more} slower ones" if more else "")


def check_made_with(supernet: "Supernet", study: Mapping[str, str], checkpoint: str | Path) -> None:
    """Refuse a supernet that a study was not made with.

    Args:
        supernet: The supernet.
        study: Identity of the study.
        checkpoint: Where the supernet is from, for the message.

    Raises:
        InputError: the study says that it was made with other weights.
    """
    from stgnn.search.evaluate import supernet_checksum

    own = supernet_checksum(supernet)
    searched = study.get("supernet", own)
    if own != searched:
        raise InputError(
            f"the study was made with another supernet than {checkpoint}",
            given=f"checksum {own}",
            allowed=f"checksum {searched}",
            hint="give the supernet that the study was made with",
        )


def extract(
    checkpoint: str | Path,
    architecture: BaseArchitecture,
    output: str | Path,
    data: "SkeletonDataModule",
    study: Mapping[str, str] | None = None,
) -> Path:
    """:func:`stgnn.tasks.cutting.cut` from one file to another; a warning tells of a supernet that was stopped.

    Args:
        checkpoint: Checkpoint of the supernet.
        architecture: A member of its space.
        output: File to write; it can be fine-tuned with ``fit`` or exported.
        data: The data the supernet was trained on; statistics come from its training split.
        study: Identity of the study that found the architecture; not checked when not given.

    Returns:
        The path of the file written.

    Raises:
        InputError: the architecture is not in the supernet's space, the data is not what the supernet knows, the study
            was made with another supernet, or ``output`` cannot be written.
    """
    from stgnn.networks import load_supernet, save_checkpoint
    from stgnn.tasks.continuing import warn_if_stopped
    from stgnn.tasks.cutting import ORIGIN, check_classes, cut
    from stgnn.tasks.seen import seen_by

    check_output(output)
    loaded = load_supernet(checkpoint)
    check_classes(loaded.class_names, data)
    warn_if_stopped(checkpoint, loaded.extra)
    if study is not None:
        check_made_with(loaded.module, study, checkpoint)
    network = cut(loaded.module, architecture, data)
    told = {ORIGIN: Path(checkpoint).name, **seen_by(loaded.extra)}
    return save_checkpoint(output, network, loaded.class_names, told)
