"""Searches without a training: one that never ran, with plausible, seeded numbers, and the study of a tiny one."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stgnn.latency import Estimate
from stgnn.report import Landmark, Measured, Measurement, ReportData, ReportPoint
from stgnn.report.analysis import pareto_front
from stgnn.search import Random
from stgnn.search.study import run_search
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, BaseArchitecture, Space, load_space, read_space

SPATIAL = {"JointMixer": 0.5, "GraphConv": 0.7, "LearnedGraphConv": 0.8, "JointAttention": 1.6}
TEMPORAL = {"TemporalPool": 0.1, "TemporalShift": 0.15, "DepthwiseTemporalConv": 0.35, "MultiBranchTemporalConv": 0.8}


def _cost(architecture: BaseArchitecture, joints: int) -> float:
    """Something like MACs."""
    if not isinstance(architecture, Architecture):
        return architecture.relative_cost
    total, frames = 0.0, architecture.frames
    for stage in architecture.stages:
        frames = math.ceil(frames / stage.stride)
        for block in stage.blocks:
            work = SPATIAL.get(block.spatial, 1.3) + TEMPORAL.get(block.temporal, 0.2 * block.kernel)
            total += work * stage.width**2 * frames * (architecture.joints or joints)
    return total


def _point(number: int, architecture: BaseArchitecture, rng: random.Random) -> ReportPoint:
    cost = _cost(architecture, 25)
    blocks = [block for stage in getattr(architecture, "stages", ()) for block in stage.blocks]
    bonus = 0.02 * sum(block.spatial == "LearnedGraphConv" for block in blocks) / max(len(blocks), 1)
    bonus += 0.015 * ("bone" in architecture.input_streams) - 0.02 * (architecture.joints == 5)
    accuracy = 0.94 - 0.3 * math.exp(-math.log10(cost / 1e5) / 0.8) + bonus + rng.gauss(0, 0.008)
    latency = 0.01 * architecture.depth + 1.2e-6 * cost**0.8
    return ReportPoint(
        number,
        architecture.to_dict(),
        accuracy=min(max(accuracy, 0.05), 1.0),
        latency_ms=latency,
        accuracy_std=0.008,
        latency_std=0.03 * latency,
        macs=int(cost),
        parameters=int(40 * math.sqrt(cost)),
        digest=architecture.digest,
    )


def _evolve(space: Space, trials: int, rng: random.Random) -> list[ReportPoint]:
    points: list[ReportPoint] = []
    for number in range(trials):
        architecture = space.sample(rng)
        if number > trials // 20:
            parent = rng.choice(pareto_front(points))
            architecture = space.mutate(parent.network, rng, 0.1)
        points.append(_point(number, architecture, rng))
    return points


def _measure(point: ReportPoint, rng: random.Random) -> ReportPoint:
    quiet = point.latency_ms * rng.gauss(1, 0.05)
    return replace(point, measured=Measured(quiet, 1.02 * quiet, 1.1 * quiet))


@pytest.fixture(scope="session")
def make_report() -> Callable[..., ReportData]:
    """A function that makes the data of a report of any size."""

    def make(
        trials: int = 80, at_random: int = 80, seed: int = 0, space: str = "edge", measured: bool = True
    ) -> ReportData:
        rng = random.Random(seed)
        shipped = read_space(space)
        points = _evolve(shipped, trials, rng)
        front = pareto_front(points)
        chosen = front[len(front) // 2].number
        if measured:
            best = {point.number for point in front}
            points = [_measure(p, rng) if p.number in best else p for p in points]
        held_out = [_measure(_point(900 + i, shipped.sample(rng), rng), rng) for i in range(20 if measured else 0)]
        return ReportData(
            title="Synthetic actions: accuracy against latency",
            points=tuple(replace(p, fine_tuned=p.accuracy + 0.02) if p.number == chosen else p for p in points),
            random=tuple(_point(number, shipped.sample(rng), rng) for number in range(at_random)),
            chosen=chosen,
            landmarks=(Landmark("ST-GCN++", 0.86, 9.8, 340_000_000, 1_390_000), Landmark("SGN-like", 0.845, 2.4)),
            measurements=tuple(
                Measurement(f"held out {p.number}", p.latency_ms, p.measured) for p in held_out if p.measured
            ),
            classes=tuple(f"action {index}" for index in range(12)),
            device="Example CPU, 2 cores",
            runtime="ONNXRuntime 1.31, 1 thread",
            supernet="edge, 50 epochs",
            data="synthetic actions, held-out training subjects",
            notes=("Accuracies are those of shared weights with recalibrated batch norm, before fine-tuning.",),
        )

    return make


class Evaluator:
    """Every network is as good as any other."""

    layout, num_classes, space = load_layout("ntu25"), 6, load_space("tiny")

    def identity(self) -> dict[str, str]:
        """Of nothing."""
        return {}

    def accuracy(self, architecture: Architecture) -> tuple[float, float]:
        """Accuracy and its standard error."""
        return 0.5, 0.01


class Latency:
    """More frames take longer."""

    def predict(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> Estimate:
        """The latency."""
        return Estimate(1.0 + architecture.frames, 0.1)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two networks of the space tiny, in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    run_search(Evaluator(), Latency(), Random(), "study.journal", "search", 2, progress=False)  # type: ignore[arg-type]
    return "study.journal"
