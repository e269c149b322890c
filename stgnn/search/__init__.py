"""Choosing architectures: an Optuna study that weighs accuracy against latency, and what to make of its results.

A strategy supplies an Optuna sampler; the study, its storage and its dashboard are Optuna's own. Light to import:
Optuna is loaded by the first sampler, torch by the first evaluation.

    >>> from stgnn.search import SEARCH_STRATEGIES
    >>> list(SEARCH_STRATEGIES)
    ['NSGA2', 'NSGA3', 'Random', 'RegularizedEvolution', 'TPE']
"""

from stgnn.search.strategies import (
    NSGA2,
    NSGA3,
    SEARCH_STRATEGIES,
    TPE,
    Random,
    RegularizedEvolution,
    SearchStrategy,
)

__all__ = [
    "NSGA2",
    "NSGA3",
    "SEARCH_STRATEGIES",
    "TPE",
    "Random",
    "RegularizedEvolution",
    "SearchStrategy",
]
