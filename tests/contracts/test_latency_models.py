import inspect
import random
from dataclasses import replace

import pytest

from stgnn.latency import LATENCY_MODELS, DeviceFile, LatencyModel
from stgnn.latency.device import Entry, NetworkRecord
from stgnn.latency.parts import Part, parts
from stgnn.latency.plan import plan
from stgnn.runtimes import RUNTIMES
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import load_layout
from stgnn.space import load_space
from stgnn.testing import check_latency_model

SPACE, LAYOUT, CLASSES = load_space("tiny"), load_layout("ntu25"), 10
ARCHITECTURES = [SPACE.smallest(), SPACE.largest(), *(SPACE.sample(random.Random(seed)) for seed in range(6))]


def milliseconds(part: Part) -> float:
    return 0.01 + 1e-7 * part.frames * part.joints * part.kernel * part.source * part.target


@pytest.fixture(scope="module")
def device() -> DeviceFile:
    """What an imaginary device would have measured."""
    blank = DeviceFile.begin(RUNTIMES["ONNXRuntime"](), LAYOUT, CLASSES, threads=1, space="tiny", seed=0)
    entries = tuple(Entry(part, milliseconds(part)) for part in plan(SPACE, LAYOUT))
    networks = []
    for architecture in ARCHITECTURES:
        median = 1.1 * sum(map(milliseconds, parts(architecture, LAYOUT)))
        networks.append(NetworkRecord(architecture, Timing(median, 0.98 * median, 1.03 * median, 30), "calibration"))
    return replace(blank, entries=entries, networks=tuple(networks))


def build(name: str, device: DeviceFile) -> LatencyModel:
    known = {"device": device}
    arguments = inspect.signature(LATENCY_MODELS[name]).parameters.values()
    missing = [one.name for one in arguments if one.default is one.empty and one.name not in known]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: its own package checks it")
    return LATENCY_MODELS[name](**{one.name: known[one.name] for one in arguments if one.name in known})


@pytest.mark.parametrize("name", LATENCY_MODELS)
def test_latency_model(name: str, device: DeviceFile) -> None:
    check_latency_model(build(name, device), ARCHITECTURES, LAYOUT, CLASSES)
