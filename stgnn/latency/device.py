"""The device file: what was measured on one device with one runtime, as JSON."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import read_json, write_text
from stgnn.latency.parts import Part
from stgnn.runtimes.base import RUNTIMES, Runtime, device_name
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture, read_architecture

FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """A measured part: what it adds to a network in milliseconds."""

    part: Part
    ms: float


@dataclass(frozen=True)
class NetworkRecord:
    """A measured network; ``role`` is ``"calibration"`` or ``"holdout"``."""

    architecture: BaseArchitecture
    timing: Timing
    role: str


@dataclass(frozen=True)
class DeviceFile:
    """Everything that was measured, and under which conditions.

    Attributes:
        device: Name of the processor.
        runtime: Registry name of the runtime.
        runtime_version: Version of its library.
        exporter_version: How networks became files.
        threads: Threads of the runtime.
        precision: Number format of the networks.
        layout: The body.
        num_classes: Classes of the measured heads.
        space: Name and digest of the space that said what to measure.
        seed: Seed of the drawn networks.
        date: When measuring began, ISO 8601.
        statistic: Which latency of a timing the parts are of; that of files of before there was a choice is the median.
        reference_ms: Usual latency of the network that the machine's drift was divided out by; None before it ran.
        spread: Median over the networks of ``(p90 - p10) / median``: the noise of the machine.
        entries: The measured parts.
        networks: The measured networks.
    """

    device: str
    runtime: str
    runtime_version: str
    exporter_version: str
    threads: int
    precision: str
    layout: SkeletonLayout
    num_classes: int
    space: str
    seed: int
    date: str
    statistic: str = "median"
    reference_ms: float | None = None
    spread: float = 0.0
    entries: tuple[Entry, ...] = ()
    networks: tuple[NetworkRecord, ...] = ()

    @classmethod
    def begin(
        cls,
        runtime: Runtime,
        layout: SkeletonLayout,
        num_classes: int,
        threads: int,
        space: str,
        seed: int,
        quick: bool = False,
    ) -> "DeviceFile":
        """An empty file for this machine."""
        return cls(
            device=device_name(),
            runtime=runtime.name,
            runtime_version=runtime.version(),
            exporter_version=runtime.exporter_version(),
            threads=threads,
            precision="float32",
            layout=layout,
            num_classes=num_classes,
            space=space,
            seed=seed,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            statistic="quietest window of few runs" if quick else "quietest window",
        )

    def records(self, role: str) -> tuple[NetworkRecord, ...]:
        """The measured networks of one role."""
        return tuple(record for record in self.networks if record.role == role)

    @property
    def conditions(self) -> dict[str, Any]:
        """What must be equal for two measurements to be comparable."""
        keys = (
            "device",
            "runtime",
            "runtime_version",
            "exporter_version",
            "threads",
            "precision",
            "num_classes",
            "space",
            "seed",
            "statistic",
        )
        return {key: getattr(self, key) for key in keys} | {"layout": self.layout.digest}

    def check(self, runtime: Runtime | None = None, threads: int | None = None) -> None:
        """Refuse measurements that say nothing about what would be exported and run now.

        Args:
            runtime: The runtime in use; the file's own when not given.
            threads: The threads in use; not checked when not given.

        Raises:
            InputError: the runtime, its version, the exporter's version or the number of threads differs.
        """
        current = runtime or RUNTIMES[self.runtime]()
        facts: list[tuple[str, object, object]] = [
            ("runtime", self.runtime, current.name),
            ("runtime version", self.runtime_version, current.version()),
            ("exporter version", self.exporter_version, current.exporter_version()),
        ]
        if threads is not None:
            facts.append(("number of threads", self.threads, threads))
        for name, measured, used in facts:
            if measured != used:
                raise InputError(
                    f"the device file was measured with another {name}",
                    given=f"{measured} (measured {self.date})",
                    allowed=used,
                    hint="measure again with: stgnn profile",
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        data = {key: value for key, value in vars(self).items() if key not in ("layout", "entries", "networks")}
        columns = [*asdict(self.entries[0].part), "ms"] if self.entries else []
        return {
            "format": FORMAT,
            **data,
            "layout": self.layout.to_dict(),
            "networks": [
                {"role": record.role, "timing": record.timing.to_dict(), "architecture": record.architecture.to_dict()}
                for record in self.networks
            ],
            "columns": columns,
            "entries": [[*asdict(entry.part).values(), round(entry.ms, 5)] for entry in self.entries],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "DeviceFile":
        """Read plain data.

        Raises:
            InputError: it is not a device file of this format.
        """
        fields = dict(data)
        version = fields.pop("format", None)
        if version != FORMAT:
            raise InputError("this is not a device file of the known format", given=version, allowed=FORMAT)
        try:
            columns = fields.pop("columns")
            rows = [dict(zip(columns, row, strict=True)) for row in fields.pop("entries")]
            entries = tuple(Entry(ms=row.pop("ms"), part=Part(**row)) for row in rows)
            networks = tuple(
                NetworkRecord(read_architecture(item["architecture"]), Timing(**item["timing"]), item["role"])
                for item in fields.pop("networks")
            )
            layout = SkeletonLayout.from_dict(fields.pop("layout"))
            device = cls(layout=layout, entries=entries, networks=networks, **fields)
            device._check_numbers()
            return device
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                "this is not a device file", given=str(error), hint="write one with: stgnn profile"
            ) from error

    def _check_numbers(self) -> None:
        """Refuse durations that no clock could show, as an edited or damaged file has them."""
        # what is taken off a part may be more than the part: noise around zero
        parts = [(-math.inf, entry.ms, str(entry.part)) for entry in self.entries]
        networks = [
            (0.0, value, str(record.architecture))
            for record in self.networks
            for value in (record.timing.quiet_ms, record.timing.median_ms)
        ]
        for low, value, what in [*parts, *networks]:
            if not (isinstance(value, (int, float)) and math.isfinite(value) and value > low):
                hint = "the file was damaged or edited: measure again with: stgnn profile"
                raise InputError(
                    "the device file holds an impossible duration", given=f"{value} ms for {what}", hint=hint
                )
        if not (isinstance(self.threads, int) and isinstance(self.num_classes, int) and isinstance(self.runtime, str)):
            raise InputError("this is not a device file", given=f"runtime {self.runtime}, {self.threads} threads")

    def save(self, path: Path) -> None:
        """Write JSON, one entry per line, atomically."""
        data = self.to_dict()
        entries = ",\n  ".join(json.dumps(row) for row in data.pop("entries"))
        networks = ",\n  ".join(json.dumps(item) for item in data.pop("networks"))
        head = json.dumps(data, indent=1).removesuffix("\n}")
        write_text(path, f'{head},\n "networks": [\n  {networks}\n ],\n "entries": [\n  {entries}\n ]\n}}\n')

    def with_spread(self) -> "DeviceFile":
        """The same with the spread of the measured networks filled in."""
        spreads = sorted(record.timing.spread for record in self.networks)
        return replace(self, spread=round(spreads[len(spreads) // 2], 4) if spreads else 0.0)


def load_device(source: str | Path | DeviceFile) -> DeviceFile:
    """Read a device file.

    Raises:
        InputError: there is no such file, or it is not a device file.
    """
    if isinstance(source, DeviceFile):
        return source
    path = Path(source)
    if not path.is_file():
        raise InputError("there is no such device file", given=path, hint="write one with: stgnn profile")
    data = read_json(path, "a device file")
    if not isinstance(data, dict):
        raise InputError("this is not a device file", given=path, hint="write one with: stgnn profile")
    try:
        return DeviceFile.from_dict(data)
    except InputError as error:
        raise error.at(path) from error
