import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.latency import Calibrated, DeviceFile, LatencyModel, LatencyTable, Roofline, cost, evaluate, side_by_side
from stgnn.latency.adaptive import count_adaptive
from stgnn.latency.agreement import compare
from stgnn.latency.calibrated import _left_out_error, fit
from stgnn.latency.comparison import summary
from stgnn.latency.cost import count, count_as_is, joints_and_streams, operations, trace
from stgnn.networks import SGN, AdaSGN, Ensemble, Network
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, load_architecture, load_space

CLASSES = 10


def slowed(device: DeviceFile, change: Callable[[float, int], float]) -> DeviceFile:
    """The same device, whole networks measured otherwise than their parts say."""
    records = []
    for record in device.networks:
        ms = change(record.timing.quiet_ms, record.architecture.depth)
        records.append(replace(record, timing=Timing(ms, ms, ms, 10)))
    return replace(device, networks=tuple(records))


def test_calibration_learns_a_common_factor(device: DeviceFile) -> None:
    slow = slowed(device, lambda ms, _: 1.7 * ms)
    accuracy = evaluate(Calibrated(slow), slow.records("holdout"), slow.layout, CLASSES)
    assert accuracy.mape < 0.01 and accuracy.within_10_percent == 1.0 and accuracy.spearman > 0.99
    assert evaluate(LatencyTable(slow), slow.records("holdout"), slow.layout, CLASSES).mape > 0.4


def test_calibration_learns_a_cost_per_block(device: DeviceFile) -> None:
    slow = slowed(device, lambda ms, depth: ms + 0.3 * depth)
    raw = evaluate(LatencyTable(slow), slow.records("holdout"), slow.layout, CLASSES)
    better = evaluate(Calibrated(slow), slow.records("holdout"), slow.layout, CLASSES)
    assert better.mape < 0.25 * raw.mape


def test_busy_neighbours_change_neither_calibration_nor_agreement(device: DeviceFile) -> None:
    def shared(timing: Timing, factor: float) -> Timing:
        return Timing(factor * timing.median_ms, timing.p10_ms, factor * timing.p90_ms, timing.runs, timing.quiet_ms)

    times = np.random.default_rng(0).uniform(1.0, 3.0, size=len(device.networks)).tolist()
    networks = tuple(
        replace(record, timing=shared(record.timing, time)) for record, time in zip(device.networks, times, strict=True)
    )
    busy = replace(device, networks=networks)
    assert Calibrated(busy).factors == Calibrated(device).factors
    assert Calibrated(busy).relative_std == Calibrated(device).relative_std
    found = evaluate(LatencyTable(busy), busy.records("holdout"), busy.layout, CLASSES)
    assert found == evaluate(LatencyTable(device), device.records("holdout"), device.layout, CLASSES)


def test_error_bars_come_from_networks_left_out(device: DeviceFile) -> None:
    quiet = Calibrated(device)
    noise = np.random.default_rng(0).uniform(0.8, 1.25, size=len(device.networks))
    shaken = replace(
        device,
        networks=tuple(
            replace(record, timing=record.timing.scaled(factor))
            for record, factor in zip(device.networks, noise, strict=True)
        ),
    )
    architecture = device.networks[20].architecture
    small = quiet.predict(architecture, device.layout, CLASSES)
    large = Calibrated(shaken).predict(architecture, device.layout, CLASSES)
    assert 0 <= small.std_ms < 0.02 * small.mean_ms < 0.1 * large.mean_ms < large.std_ms


def test_factors_stay_non_negative() -> None:
    rng = np.random.default_rng(1)
    terms = rng.uniform(0.1, 1.0, size=(10, 3))
    design = np.concatenate([np.ones((10, 1)), rng.integers(2, 9, size=(10, 1)), terms], axis=1)
    factors = fit(design, terms @ np.array([2.0, 0.0, 0.5]) * rng.uniform(0.9, 1.1, size=10))
    assert (factors >= 0).all()


def test_without_evidence_factors_are_common_and_constants_nothing() -> None:
    rng = np.random.default_rng(2)
    terms = rng.uniform(0.1, 9.0, size=(8, 3))
    design = np.concatenate([np.ones((8, 1)), rng.integers(2, 9, size=(8, 1)), terms], axis=1)
    assert fit(design, 1.7 * terms.sum(axis=1)) == pytest.approx([0, 0, 1.7, 1.7, 1.7])


