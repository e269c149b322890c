"""A converted clip keeps everything but its body."""

import numpy as np

from stgnn.data.conversion import convert_clip
from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.layout import load_layout


def test_a_clip_keeps_everything_but_its_body() -> None:
    rng = np.random.default_rng(0)
    keypoints, scores = rng.random((2, 4, 25, 3), np.float32), rng.random((2, 4, 25), np.float32)
    clip = SkeletonSequence(keypoints, 3, load_layout("ntu25"), "a", 5, 1, scores)
    converted, said = convert_clip(clip, load_layout("coco17"), drop_depth=True)
    assert (converted.name, converted.label, converted.subject, converted.view) == ("a", 3, 5, 1)
    assert converted.keypoints.shape == (2, 4, 17, 2) and converted.scores is not None
    assert said.invented == ("nose",)
