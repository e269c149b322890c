"""What a search asks of every strategy's sampler: proposals that a restart or a second worker does not repeat."""

import hashlib
import warnings
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from stgnn.search.strategies import SearchStrategy
from stgnn.space import Space


class PerTrialSampler(BaseSampler):
    """Makes a sampler a function of ``(seed, trial number, trials of the study)`` by building it anew for every trial.

    Optuna does not store the state of its random generators: with one seed, a restarted study repeats its proposals,
    and so do two workers.
    """

    def __init__(self, strategy: SearchStrategy, space: Space, seed: int) -> None:
        self._strategy, self._space, self._seed = strategy, space, seed
        self._inner = self._build(-1)
        self._relative: dict[str, BaseDistribution] = {}

    def _build(self, number: int) -> BaseSampler:
        digest = hashlib.sha256(f"{self._seed}/{number}".encode()).digest()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # not for every trial
            return self._strategy.sampler(self._space, int.from_bytes(digest[:4], "big"))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Start from the trial's own seed."""
        self._inner = self._build(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the strategy samples jointly; asked until known, as genes never change and it reads every trial."""
        self._relative = self._relative or self._inner.infer_relative_search_space(study, trial)
        return self._relative

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The strategy's proposal."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The strategy's proposal for one gene."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Let the strategy see the outcome."""
        self._inner.after_trial(study, trial, state, values)
