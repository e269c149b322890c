"""A search that costs nothing: accuracy and latency in closed form on the space ``tiny``. As a program, one worker.

``python toy.py STORAGE TRIALS SECONDS``: each evaluation takes SECONDS and adds its digest to ``STORAGE.evaluated``.
"""

import hashlib
import math
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from stgnn.latency import Estimate
from stgnn.search import RegularizedEvolution, SearchStrategy
from stgnn.search.study import Evaluation, run_search
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, SearchSpace, StageSpace, load_space

CLASSES = 12


def size(architecture: Architecture) -> float:
    """Roughly what the architecture computes."""
    joints = architecture.joints or 25
    work = sum(stage.width * (2 + block.kernel) for stage in architecture.stages for block in stage.blocks)
    return work * architecture.frames * joints * len(architecture.streams) / 1e5


def luck(*key: object) -> float:
    """A fixed number between 0 and 1 for each key."""
    return int(hashlib.sha256(repr(key).encode()).hexdigest()[:6], 16) / 0xFFFFFF


class ToyEvaluator:
    """Larger is better, and so are some operators; counts its calls."""

    layout, num_classes = load_layout("ntu25"), CLASSES

    def __init__(
        self, seconds: float = 0.0, log: Path | None = None, space: SearchSpace | None = None, supernet: str = "toy"
    ) -> None:
        self.seconds, self.log, self.space, self.supernet = seconds, log, space or load_space("tiny"), supernet
        self.calls: Counter[str] = Counter()

    def identity(self) -> dict[str, str]:
        """What the accuracies depend on."""
        return {"supernet": self.supernet}

    def accuracy(self, architecture: Architecture) -> tuple[float, float]:
        """Accuracy and standard error."""
        self.calls[architecture.digest] += 1
        if self.seconds:
            time.sleep(self.seconds)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(architecture.digest + "\n")
        blocks = [block for stage in architecture.stages for block in stage.blocks]
        gain = sum(luck(block.spatial) + luck(block.temporal) + luck(block.attention) for block in blocks) / len(blocks)
        return 1 - math.exp(-0.35 * math.log1p(size(architecture)) - 0.6 * gain), 0.01


class ToyLatency:
    """Proportional to size."""

    def predict(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> Estimate:
        """The latency."""
        return Estimate(0.2 + size(architecture), 0.1)


def toy_cost(architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> SimpleNamespace:
    """What the cost counter would say."""
    return SimpleNamespace(macs=int(1e6 * size(architecture)), parameters=int(1e4 * size(architecture)))


def few(count: int = 2) -> SearchSpace:
    """A space of 2 * ``count`` architectures."""
    return SearchSpace(
        name="few",
        streams=("joint",),
        frames=(8, 16),
        joints=(0,),
        stems=tuple(range(8, 8 + count)),
        stages=(StageSpace((1,), (8,)),),
        spatial=("GraphConv",),
        temporal=(("TemporalConv", (3,)),),
    )


def search(
    storage: str | Path,
    trials: int,
    strategy: SearchStrategy | None = None,
    evaluator: ToyEvaluator | None = None,
    **settings: object,
) -> list[Evaluation]:
    """``run_search`` with the toys and defaults."""
    return run_search(
        evaluator or ToyEvaluator(),
        ToyLatency(),
        strategy or RegularizedEvolution(population=8, tournament=4),
        storage,
        **{"study_name": "toy", "trials": trials, "progress": False, "cost": toy_cost, **settings},
    )


if __name__ == "__main__":
    path, total, pause = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    found = search(path, total, evaluator=ToyEvaluator(pause, path.with_suffix(".evaluated")))
    print(len(found))
