"""Who becomes a parent in evolution, and what the children are."""

import random

import optuna
import pytest
from optuna.trial import create_trial

from stgnn.search.evolution import EvolutionSampler, _parents, distributions
from stgnn.search.pareto import crowding, ranks
from stgnn.space import load_space

SPACE = load_space("tiny")
YOUNG = 6
LIMIT = 0.3


def finished(count, seed, space=SPACE):
    """A study of random architectures and values, some of them over the limit; every seventh trial is a repetition."""
    rng, study = random.Random(seed), optuna.create_study(directions=["maximize", "minimize"])
    for number in range(count):
        last = study.trials[-1] if number % 7 == 6 else None
        params = last.params if last else space.encode(space.sample(rng))
        values = last.values if last else [rng.random(), rng.random()]
        trial = create_trial(
            values=values,
            params=params,
            distributions=distributions(space),
            user_attrs={"digest": space.decode(params).digest, **({"duplicate_of": last.number} if last else {})},
            constraints={"latency_ms": values[1] - LIMIT, "parameters": -100.0},
        )
        study.add_trial(trial)
    return study


@pytest.mark.parametrize("seed", range(4))
def test_parents_are_the_young_and_the_front_from_best_to_worst(seed):
    study = finished(30, seed)
    distinct = [trial for trial in study.trials if trial.number % 7 != 6]
    violation = [max(trial.values[1] - LIMIT, 0.0) for trial in distinct]
    rank = ranks([trial.values for trial in distinct], violation=violation)
    room = {}
    for level in set(rank):
        members = [place for place, own in enumerate(rank) if own == level]
        room |= dict(zip(members, crowding([distinct[place].values for place in members]), strict=True))
    places = {trial.number: place for place, trial in enumerate(distinct)}
    found = [places[trial.number] for trial in _parents(study.trials, YOUNG, study.directions)]
    front = [place for place in range(len(distinct)) if rank[place] == 0]
    assert set(found) == {*range(len(distinct) - YOUNG, len(distinct)), *front}, "the front does not age"
    assert [(rank[place], -room[place]) for place in found] == sorted((rank[place], -room[place]) for place in found)
    assert any(violation[place] for place in found)


def proposals(study, count=20, space=SPACE, **options):
    """What as many seeds would propose next."""
    usual = {"population": YOUNG, "tournament": 3, "crossover": 0.0, "mutation": 0.0, **options}
    trial = study.ask()
    return [
        space.decode(EvolutionSampler(space, seed, **usual).sample_relative(study, trial, distributions(space)))
        for seed in range(count)
    ]


def changes(child, parent):
    one, other = SPACE.encode(child), SPACE.encode(parent)
    return sum(one[name] != other[name] for name in one)


def test_the_larger_the_tournament_the_better_the_parent():
    study = finished(30, 0)
    parents = [SPACE.decode(trial.params) for trial in _parents(study.trials, YOUNG, study.directions)]

    def of_the_best(tournament):
        """How many children resemble the best parent more than any other."""
        distances = [
            [changes(child, parent) for parent in parents] for child in proposals(study, tournament=tournament)
        ]
        return sum(best <= min(others) for best, *others in distances)

    assert of_the_best(1) < of_the_best(3) < of_the_best(100) >= 18


def test_nothing_is_proposed_twice(toy):
    space = toy.few(20)
    study = finished(20, 1, space)
    known = {trial.user_attrs["digest"] for trial in study.trials}
    assert YOUNG < len(known) < space.size and not known & {child.digest for child in proposals(study, space=space)}


def test_the_first_ones_are_random_and_of_every_size():
    study = finished(YOUNG - 1, 2)
    costs = sorted(child.relative_cost for child in proposals(study, 40))
    smallest, largest = SPACE.smallest().relative_cost, SPACE.largest().relative_cost
    assert costs[0] < smallest + 0.1 * (largest - smallest) and costs[-1] > smallest + 0.6 * (largest - smallest)
