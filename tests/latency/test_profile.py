from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stgnn.errors import InputError
from stgnn.latency import Calibrated, DeviceFile, LatencyTable, evaluate, load_device
from stgnn.latency import profile as module
from stgnn.latency.benchmark import benchmark
from stgnn.latency.parts import KINDS
from stgnn.latency.plan import plan
from stgnn.latency.probes import Probe, bare, probe_of
from stgnn.latency.profile import profile
from stgnn.runtimes.measure import Failure
from stgnn.runtimes.timing import Protocol, Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import SearchSpace, load_space

CLASSES = 10
SMALL = {
    "name": "small",
    "streams": ["joint"],
    "frames": [4, 8],
    "joints": [9],
    "stems": [8],
    "stages": [{"depths": [1, 2], "widths": [8, 16], "stride": 2}],
    "spatial": ["JointMixer"],
    "temporal": {"TemporalShift": [3], "TemporalConv": [3, 5]},
}


class Bench:
    """Instead of exporting and timing: a part takes a microsecond for each parameter, and nothing is noisy."""

    timed, reference_ms = 0, 0.25
    usual_ms: object = None

    def __init__(self, runtime: object, threads: int, *, usual_ms: float | None, **_: object) -> None:
        Bench.usual_ms = usual_ms

    def time(self, probes: list[Probe], protocol: Protocol, label: str) -> list[Timing | Failure]:
        Bench.timed += len(probes)
        sizes = [1e-3 * sum(p.numel() for p in probe.module.state_dict().values()) for probe in probes]
        return [Timing(ms, ms, ms, 10) for ms in sizes]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> type[Bench]:
    monkeypatch.setattr(module, "_Bench", Bench)
    Bench.timed = 0
    return Bench


def run(path: Path, **change: object) -> object:
    arguments = {"space": SMALL, "layout": "ntu25", "num_classes": CLASSES, "output": path, "progress": False}
    return profile(**(arguments | {"calibration": 4, "holdout": 3} | change))  # type: ignore[arg-type]


