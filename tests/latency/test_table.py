import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from stgnn.errors import InputError
from stgnn.latency import DeviceFile, LatencyTable
from stgnn.latency.device import Entry
from stgnn.latency.parts import Part, parts
from stgnn.latency.plan import plan, thin
from stgnn.latency.probes import probe_of
from stgnn.latency.table import _bilinear_fit
from stgnn.networks import Network
from stgnn.runtimes import ONNXRuntime
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, BlockSpec, SearchSpace, SGNSpace, StageSpec

CLASSES = 10


def test_linear_costs_are_reproduced(
    device: DeviceFile, architectures: list[Architecture], truth: Callable[[Architecture], float]
) -> None:
    table = LatencyTable(device)
    for architecture in architectures:
        predicted = table.predict(architecture, device.layout, CLASSES).mean_ms
        assert predicted == pytest.approx(truth(architecture), rel=0.01)


def test_quick_plans_reproduce_them_too(
    device: DeviceFile,
    space: SearchSpace,
    architectures: list[Architecture],
    truth: Callable[[Architecture], float],
) -> None:
    wanted = set(plan(space, device.layout, quick=True))
    few = tuple(entry for entry in device.entries if entry.part in wanted)
    assert len(few) < 0.6 * len(device.entries)
    table = LatencyTable(replace(device, entries=few))
    for architecture in architectures:
        predicted = table.predict(architecture, device.layout, CLASSES).mean_ms
        assert predicted == pytest.approx(truth(architecture), rel=0.12)


def test_terms_add_up(device: DeviceFile, architectures: list[Architecture]) -> None:
    table = LatencyTable(device)
    terms = table.terms(architectures[1], device.layout, CLASSES)
    assert sum(terms.values()) == table.predict(architectures[1], device.layout, CLASSES).mean_ms
    assert set(terms) == {part.kind for part in parts(architectures[1], device.layout)}


def one_axis(device: DeviceFile, values: dict[int, float], axis: str) -> tuple[LatencyTable, Callable[[int], float]]:
    """A table whose attention was measured along one axis, and its latency there."""
    base = Part(kind="attention", operator="Gate", joints=20, frames=16, source=32, target=32)

    def at(size: int) -> Part:
        change = {"frames": size} if axis == "frames" else {"source": size, "target": size}
        return replace(base, **change)

    table = LatencyTable(replace(device, entries=tuple(Entry(at(size), ms) for size, ms in values.items())))
    return table, lambda size: table._part_latency(at(size))


@pytest.mark.parametrize("axis", ["frames", "width"])
def test_interpolation_is_exact_at_measured_sizes_and_monotone_between(device: DeviceFile, axis: str) -> None:
    rng = random.Random(3)
    times = sorted(rng.random() for _ in range(4))
    measured = dict(zip((8, 16, 48, 96), times, strict=True))
    _, latency = one_axis(device, measured, axis)
    assert [latency(size) for size in measured] == pytest.approx(times)
    curve = [latency(size) for size in range(8, 97)]
    assert all(before <= after for before, after in itertools.pairwise(curve))


@pytest.mark.parametrize("axis", ["frames", "width"])
def test_nothing_is_extrapolated(device: DeviceFile, axis: str) -> None:
    _, latency = one_axis(device, {8: 1.0, 16: 2.0}, axis)
    for size in (7, 17):
        with pytest.raises(InputError, match="no measurement"):
            latency(size)


WIDTHS = (8, 24, 64)
PAIRS = [(source, target) for source in WIDTHS for target in WIDTHS if source != target]


@pytest.mark.parametrize("seed", range(4))
def test_pairs_of_widths_are_fitted_in_relative_error(seed: int) -> None:
    """Of the best fit no residual is left along ``1, s t, s, t``, each over the time."""
    rng = random.Random(seed)
    times = {(s, t): (0.1 + 0.01 * s + 0.002 * s * t) * rng.uniform(0.9, 1.1) for s, t in PAIRS}
    off = {pair: _bilinear_fit(times, *pair) / ms - 1 for pair, ms in times.items()}
    assert max(abs(error) for error in off.values()) > 0.01
    for column in (lambda s, t: 1, lambda s, t: s * t, lambda s, t: s, lambda s, t: t):
        along = [column(*pair) / times[pair] for pair in PAIRS]
        assert sum(error * one for error, one in zip(off.values(), along, strict=True)) == pytest.approx(
            0, abs=1e-9 * sum(abs(one) for one in along)
        )


