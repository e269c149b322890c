"""Writes recordings in the format of SFINGE 3D, version 1."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def write_recording(file: Path, positions: np.ndarray, rng: np.random.Generator, separator: str) -> None:
    """Positions (T, V, C), each followed by a rotation."""
    rows = np.concatenate([positions, rng.normal(size=(*positions.shape[:2], 4)).astype(np.float32)], axis=2)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (separator.join(map(repr, row)) for row in rows.reshape(len(rows), -1).tolist())
    file.write_text("\n".join(lines) + "\n")


def write_sfinge3d(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Three single gestures and two sequences of two; the last gesture is marked one frame beyond its sequence."""
    body, expected, source = load_layout("sfinge20"), [], folder / "sfinge"
    for gesture, number in ((2, 1), (2, 10), (13, 1)):  # 2 comes before 13, as numbers do
        positions = rng.normal(size=(int(rng.integers(1, 9)), 20, 3)).astype(np.float32)
        write_recording(source / "Dictionary" / str(gesture) / f"{number}.txt", positions, rng, ";")
        expected.append(SkeletonSequence(positions[np.newaxis], gesture - 1, body, f"dict/{gesture}/{number}"))
    lines = []
    for sequence in (1, 2):
        positions = rng.normal(size=(20, 20, 3)).astype(np.float32)
        write_recording(source / "Sequences" / f"{sequence}.txt", positions, rng, ",")
        cuts = ((4, 1, 6), (9, 11, 20 if sequence == 1 else 21))
        lines.append(",".join(map(str, [sequence, len(cuts), *(value for cut in cuts for value in cut)])))
        for number, (gesture, first, last) in enumerate(cuts, start=1):
            clip = positions[np.newaxis, first - 1 : last]
            expected.append(SkeletonSequence(clip, gesture - 1, body, f"seq/{sequence}/{number}"))
    (source / "Sequences" / "sequencesGT.csv").write_text("\n".join(lines) + "\n")
    return source, expected
