"""NATOPS aircraft signals (Song et al., 2011) as in the UEA archive: ``NATOPS_TRAIN.ts`` and ``NATOPS_TEST.ts``.

After ``@data`` each line is a clip: 24 series (x, y, z of 8 points) of 51 numbers, and its class, 1.0 to 6.0, all
parted by colons. Protocol ``official``: the two files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import files_of, numbers, read_lines, refuse_labels, splits_by_name, the_layout
from stgnn.data.readers.small import LIMIT, clip_of
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = ("I have command", "All clear", "Not clear", "Spread wings", "Fold wings", "Lock wings")
_CODES = {f"{number}.0": number - 1 for number in range(1, 7)}
_SIDES = {"NATOPS_TRAIN": "train", "NATOPS_TEST": "test"}


@dataclass(frozen=True)
class _Case:
    """One clip: line ``line`` (1-based) of a file, without its class."""

    file: Path
    line: int
    label: int
    name: str


def read_natops(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open the folder of the two files.

    Args:
        source: The folder.
        layout: The body. None: `natops8`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a file without data or with a class that is not there, or labels.
    """
    refuse_labels(labels, "natops")
    body = the_layout(layout, "natops8")
    files = [file for file in files_of(source, "NATOPS_*.ts") if file.stem in _SIDES]
    cases = [case for file in sorted(files, key=lambda file: file.stem, reverse=True) for case in _read_cases(file)]
    if not cases:
        raise InputError("the source holds no clips of NATOPS", given=source, allowed="NATOPS_TRAIN.ts, NATOPS_TEST.ts")
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(cases),
        persons=1,
        clips=lambda start: _clips(cases[start:], body),
        splits=splits_by_name("official", lambda name: name.startswith("train_")),
        notes=("the unit of the coordinates is not published",),
    )


def _lines(file: Path) -> list[str]:
    return read_lines(file, "a file of NATOPS", LIMIT)


def _read_cases(file: Path) -> list[_Case]:
    lines = [line.strip() for line in _lines(file)]
    start = next((number for number, line in enumerate(lines, start=1) if line.lower() == "@data"), None)
    if start is None:
        raise InputError(f"{file} has no line '@data'", allowed="a file in the .ts form of the UEA archive")
    cases: list[_Case] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if line:
            code = line.rpartition(":")[2]
            if code not in _CODES:
                raise InputError(f"line {number} of {file} has no class", given=code[:40], allowed=list(_CODES))
            cases.append(_Case(file, number, _CODES[code], f"{_SIDES[file.stem]}_{len(cases) + 1:03d}"))
    return cases


def _clips(cases: Sequence[_Case], layout: SkeletonLayout) -> Iterator[SkeletonSequence | LeftOut]:
    lines = lru_cache(maxsize=1)(_lines)
    return (_clip(case, lines(case.file)[case.line - 1], layout) for case in cases)


def _clip(case: _Case, line: str, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    where = f"line {case.line} of {case.file}"
    series = [numbers(text, where) for text in line.split(":")[:-1]]
    lengths = {len(values) for values in series}
    if len(series) != 24 or len(lengths) != 1:
        given = f"{len(series)} series of {', '.join(map(str, sorted(lengths)))} numbers"
        raise InputError(
            f"{where} is wrong", given=given, allowed="24 series of one length", hint="copy the file again"
        )
    keypoints = np.stack(series).reshape(1, 8, 3, -1).transpose(0, 3, 1, 2)  # (V C, T) -> (1, T, V, C)
    return clip_of(keypoints, case.label, layout, case.name)