def test_the_error_of_a_network_is_that_of_a_fit_without_it() -> None:
    rng = np.random.default_rng(3)
    terms = rng.uniform(1.0, 5.0, size=(6, 2))
    design = np.concatenate([np.ones((6, 1)), rng.integers(2, 9, size=(6, 1)), terms], axis=1)
    measured = terms.sum(axis=1) * rng.uniform(0.7, 1.4, size=6)
    kept = [[place for place in range(6) if place != left] for left in range(6)]
    errors = [design[left] @ fit(design[rest], measured[rest]) / measured[left] - 1 for left, rest in enumerate(kept)]
    assert _left_out_error(design, measured) == pytest.approx(math.sqrt(sum(error**2 for error in errors) / 6))
    inside = design @ fit(design, measured) / measured - 1
    assert _left_out_error(design, measured) > math.sqrt((inside**2).mean()), "what was fitted to is better known"


def test_too_few_networks_are_refused(device: DeviceFile) -> None:
    with pytest.raises(InputError, match="at least 3"):
        Calibrated(replace(device, networks=device.networks[:2]))


class Changing(LatencyModel):
    """Says ``whole`` of shallow networks, ``start`` and ``blocks`` of others, ``other`` of those named."""

    def __init__(self, device: DeviceFile, others: tuple[Architecture, ...] = ()) -> None:
        self.table, self.others = LatencyTable(device), others

    def terms(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> dict[str, float]:
        total = sum(self.table.terms(architecture, layout, num_classes).values())
        if architecture in self.others:
            return {"other": total, "none": 0.0}
        return {"start": 0.1 * total, "blocks": 0.9 * total} if architecture.depth > 3 else {"whole": total}


def test_kinds_may_differ_between_networks(device: DeviceFile) -> None:
    slow = slowed(device, lambda ms, _: 1.7 * ms)
    kinds = [tuple(Changing(slow).terms(one.architecture, slow.layout, CLASSES)) for one in slow.networks]
    assert len(set(kinds)) == 2
    model = Calibrated(slow, base=Changing(slow))
    assert set(model.factors) == {"constant", "block", "whole", "start", "blocks"}
    assert evaluate(model, slow.records("holdout"), slow.layout, CLASSES).mape < 0.05


def test_a_kind_that_was_not_calibrated_is_refused(device: DeviceFile) -> None:
    architecture = device.records("holdout")[0].architecture
    model = Calibrated(device, base=Changing(device, others=(architecture,)))
    with pytest.raises(InputError, match=r"(?s)Changing finds work.*given: +other\n.*whole.*larger --calibration"):
        model.predict(architecture, device.layout, CLASSES)


def test_every_model_is_shown_beside_the_others(device: DeviceFile) -> None:
    few = replace(device, networks=device.networks[8:15])
    found = side_by_side(few)
    assert list(found) == ["LatencyTable", "LatencyTable, calibrated", "Roofline, calibrated", "FLOPs, calibrated"]
    assert {accuracy.networks for accuracy in found.values()} == {3}
    assert found["LatencyTable, calibrated"].mape < 0.02 < found["FLOPs, calibrated"].mape
    with pytest.raises(InputError, match="held-out"):
        side_by_side(replace(few, networks=few.networks[:4]))


def test_roofline_without_memory_and_dispatch_counts_operations(architectures: list[Architecture]) -> None:
    layout = load_layout("kinect20")
    model = Roofline(peak_gflops=2.0, bandwidth_gbs=math.inf, dispatch_us=0.0)
    macs = count(architectures[0], layout, CLASSES).macs
    assert model.predict(architectures[0], layout, CLASSES).mean_ms == pytest.approx(macs * 1e-6)
    started = Roofline(peak_gflops=2.0, bandwidth_gbs=math.inf, dispatch_us=1000.0)
    waiting = started.predict(architectures[0], layout, CLASSES).mean_ms - macs * 1e-6
    assert waiting == pytest.approx(len(operations(architectures[0], layout, CLASSES)), rel=0.2)
    with pytest.raises(InputError, match="positive"):
        Roofline(peak_gflops=0)


def test_every_operation_of_a_roofline_takes_the_longer_of_arithmetic_and_traffic() -> None:
    layout, architecture = load_layout("ntu25"), load_space("tiny").smallest()

    def ms(peak: float, bandwidth: float) -> float:
        return Roofline(peak, bandwidth, dispatch_us=0.0).predict(architecture, layout, CLASSES).mean_ms

    found = operations(architecture, layout, CLASSES)
    assert ms(math.inf, 4.0) == pytest.approx(sum(one.bytes for one in found) / 4e6)
    balance = sum(one.bytes for one in found) / sum(2 * one.macs for one in found)  # neither always wins
    arithmetic, traffic, both = ms(1.0, math.inf), ms(math.inf, balance), ms(1.0, balance)
    assert arithmetic == pytest.approx(traffic) and 1.01 * arithmetic < both < 0.99 * (arithmetic + traffic)
    longer = sum(max(2.0 * one.macs, one.bytes / balance) for one in found)
    assert both == pytest.approx(longer * 1e-6)


def test_macs_of_known_modules() -> None:
    import torch
    from torch import nn

    conv = nn.Conv2d(4, 8, (3, 1), padding=(1, 0), groups=2)
    assert sum(one.macs for one in trace(conv, torch.empty(1, 4, 10, 5))) == 8 * 2 * 3 * 10 * 5

    class Product(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ x.transpose(-1, -2)

    found = trace(Product(), torch.empty(6, 3, 7))
    assert sum(one.macs for one in found) == 6 * 3 * 7 * 3
    assert sum(one.bytes for one in found if one.macs) == 4 * (2 * 6 * 3 * 7 + 6 * 3 * 3)


def test_shortcuts_give_the_shapes_of_the_operations_they_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from torch import nn

    module, example = nn.Sequential(nn.BatchNorm2d(4), nn.Hardswish()).eval(), torch.empty(2, 4, 3, 5, device="meta")
    short = trace(module.to("meta"), example)
    monkeypatch.setattr(cost, "_shape_only", lambda func, args: None)
    plain = trace(module, example)
    assert [(one.name, one.macs) for one in short] == [(one.name, one.macs) for one in plain]
    assert sum(one.bytes for one in short) == pytest.approx(sum(one.bytes for one in plain), rel=0.05)


def test_cost_of_a_classic_network() -> None:
    found = count(load_architecture("STGCN++"), load_layout("ntu25"), 60)
    assert found.parameters == 1_403_144 and found.macs == pytest.approx(
        2.925e9 / 2, rel=0.02
    )  # 2.925 GMACs are of two bodies
    assert (found.frames, found.joints, found.bodies, found.streams) == (100, 25, 1, "joint")


def make(streams: tuple[str, ...], joints: int) -> Network:
    architecture = load_space("tiny").smallest()
    return Network(replace(architecture, streams=streams, joints=joints, stem=8), load_layout("ntu25"), CLASSES)


def test_every_counter_says_what_a_network_takes() -> None:
    body = load_layout("ntu25")
    bones, motions = (SGN(body, CLASSES, 8, joints, stream=name) for joints, name in [(9, "bone"), (0, "joint_motion")])
    adaptive = AdaSGN(body, CLASSES, (1, 9), frames=8, stream="bone", width=4)
    wanted = {
        make(("joint", "bone"), 9): (9, "joint+bone"),
        bones: (9, "bone"),
        motions: (25, "joint_motion"),
        adaptive: (9, "bone"),
        Ensemble([bones, make(("joint",), 1)]): (9, "joint+bone"),
        Ensemble([bones, motions]): (25, "bone+joint_motion"),
    }
    for network, (joints, streams) in wanted.items():
        found = count_adaptive(network) if network is adaptive else count_as_is(network)
        assert (found.joints, found.streams) == (joints, streams)
        assert joints_and_streams(network) == (joints, tuple(streams.split("+")))
    assert (count_adaptive(bones).joints, count_adaptive(bones).streams) == (9, "bone")
    network = make(("joint", "bone"), 9)
    assert count(network, body, CLASSES) == count_as_is(network)


def test_metrics_against_brute_force() -> None:
    rng = np.random.default_rng(2)
    measured = rng.uniform(1, 10, size=40)
    predicted = measured * rng.uniform(0.8, 1.2, size=40)
    found = compare(predicted, measured)
    errors = [abs(p - m) / m for p, m in zip(predicted, measured, strict=True)]
    assert found.mape == pytest.approx(sum(errors) / 40)
    assert found.within_10_percent == sum(error <= 0.1 for error in errors) / 40
    assert found.within_5_percent == sum(error <= 0.05 for error in errors) / 40 < found.within_10_percent
    ranks = [[sum(other < value for other in values) for value in values] for values in (predicted, measured)]
    squares = sum((a - b) ** 2 for a, b in zip(*ranks, strict=True))
    assert found.spearman == pytest.approx(1 - 6 * squares / (40 * (40**2 - 1)))


def test_a_summary_compares_models_when_there_are_networks_to_compare_on(device: DeviceFile) -> None:
    found = summary(device)
    assert (found["networks"], found["threads"]) == (len(device.networks), 1)
    assert found["holdout"]["LatencyTable"] == side_by_side(device)["LatencyTable"].to_dict()
    assert "holdout" not in summary(replace(device, networks=device.records("calibration")))
