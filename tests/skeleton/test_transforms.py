"""Transforms: geometry, sampling, missing joints, and that the exported ones trace."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.skeleton import load_layout
from stgnn.skeleton.transforms import (
    align_view,
    center,
    random_rotation,
    random_scale,
    resample_frames,
    rotate,
    rotation_matrix,
    scale,
    uniform_frames,
    view_rotation,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bodies(frames: int = 5, joints: int = 25) -> Tensor:
    return torch.randn(3, frames, joints, 3, generator=seeded())


def test_center_uses_the_first_frame_in_which_the_centre_was_seen() -> None:
    x = bodies()
    x[1, :2] = 0  # lost tracking at the start
    x[2, 0, 20] = 0  # the body is there, its centre is not
    y = center(x, 20)
    torch.testing.assert_close(y[0], x[0] - x[0, 0, 20])
    torch.testing.assert_close(y[1, 2:], x[1, 2:] - x[1, 2, 20])
    torch.testing.assert_close(y[2, 1:], x[2, 1:] - x[2, 1, 20])
    assert not y[1, :2].any() and not y[2, 0, 20].any()


def test_a_body_whose_centre_was_never_seen_is_centred_on_what_was() -> None:
    x = bodies()
    x[0, :, 20] = 0
    x[1] = 0  # an empty body
    y = center(x, 20)
    seen = x[0].flatten(0, 1)[x[0].flatten(0, 1).any(dim=1)]
    torch.testing.assert_close(y[0, 0, 0], x[0, 0, 0] - seen.mean(dim=0))
    assert not y[0, :, 20].any() and not y[1].any()


def test_where_a_body_stands_does_not_matter_and_missing_joints_stay_missing() -> None:
    x = bodies()
    x[0, 3, 7] = x[1, 0, 20] = 0
    x[2, :, 20] = 0
    once = center(x, 20)
    assert not once[0, 3, 7].any()
    torch.testing.assert_close(center(torch.where(x != 0, x + 5, x), 20), once, atol=1e-5, rtol=0)


def test_align_view_is_upright_and_independent_of_the_camera() -> None:
    layout = load_layout("ntu25")
    x = bodies()
    aligned = align_view(x, layout)
    up, across = (aligned[:, 0, pair[1]] - aligned[:, 0, pair[0]] for pair in ((0, 20), (4, 8)))
    torch.testing.assert_close(up[:, [0, 2]], torch.zeros(3, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(across[:, 2], torch.zeros(3), atol=1e-5, rtol=0)
    assert (up[:, 1] > 0).all() and (across[:, 0] > 0).all()
    torch.testing.assert_close(aligned.norm(dim=-1), x.norm(dim=-1))
    turned = rotate(x[:, None], random_rotation(3, 1, math.pi, 1.0, seeded(1)))[:, 0]
    torch.testing.assert_close(align_view(turned, layout), aligned, atol=1e-4, rtol=0)


@pytest.mark.parametrize("vertical", [0, 1, 2])
def test_align_view_never_mirrors(vertical: int) -> None:
    layout = load_layout(load_layout("ntu25").to_dict() | {"vertical": vertical})
    x = bodies()
    y = align_view(x, layout)
    torch.testing.assert_close(torch.linalg.det(y[:, 0, :3]), torch.linalg.det(x[:, 0, :3]), atol=1e-4, rtol=1e-4)
    up = y[:, 0, 20] - y[:, 0, 0]
    torch.testing.assert_close(up[:, vertical], up.norm(dim=-1))


def test_align_view_leaves_bodies_it_cannot_align() -> None:
    x = bodies()
    x[1, :, [4, 8]] = 0  # no shoulders
    x[2] = 0
    y = align_view(x, load_layout("ntu25"))
    torch.testing.assert_close(y[1:], x[1:])
    with pytest.raises(InputError, match="'coco17' cannot be aligned"):
        align_view(x[:, :, :17, :2], load_layout("coco17"))


@pytest.mark.parametrize("joint", [0, 20, 4, 8])
def test_align_view_takes_the_first_frame_that_shows_spine_and_shoulders(joint: int) -> None:
    layout, x = load_layout("ntu25"), bodies()
    x[0, :2, joint] = 0  # one joint of a pair, lost at the start
    x[1, 0] = 0  # nobody yet
    x[1, 1, joint] = 0
    x[2, :, joint] = 0  # never seen
    rotations = view_rotation(x, layout)
    torch.testing.assert_close(rotations[:2], view_rotation(x[:2, 2:], layout), rtol=0, atol=0)
    torch.testing.assert_close(rotations[2], torch.eye(3))


def test_a_joint_that_alignment_does_not_need_may_be_missing() -> None:
    layout, x = load_layout("ntu25"), bodies()
    expected = view_rotation(x, layout)
    x[:, 0, [3, 22]] = 0
    assert torch.equal(view_rotation(x, layout), expected)


def test_rotation_matrix_is_rz_ry_rx() -> None:
    angles = torch.tensor([0.3, -0.4, 0.5], dtype=torch.float64)
    (a, b, c), one, zero = angles, torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    rx = torch.stack([one, zero, zero, zero, a.cos(), -a.sin(), zero, a.sin(), a.cos()]).view(3, 3)
    ry = torch.stack([b.cos(), zero, b.sin(), zero, one, zero, -b.sin(), zero, b.cos()]).view(3, 3)
    rz = torch.stack([c.cos(), -c.sin(), zero, c.sin(), c.cos(), zero, zero, zero, one]).view(3, 3)
    torch.testing.assert_close(rotation_matrix(angles[None])[0], rz @ ry @ rx)


@pytest.mark.parametrize("dims", [2, 3])
def test_rotation_preserves_lengths_and_missing_joints(dims: int) -> None:
    x = torch.randn(4, 2, 5, 9, dims, generator=seeded())
    x[0, 0, 0, 0] = 0
    rotation = random_rotation(4, 1, 3.0, 0.5, seeded(1), dims=dims)
    assert rotation.shape == (4, dims, dims)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(4))
    y = rotate(x, rotation)
    torch.testing.assert_close(y.norm(dim=-1), x.norm(dim=-1))
    assert not y[0, 0, 0, 0].any()
    torch.testing.assert_close(y[2, 1, 3, 4], rotation[2] @ x[2, 1, 3, 4])


def test_rotation_about_the_vertical_axis_only() -> None:
    x = torch.randn(8, 1, 2, 5, 3, generator=seeded())
    for axis in range(3):
        y = rotate(x, random_rotation(8, axis, math.pi, 0.0, seeded(2)))
        torch.testing.assert_close(y[..., axis], x[..., axis])
        assert (y - x).abs().amax(dim=(1, 2, 3, 4)).gt(1e-3).all()


def test_randomness_is_the_generator() -> None:
    draws: list[Callable[[torch.Generator], Tensor]] = [
        lambda g: random_rotation(6, 1, 0.3, 0.1, g),
        lambda g: random_scale(6, 0.1, 3, g),
        lambda g: uniform_frames(torch.full((6,), 100), 20, g),
    ]
    for draw in draws:
        state = torch.get_rng_state()
        assert torch.equal(draw(seeded(5)), draw(seeded(5)))
        assert not torch.equal(draw(seeded(5)), draw(seeded(6)))
        assert torch.equal(torch.get_rng_state(), state)


def test_scale() -> None:
    factors = random_scale(100, 0.1, 3, seeded())
    assert factors.shape == (100, 3) and (factors - 1).abs().max() <= 0.1 and factors.std() > 0.04
    x = torch.randn(100, 2, 3, 4, 3, generator=seeded())
    torch.testing.assert_close(scale(x, factors)[7, 1, 2, 3], x[7, 1, 2, 3] * factors[7])
    assert not scale(torch.zeros_like(x), factors).any()


@pytest.mark.parametrize("random", [False, True])
def test_uniform_frames(random: bool) -> None:
    lengths = torch.arange(1, 200)
    for frames in (1, 7, 64):
        index = uniform_frames(lengths, frames, seeded() if random else None)
        assert index.shape == (199, frames) and index.dtype == torch.int64
        assert (index >= 0).all() and (index < lengths[:, None]).all()
        assert (index.diff(dim=1) >= 0).all()
        steps = torch.arange(frames)
        low = steps * lengths[:, None] // frames
        high = ((steps + 1) * lengths[:, None] - 1) // frames
        assert (index >= low).all() and (index <= high).all()


def test_uniform_frames_values() -> None:
    middles = uniform_frames(torch.tensor([8, 3, 1]), 4, None)
    assert middles.tolist() == [[1, 3, 5, 7], [0, 1, 1, 2], [0, 0, 0, 0]]
    drawn = torch.stack([uniform_frames(torch.tensor([8]), 4, seeded(seed))[0] for seed in range(50)])
    assert [sorted(set(column.tolist())) for column in drawn.T] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_resample_frames_agrees_with_uniform_frames() -> None:
    x = bodies(frames=30)
    for frames in (1, 10, 16, 30, 45):
        index = uniform_frames(torch.tensor([30]), frames, None)[0]
        assert torch.equal(resample_frames(x, frames), x[:, index])


class _Chain(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Everything that a deployed network may hold."""
        return resample_frames(align_view(center(x, 20), load_layout("ntu25")), 4)


def test_exportable() -> None:
    x = bodies()
    batch = torch.export.Dim("batch")
    program = torch.export.export(_Chain(), (x,), dynamic_shapes=({0: batch},))
    x = bodies()
    x[0, 0] = 0
    x[1, :3, 4] = 0
    torch.testing.assert_close(program.module()(x[:2]), _Chain()(x[:2]))
    torch.testing.assert_close(program.module()(x), _Chain()(x))
