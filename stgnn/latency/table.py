"""A table of measured parts, interpolated over the sizes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from stgnn.errors import InputError
from stgnn.latency.base import LATENCY_MODELS, LatencyModel
from stgnn.latency.device import DeviceFile, Entry, load_device
from stgnn.latency.parts import KINDS, SGN, Part, parts
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture

# Latency is taken as linear in this power of the width: convolutions grow by the square, all else linearly.
GROWTH = 1.5
Curve = list[tuple[int, float]]  # (size, ms), by size
Pair = tuple[int, int]


@LATENCY_MODELS.register
class LatencyTable(LatencyModel):
    """Sum of measured parts: stem, spatial halves, temporal halves, projecting residuals, attentions, head.

    An SGN is a single part.

    Args:
        device: The device file, or its path.

    Raises:
        InputError: the file was measured with another runtime or exporter than those installed.
    """

    def __init__(self, device: str | Path | DeviceFile) -> None:
        self.device = load_device(device)
        self.device.check()
        self._surfaces: dict[tuple[str, str, int, int], _Surfaces] = {}
        for entry in self.device.entries:
            if entry.part.kind in (*KINDS, SGN):
                self._surfaces.setdefault(_key(entry.part), _Surfaces()).add(entry)
        self._known: dict[Part, float] = {}

    def terms(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Milliseconds by kind of part; see :meth:`LatencyModel.terms`.

        Raises:
            InputError: an operator or a size was not measured, or the body is another one.
        """
        measured = self.device.layout
        if (layout.num_joints, layout.dimensions) != (measured.num_joints, measured.dimensions):
            raise InputError(
                "the device file was measured with another body",
                given=f"{layout.name}: {layout.num_joints} joints in {layout.dimensions} dimensions",
                allowed=f"{measured.name}: {measured.num_joints} joints in {measured.dimensions} dimensions",
                hint="measure again with: stgnn profile",
            )
        found = parts(architecture, layout)
        sums = dict.fromkeys((SGN,) if found[0].kind == SGN else KINDS, 0.0)
        for part in found:
            if part not in self._known:
                self._known[part] = self._part_latency(part)
            sums[part.kind] += self._known[part]
        return sums

    def _part_latency(self, part: Part) -> float:
        surfaces = self._surfaces.get(_key(part))
        if surfaces is None:
            known = sorted({f"{operator or kind}" for kind, operator, _, _ in self._surfaces if kind == part.kind})
            raise InputError(
                f"the device file has no measurement of {part}",
                allowed=f"{part.kind} parts measured: {', '.join(known) or 'none'}, "
                f"joints {sorted({joints for *_, joints in self._surfaces})}",
                hint="measure the space that holds it with: stgnn profile",
            )
        return surfaces.latency(part)


def _key(part: Part) -> tuple[str, str, int, int]:
    return part.kind, part.operator, part.stride, part.joints


class _Surfaces:
    """Measurements of one operator, stride and body: by activation, kernel and pair of widths a curve over frames."""

    def __init__(self) -> None:
        self._curves: dict[str, dict[int, dict[Pair, Curve]]] = {}

    def add(self, entry: Entry) -> None:
        part = entry.part
        curves = self._curves.setdefault(part.activation, {}).setdefault(part.kernel, {})
        curve = curves.setdefault((part.source, part.target), [])
        curve.append((part.frames, entry.ms))
        curve.sort()

    def latency(self, part: Part) -> float:
        """Milliseconds at any size within the measured ones; the difference between activations is added."""
        if part.activation not in self._curves:
            raise InputError(f"the device file has no measurement of {part}", allowed=sorted(self._curves))
        base = max(self._curves, key=lambda name: sum(len(curves) for curves in self._curves[name].values()))
        by_kernel = [(kernel, _width_value(curves, part)) for kernel, curves in sorted(self._curves[base].items())]
        value = _interpolate(by_kernel, part.kernel, "kernel", part)
        if part.activation != base:
            value += self._difference(base, part)
        return max(value, 0.0)

    def _difference(self, base: str, part: Part) -> float:
        kernel = min(self._curves[part.activation])
        other, reference = self._curves[part.activation][kernel], self._curves[base][kernel]
        curve = []
        for pair, times in sorted(other.items()):
            known = dict(reference[pair])
            change = [(frames, ms - known[frames]) for frames, ms in times if frames in known]
            curve.append((pair[1], _interpolate(change, part.frames, "frames", part)))
        return _interpolate(curve, part.target, "channels", part)  # an activation costs the same for each channel


def _width_value(curves: Mapping[Pair, Curve], part: Part) -> float:
    frames = [count for curve in curves.values() for count, _ in curve]
    _check_range(frames, part.frames, "frames", part)
    covering = {pair: curve for pair, curve in curves.items() if curve[0][0] <= part.frames <= curve[-1][0]}
    values = {pair: _interpolate(curve, part.frames, "frames", part) for pair, curve in covering.items()}
    if (part.source, part.target) in values:
        return values[part.source, part.target]
    crossing = {pair: value for pair, value in values.items() if pair[0] != pair[1]}
    if part.source == part.target or not crossing:
        diagonal = sorted((pair[0], value) for pair, value in values.items() if pair[0] == pair[1])
        return _interpolate(diagonal, part.target, "width", part)
    _check_range([width for pair in crossing for width in pair], part.source, "width", part)
    _check_range([width for pair in crossing for width in pair], part.target, "width", part)
    return _bilinear_fit(crossing, part.source, part.target)


def _bilinear_fit(values: Mapping[Pair, float], source: int, target: int) -> float:
    """``a + b s + c t + d s t`` fitted to pairs of different widths, in relative error.

    Pairs of equal widths do not take part: operators with a residual have a projection only between different widths.
    """
    times = np.maximum(np.array(list(values.values())), 1e-4)
    columns = 4 if len(times) >= 4 else 2
    design = np.array([(1.0, s * t, s, t)[:columns] for s, t in values])
    scale = design.max(axis=0)
    coefficients = np.linalg.lstsq(design / scale / times[:, None], np.ones(len(times)), rcond=None)[0]
    wanted = np.array((1.0, source * target, source, target)[:columns])
    return max(float(wanted / scale @ coefficients), float(times.min()) / 2)


def _interpolate(curve: Iterable[tuple[int, float]], at: int, axis: str, part: Part) -> float:
    points = list(curve)
    _check_range([size for size, _ in points], at, axis, part)
    power = GROWTH if axis == "width" else 1.0
    sizes = [float(size) ** power for size, _ in points]
    return float(np.interp(float(at) ** power, sizes, [value for _, value in points]))


def _check_range(sizes: Iterable[int], at: int, axis: str, part: Part) -> None:
    known = sorted(set(sizes))
    if not known or not known[0] <= at <= known[-1]:
        raise InputError(
            f"the device file has no measurement of {part}",
            given=f"{axis} {at}",
            allowed=f"{axis} from {known[0]} to {known[-1]}" if known else f"no {axis} was measured",
            hint="measure the space that holds it with: stgnn profile",
        )
