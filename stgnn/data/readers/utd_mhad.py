"""UTD-MHAD (Chen, Jafari, Kehtarnavaz, ICIP 2015): a folder of ``a<action>_s<subject>_t<trial>_skeleton.mat``.

Each file holds ``d_skel`` (20, 3, T), Kinect v1, in metres. Protocol ``xsub``: train on odd subjects, test on even
ones.
"""

from pathlib import Path

import numpy as np

from stgnn.data.readers.common import refuse_labels, split_pair, the_layout
from stgnn.data.readers.matlab import read_mat
from stgnn.data.readers.small import clip_of, index_of, joint_order, numbered_files, to_floats
from stgnn.data.readers.source import ClipLabels, ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

CLASSES = (
    "swipe left",
    "swipe right",
    "wave",
    "clap",
    "throw",
    "arm cross",
    "basketball shoot",
    "draw x",
    "draw circle clockwise",
    "draw circle counter clockwise",
    "draw triangle",
    "bowling",
    "boxing",
    "baseball swing",
    "tennis swing",
    "arm curl",
    "tennis serve",
    "push",
    "knock",
    "catch",
    "pickup and throw",
    "jog",
    "walk",
    "sit to stand",
    "stand to sit",
    "lunge",
    "squat",
)
JOINTS = (
    *("head", "shoulder_center", "spine", "hip_center"),
    *("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    *("right_shoulder", "right_elbow", "right_wrist", "right_hand"),
    *("left_hip", "left_knee", "left_ankle", "left_foot"),
    *("right_hip", "right_knee", "right_ankle", "right_foot"),
)


def read_utd_mhad(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """Open a folder of the original files.

    Args:
        source: The folder.
        layout: The body. None: `kinect20`; the joints are put in its order.
        labels: Must be None: the source has labels of its own.

    Raises:
        InputError: no files, a file name of another data set, or labels.
    """
    refuse_labels(labels, "utd-mhad")
    body = the_layout(layout, "kinect20")
    files = [
        (index_of(action, len(CLASSES), file), subject, file)
        for (action, subject, _), file in numbered_files(source, "a*_s*_t*_skeleton.mat")
    ]
    return ClipSource(
        layout=body,
        class_names=CLASSES,
        count=len(files),
        persons=1,
        clips=lambda start: (_clip(file, label, subject, body) for label, subject, file in files[start:]),
        splits=lambda store: split_pair("xsub", store.subjects % 2 == 1),
    )


def _clip(file: Path, label: int, subject: int, layout: SkeletonLayout) -> SkeletonSequence | LeftOut:
    skeleton = read_mat(file, "d_skel")
    if skeleton.ndim != 3 or skeleton.shape[:2] != (len(JOINTS), 3):
        raise InputError(f"the array d_skel of {file} is wrong", given=skeleton.shape, allowed="(20, 3, frames)")
    keypoints = skeleton[joint_order(layout, JOINTS)].transpose(2, 0, 1)[np.newaxis]  # (V, C, T) -> (1, T, V, C)
    return clip_of(to_floats(keypoints), label, layout, file.stem.removesuffix("_skeleton"), subject)
