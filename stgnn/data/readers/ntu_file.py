r"""The text of a `.skeleton` file: what a Kinect saw, frame by frame.

::

    number of frames
    for each frame:   number of bodies
    for each body:    number of the body and nine numbers of its state
                      number of joints, 25
    for each joint:   x y z in metres, depth x y, colour x y, quaternion w x y z, tracking state
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import read_lines
from stgnn.data.readers.ntu_denoise import Body
from stgnn.errors import InputError

JOINTS, JOINT_FIELDS, BODY_FIELDS = 25, 12, 10


@dataclass
class _Lines:
    """The lines of a file, read one after the other."""

    file: Path
    lines: list[str]
    line: int = 0

    def take(self, count: int) -> list[str]:
        taken = self.lines[self.line : self.line + count]
        if len(taken) < count:
            raise self.damaged("the file ends before its last frame", f"{len(self.lines)} lines")
        self.line += count
        return taken

    def count(self, what: str) -> int:
        text = self.take(1)[0].strip()
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise self.damaged(f"the number of {what} is expected", text)
        return int(text)

    def damaged(self, problem: str, given: object) -> InputError:
        hint = "the file is damaged: copy it again"
        return InputError(f"{self.file}, line {self.line}: {problem}", given=given, hint=hint)


def read_bodies(file: Path) -> tuple[list[Body], int]:
    """Every body of a recording, in the order of their first frames.

    Frames without any body are not counted: the Kinect lost everybody, and nobody knows what happened in them.

    Args:
        file: The `.skeleton` file.

    Returns:
        The bodies, and the number of frames that hold one.

    Raises:
        InputError: the file cannot be read, is cut off, or breaks the format; the message names the line.
    """
    lines = _Lines(file, read_lines(file, "a recording of NTU RGB+D"))
    seen: dict[str, tuple[list[int], list[list[float]]]] = {}
    length = 0
    for _ in range(lines.count("frames")):
        bodies = lines.count("bodies")
        for _ in range(bodies):
            number, joints = _read_body(lines)
            frames, values = seen.setdefault(number, ([], []))
            if frames and frames[-1] == length:
                raise lines.damaged("a frame holds the same body twice", number)
            frames.append(length)
            values.append(joints)
        length += bodies > 0
    if any(map(str.strip, lines.lines[lines.line :])):
        raise lines.damaged("there are more lines than frames", f"{len(lines.lines)} lines")
    return [_body(file, *one) for one in seen.values()], length


def _read_body(lines: _Lines) -> tuple[str, list[float]]:
    """Number of a body, and its coordinates: x of every joint, then y, then z."""
    header = lines.take(1)[0].split()
    if len(header) != BODY_FIELDS:
        raise lines.damaged(f"the {BODY_FIELDS} numbers of a body are expected", f"{len(header)} fields")
    joints = lines.count("joints")
    if joints != JOINTS:
        raise lines.damaged(f"{JOINTS} joints are expected", joints)
    fields = " ".join(lines.take(JOINTS)).split()
    if len(fields) != JOINTS * JOINT_FIELDS:
        raise lines.damaged(f"a joint before this line does not have {JOINT_FIELDS} numbers", f"{len(fields)} in all")
    x, y, z = (fields[axis::JOINT_FIELDS] for axis in range(3))
    try:
        return header[0], list(map(float, x + y + z))
    except ValueError as error:
        raise lines.damaged("a coordinate before this line is not a number", error) from error


def _body(file: Path, frames: list[int], values: list[list[float]]) -> Body:
    with np.errstate(over="ignore"):  # what is too large becomes infinity and is refused as such
        planes = np.array(values, dtype=np.float64).astype(np.float32)
    joints = planes.reshape(-1, 3, JOINTS).swapaxes(1, 2)  # (T, C * V) -> (T, C, V) -> (T, V, C)
    wrong = np.argwhere(~np.isfinite(joints))
    if len(wrong):
        frame, joint, _ = wrong[0]
        raise InputError(
            f"{file} holds coordinates that are not finite numbers",
            given=f"NaN or infinity in frame {frames[frame]} (of those with a body), joint {joint}",
            hint="leave the recording out of the folder, or copy it again",
        )
    return Body(np.array(frames, dtype=np.int64), joints)