def interrupted_run(path: Path, monkeypatch: pytest.MonkeyPatch, now: Callable[[str], bool]) -> DeviceFile:
    """What a profile has written when Ctrl-C comes before the first piece for which ``now`` holds."""
    time = Bench.time

    def interrupted(self: Bench, probes: list[Probe], protocol: Protocol, label: str) -> list[Timing | Failure]:
        if now(label):
            raise KeyboardInterrupt
        return time(self, probes, protocol, label)

    with monkeypatch.context() as patch:
        patch.setattr(Bench, "time", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(path)
    return load_device(path)


def test_a_profile_holds_parts_and_networks(bench: type[Bench], tmp_path: Path) -> None:
    run(tmp_path / "device.json")
    device = load_device(tmp_path / "device.json")
    assert Counter(record.role for record in device.networks) == {"calibration": 4, "holdout": 3}
    assert len({record.architecture for record in device.networks}) == 7
    wanted = set(plan(SearchSpace.from_dict(SMALL), load_layout("ntu25")))
    assert wanted <= {entry.part for entry in device.entries}
    smallest = SearchSpace.from_dict(SMALL).smallest()
    assert Calibrated(device).predict(smallest, device.layout, CLASSES).mean_ms > 0


def test_a_continued_profile_is_measured_relative_to_the_same_usual_speed(bench: type[Bench], tmp_path: Path) -> None:
    run(tmp_path / "device.json", holdout=0)
    assert bench.usual_ms is None and load_device(tmp_path / "device.json").reference_ms == 0.25
    run(tmp_path / "device.json")
    assert bench.usual_ms == 0.25


def test_parts_add_up_to_the_parameters_of_a_network(bench: type[Bench], tmp_path: Path) -> None:
    device = profile(SMALL, "ntu25", CLASSES, tmp_path / "device.json", calibration=3, progress=False)
    table = LatencyTable(device)
    for record in device.networks:
        predicted = table.predict(record.architecture, device.layout, CLASSES).mean_ms
        assert predicted == pytest.approx(record.timing.quiet_ms, rel=0.05)


def test_a_finished_profile_is_not_measured_again(bench: type[Bench], tmp_path: Path) -> None:
    run(tmp_path / "device.json")
    bench.timed = 0
    before = load_device(tmp_path / "device.json")
    assert run(tmp_path / "device.json") == before == load_device(tmp_path / "device.json")
    assert bench.timed == 0


def test_an_interrupted_profile_continues(bench: type[Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)
    half = interrupted_run(tmp_path / "device.json", monkeypatch, lambda label: Bench.timed >= 20)
    assert 20 <= len(half.entries) < 30, "whole pieces of at most ten"
    device = run(tmp_path / "device.json")
    assert bench.timed == len(device.entries) + len(device.networks)  # type: ignore[attr-defined]


def test_networks_that_were_timed_before_an_interruption_are_kept(
    bench: type[Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tmp_path / "whole.json")
    monkeypatch.setattr(module, "NETWORK_CHUNK", 3)
    half = interrupted_run(tmp_path / "device.json", monkeypatch, lambda label: label == "networks 4-6 of 7")
    assert len(half.networks) == 3
    bench.timed = 0
    device = run(tmp_path / "device.json")
    assert bench.timed == 4
    assert device.networks == whole.networks and device.networks[:3] == half.networks  # type: ignore[attr-defined]


@pytest.mark.parametrize("stems", [[0], [0, 8]])
@pytest.mark.parametrize("depths", [[1], [1, 2]])
def test_networks_without_a_stem_are_measured_and_predicted(
    stems: list[int], depths: list[int], bench: type[Bench], tmp_path: Path
) -> None:
    stages = [{"depths": depths, "widths": [8, 16], "stride": 2}, {"depths": [1], "widths": [16], "stride": 1}]
    space = SearchSpace.from_dict(SMALL | {"stems": stems, "stages": stages})
    device = profile(space, "ntu25", CLASSES, tmp_path / "device.json", calibration=6, progress=False)
    assert {record.architecture.stem for record in device.networks} == set(stems)
    for record in device.networks:
        predicted = LatencyTable(device).predict(record.architecture, device.layout, CLASSES).mean_ms
        assert predicted == pytest.approx(record.timing.quiet_ms, rel=0.05)


def test_measurements_under_other_conditions_are_kept(bench: type[Bench], tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    run(path)
    before = path.read_bytes()
    others = (
        {"threads": 2},
        {"num_classes": 60},
        {"space": "tiny"},
        {"runtime": "Torch"},
        {"quick": True},
        {"seed": 5},
    )
    for change in others:
        with pytest.raises(InputError, match="other conditions"):
            run(path, **change)
    assert path.read_bytes() == before


def test_a_part_that_cannot_be_measured_stops_the_profile(
    bench: type[Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = Failure(Path("part"), "the measuring process died")
    monkeypatch.setattr(Bench, "time", lambda self, probes, protocol, label: [failure] * len(probes))
    with pytest.raises(InputError, match="cannot be measured"):
        run(tmp_path / "device.json")


def test_every_planned_part_can_be_built() -> None:
    layout, space = load_layout("ntu25"), load_space("edge")
    seen = set()
    for part in plan(replace(space, stems=(0, *space.stems), streams=("joint",)), layout, quick=True):
        what = (part.kind, part.operator, part.stride, min(part.source, 4), min(part.target, 4))
        if what in seen:
            continue
        seen.add(what)
        probe = probe_of(part, layout, CLASSES)
        with torch.no_grad():
            shape = tuple(probe.module(probe.example).shape)
        ends = part.kind in ("stem", "head")
        frames = -(-part.frames // part.stride)
        assert shape == ((1, CLASSES) if ends else (1, part.target, frames, part.joints)), part
        for base in bare(part):
            probe_of(base, layout, CLASSES)
    assert {kind for kind, *_ in seen} == set(KINDS)


@pytest.mark.slow
def test_a_real_profile_predicts_real_networks(tmp_path: Path) -> None:
    device = profile(
        "tiny", "ntu25", CLASSES, tmp_path / "d.json", calibration=8, holdout=10, quick=True, progress=False
    )
    accuracy = evaluate(Calibrated(device), device.records("holdout"), device.layout, CLASSES)
    assert accuracy.spearman > 0.9 and accuracy.mape < 0.15


def test_benchmark_prints_cost_and_latency(layout: SkeletonLayout, tmp_path: Path) -> None:
    architecture = load_space("tiny").smallest()
    path = tmp_path / "network.json"
    path.write_text(replace(architecture, frames=8).to_json())
    found = benchmark(path, "ntu25", 16, CLASSES, "Torch", protocol=Protocol(runs=5, seconds=0.01, rounds=1))
    assert found["frames"] == 16 and found["macs"] > 0 and found["parameters"] > 0 and found["runtime"] == "Torch"
    latency = found["latency_ms"]
    assert 0 < latency["p10_ms"] <= latency["median_ms"] <= latency["p90_ms"]
    with pytest.raises(InputError, match="no such architecture"):
        benchmark(tmp_path / "none.json", "ntu25")
