"""Regularized (aging) evolution for several objectives, as an Optuna sampler.

Real et al., "Regularized Evolution for Image Classifier Architecture Search" (2019): of the P youngest individuals, S
are drawn, the best of them is mutated, and the child enters the population while the oldest leaves it. Where we differ:
"best" means lowest non-dominated rank, constraints first, then largest crowding distance; members of the Pareto front
do not age; a child may have two parents; and a child that was proposed before is drawn again.

The sampler keeps no state: a proposal is a function of ``(seed, trial number, trials of the study)``.
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from stgnn.search.pareto import crowding, ranks
from stgnn.space import BaseArchitecture, Space

REDRAWS = 50  # how often a child that was proposed before is drawn again


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The genes of a space as Optuna's distributions, in their order."""
    return {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}


class EvolutionSampler(BaseSampler):
    """Proposes whole genomes: at first random ones of every size, then mutated children of the best young trials.

    Args:
        space: Where architectures come from.
        seed: Seed of every draw.
        population: Youngest trials that may become parents, and number of random trials at the start.
        tournament: Candidates of which the best becomes the parent.
        crossover: Probability that a child has two parents.
        mutation: Probability that a gene is redrawn.
    """

    def __init__(
        self, space: Space, seed: int, population: int, tournament: int, crossover: float, mutation: float
    ) -> None:
        self._space, self._seed = space, seed
        self._population, self._tournament = population, tournament
        self._crossover, self._mutation = crossover, mutation

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Every gene, always."""
        return distributions(self._space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The genome of one architecture that no trial has proposed yet, as far as ``REDRAWS`` draws find one."""
        rng = random.Random(f"{self._seed}/{trial.number}")
        trials = study.get_trials(deepcopy=False)
        finished = [one for one in trials if one.state == TrialState.COMPLETE]
        pool = _parents(finished, self._population, study.directions) if len(finished) >= self._population else []
        known = self._known(trials)
        for _ in range(REDRAWS):
            child = self._child(pool, rng)
            if child.digest not in known:
                break
        return dict(self._space.encode(child))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A uniform value for a parameter that is no gene."""
        if not isinstance(param_distribution, CategoricalDistribution):
            raise ValueError(f"{param_name} is no gene of the space {self._space.name!r}")
        return random.Random(f"{self._seed}/{trial.number}/{param_name}").choice(param_distribution.choices)

    def _known(self, trials: Sequence[FrozenTrial]) -> set[str]:
        """Digests of all architectures proposed so far, those of running trials included."""
        genes = [gene.name for gene in self._space.genes]
        return {
            trial.user_attrs.get("digest") or self._space.decode(trial.params).digest
            for trial in trials
            if trial.state != TrialState.FAIL and all(name in trial.params for name in genes)
        }

    def _child(self, pool: list[FrozenTrial], rng: random.Random) -> BaseArchitecture:
        if not pool:
            return self._space.sample_sized(rng, rng.random())
        child = self._winner(pool, rng)
        if rng.random() < self._crossover:
            child = self._space.crossover(child, self._winner(pool, rng), rng)
        return self._space.mutate(child, rng, self._mutation)

    def _winner(self, pool: list[FrozenTrial], rng: random.Random) -> BaseArchitecture:
        """The best of a tournament; ``pool`` goes from best to worst."""
        place = min(rng.randrange(len(pool)) for _ in range(self._tournament))
        return self._space.decode(pool[place].params)


def _parents(finished: list[FrozenTrial], youngest: int, directions: list[StudyDirection]) -> list[FrozenTrial]:
    """The youngest trials and the Pareto front, from best to worst; each architecture once."""
    distinct = [trial for trial in finished if "duplicate_of" not in trial.user_attrs]
    values = np.array([trial.values for trial in distinct])
    violation = np.array([sum(max(value, 0.0) for value in trial.constraints.values()) for trial in distinct])
    maximise = [direction == StudyDirection.MAXIMIZE for direction in directions]
    rank = ranks(values, maximise, violation)
    young = np.arange(len(distinct)) >= len(distinct) - youngest
    spread = np.zeros(len(distinct))
    for level in np.unique(rank):
        spread[rank == level] = crowding(values[rank == level])
    order = np.lexsort((-spread, rank))
    return [distinct[index] for index in order if young[index] or rank[index] == 0]
