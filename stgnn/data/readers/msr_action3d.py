"""MSR Action3D (Li, Zhang, Liu, CVPRW 2010), real-world coordinates: ``a<action>_s<subject>_e<try>_skeleton3D.txt``.

Each line is ``x y z confidence`` of one joint, in metres; 20 lines make a frame. Protocols, all without the ten files
that the authors of the data set exclude:

* ``all20_xsub``: train on subjects 1, 3, 5, 7, 9, test on the others.
* ``as1_xsub``, ``as2_xsub``, ``as3_xsub``: the same on three sets of eight actions; papers report their mean.
* ``random1`` to ``random10``: see :func:`~stgnn.data.readers.small.read_subject_splits`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stgnn.data.readers.common import refuse_labels, split_pair, the_layout
from stgnn.data.readers.small import (
    SubjectSplit,
    clip_of,
    index_of,
    joint_order,
    numbered_files,
    read_rows,
    read_subject_splits,
    splits_note,
    subject_splits,
)
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw X",
    "draw tick",
    "draw circle",
    "hand clap",
    "two hand wave",
    "side boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pickup and throw",
)
JOINTS = (
    *("left_shoulder", "right_shoulder", "shoulder_center", "spine", "left_hip", "right_hip", "hip_center"),
    *("left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand"),
    *("left_knee", "right_knee", "left_ankle", "right_ankle", "left_foot", "right_foot", "head"),
)
ACTION_SETS = {  # 1-based actions
    "all20": range(1, 21),
    "as1": (2, 3, 5, 6, 10, 13, 18, 20),
    "as2": (1, 4, 7, 8, 9, 11, 12, 14),
    "as3": (6, 14, 15, 16, 17, 18, 19, 20),
}
EXCLUDED = (
    *("a02_s03_e02", "a04_s03_e01", "a07_s04_e01", "a13_s09_e01", "a13_s09_e02"),
    *("a13_s09_e03", "a14_s03_e01", "a20_s07_e01", "a20_s07_e03", "a20_s10_e03"),
)


def read_msr_action3d(
    source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None
) -> ClipSource:
    """Open a folder of the original files.

    Args:
        source: The folder ``real_world_coordinates``.
        layout: The body. None: `kinect20`; the joints are put in its order.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a file name of another data set, a damaged list of splits, or labels.
    """
    refuse_labels(labels, "msr-action3d")
    body = the_layout(layout, "kinect20")
    files = [
        (index_of(action, len(CLASSES), file), subject, file)
        for (action, subject, _), file in numbered_files(source, "a*_s*_e*_skeleton3D.txt")
    ]
    tables = read_subject_splits(source)
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(files),
        persons=1,
        clips=lambda start: (_clip(file, label, subject, body) for label, subject, file in files[start:]),
        splits=lambda store: _splits(store, tables),
        scored=True,
        notes=("no protocol uses the ten files that the authors of MSR Action3D exclude", *splits_note(tables)),
    )


def _clip(file: Path, label: int, subject: int, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    rows = read_rows(file, 4, "a recording of MSR Action3D")
    if len(rows) % len(JOINTS):
        raise InputError(f"{file} ends within a frame", given=f"{len(rows)} lines", allowed="20 lines for each frame")
    joints = rows.reshape(1, -1, len(JOINTS), 4)[:, :, joint_order(layout, JOINTS)]  # (T * V, 4) -> (1, T, V, 4)
    name = file.stem.removesuffix("_skeleton3D")
    return clip_of(joints[..., :3], label, layout, name, subject, scores=joints[..., 3])


def _splits(store: SkeletonStore, tables: Sequence[SubjectSplit]) -> dict[str, IntArray]:
    used = ~np.isin(store.names, EXCLUDED)
    odd = store.subjects % 2 == 1
    splits = subject_splits(store, tables, used)
    for name, actions in ACTION_SETS.items():
        chosen = used & np.isin(store.labels + 1, list(actions))
        splits |= split_pair(f"{name}_xsub", chosen & odd, chosen & ~odd)
    return splits
