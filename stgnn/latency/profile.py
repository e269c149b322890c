"""Measure a device once: parts for the table, whole networks for calibration and for checking."""

import math
import random
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stgnn.errors import InputError, check_between
from stgnn.files import check_output
from stgnn.latency.device import DeviceFile, Entry, NetworkRecord, load_device
from stgnn.latency.parts import Part
from stgnn.latency.plan import plan
from stgnn.latency.probes import Probe, bare, probe_of
from stgnn.latency.table import LatencyTable
from stgnn.runtimes.base import Runtime, check_threads, resolve_runtime
from stgnn.runtimes.measure import Failure, Job, Reference, measure
from stgnn.runtimes.timing import Protocol, Timing
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import BaseArchitecture, Space, check_joints, read_space

if TYPE_CHECKING:
    from rich.progress import Progress

CHUNK, NETWORK_CHUNK = 240, 10  # parts and networks between two writes of the device file
CANDIDATES = 300  # architectures among which the calibration networks are chosen


def profile(
    space: str | Path | Mapping[str, Any] | Space,
    layout: str | Path | Mapping[str, Any] | SkeletonLayout,
    num_classes: int,
    output: str | Path,
    runtime: str | Runtime = "ONNXRuntime",
    threads: int = 1,
    calibration: int = 10,
    holdout: int = 0,
    quick: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> DeviceFile:
    """Measure what a latency table of a space needs, and some whole networks.

    The file is written as measuring goes on; started again with the same arguments it continues.

    Args:
        space: What networks may contain.
        layout: The body.
        num_classes: Classes of the networks.
        output: The device file to write.
        runtime: Registry name of the runtime.
        threads: Threads of the runtime.
        calibration: Networks that :class:`Calibrated` is fitted to, spread over the range of latencies.
        holdout: Uniformly drawn networks to check predictions against; no model is fitted to them.
        quick: Fewer sizes and fewer rounds.
        seed: Seed of the drawn networks.
        progress: Whether to show a progress bar.

    Raises:
        InputError: an argument is wrong, ``output`` holds measurements made under other conditions, or nothing could
            be measured.
    """
    runtime, space, layout, path = resolve_runtime(runtime), read_space(space), load_layout(layout), Path(output)
    check_joints(space, layout)
    check_between(0, calibration=calibration, holdout=holdout)
    check_threads(threads)
    check_between(2, classes=num_classes)
    check_output(path)
    fresh = DeviceFile.begin(
        runtime,
        layout,
        num_classes,
        threads=threads,
        space=f"{space.name}/{space.digest}",
        seed=seed,
        quick=quick,
    )
    device = _continued(fresh, path)
    protocol = Protocol(runs=15, seconds=0.01, rounds=1) if quick else Protocol(runs=20, seconds=0.01, rounds=3)
    with _bar(progress) as bar, tempfile.TemporaryDirectory(prefix="stgnn-profile-") as folder:
        middle = _whole(space.sample_sized(random.Random(space.digest), 0.5), device)
        bench = _Bench(
            runtime,
            threads,
            folder=Path(folder),
            reference=middle,
            usual_ms=device.reference_ms,
            bar=bar,
        )
        _measure_parts(device, plan(space, layout, quick), bench, protocol, path)
        device = load_device(path)  # durations as the file rounds them: a continued run must choose and predict alike
        networks = _wanted_networks(device, space, calibration, holdout, seed)
        _measure_networks(device, networks, bench, quick, path)
    return load_device(path)


def _continued(fresh: DeviceFile, path: Path) -> DeviceFile:
    if not path.is_file():
        return fresh
    old = load_device(path)
    different = [key for key, value in fresh.conditions.items() if old.conditions[key] != value]
    if different:
        raise InputError(
            f"{path} holds measurements made under other conditions",
            given=", ".join(f"{key} {fresh.conditions[key]}" for key in different),
            allowed=", ".join(f"{key} {old.conditions[key]}" for key in different),
            hint="choose another --output, or remove the file",
        )
    return old


Item = TypeVar("Item")


def _chunks(items: Sequence[Item], size: int, what: str) -> Iterator[tuple[Sequence[Item], str]]:
    """Pieces of a list in order, each with a label that says which of ``what`` it holds.

    They are equally long, at most ``size``: the drift of a short one would be known less well.
    """
    length = math.ceil(len(items) / max(math.ceil(len(items) / size), 1))
    for start in range(0, len(items), max(length, 1)):
        chunk = items[start : start + length]
        yield chunk, f"{what} {start + 1}-{start + len(chunk)} of {len(items)}"


class _Bench:
    """Exports modules and times the files, all beside one reference network.

    Args:
        runtime: Exports and executes.
        threads: Of the runtime.
        folder: For the files.
        reference: The network that the machine's drift is divided out by.
        usual_ms: Its usual latency, if it is known.
        bar: Where progress is shown.
    """

    def __init__(
        self,
        runtime: Runtime,
        threads: int,
        folder: Path,
        reference: Probe,
        usual_ms: float | None,
        bar: "Progress | None",
    ) -> None:
        self.runtime, self.threads, self.folder, self.bar = runtime, threads, folder, bar
        self._middle = reference
        job = Job(folder / f"reference{runtime.suffix}", tuple(reference.example.shape))
        self._reference = Reference(job, usual_ms)

    @property
    def reference_ms(self) -> float | None:
        """Usual latency of the reference network."""
        return self._reference.usual_ms

    def time(self, probes: Sequence[Probe], protocol: Protocol, label: str) -> list[Timing | Failure]:
        """Time modules at batch size 1."""
        if not self._reference.job.path.exists():
            self.runtime.export_parts([self._middle.module], [self._middle.example], [self._reference.job.path])
        paths = [self.folder / f"{index}{self.runtime.suffix}" for index in range(len(probes))]
        self.runtime.export_parts([probe.module for probe in probes], [probe.example for probe in probes], paths)
        jobs = [Job(path, tuple(probe.example.shape)) for path, probe in zip(paths, probes, strict=True)]
        if self.bar is None:
            return measure(jobs, self.runtime, self.threads, protocol, self._reference)
        bar, task = self.bar, self.bar.add_task(label, total=len(jobs) * protocol.rounds)
        return measure(jobs, self.runtime, self.threads, protocol, self._reference, advance=lambda: bar.advance(task))


def _measure_parts(device: DeviceFile, wanted: Sequence[Part], bench: _Bench, protocol: Protocol, path: Path) -> None:
    """Measure what is missing: first what is taken off other parts, then the parts themselves."""
    taken_off = {base: None for part in wanted for base in bare(part)}
    deeper = {base: None for part in taken_off for base in bare(part)}
    known = {entry.part: entry.ms for entry in device.entries}
    missing = [part for part in dict.fromkeys([*deeper, *taken_off, *wanted]) if part not in known]
    missing.sort(key=lambda part: ("prefix", "head").index(part.kind) if part.kind in ("prefix", "head") else 2)
    for chunk, label in _chunks(missing, CHUNK, "parts"):
        probes = [probe_of(part, device.layout, device.num_classes) for part in chunk]
        timings = bench.time(probes, protocol, label)
        for part, timing in zip(chunk, timings, strict=True):
            if isinstance(timing, Failure):
                raise InputError(f"{part} cannot be measured", given=timing.reason)
            known[part] = timing.quiet_ms - sum(known[base] for base in bare(part))
        entries = tuple(Entry(part, ms) for part, ms in known.items())
        device = replace(device, entries=entries, reference_ms=bench.reference_ms)
        device.save(path)


def _wanted_networks(
    device: DeviceFile, space: Space, calibration: int, holdout: int, seed: int
) -> list[tuple[BaseArchitecture, str]]:
    """Calibration networks at equal steps of the logarithm of the predicted latency; then uniformly drawn ones."""
    rng = random.Random(seed)
    table = LatencyTable(device)
    drawn = {space.sample_sized(rng, rng.random()): None for _ in range(CANDIDATES)}
    guess = {a: math.log(table.predict(a, device.layout, device.num_classes).mean_ms) for a in drawn}
    low, high = min(guess.values()), max(guess.values())
    chosen: dict[BaseArchitecture, str] = {}
    for step in range(min(calibration, len(drawn))):
        aim = low + (high - low) * (step + 0.5) / calibration
        best = min((a for a in guess if a not in chosen), key=lambda a: abs(guess[a] - aim))
        chosen[best] = "calibration"
    for _ in range(100 * holdout):
        if len(chosen) == min(calibration, len(drawn)) + holdout:
            break
        chosen.setdefault(space.sample(rng), "holdout")
    return list(chosen.items())


def _measure_networks(
    device: DeviceFile, wanted: Sequence[tuple[BaseArchitecture, str]], bench: _Bench, quick: bool, path: Path
) -> None:
    """Measure the networks that are missing."""
    known = {record.architecture for record in device.networks}
    missing = [(architecture, role) for architecture, role in wanted if architecture not in known]
    protocol = Protocol(runs=20, seconds=0.05, rounds=2) if quick else Protocol(runs=30, seconds=0.1, rounds=5)
    for chunk, label in _chunks(missing, NETWORK_CHUNK, "networks"):
        probes = [_whole(architecture, device) for architecture, _ in chunk]
        records = _records(chunk, bench.time(probes, protocol, label))
        networks = (*device.networks, *records)
        device = replace(device, networks=networks, reference_ms=bench.reference_ms).with_spread()
        device.save(path)


def _whole(architecture: BaseArchitecture, device: DeviceFile) -> Probe:
    """A whole network with random weights."""
    import torch

    from stgnn.networks import make_network

    layout = device.layout
    example = torch.randn(1, architecture.frames, layout.num_joints, layout.dimensions)
    return Probe(make_network(architecture, layout, device.num_classes).eval().deploy(), example)


def _records(
    networks: Sequence[tuple[BaseArchitecture, str]], timings: Sequence[Timing | Failure]
) -> Iterator[NetworkRecord]:
    for (architecture, role), timing in zip(networks, timings, strict=True):
        if isinstance(timing, Timing):
            yield NetworkRecord(architecture, timing, role)
        else:
            reason = f"{timing.reason} ({architecture})"
            warnings.warn(f"a network could not be timed and is left out: {reason}", stacklevel=2)


@contextmanager
def _bar(show: bool) -> "Iterator[Progress | None]":
    if not show:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        yield bar
