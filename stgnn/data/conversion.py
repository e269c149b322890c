"""A clip of one body as a clip of another."""

from dataclasses import replace

from stgnn.data.sequence import SkeletonSequence
from stgnn.skeleton.convert import Converted, convert
from stgnn.skeleton.layout import SkeletonLayout


def convert_clip(
    clip: SkeletonSequence, to: SkeletonLayout, drop_depth: bool = False
) -> tuple[SkeletonSequence, Converted]:
    """Take a clip to another body; see `stgnn.skeleton.convert.convert`.

    Args:
        clip: The clip.
        to: Layout wanted.
        drop_depth: Whether 3-D coordinates may lose their depth on the way to a 2-D layout.

    Returns:
        The clip in the new body, and which of its joints were invented or are missing.

    Raises:
        InputError: the coordinates do not fit `to`.
    """
    poses = convert(clip.keypoints, clip.layout, to, clip.scores, drop_depth)
    return replace(clip, keypoints=poses.keypoints, scores=poses.scores, layout=to), poses
