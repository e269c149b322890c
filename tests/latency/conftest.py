import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stgnn.latency import DeviceFile
from stgnn.latency.device import Entry, NetworkRecord
from stgnn.latency.parts import Part, parts
from stgnn.latency.plan import plan
from stgnn.networks import AdaSGN
from stgnn.runtimes import ONNXRuntime
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, SearchSpace, load_space

CLASSES = 10
RATE = {"stem": 3.0, "spatial": 2.0, "temporal": 1.0, "projection": 0.5, "attention": 0.2, "head": 0.1}


def milliseconds(part: Part) -> float:
    """An imaginary device: a constant, and a rate for each kind, linear in every size."""
    slower = 1.5 if part.activation == "Hardswish" else 1.0
    size = part.frames * part.joints / part.stride
    return 0.002 + 1e-6 * RATE[part.kind] * size * (slower * part.target + part.kernel * part.source * part.target / 32)


@pytest.fixture(scope="session")
def layout() -> SkeletonLayout:
    return load_layout("kinect20")


@pytest.fixture(scope="session")
def space() -> SearchSpace:
    return load_space("edge")


@pytest.fixture(scope="session")
def architectures(space: SearchSpace) -> list[Architecture]:
    rng = random.Random(0)
    return [space.smallest(), space.largest(), *(space.sample_sized(rng, rng.random()) for _ in range(30))]


@pytest.fixture(scope="session")
def truth(layout: SkeletonLayout) -> Callable[[Architecture], float]:
    return lambda architecture: sum(milliseconds(part) for part in parts(architecture, layout))


@pytest.fixture(scope="session")
def device(
    space: SearchSpace,
    layout: SkeletonLayout,
    architectures: list[Architecture],
    truth: Callable[[Architecture], float],
) -> DeviceFile:
    """What a measurement of the imaginary device gives."""
    blank = DeviceFile.begin(ONNXRuntime(), layout, CLASSES, threads=1, space="edge", seed=0)
    entries = tuple(Entry(part, milliseconds(part)) for part in plan(space, layout))
    records = [
        NetworkRecord(one, Timing(truth(one), 0.98 * truth(one), 1.05 * truth(one), 30), role)
        for index, one in enumerate(architectures)
        for role in ["calibration" if index < 12 else "holdout"]
    ]
    return replace(blank, entries=entries, networks=tuple(records)).with_spread()


@pytest.fixture(scope="session")
def adasgn() -> Callable[..., AdaSGN]:
    """Makes an AdaSGN of four frames, narrow, that may look at 1 or 25 joints."""

    def make(**options: Any) -> AdaSGN:
        return AdaSGN(load_layout("ntu25"), 5, **{"joints": (1, 25), "frames": 4, "width": 4, **options})

    return make