def test_a_fit_never_falls_far_below_what_was_measured() -> None:
    rng, lowest = random.Random(0), []
    for _ in range(10):
        times = {pair: 10 ** rng.uniform(-1, 1) for pair in PAIRS}
        fitted = [_bilinear_fit(times, s, t) for s in range(8, 65, 8) for t in range(8, 65, 8)]
        lowest.append(min(fitted) / min(times.values()))
    assert min(lowest) == 0.5


def test_equal_widths_say_nothing_about_different_ones(device: DeviceFile) -> None:
    """A residual projects only where the width changes."""
    base = Part(kind="spatial", operator="Graph", activation="ReLU", joints=20, frames=16, source=8, target=8)
    crossing = tuple(Entry(replace(base, source=s, target=t), 0.1 + 0.01 * s * t) for s, t in PAIRS)
    found = []
    for equal in (1.0, 50.0):
        diagonal = tuple(Entry(replace(base, source=width, target=width), equal * width) for width in WIDTHS)
        table = LatencyTable(replace(device, entries=(*crossing, *diagonal)))
        found.append(table._part_latency(replace(base, source=12, target=40)))
        assert table._part_latency(replace(base, source=64, target=64)) == 64 * equal
    assert found[0] == found[1] == pytest.approx(0.1 + 0.01 * 12 * 40)


def with_block(architecture: Architecture, **change: object) -> Architecture:
    first, *rest = architecture.stages
    block = replace(first.blocks[0], **change)  # type: ignore[arg-type]
    return replace(architecture, stages=(replace(first, blocks=(block, *first.blocks[1:])), *rest))


@pytest.mark.parametrize(
    "change",
    [
        {"spatial": "NoSuchOperator"},
        {"temporal": "NoSuchOperator"},
        {"attention": "NoSuchOperator"},
        {"activation": "GELU"},
        {"temporal": "TemporalConv", "kernel": 11},
    ],
    ids=str,
)
def test_what_was_not_measured_is_refused_never_free(
    device: DeviceFile, architectures: list[Architecture], change: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="no measurement"):
        LatencyTable(device).predict(with_block(architectures[0], **change), device.layout, CLASSES)


def test_other_bodies_and_streams_are_refused(device: DeviceFile, architectures: list[Architecture]) -> None:
    table = LatencyTable(device)
    with pytest.raises(InputError, match="another body"):
        table.predict(architectures[0], load_layout("ntu25"), CLASSES)
    for change in ({"streams": ("bone",)}, {"joints": 1}, {"frames": 128}, {"stem": 0, "streams": ("joint",)}):
        with pytest.raises(InputError, match="no measurement"):
            table.predict(replace(architectures[0], **change), device.layout, CLASSES)  # type: ignore[arg-type]


def test_parts_of_a_network(layout: SkeletonLayout) -> None:
    block = BlockSpec("GraphConv", "TemporalConv", 5)
    gated = replace(block, attention="JointFrameAttention", activation="Hardswish")
    stages = (StageSpec(16, 1, (block,)), StageSpec(32, 2, (gated, block)))
    found = parts(Architecture(("joint", "bone"), 15, 9, 16, stages), layout)
    assert [(part.kind, part.frames, part.source, part.target, part.stride) for part in found] == [
        ("stem", 15, 16, 16, 1),
        ("spatial", 15, 16, 16, 1),
        ("temporal", 15, 16, 16, 1),
        ("spatial", 15, 16, 32, 1),
        ("temporal", 15, 32, 32, 2),
        ("projection", 15, 16, 32, 2),
        ("attention", 8, 32, 32, 1),
        ("spatial", 8, 32, 32, 1),
        ("temporal", 8, 32, 32, 1),
        ("head", 8, 32, 32, 1),
    ]
    assert {part.joints for part in found} == {9}
    assert found[0].operator == "joint+bone" and found[3].activation == "Hardswish"
    assert found[-1].operator == "MeanReadout"


