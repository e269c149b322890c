"""The bar for search strategies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stgnn.space import BaseArchitecture, Space, load_space
from stgnn.testing.common import expect

if TYPE_CHECKING:
    from optuna.study import Study

    from stgnn.search import SearchStrategy


def check_search_strategy(strategy: "SearchStrategy", space: Space | None = None, trials: int = 24) -> None:
    """Check a search strategy on a cheap stand-in for accuracy and latency, with a constraint that networks
    beyond the middle of the space violate.

    Every proposal is a member of the space; small networks are proposed and large ones; equal seeds propose equally,
    other seeds otherwise; a study that was interrupted goes on as if it had not been. Give the strategy a population
    smaller than ``trials``, so that it gets beyond its random start.

    Args:
        strategy: The strategy, constructed.
        space: Where architectures come from; the space ``tiny`` when not given.
        trials: Trials of one study.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    from stgnn.search import SEARCH_STRATEGIES

    name, space = type(strategy).__name__, space or load_space("tiny")
    expect(name in SEARCH_STRATEGIES, f"{name} lacks @SEARCH_STRATEGIES.register")
    proposals = _propose(strategy, space, seed=0, parts=(trials,))
    expect(
        len(set(proposals)) > trials // 3,
        f"{name} proposes {len(set(proposals))} different networks in {trials} trials",
    )
    kept = sum(_excess(space, one) <= 0 for one in proposals)
    expect(0 < kept < trials, f"{name} proposes {kept} networks within the constraint in {trials} trials, not some")
    interrupted = _propose(strategy, space, seed=0, parts=(trials // 2, trials - trials // 2))
    expect(
        proposals == interrupted,
        f"{name} proposes otherwise after an interruption: it keeps a state, or draws what its seed does not determine",
    )
    expect(proposals != _propose(strategy, space, seed=1, parts=(trials,)), f"{name} ignores its seed")


def _propose(strategy: "SearchStrategy", space: Space, seed: int, parts: Sequence[int]) -> list[BaseArchitecture]:
    """The proposals of one study that is worked on in several goes."""
    import optuna

    from stgnn.search.sampler import PerTrialSampler

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.InMemoryStorage()
    proposals = []
    for count in parts:
        study = optuna.create_study(
            storage=storage,
            study_name="contract",
            sampler=PerTrialSampler(strategy, space, seed),
            directions=["maximize", "minimize"],
            load_if_exists=True,
        )
        proposals += [_trial(study, space) for _ in range(count)]
    return proposals


def _trial(study: "Study", space: Space) -> BaseArchitecture:
    trial = study.ask()
    for gene in space.genes:
        trial.suggest_categorical(gene.name, gene.choices)
    architecture = space.decode(trial.params)  # refuses what the space does not offer
    trial.set_user_attr("digest", architecture.digest)
    size = _size(space, architecture)
    trial.set_constraint("latency_ms", _excess(space, architecture))
    study.tell(trial, [1.0 - 1.0 / (1.0 + size), size])
    return architecture


def _size(space: Space, architecture: BaseArchitecture) -> float:
    """Each gene counts from 0, its cheapest choice, towards 1."""
    genotype = space.encode(architecture)
    return sum(gene.choices.index(genotype[gene.name]) / len(gene.choices) for gene in space.genes)


def _excess(space: Space, architecture: BaseArchitecture) -> float:
    """How far an architecture lies beyond the middle between the smallest and the largest; above 0 is infeasible."""
    middle = (_size(space, space.smallest()) + _size(space, space.largest())) / 2
    return _size(space, architecture) - middle
