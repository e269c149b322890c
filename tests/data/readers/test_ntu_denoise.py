"""Who of the bodies that a Kinect saw acts."""

import numpy as np
import pytest

from stgnn.data.readers.ntu_denoise import NOISY, SHORT, Body, actors, motion
from stgnn.data.validation import FloatArray
from tests.data.readers.twin_ntu import person


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def body(joints: FloatArray, start: int = 0) -> Body:
    return Body(np.arange(start, start + len(joints)), joints)


def test_a_single_body_is_taken_as_it_is_even_if_it_looks_like_noise(rng: np.random.Generator) -> None:
    table = person(rng, 5, width=9.0)
    np.testing.assert_array_equal(actors([body(table, 2)], 8)[0, 2:7], table)


def test_short_bodies_are_noise_unless_all_are_short(rng: np.random.Generator) -> None:
    actor, passer = person(rng, 30), person(rng, SHORT, motion=2.0)
    assert len(actors([body(actor), body(passer)], 30)) == 1
    assert len(actors([body(actor), body(person(rng, SHORT + 1))], 30)) == 2
    assert len(actors([body(actor[:SHORT]), body(passer)], SHORT)) == 2


def test_wide_bodies_are_noise_but_the_last_body_is_never_dropped(rng: np.random.Generator) -> None:
    tables = [person(rng, 20, width=9.0) for _ in range(3)]
    kept = actors([body(table) for table in tables], 20)
    np.testing.assert_array_equal(kept, tables[2][np.newaxis])
    share = int(NOISY * 20)
    mostly = np.concatenate([tables[0][:share], person(rng, 20 - share)])
    assert len(actors([body(person(rng, 20)), body(mostly)], 20)) == 2


def test_who_moves_most_comes_first_and_noisy_frames_are_no_motion(rng: np.random.Generator) -> None:
    still, lively = person(rng, 20, 0.01), person(rng, 20, 0.6)
    flickering = still.copy()
    flickering[::2] *= np.array([30, 1, 1], np.float32)
    assert motion(flickering) > motion(lively) > motion(still)
    kept = actors([body(flickering), body(lively)], 20)
    np.testing.assert_array_equal(kept, np.stack([lively, flickering]))


def test_the_motion_of_a_body_is_the_sum_of_its_variances(rng: np.random.Generator) -> None:
    joints = rng.normal(size=(9, 25, 3)).astype(np.float32)
    assert motion(joints) == pytest.approx(sum(joints[..., axis].var() for axis in range(3)), rel=1e-5)


def test_a_body_takes_the_first_place_that_is_free_at_its_time(rng: np.random.Generator) -> None:
    first, second, third = (person(rng, 20, motion) for motion in (0.9, 0.6, 0.3))
    kept = actors([body(first), body(second), body(third)], 20)
    np.testing.assert_array_equal(kept, np.stack([first, second]))
    after = actors([body(first), body(second), body(third, 20)], 40)
    np.testing.assert_array_equal(after[0], np.concatenate([first, third]))
    assert not after[1, 20:].any()
    touching = actors([body(first), body(second), body(third, 19)], 39)
    np.testing.assert_array_equal(touching[0, 19:], third)


def test_the_second_place_is_free_before_somebody_stands_in_it(rng: np.random.Generator) -> None:
    first, second, third = person(rng, 60, 0.9), person(rng, 20, 0.6), person(rng, 20, 0.3)
    kept = actors([body(first), body(second, 30), body(third)], 60)
    np.testing.assert_array_equal(kept[1, :20], third)
    np.testing.assert_array_equal(kept[1, 30:50], second)


def test_frames_in_which_nobody_is_left_are_dropped(rng: np.random.Generator) -> None:
    actor, passer = person(rng, 20), person(rng, 5)
    np.testing.assert_array_equal(actors([body(passer), body(actor, 8)], 28), actor[np.newaxis])


def test_a_body_may_disappear_and_come_back(rng: np.random.Generator) -> None:
    first, second = person(rng, 20, 0.9), person(rng, 30, 0.1)
    frames = np.r_[0:10, 20:30]
    kept = actors([Body(frames, first), body(second)], 30)
    np.testing.assert_array_equal(kept[0, frames], first)
    assert not kept[0, 10:20].any()
