"""The sampler: a proposal is a function of the seed, the trial's number and the trials before it."""

import random
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from stgnn.search.pareto import ranks
from stgnn.space import BaseArchitecture, Space

TRIES = 30  # neighbours drawn before one more change is made


class LocalSearchSampler(BaseSampler):
    """Proposes neighbours of the front of a study.

    Args:
        space: Where architectures come from.
        seed: Seed of every draw.
        start: Random trials before the first neighbour.
        changes: Choices in which a neighbour differs.
    """

    def __init__(self, space: Space, seed: int, start: int, changes: int) -> None:
        self._space, self._seed, self._start, self._changes = space, seed, start, changes

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Every gene, always."""
        return {gene.name: CategoricalDistribution(gene.choices) for gene in self._space.genes}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The genome of a neighbour of the front, or of a random network at the start."""
        rng = random.Random(f"{self._seed}/{trial.number}")
        front = self._front(study)
        if not front:
            return dict(self._space.encode(self._space.sample_sized(rng, rng.random())))
        known = self._known(study)
        for attempt in range(TRIES * len(self._space.genes)):
            parent = rng.choice(front)
            child = self._neighbour(parent, self._changes + attempt // TRIES, rng)
            if child != parent and child.digest not in known:
                break
        return dict(self._space.encode(child))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A uniform value for a parameter that is no gene."""
        if not isinstance(param_distribution, CategoricalDistribution):
            raise ValueError(f"{param_name} is no gene of the space {self._space.name!r}")
        return random.Random(f"{self._seed}/{trial.number}/{param_name}").choice(param_distribution.choices)

    def _neighbour(self, parent: BaseArchitecture, changes: int, rng: random.Random) -> BaseArchitecture:
        genotype = self._space.encode(parent)
        open_genes = [gene for gene in self._space.genes if len(gene.choices) > 1]
        for gene in rng.sample(open_genes, min(changes, len(open_genes))):
            genotype[gene.name] = rng.choice([choice for choice in gene.choices if choice != genotype[gene.name]])
        return self._space.decode(genotype)

    def _front(self, study: Study) -> list[BaseArchitecture]:
        """The best networks so far, feasible ones before all others; none before the start is over."""
        done = [one for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if self._is_genome(one)]
        if len(done) < self._start:
            return []
        violation = [sum(max(value, 0.0) for value in one.constraints.values()) for one in done]
        maximise = [direction == StudyDirection.MAXIMIZE for direction in study.directions]
        best = [
            one
            for one, rank in zip(done, ranks([one.values for one in done], maximise, violation), strict=True)
            if rank == 0
        ]
        return list(dict.fromkeys(self._space.decode(one.params) for one in best))

    def _known(self, study: Study) -> set[str]:
        """Digests of everything proposed so far; failed trials may be proposed again."""
        trials = study.get_trials(deepcopy=False)
        return {
            self._space.decode(one.params).digest
            for one in trials
            if one.state != TrialState.FAIL and self._is_genome(one)
        }

    def _is_genome(self, trial: FrozenTrial) -> bool:
        return all(gene.name in trial.params for gene in self._space.genes)
