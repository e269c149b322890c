"""A source of pixels as a source of shares of half an image, whichever reader it comes from."""

from dataclasses import replace
from typing import Final

import numpy as np

from stgnn.data.image import Size, check_flat, seen_in_image
from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError

NO_PIXELS: Final = 2.0
"""A clip whose coordinates all lie within this distance of zero is not of pixels ..."""
SMALLEST_IMAGE: Final = 16
"""... where the sides of the image are as long as this."""


def of_pixels(source: ClipSource, size: Size) -> ClipSource:
    """The source with shares of half an image of this size in the place of pixels.

    Args:
        source: A source opened by any reader.
        size: Of the image of all its clips.

    Raises:
        InputError: three coordinates, or shares already; while clips are read, a clip that is not of pixels of such
            an image.
    """
    check_flat(source.layout)
    if source.in_image:
        raise InputError(
            "the coordinates of this source are shares of the image already",
            given=f"an image of {_text(size)}",
            allowed="the size of an image for coordinates in pixels",
            hint="leave the image size out",
        )
    note = f"pixels became shares of half an image of {_text(size)}, -1 to 1"
    return replace(
        source,
        clips=lambda start: (_shares(clip, size) for clip in source.clips(start)),
        notes=(*source.notes, note),
        in_image=True,
    )


def _shares(clip: SkeletonSequence | LeftOut, size: Size) -> SkeletonSequence | LeftOut:
    if isinstance(clip, LeftOut):
        return clip
    _check_pixels(clip, size)
    return replace(clip, keypoints=seen_in_image(clip.keypoints, *size))


def _check_pixels(clip: SkeletonSequence, size: Size) -> None:
    seen = clip.keypoints[clip.keypoints.any(axis=-1)]  # (M, T, V, 2) -> (joints, 2)
    if len(seen) == 0:
        return
    if np.abs(seen).max() <= NO_PIXELS and min(size) >= SMALLEST_IMAGE:
        raise InputError(
            f"the coordinates of clip {clip.name!r} are no pixels",
            given=f"{seen.min():.3g} to {seen.max():.3g}, in an image of {_text(size)}",
            allowed="pixels, from the upper left corner of the image",
            hint="leave the image size out if they are -1 to 1, and say --image_size '[1, 1]' if they are 0 to 1",
        )
    if not ((seen >= 0) & (seen <= size)).all(axis=-1).any():
        ends = [
            f"{axis} from {low:.4g} to {high:.4g}"
            for axis, low, high in zip("xy", seen.min(axis=0), seen.max(axis=0), strict=True)
        ]
        raise InputError(
            f"no joint of clip {clip.name!r} lies in an image of this size",
            given=", ".join(ends),
            allowed=f"pixels of an image of {_text(size)}, from its upper left corner",
            hint="say the width and the height of the images from which the coordinates are",
        )


def _text(size: Size) -> str:
    return f"{size[0]} x {size[1]} pixels"
