"""NTU RGB+D 60 and 120: folders of raw ``SsssCcccPpppRrrrAaaa.skeleton`` files.

The name says setup, camera, person, repetition and action. The coordinates stay as published, in metres and not
centred; who of the tracked bodies acts is decided by `stgnn.data.readers.ntu_denoise`.

========  ===========  ===============================================  ===============
data set  protocol     training clips                                   train / test
========  ===========  ===============================================  ===============
60        ``xsub``     20 of 40 subjects                                40,091 / 16,487
60        ``xview``    cameras 2 and 3                                  37,646 / 18,932
120       ``xsub``     53 of 106 subjects                               63,026 / 50,919
120       ``xset``     even setups                                      54,468 / 59,477
========  ===========  ===============================================  ===============

The counts are those without the recordings whose skeletons are missing or incomplete (302 and 535 of them), which the
authors list in files called ``..._missing_skeletons.txt``. A list in or beside the source folder is followed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml

from stgnn.data.readers.common import files_of, folder_of, read_lines, refuse_labels, split_pair, the_layout
from stgnn.data.readers.ntu_denoise import actors
from stgnn.data.readers.ntu_file import read_bodies
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

SUBJECTS60 = frozenset((1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38))
SUBJECTS120 = SUBJECTS60 | {
    45,
    46,
    47,
    49,
    50,
    *range(52, 60),
    70,
    74,
    78,
    *range(80, 87),
    89,
    *range(91, 96),
    97,
    98,
    100,
    103,
}
CAMERAS60 = frozenset((2, 3))
_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})", re.ASCII)
_LISTS = "*missing_skeletons*.txt"
_NO_LIST = (
    "no list of recordings with missing or incomplete skeletons was found in or beside the source, so that incomplete "
    "ones are in; to have the official counts put the authors' list (..._samples_with_missing_skeletons.txt from "
    "github.com/shahroudy/NTURGB-D, folder Matlab) beside the recordings and import again"
)


class Recording(NamedTuple):
    """What the name of a recording says; all numbers are 1-based."""

    setup: int
    camera: int
    subject: int
    repetition: int
    action: int


@dataclass(frozen=True)
class Edition:
    """One of the two data sets.

    Args:
        format: What `stgnn data import` calls it.
        setups: Number of setups; later ones belong to the larger data set.
        actions: Number of actions, the classes.
        protocols: From the name of a protocol to who trains.
    """

    format: str
    setups: int
    actions: int
    protocols: Mapping[str, Callable[[Recording], bool]]

    def holds(self, one: Recording) -> bool:
        """Whether a recording belongs to the data set."""
        return 1 <= one.setup <= self.setups and 1 <= one.action <= self.actions


NTU60 = Edition(
    "ntu60",
    setups=17,
    actions=60,
    protocols={"xsub": lambda one: one.subject in SUBJECTS60, "xview": lambda one: one.camera in CAMERAS60},
)
NTU120 = Edition(
    "ntu120",
    setups=32,
    actions=120,
    protocols={"xsub": lambda one: one.subject in SUBJECTS120, "xset": lambda one: one.setup % 2 == 0},
)


def read_ntu60(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of `.skeleton` files of NTU RGB+D; recordings that only NTU RGB+D 120 has are passed over.

    Args:
        source: The folder; the files may lie in folders below it.
        layout: The body. None: `ntu25`.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no such files, two of one name, or an argument that does not fit.
    """
    return _read(source, layout, labels, NTU60)


def read_ntu120(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of `.skeleton` files of NTU RGB+D 120, which contains NTU RGB+D; see :func:`read_ntu60`."""
    return _read(source, layout, labels, NTU120)


@cache
def ntu_classes() -> tuple[str, ...]:
    """Names of the 120 actions; the first 60 are those of NTU RGB+D."""
    return tuple(yaml.safe_load(Path(__file__).with_name("ntu_classes.yaml").read_text(encoding="utf-8")))


def recording(name: str) -> Recording:
    """What a name like ``S001C002P003R002A013`` says.

    Raises:
        InputError: it is no such name.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError("this is not the name of a recording of NTU RGB+D", given=name, allowed="SsssCcccPpppRrrrAaaa")
    return Recording(*map(int, match.groups()))


def ntu_splits(store: SkeletonStore, edition: Edition) -> dict[str, IntArray]:
    """The official splits of clips that have the names of the recordings."""
    splits: dict[str, IntArray] = {}
    for protocol, trains in edition.protocols.items():
        chosen = np.array([trains(recording(name)) for name in store.names], dtype=bool)
        splits |= split_pair(protocol, chosen)
    return splits


def _read(source: Path, layout: SkeletonLayout | None, labels: ClipLabels | None, edition: Edition) -> ClipSource:
    refuse_labels(labels, edition.format)
    body = the_layout(layout, "ntu25")
    found = files_of(source, "**/*.skeleton")
    files = _of_edition(found, edition)
    lists = _lists(source)
    missing = _missing(lists)
    passed = len(found) - len(files)
    passed_over = f"{passed} files were passed over: their names are not those of recordings of {edition.format}"
    return ClipSource(
        layout=body,
        class_names=ntu_classes()[: edition.actions],
        count=len(files),
        persons=2,
        clips=lambda start: _clips(files[start:], missing, body),
        splits=lambda store: ntu_splits(store, edition),
        notes=(passed_over,) * (passed > 0) + (_NO_LIST,) * (not lists),
        beside=lists,
    )


def _of_edition(found: Sequence[Path], edition: Edition) -> list[Path]:
    """The recordings of a data set, by name."""
    files: dict[str, Path] = {}
    for file in found:
        if not (_NAME.fullmatch(file.stem) and edition.holds(recording(file.stem))):
            continue
        if file.stem in files:
            given = f"{files[file.stem]}, {file}"
            raise InputError("two files hold the same recording", given=given, hint="remove one of them")
        files[file.stem] = file
    if not files:
        allowed = f"S001C001P001R001A001.skeleton, ..., setups to {edition.setups} and actions to {edition.actions}"
        raise InputError(f"there are no recordings of {edition.format} here", given=found[0], allowed=allowed)
    return [files[name] for name in sorted(files)]


def _lists(source: Path) -> tuple[Path, ...]:
    """The lists of missing skeletons in or beside the source."""
    return tuple(sorted({*source.rglob(_LISTS), *folder_of(source).glob(_LISTS)}))


def _missing(lists: Sequence[Path]) -> frozenset[str]:
    """The recordings on the lists."""
    lines = (line for file in lists for line in read_lines(file, "a list of missing skeletons"))
    return frozenset(match.group() for line in lines for match in _NAME.finditer(line))


def _clips(
    files: Sequence[Path], missing: frozenset[str], layout: SkeletonLayout
) -> Iterator[SkeletonSequence | LeftOut]:
    for file in files:
        if file.stem in missing:
            yield LeftOut(file.stem, "on the list of missing skeletons")
        else:
            yield _read_clip(file, layout)


def _read_clip(file: Path, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    bodies, length = read_bodies(file)
    if length == 0:
        return LeftOut(file.stem, "no body")
    keypoints = actors(bodies, length)
    if keypoints.shape[1] == 0:
        return LeftOut(file.stem, "no body")
    one = recording(file.stem)
    return SkeletonSequence(keypoints, one.action - 1, layout, name=file.stem, subject=one.subject, view=one.camera)