def test_the_first_block_without_a_stem_has_no_residual(layout: SkeletonLayout) -> None:
    block = BlockSpec("GraphConv", "TemporalConv", 5)
    stages = (StageSpec(16, 2, (block, block)), StageSpec(32, 1, (block,)))
    architecture = Architecture(("joint",), 16, 0, 0, stages)
    blocks = [block for stage in Network(architecture, layout, CLASSES).stages for block in stage]  # type: ignore[attr-defined]
    projected = [block.residual is not None and len(list(block.residual.parameters())) > 0 for block in blocks]
    assert projected == [False, False, True]
    found = parts(architecture, layout)
    assert [(part.source, part.target) for part in found if part.kind == "projection"] == [(16, 32)]
    assert [(part.kind, part.source, part.target) for part in found[:2]] == [("stem", 3, 0), ("spatial", 3, 16)]


@pytest.mark.parametrize("quick", [True, False])
def test_plans_of_spaces_without_a_stem(space: SearchSpace, layout: SkeletonLayout, quick: bool) -> None:
    space = replace(space, streams=("joint", "bone"))
    alone = plan(replace(space, stems=(0,)), layout, quick)
    beside = plan(replace(space, stems=(0, *space.stems)), layout, quick)
    bare = {part for part in beside if part.source == layout.dimensions}
    assert {part for part in bare if part.kind == "stem"} == {part for part in beside if not part.target}
    assert {part.operator for part in bare if part.kind == "stem"} == {"joint", "bone"}
    assert {part.kind for part in bare} == {"stem", "spatial"}
    assert {part.target for part in bare if part.kind == "spatial"} == set(thin(space.stages[0].widths, quick))
    assert set(beside) - bare == set(plan(space, layout, quick)), "what networks with a stem need stays the same"
    assert {part.operator for part in alone if part.kind == "stem"} == {"joint", "bone"}
    assert {(part.source, part.target) for part in alone if part.kind == "stem"} == {(layout.dimensions, 0)}


def test_plans_are_small_and_cover_every_operator(space: SearchSpace, layout: SkeletonLayout) -> None:
    full, quick = plan(space, layout), plan(space, layout, quick=True)
    assert len(set(full)) == len(full) < 2000 and len(quick) < 0.6 * len(full)
    for parts_ in (full, quick):
        assert {part.operator for part in parts_ if part.kind == "spatial"} == set(space.spatial)
        assert {part.operator for part in parts_ if part.kind == "temporal"} == {name for name, _ in space.temporal}
        assert {part.operator for part in parts_ if part.kind == "head"} == set(space.readouts)
        assert {part.joints for part in parts_} == {5, 9, 20}


def test_thin() -> None:
    assert thin([64, 16, 32, 16], quick=False) == [16, 32, 64]
    assert thin([64, 16, 32], quick=True) == [16, 64]
    assert thin([7], quick=False) == [7]
    assert thin([], quick=False) == []
    assert thin([1, 2, 3, 90, 100], quick=False) == [1, 3, 100], "the middle is geometric"


def test_devices_of_other_versions_are_refused(device: DeviceFile, monkeypatch: pytest.MonkeyPatch) -> None:
    LatencyTable(device)
    monkeypatch.setattr(ONNXRuntime, "version", lambda self: "99.0")
    with pytest.raises(InputError, match="another runtime version") as caught:
        LatencyTable(device)
    assert "stgnn profile" in str(caught.value)


def test_every_sgn_of_a_space_is_a_part(device: DeviceFile) -> None:
    space = SGNSpace("small", (1, 0), (4, 8), ((8, 16),), frames=8)
    wanted = plan(space, device.layout)
    assert len(wanted) == space.size
    entries = tuple(Entry(part, 0.1 + number) for number, part in enumerate(wanted))
    table = LatencyTable(replace(device, entries=entries))
    for number, member in enumerate(space.members()):
        assert table.terms(member, device.layout, CLASSES)["sgn"] == pytest.approx(0.1 + number)
        probe = probe_of(wanted[number], device.layout, CLASSES)
        assert probe.module(probe.example).shape == (1, CLASSES)
    other = replace(space.largest(), embedding=6)
    with pytest.raises(InputError, match="no measurement of sgn joint/w6-16"):
        table.predict(other, device.layout, CLASSES)
