"""One clip: keypoints, label and layout, checked once at the border so that nothing behind it has to check again."""

from dataclasses import dataclass

import numpy as np

from stgnn.data.validation import FloatArray, check_finite, check_joints
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout


@dataclass(frozen=True)
class SkeletonSequence:
    """One clip of one or more persons.

    Args:
        keypoints: Coordinates (M, T, V, C); a joint that was not seen is exactly zero.
        label: 0-based class.
        layout: The body that the V joints belong to.
        name: What error messages and tables call the clip.
        subject: Who performs it, -1 if unknown.
        view: The camera, -1 if unknown.
        scores: Confidence of each joint (M, T, V), if the source has one.

    Raises:
        InputError: a wrong shape, no frames, joints or coordinates that do not fit the layout, NaN or infinity.
    """

    keypoints: FloatArray
    label: int
    layout: SkeletonLayout
    name: str = ""
    subject: int = -1
    view: int = -1
    scores: FloatArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keypoints", np.asarray(self.keypoints, dtype=np.float32))
        clip = f"clip {self.name!r}"
        if self.keypoints.ndim != 4:
            raise InputError(
                f"the keypoints of {clip} do not have four axes", given=self.keypoints.shape, allowed="(M, T, V, C)"
            )
        persons, frames, joints, coordinates = self.keypoints.shape
        if persons == 0 or frames == 0:
            raise InputError(f"{clip} is empty", given=self.keypoints.shape, hint="leave the clip out of the data set")
        check_joints(joints, coordinates, self.layout, clip)
        if self.scores is not None:
            object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))
            if self.scores.shape != (persons, frames, joints):
                raise InputError(
                    f"the scores of {clip} do not fit its keypoints",
                    given=self.scores.shape,
                    allowed=(persons, frames, joints),
                )
        check_finite(self.keypoints.swapaxes(0, 1), np.array([0, frames]), [self.name])
