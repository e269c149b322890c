"""Local search around the Pareto front, as a search strategy. Optuna is imported with the first sampler only."""

from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.search import SEARCH_STRATEGIES, SearchStrategy
from stgnn.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

__all__ = ["LocalSearch"]


@SEARCH_STRATEGIES.register
class LocalSearch(SearchStrategy):
    """One change at a time: a neighbour of a network on the present front that was not proposed before.

    White et al. (2021) found local search hard to beat where measurements are little noisy.

    Args:
        start: Random trials, of every size, before the first neighbour.
        changes: Choices in which a neighbour differs. More are made, one at a time, only when every neighbour found was
            proposed.
    """

    def __init__(self, start: int = 20, changes: int = 1) -> None:
        if start < 1 or changes < 1:
            raise InputError(
                "local search needs a start and a change",
                given=f"start {start}, changes {changes}",
                allowed="1 or more",
            )
        self.start, self.changes = start, changes

    def sampler(self, space: Space, seed: int) -> "BaseSampler":
        """A :class:`~stgnn_local_search.sampler.LocalSearchSampler`."""
        from stgnn_local_search.sampler import LocalSearchSampler

        return LocalSearchSampler(space, seed, self.start, self.changes)
