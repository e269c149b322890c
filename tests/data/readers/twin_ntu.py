"""Writers of small synthetic `.skeleton` files and what a reader must make of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.data.validation import FloatArray
from stgnn.skeleton.layout import load_layout

Tracks = Mapping[str, Mapping[int, FloatArray]]
"""From the number of a body to its joints (V, C) in each frame that it was seen in."""


def write_recording(path: Path, length: int, tracks: Tracks) -> None:
    """Write one file; a frame that no track has holds no body."""
    lines = [str(length)]
    for frame in range(length):
        present = {number: joints[frame] for number, joints in tracks.items() if frame in joints}
        lines.append(str(len(present)))
        for number, joints in present.items():
            lines += [f"{number} 0 1 1 1 1 0 0.01 -0.2 2", str(len(joints))]
            lines += [" ".join(map(repr, joint.tolist())) + " 1 2 3 4 0 0 0 1 2" for joint in joints]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([*lines, ""]).encode())


def person(rng: np.random.Generator, length: int, motion: float = 0.1, width: float = 0.3) -> FloatArray:
    """Somebody 1.6 m high who sways sideways (T, V, C)."""
    body = rng.uniform((-width, -0.8, 3), (width, 0.8, 3.2), size=(25, 3))
    body[:2, 1] = -0.8, 0.8
    sway = motion * np.sin(np.linspace(0, 6, length))[:, np.newaxis] * np.array([1.0, 0.0, 0.0])
    return (body + sway[:, np.newaxis]).astype(np.float32)


def track(joints: FloatArray, start: int = 0) -> dict[int, FloatArray]:
    """Joints (T, V, C) from a frame on."""
    return {start + index: frame for index, frame in enumerate(joints)}


def write_ntu60(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Five recordings: one body, two, an actor among noise, one who gets a new number, and one lost in between."""
    layout = load_layout("ntu25")
    source = folder / "ntu"
    expected = []

    def add(name: str, length: int, tracks: Tracks, keypoints: FloatArray) -> None:
        write_recording(source / f"{name}.skeleton", length, tracks)
        action, subject, view = (int(name[at : at + 3]) for at in (17, 9, 5))
        expected.append(SkeletonSequence(keypoints, action - 1, layout, name, subject, view))

    one = person(rng, 14)
    add("S001C001P001R001A001", 14, {"72057594037931101": track(one)}, one[np.newaxis])
    still, lively = person(rng, 20, motion=0.01), person(rng, 20, motion=0.5)
    add("S001C002P003R001A050", 20, {"7": track(still), "8": track(lively)}, np.stack([lively, still]))
    actor, table, passer = person(rng, 30), person(rng, 30, motion=0.9, width=3.0), person(rng, 11, motion=0.9)
    noise = {"1": track(table), "2": track(actor), "3": track(passer, 4)}
    add("S002C003P006R002A007", 30, noise, actor[np.newaxis])
    early, late, other = person(rng, 15, 0.4), person(rng, 15, 0.3), person(rng, 30, 0.2)
    renamed = {"1": track(other), "2": track(early), "3": track(late, 15)}
    add("S017C001P002R002A060", 30, renamed, np.stack([np.concatenate([early, late]), other]))
    lost = person(rng, 13)
    seen = {frame + (frame >= 5): joints for frame, joints in track(lost).items()}
    add("S017C002P002R002A060", 15, {"9": seen}, lost[np.newaxis])
    return source, expected


def write_ntu120(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """The recordings of :func:`write_ntu60` and one that only the larger data set has."""
    source, expected = write_ntu60(folder, rng)
    name, joints = "S032C003P106R002A120", person(rng, 12)
    write_recording(source / f"{name}.skeleton", 12, {"5": track(joints)})
    last = SkeletonSequence(joints[np.newaxis], 119, load_layout("ntu25"), name, subject=106, view=3)
    return source, [*expected, last]
