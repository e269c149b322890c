"""Centring, view alignment, rotation, scaling and frame sampling. Batched; randomness is an argument.

A joint whose coordinates are all exactly zero is missing, and stays missing through every transform.
`center`, `align_view` and `resample_frames` can be exported: no step depends on the data.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout


def center(x: Tensor, center_joint: int) -> Tensor:
    """Keypoints relative to the centre joint of the first frame in which it was seen.

    A body of which it was never seen is centred on the mean of all its joints that were.

    Args:
        x: Keypoints (B, T, V, C).
        center_joint: Index of the centre joint.

    Returns:
        Centred keypoints (B, T, V, C); missing joints stay zero.
    """
    present = x.abs().amax(dim=3, keepdim=True).sign()  # (B, T, V, 1); few nodes, because small networks wait for each
    joint = slice(center_joint, center_joint + 1)
    path, seen = x[:, :, joint], present[:, :, joint]  # (B, T, 1, C), (B, T, 1, 1)
    origin = path.gather(1, _first(seen).expand(-1, 1, 1, x.shape[3]))  # (B, 1, 1, C), zero if never seen
    middle = x.sum(dim=(1, 2), keepdim=True) / present.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    origin = origin + middle * (1 - seen.amax(dim=1, keepdim=True))
    return (x - origin) * present


def align_view(x: Tensor, layout: SkeletonLayout) -> Tensor:
    """Turn each body (B, T, V, 3) upright and towards the camera, all frames alike, by its `view_rotation`.

    The turn is about the origin of the coordinates.

    Raises:
        InputError: the layout is not 3-D or has no `spine` or no `shoulders`.
    """
    return torch.matmul(x, view_rotation(x, layout)[:, None].mT)


def view_rotation(x: Tensor, layout: SkeletonLayout) -> Tensor:
    """The rotation that makes each body stand upright and face the camera in the first frame that shows how it stands.

    That is the first frame in which both joints of the spine and both of the shoulders were seen; a body without such
    a frame is left as it is. Bodies that were centred on one of these joints in every frame have none.

    The spine comes to lie along the vertical axis, and the shoulders (left to right), as far as they are at right
    angles to the spine, along the first of the other axes. AdaSGN and pyskl do the same with z as the vertical axis;
    here it is the layout's, so that rotations about it still turn the body on the spot.

    Args:
        x: Keypoints (B, T, V, 3).
        layout: Layout with `spine` and `shoulders`.

    Returns:
        Rotations for column vectors (B, 3, 3).

    Raises:
        InputError: the layout is not 3-D or has no `spine` or no `shoulders`.
    """
    check_alignable(layout)
    assert layout.spine is not None and layout.shoulders is not None
    points = torch.stack([x[:, :, joint] for joint in (*layout.spine, *layout.shoulders)], dim=2)  # (B, T, 4, 3)
    seen = _present(points).to(torch.float32).amin(dim=2, keepdim=True)  # (B, T, 1, 1)
    index = _first(seen).expand(-1, 1, 4, 3)
    low, high, left, right = points.gather(1, index)[:, 0].unbind(dim=1)  # (B, 3) each
    up, across = high - low, right - left
    up = torch.nn.functional.normalize(up, dim=-1)
    across = torch.nn.functional.normalize(across - (across * up).sum(-1, keepdim=True) * up, dim=-1)
    vertical, side = layout.vertical, 0 if layout.vertical else 1
    handed = 1 if (vertical - side) % 3 == 1 else -1  # keep left and right apart: never mirror
    rows = {vertical: up, side: across, 3 - vertical - side: handed * torch.linalg.cross(across, up)}
    rotation = torch.stack([rows[axis] for axis in range(3)], dim=1)  # (B, 3, 3)
    whole = rotation.abs().sum(-1).amin(-1) > 0.5  # joints in one place, or in one line, give a row of zeros
    known = whole & (seen.amax(dim=(1, 2, 3)) > 0)
    return torch.where(known[:, None, None], rotation, torch.eye(3, dtype=x.dtype, device=x.device))


def check_alignable(layout: SkeletonLayout) -> None:
    """Refuse a layout whose bodies cannot be aligned to one view.

    Raises:
        InputError: the layout is not 3-D or has no `spine` or no `shoulders`.
    """
    if layout.dimensions != 3 or layout.spine is None or layout.shoulders is None:
        hint = "alignment needs 3 dimensions and the fields 'spine' and 'shoulders'"
        raise InputError(f"layout {layout.name!r} cannot be aligned to one view", hint=hint)


def rotation_matrix(angles: Tensor) -> Tensor:
    """R = Rz Ry Rx for column vectors, from angles (N, 3) about x, y, z in radians -> (N, 3, 3)."""
    (cx, cy, cz), (sx, sy, sz) = angles.cos().unbind(-1), angles.sin().unbind(-1)
    entries = (
        *(cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx),
        *(sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx),
        *(-sy, cy * sx, cy * cx),
    )
    return torch.stack(entries, dim=-1).reshape(-1, 3, 3)


def random_rotation(
    n: int,
    vertical: int,
    about_vertical: float,
    about_others: float,
    generator: torch.Generator,
    device: torch.device | str | None = None,
    dims: int = 3,
) -> Tensor:
    """Rotations by angles drawn uniformly from [-limit, limit].

    Args:
        n: How many, N.
        vertical: Index of the vertical axis.
        about_vertical: Limit of the angle about the vertical axis, in radians.
        about_others: Limit of the angles about the other axes, in radians; in 2-D, of the turn in the plane.
        generator: Source of randomness.
        device: Where the result goes; by default where the generator lives.
        dims: 2 or 3.

    Returns:
        (N, dims, dims).
    """
    if dims == 2:
        angle = _uniform((n,), about_others, generator, device)
        cos, sin = angle.cos(), angle.sin()
        return torch.stack((cos, -sin, sin, cos), dim=-1).reshape(-1, 2, 2)
    limits = torch.full((3,), about_others)
    limits[vertical] = about_vertical
    angles = _uniform((n, 3), 1.0, generator, device)
    return rotation_matrix(angles * limits.to(angles.device))


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Keypoints (N, M, T, V, C) turned by one rotation per clip, (N, C, C)."""
    return torch.matmul(x, rotation[:, None, None].mT)  # row vectors: x R^T


