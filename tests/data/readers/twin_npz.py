"""Writes files in the plain `.npz` layout."""

from pathlib import Path

import numpy as np

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def write_npz(folder: Path, rng: np.random.Generator) -> tuple[Path, list[SkeletonSequence]]:
    """Ten clips of two bodies with scores, their joints in another order than the layout's."""
    body = load_layout("kinect20")
    clips = [_clip(number, rng) for number in range(10)]
    keypoints = np.concatenate([clip.keypoints.swapaxes(0, 1) for clip in clips])
    scores = np.concatenate([clip.scores.swapaxes(0, 1) for clip in clips if clip.scores is not None])
    order = rng.permutation(body.num_joints)
    arrays = {
        "keypoint": keypoints[:, :, order],
        "score": np.ascontiguousarray(scores[:, :, order]),
        "frame_offset": np.cumsum([0] + [clip.keypoints.shape[1] for clip in clips]),
        "label_action": np.array([clip.label for clip in clips]),
        "label_names_action": np.array(["wave", "walk", "größer"]),
        "subject": np.array([clip.subject for clip in clips]),
        "view": np.array([clip.view for clip in clips]),
        "name": np.array([clip.name for clip in clips]),
        "joint_names": np.array(body.joints)[order],
        "split_xsub_train": np.arange(6),
        "split_xsub_test": np.arange(6, 10),
    }
    source = folder / "set.npz"
    (np.savez_compressed if rng.random() < 0.5 else np.savez)(source, **arrays)
    return source, clips


def _clip(number: int, rng: np.random.Generator) -> SkeletonSequence:
    frames = int(rng.integers(1, 9))
    return SkeletonSequence(
        keypoints=rng.normal(size=(2, frames, 20, 3)),
        label=number % 3,
        layout=load_layout("kinect20"),
        name=f"clip-{number}",
        subject=number // 2,
        view=number % 2,
        scores=rng.random((2, frames, 20)),
    )
