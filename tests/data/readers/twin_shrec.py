"""Writers of small synthetic trees of SHREC'17 and DHG and what a reader must make of them."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.skeleton.layout import load_layout

Tree = tuple[Path, list[SkeletonSequence]]
SHREC17 = ((1, 1, 2, 1, "train"), (1, 2, 28, 3, "test"), (7, 1, 20, 4, "train"), (14, 2, 1, 10, "test"))
DHG = ((1, 1, 1, 1), (1, 2, 20, 5), (2, 1, 10, 2), (14, 2, 1, 3))


def write_hand(file: Path, joints: FloatArray) -> None:
    """Write one recording (T, V, C)."""
    file.parent.mkdir(parents=True)
    file.write_text("".join(" ".join(map(repr, frame.ravel().tolist())) + "\n" for frame in joints))


def write_shrec17_14(folder: Path, rng: np.random.Generator) -> Tree:
    """Four recordings and the two official lists."""
    return _write_shrec17(folder, rng, 14)


def write_shrec17_28(folder: Path, rng: np.random.Generator) -> Tree:
    """The recordings of :func:`write_shrec17_14` with the classes of 28."""
    return _write_shrec17(folder, rng, 28)


def write_dhg_14(folder: Path, rng: np.random.Generator) -> Tree:
    """Four recordings of three subjects, and where their gestures begin and end."""
    return _write_dhg(folder, rng, 14)


def write_dhg_28(folder: Path, rng: np.random.Generator) -> Tree:
    """The recordings of :func:`write_dhg_14` with the classes of 28."""
    return _write_dhg(folder, rng, 28)


def _write_shrec17(folder: Path, rng: np.random.Generator, classes: int) -> Tree:
    source, expected = folder / "shrec17", []
    lists: dict[str, list[str]] = {"train": [], "test": []}
    for gesture, finger, subject, trial, part in SHREC17:
        joints = _hand(rng)
        write_hand(_path(source, gesture, finger, subject, trial) / "skeletons_world.txt", joints)
        both = 2 * gesture - (finger == 1)
        lists[part].append(f"{gesture} {finger} {subject} {trial} {gesture} {both} {len(joints)}\n")
        expected.append(_expected(joints, (gesture, finger, subject, trial), classes))
    for part, lines in lists.items():
        (source / f"{part}_gestures.txt").write_text("".join(lines))
    return source, expected


def _write_dhg(folder: Path, rng: np.random.Generator, classes: int) -> Tree:
    source, expected, cuts = folder / "dhg", [], []
    for gesture, finger, subject, trial in DHG:
        joints = _hand(rng)
        write_hand(_path(source, gesture, finger, subject, trial) / "skeleton_world.txt", joints)
        first, last = 1, len(joints) - 2
        cuts.append(f"{gesture} {finger} {subject} {trial} {first} {last}\n")
        expected.append(_expected(joints[first : last + 1], (gesture, finger, subject, trial), classes))
    (source / "informations_troncage_sequences.txt").write_text("".join(cuts))
    return source, expected


def _hand(rng: np.random.Generator) -> FloatArray:
    return rng.normal(0, 0.1, size=(int(rng.integers(5, 9)), 22, 3)).astype(np.float32)


def _path(source: Path, gesture: int, finger: int, subject: int, trial: int) -> Path:
    return source / f"gesture_{gesture}" / f"finger_{finger}" / f"subject_{subject}" / f"essai_{trial}"


def _expected(joints: FloatArray, one: tuple[int, int, int, int], classes: int) -> SkeletonSequence:
    gesture, finger, subject, trial = one
    label = gesture - 1 if classes == 14 else 2 * gesture - (finger == 1) - 1
    name = f"g{gesture:02d}_f{finger}_s{subject:02d}_e{trial:02d}"
    return SkeletonSequence(joints[np.newaxis], label, load_layout("shrec22"), name, subject)