def random_scale(
    n: int,
    amount: float,
    dims: int,
    generator: torch.Generator,
    device: torch.device | str | None = None,
) -> Tensor:
    """Factors 1 + U(-amount, amount) for each clip and axis, (N, dims); apply them with `scale`."""
    return 1 + _uniform((n, dims), amount, generator, device)


def scale(x: Tensor, factors: Tensor) -> Tensor:
    """Keypoints (N, M, T, V, C) stretched by one factor per clip and axis, (N, C)."""
    return x * factors[:, None, None, None]


def uniform_frames(lengths: Tensor, frames: int, generator: torch.Generator | None) -> Tensor:
    """Frame indices that cover each clip evenly: `frames` segments of equal length, one frame from each.

    Args:
        lengths: Number of frames n of each clip, (N,).
        frames: Number of frames wanted, T. Clips shorter than that repeat frames.
        generator: Draws within the segments; None takes their middles, floor((i + 0.5) n / T).

    Returns:
        Indices (N, T), int64, never decreasing, on the device of `lengths`.
    """
    n = lengths.to(torch.int64)[:, None]
    steps = torch.arange(frames, device=lengths.device)
    if generator is None:
        return (2 * steps + 1) * n // (2 * frames)  # whole numbers: no rounding at segment borders
    draw = torch.rand((len(lengths), frames), generator=generator, device=generator.device, dtype=torch.float64)
    index = ((steps + draw.to(lengths.device)) * n / frames).to(torch.int64)
    return torch.minimum(index, n - 1)


def resample_frames(x: Tensor, frames: int) -> Tensor:
    """Keypoints (B, T, V, C) -> (B, frames, V, C): the frames floor((i + 0.5) T / frames)."""
    length = x.shape[1]
    if frames == length:
        return x
    index = [(2 * step + 1) * length // (2 * frames) for step in range(frames)]
    return x.index_select(1, torch.tensor(index, device=x.device))


def _present(x: Tensor) -> Tensor:
    """(..., V, C) -> (..., V, 1): whether the joint was seen. Written so that it exports to few nodes."""
    return x.abs().amax(dim=-1, keepdim=True) > 0


def _first(seen: Tensor) -> Tensor:
    """(B, T, 1, 1) of zeros and ones -> (B, 1, 1, 1): index of the first frame with a one; 0 where there is none."""
    return seen.argmax(dim=1, keepdim=True)  # argmax gives the first of equals


def _uniform(
    shape: tuple[int, ...], limit: float, generator: torch.Generator, device: torch.device | str | None
) -> Tensor:
    """Uniform on [-limit, limit], drawn where the generator lives."""
    draw = torch.rand(shape, generator=generator, device=generator.device) * 2 - 1
    return (draw * limit).to(generator.device if device is None else device)
