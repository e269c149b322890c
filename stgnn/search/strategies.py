"""Search strategies by name: each is a few numbers and a method that builds an Optuna sampler, imported only there."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from stgnn.errors import InputError, check_between
from stgnn.registry import Registry
from stgnn.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class SearchStrategy(ABC):
    """How the next architecture is proposed.

    A strategy keeps no state of its own: what it proposes is a function of ``(seed, trial number, trials of the
    study)``. So a study can be killed, continued and shared by several workers.
    """

    @abstractmethod
    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """A sampler whose randomness comes from ``seed`` alone. It is built anew for every trial, with a new seed."""


SEARCH_STRATEGIES: Registry[SearchStrategy] = Registry("search strategy")


def _check_population(population: int) -> None:
    if population < 2:
        raise InputError("a population needs at least two members", given=population, allowed="2 or more")


@SEARCH_STRATEGIES.register
class Random(SearchStrategy):
    """Every gene uniform, the past ignored: the baseline that any other strategy has to beat at equal cost."""

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """Optuna's ``RandomSampler``."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)


class GeneticStrategy(SearchStrategy, ABC):
    """Genetic search by generations.

    Args:
        population: Trials of a generation.
        crossover: Probability that a child has two parents.
        mutation: Probability that a gene is redrawn; None means one gene on average.
    """

    def __init__(self, population: int = 50, crossover: float = 0.9, mutation: float | None = None) -> None:
        _check_population(population)
        check_between(0, 1, crossover=crossover, mutation=mutation or 0.0)
        self.population, self.crossover, self.mutation = population, crossover, mutation


@SEARCH_STRATEGIES.register
class NSGA2(GeneticStrategy):
    """Genetic search by non-dominated sorting and crowding distance (Deb et al. 2002), as Optuna implements it."""

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """Optuna's ``NSGAIISampler``."""
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(
            population_size=self.population, crossover_prob=self.crossover, mutation_prob=self.mutation, seed=seed
        )


@SEARCH_STRATEGIES.register
class NSGA3(GeneticStrategy):
    """Genetic search with reference directions (Deb and Jain 2014), meant for three objectives or more."""

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """Optuna's ``NSGAIIISampler``."""
        from optuna.samplers import NSGAIIISampler

        return NSGAIIISampler(
            population_size=self.population, crossover_prob=self.crossover, mutation_prob=self.mutation, seed=seed
        )


@SEARCH_STRATEGIES.register
class TPE(SearchStrategy):
    """Tree-structured Parzen estimator for several objectives (Ozaki et al. 2022), all genes modelled together.

    Args:
        startup: Random trials before the model is used; None means twice the number of genes, at least 50.
        candidates: Proposals compared by expected improvement for each trial.
    """

    def __init__(self, startup: int | None = None, candidates: int = 24) -> None:
        check_between(0, startup=startup or 0)
        check_between(1, candidates=candidates)
        self.startup, self.candidates = startup, candidates

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """Optuna's ``TPESampler`` with ``multivariate=True``, which several objectives do not get by default."""
        from optuna.samplers import TPESampler

        startup = max(50, 2 * len(space.genes)) if self.startup is None else self.startup
        return TPESampler(
            n_startup_trials=startup,
            n_ei_candidates=self.candidates,
            multivariate=True,
            seed=seed,
        )


@SEARCH_STRATEGIES.register
class RegularizedEvolution(SearchStrategy):
    """Aging evolution (Real et al. 2019) for several objectives; see :mod:`stgnn.search.evolution`.

    Args:
        population: Youngest trials that may become parents; as many first trials are random, spread over small and
            large networks.
        tournament: Candidates of which the best becomes the parent.
        crossover: Probability that a child has two parents before it is mutated.
        mutation: Probability that a gene is redrawn; at least one always is.
    """

    def __init__(
        self, population: int = 32, tournament: int = 6, crossover: float = 0.5, mutation: float = 0.02
    ) -> None:
        _check_population(population)
        if not 1 <= tournament <= population:
            raise InputError("a tournament is a part of the population", given=tournament, allowed=f"1 to {population}")
        check_between(0, 1, crossover=crossover, mutation=mutation)
        self.population, self.tournament, self.crossover, self.mutation = population, tournament, crossover, mutation

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """An :class:`~stgnn.search.evolution.EvolutionSampler`."""
        from stgnn.search.evolution import EvolutionSampler

        return EvolutionSampler(
            space,
            seed,
            population=self.population,
            tournament=self.tournament,
            crossover=self.crossover,
            mutation=self.mutation,
        )
