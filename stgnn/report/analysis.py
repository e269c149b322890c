"""What the trials say: the front, its hypervolume over trials, how good predictions were, what good networks share."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stgnn.latency.agreement import Agreement, compare
from stgnn.report.architectures import genes_of
from stgnn.report.data import Measured, ReportData, ReportPoint
from stgnn.search.pareto import front, hypervolume_curve
from stgnn.space import BaseArchitecture


def pareto_front(points: Iterable[ReportPoint]) -> tuple[ReportPoint, ...]:
    """The feasible points that no other beats in both accuracy and latency, fastest first, each pair of values once."""
    return tuple(front(sorted(points, key=lambda point: point.number)))


def reference_point(data: ReportData) -> tuple[float, float]:
    """Where the hypervolume counts from: as given, else a tenth beyond the worst of all trials."""
    if data.reference is not None:
        return data.reference
    points = [point for point in (*data.points, *data.random) if point.feasible]
    return 0.9 * min(point.accuracy for point in points), 1.1 * max(point.latency_ms for point in points)


def hypervolume_history(points: Sequence[ReportPoint], reference: tuple[float, float]) -> list[float]:
    """Hypervolume after each trial in order, as a share of the box between the reference and 100 % at 0 ms.

    Args:
        points: Trials in any order; infeasible ones count as trials that add nothing.
        reference: Accuracy and latency in ms of the reference point.

    Returns:
        One number from 0 to 1 per trial.
    """
    box = (1 - reference[0]) * reference[1]
    ordered = sorted(points, key=lambda point: point.number)
    values = [(p.accuracy, p.latency_ms) if p.feasible else reference for p in ordered]
    return [float(area) / box if box > 0 else 0.0 for area in hypervolume_curve(values, reference)]


@dataclass(frozen=True)
class Check:
    """One prediction beside its measurement. ``key`` names the trial (``trial=12``), empty for a held-out network."""

    name: str
    key: str
    predicted_ms: float
    predicted_std: float
    measured: Measured


def latency_checks(data: ReportData) -> tuple[Check, ...]:
    """Every network of the report that was measured: trials of the search, of random search, and held-out ones."""
    trials = [("trial", p) for p in data.points] + [("random", p) for p in data.random]
    return tuple(
        Check(f"{kind} {p.number}", f"{kind}={p.number}", p.latency_ms, p.latency_std, p.measured)
        for kind, p in trials
        if p.measured is not None
    ) + tuple(Check(m.name, "", m.predicted_ms, m.predicted_std, m.measured) for m in data.measurements)


def agreement(checks: Sequence[Check]) -> Agreement | None:
    """How predictions agree with measurements; of two networks the rank correlation says nothing, and is NaN."""
    if not checks:
        return None
    found = compare([check.predicted_ms for check in checks], [check.measured.ms for check in checks])
    return found if found.networks > 2 else replace(found, spearman=math.nan)


@dataclass(frozen=True)
class Gene:
    """How often each choice of a gene occurs on the front and among all evaluated networks.

    Attributes:
        name: Such as ``"stage 2: spatial"``.
        choices: (choice, share on the front, share among all), in natural order.
        difference: Total variation distance of the two distributions, 0 to 1.
        clear: Whether the difference is larger than a front of this size would show by chance.
    """

    name: str
    choices: tuple[tuple[str, float, float], ...]
    difference: float
    clear: bool


def compare_genes(front: Sequence[BaseArchitecture], evaluated: Sequence[BaseArchitecture]) -> tuple[Gene, ...]:
    """What the front's networks have in common, most different first; genes with a single choice are left out.

    The choices inside the blocks of a stage are pooled: a network with two of three blocks of an operator counts 2/3.
    """
    ours, theirs = _shares(front), _shares(evaluated)
    genes = []
    for name, expected in theirs.items():
        found = ours.get(name, {})
        choices = sorted(expected, key=_natural)
        if len(choices) < 2:
            continue
        rows = tuple((choice, found.get(choice, 0.0), expected[choice]) for choice in choices)
        difference = sum(abs(here - there) for _, here, there in rows) / 2
        # The mean distance of a random sample as large as the front (half the sum of mean absolute deviations).
        chance = sum(math.sqrt(2 * p * (1 - p) / (math.pi * len(front))) for p in expected.values()) / 2
        genes.append((difference - chance, Gene(name, rows, difference, difference > 1.5 * chance)))
    return tuple(gene for _, gene in sorted(genes, key=lambda item: (-item[0], item[1].name)))


@dataclass(frozen=True)
class Analysis:
    """What the trials of a report say.

    Attributes:
        front: See :func:`pareto_front`.
        random_front: That of random search.
        reference: See :func:`reference_point`.
        history: See :func:`hypervolume_history`.
        random_history: That of random search.
        checks: See :func:`latency_checks`.
        agreement: How good the checked predictions were; None where nothing was measured.
        genes: See :func:`compare_genes`; all networks are those of both searches.
    """

    front: tuple[ReportPoint, ...]
    random_front: tuple[ReportPoint, ...]
    reference: tuple[float, float]
    history: list[float]
    random_history: list[float]
    checks: tuple[Check, ...]
    agreement: Agreement | None
    genes: tuple[Gene, ...]


def analyse(data: ReportData) -> Analysis:
    """Everything that the page and the files of a report say about its trials.

    Raises:
        InputError: an architecture of a trial is none.
    """
    front, reference, checks = pareto_front(data.points), reference_point(data), latency_checks(data)
    return Analysis(
        front=front,
        random_front=pareto_front(data.random),
        reference=reference,
        history=hypervolume_history(data.points, reference),
        random_history=hypervolume_history(data.random, reference),
        checks=checks,
        agreement=agreement(checks),
        genes=compare_genes(
            [point.network for point in front], [point.network for point in (*data.points, *data.random)]
        ),
    )


def _shares(architectures: Sequence[BaseArchitecture]) -> dict[str, dict[str, float]]:
    """Gene -> choice -> share; a stage's genes are averaged over the networks that have the stage."""
    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for architecture in architectures:
        for name, choices in genes_of(architecture).items():
            for choice in choices:
                totals[name][choice] += 1 / len(choices)
    return {name: {c: n / sum(counts.values()) for c, n in counts.items()} for name, counts in totals.items()}


def _natural(choice: str) -> tuple[float, str]:
    head = choice.split(" ")[0]
    return (float(head), choice) if head.isdigit() else (math.inf, choice)
