"""Writes recordings in the format of UTKinect-Action3D."""

from pathlib import Path

import numpy as np

from stgnn.data.readers.source import LeftOut
from stgnn.data.readers.utkinect import CLASSES
from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout

SPACES = ("{}: {} {}", "{}:  {} {} ")


def write_utkinect(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Two recordings of two actions each, with gaps between the actions and every third frame written twice."""
    body, expected, lines = load_layout("kinect20"), [], []
    for subject, actions in ((1, ("walk", "pull")), (10, ("clapHands", "sitDown"))):
        name, rows, frame = f"s{subject:02d}_e01", [], 190
        lines.append(name)
        for number, action in enumerate(actions):
            joints = rng.normal(size=(int(rng.integers(2, 9)), 20, 3)).astype(np.float32)
            frames = [frame + 2 * step for step in range(len(joints))]  # the sensor's numbers leave some out
            for step, row in enumerate(joints.reshape(len(joints), -1).tolist()):
                rows.append([frames[step], *row])
                if step % 3 == 0:
                    rows.append([frames[step], *rng.normal(size=60)])
            rows.append([frames[-1] + 7, *rng.normal(size=60)])  # of no action
            lines.append(SPACES[number].format(action, frames[0], frames[-1] + 1))
            frame = frames[-1] + 20
            label = CLASSES.index(action)
            expected.append(SkeletonSequence(joints[np.newaxis], label, body, f"{name}_{action}", subject))
        text = "\n".join("   ".join(map(str, row)) for row in rows) + "\n"
        file = folder / "utkinect" / "joints" / f"joints_{name}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "utkinect" / "actionLabel_modified.txt").write_text("\n".join(lines) + "\n\n")
    return folder / "utkinect", expected


def add_missing(source: Path) -> list[LeftOut]:
    """Append to the list of actions one that it does not know, and one whose recording is missing."""
    with (source / "actionLabel_modified.txt").open("a") as file:
        file.write("carry:  NaN NaN\ns11_e02\nwalk: 1 5\n")
    unknown = LeftOut("s10_e01_carry", "no frames in the list of actions")
    return [unknown, LeftOut("s11_e02_walk", "no recording")]
