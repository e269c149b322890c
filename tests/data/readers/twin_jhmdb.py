"""Writes clips in both forms of JHMDB."""

import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stgnn.data.readers.jhmdb import CLASSES
from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout
from tests.data.readers.twin_matlab import compressed, text, variable, write_elements

CLIPS = (("brush_hair", "First_np1_ba_med_0"), ("clap", "Second_u_nm"), ("clap", "Third_u_nm"), ("wave", "Fourth_h"))
SIDES = {"1": (1, 2, 1, 1), "2": (1, 1, 2, 2)}


def write_lists(archive: Path) -> None:
    """The archive of the splits: one list for each class and protocol, and a list of something else."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("splits/", "")
        file.writestr("splits/README", "not a list")
        for protocol, sides in SIDES.items():
            for name in {name for name, _ in CLIPS}:
                lines = [f"{clip}.avi {side} \n" for (of, clip), side in zip(CLIPS, sides, strict=True) if of == name]
                file.writestr(f"splits/{name}_test_split{protocol}.txt", "".join(lines))


def write_jhmdb(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Four clips of three classes in the data set's own form; the archive of the splits stands beside the folder."""
    body, expected = load_layout("jhmdb15"), []
    write_lists(folder / "splits.zip")
    for name, clip in CLIPS:
        positions = rng.normal(size=(2, 15, int(rng.integers(1, 9))))  # (C, V, T)
        image = variable("pos_img", 100 + 50 * positions)
        content = [image, variable("pos_world", positions), text("viewpoint", "NE")]
        write_elements(folder / "joint_positions" / name / clip / "joint_positions.mat", *map(compressed, content))
        keypoints = positions.transpose(2, 1, 0)[np.newaxis]
        expected.append(SkeletonSequence(keypoints, CLASSES.index(name), body, f"{name}/{clip}"))
    return folder / "joint_positions", expected


def write_pickle(file: Path, poses: Sequence[object], labels: Sequence[object]) -> None:
    """One file of DD-Net's form."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps({"pose": list(poses), "label": list(labels)}, protocol=3))


def write_jhmdb_pickles(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Five clips, of which the third equals the first, in the form of DD-Net: two protocols in different orders."""
    body, source = load_layout("jhmdb15"), folder / "pickles"
    poses = [rng.normal(size=(int(rng.integers(1, 9)), 15, 2)) for _ in range(5)]
    poses[2] = poses[0].copy()
    labels = ["wave", "clap", "wave", "run", "clap"]
    for stem, places in (("train_1", (0, 1, 2)), ("test_1", (3, 4)), ("train_2", (4, 3, 2)), ("test_2", (1, 0))):
        write_pickle(source / f"GT_{stem}.pkl", [poses[i] for i in places], [labels[i] for i in places])
    names = ("GT_train_1/000", "GT_train_1/001", "GT_train_1/002", "GT_test_1/000", "GT_test_1/001")
    numbers = [sorted(set(labels)).index(label) for label in labels]
    clips = zip(poses, numbers, names, strict=True)
    return source, [SkeletonSequence(pose[np.newaxis], label, body, name) for pose, label, name in clips]
