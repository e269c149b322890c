"""Sampling is a pure function of (seed, step) and reaches both ends of the cost range."""

import math
import random

import pytest

from stgnn.space import load_space, read_space
from stgnn.tasks.sampling import sample_architectures


@pytest.mark.parametrize("name", ["tiny", "edge", "sgn"])
def test_pure_function_of_seed_and_step(name: str) -> None:
    space = read_space(name)
    first = sample_architectures(space, seed=3, step=7, count=4)
    random.seed(0)  # the global generator has no say
    assert sample_architectures(read_space(name), seed=3, step=7, count=4) == first
    assert sample_architectures(space, seed=3, step=8, count=4) != first
    assert sample_architectures(space, seed=4, step=7, count=4) != first
    assert all(space.contains(architecture) for architecture in first)


@pytest.mark.parametrize("name", ["tiny", "edge", "sgn"])
def test_costs_are_spread_evenly_from_end_to_end(name: str) -> None:
    space = read_space(name)
    low, high = (math.log(end.relative_cost) for end in (space.smallest(), space.largest()))
    drawn = [one for step in range(200) for one in sample_architectures(space, seed=0, step=step, count=2)]
    places = [(math.log(one.relative_cost) - low) / (high - low) for one in drawn]
    shares = [sum(part / 5 <= place < (part + 1) / 5 for place in places) / len(places) for part in range(5)]
    assert min(shares) > 0.13, shares


def test_every_step_sees_a_small_and_a_large_one() -> None:
    space = load_space("edge")
    middle = math.sqrt(space.smallest().relative_cost * space.largest().relative_cost)
    pairs = [sorted(one.relative_cost for one in sample_architectures(space, 0, step, 2)) for step in range(50)]
    assert sum(small < 1.5 * middle and large > middle / 1.5 for small, large in pairs) >= 48


def test_none() -> None:
    assert sample_architectures(load_space("tiny"), 0, 0, 0) == ()
