"""Writes folders of ST-GCN's form."""

import pickle
from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

FRAMES = 12


def write_st_gcn(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """NTU RGB+D or Kinetics, by chance, under the names of ST-GCN, 2s-AGCN or AdaSGN."""
    return (write_ntu, write_kinetics)[rng.integers(2)](folder, rng)


def write_ntu(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """25 joints; names of recordings."""
    source, body, clips = folder / "xsub", load_layout("ntu25"), []
    adasgn = rng.random() < 0.5
    for side, count in (("train", 4), ("test" if adasgn else "val", 3)):
        padded = pad(rng, count, 3, body.num_joints)
        names = [f"S001C001P{number + 1:03d}R001A{number % 2 + 1:03d}" for number in range(count)]
        names = [name if side == "train" else name.replace("S001", "S002") for name in names]
        labels = [number % 2 for number in range(count)]
        for number, name in enumerate(names):
            clips.append(SkeletonSequence(cut(padded[number]), labels[number], body, name, number + 1, 1))
        if adasgn:
            save(source, side, padded, (np.array(names), np.array(labels)), "data")
        else:
            save(source, side, padded, ([f"{name}.skeleton" for name in names], labels), "data_joint")
    return source, clips


def write_kinetics(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """18 joints with scores; any names."""
    source, body, clips = folder / "kinetics", load_layout("openpose18"), []
    for side, count in (("train", 4), ("val", 3)):
        padded = pad(rng, count, 3, body.num_joints)
        names, labels = [f"{side}-{number}" for number in range(count)], [number % 3 for number in range(count)]
        for number, name in enumerate(names):
            array = cut(padded[number])
            clips.append(SkeletonSequence(array[..., :2], labels[number], body, name, scores=array[..., 2]))
        save(source, side, padded, ([f"{name}.json" for name in names], labels), "data")
    return source, clips


def pad(rng: np.random.Generator, count: int, channels: int, joints: int) -> np.ndarray:
    """Clips of random lengths (N, C, T, V, M), the second body empty in every other one."""
    padded = np.zeros((count, channels, FRAMES, joints, 2), np.float32)
    for number in range(count):
        shape = (channels, int(rng.integers(1, FRAMES + 1)), joints, 1 + number % 2)
        padded[number, :, : shape[1], :, : shape[3]] = rng.normal(size=shape)
    return padded


def cut(clip: np.ndarray) -> np.ndarray:
    """(C, T, V, M) -> (M, T, V, C) without padding."""
    return clip.transpose(3, 1, 2, 0)[:, : np.flatnonzero(clip.any(axis=(0, 2, 3)))[-1] + 1]


def save(source: Path, side: str, clips: np.ndarray, labels: object, name: str) -> None:
    """The two files of a side."""
    source.mkdir(exist_ok=True)
    np.save(source / f"{side}_{name}.npy", clips)
    (source / f"{side}_label.pkl").write_bytes(pickle.dumps(labels))
