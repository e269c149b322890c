"""The image in which two coordinates lie: its size, and pixels as shares of half of it."""

import numpy as np

from stgnn.data.validation import FloatArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout

TOO_LARGE = 1_000_000
"""In pixels: no side of an image is so long."""

UNSIZED = "pixels stay pixels without --image_size '[WIDTH, HEIGHT]'"
"""What a reader says of a source that may hold pixels and does not say the size of the image."""

Size = tuple[int, int]
"""Width and height in pixels."""


def check_image_size(size: Size) -> None:
    """Refuse what is no size of an image.

    Raises:
        InputError: not two numbers, or a side is below 1, or `TOO_LARGE`.
    """
    if len(size) != 2 or not all(1 <= side < TOO_LARGE for side in size):
        allowed = f"width and height in pixels, each at least 1 and below {TOO_LARGE}"
        raise InputError(
            "this is not the size of an image",
            given=size,
            allowed=allowed,
            hint="say for example --image_size '[1920, 1080]'",
        )


def check_flat(layout: SkeletonLayout) -> None:
    """Refuse bodies that do not lie in an image, where somebody gave its size.

    Raises:
        InputError: the layout has three dimensions.
    """
    if layout.dimensions != 2:
        raise InputError(
            "an image size is for bodies of two coordinates in an image",
            given=f"{layout.name}: {layout.dimensions} coordinates",
            allowed="a layout of 2 coordinates",
            hint="leave the image size out",
        )


def in_image(points: FloatArray, width: float, height: float) -> FloatArray:
    """Pixels (..., 2) as shares of half an image from its middle: -1 to 1, x to the right and y down.

    The very middle is moved by a millionth: zeros stand for joints that were not seen.
    """
    half = np.array([width / 2, height / 2], dtype=np.float32)
    shares: FloatArray = (points - half) / half
    shares[(shares == 0).all(axis=-1), 0] = 1e-6
    return shares


def seen_in_image(keypoints: FloatArray, width: float, height: float) -> FloatArray:
    """What `in_image` gives of bodies (..., V, 2); joints that were not seen, which are zeros, stay zeros."""
    seen = keypoints.any(axis=-1, keepdims=True)
    return np.where(seen, in_image(keypoints, width, height), np.float32(0))
