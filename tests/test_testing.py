"""The checks for plugins must notice what is broken; each broken thing breaks one promise."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.latency import LATENCY_MODELS, Estimate, LatencyModel
from stgnn.operators import OPERATORS, SpatialOperator, TemporalOperator
from stgnn.registry import Registry
from stgnn.runtimes import RUNTIMES, ONNXRuntime
from stgnn.search import SEARCH_STRATEGIES, SearchStrategy
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import Architecture, SearchSpace, load_space
from stgnn.testing import check_latency_model, check_operator, check_runtime, check_search_strategy

REGISTRIES: tuple[Registry[Any], ...] = (OPERATORS, LATENCY_MODELS, SEARCH_STRATEGIES, RUNTIMES)


@pytest.fixture(autouse=True)
def _registries_as_before() -> Iterator[None]:
    before = [dict(registry._classes) for registry in REGISTRIES]
    yield
    for registry, classes in zip(REGISTRIES, before, strict=True):
        registry._classes = classes


class Project(SpatialOperator):
    """A sound operator to be broken: a 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU") -> None:
        super().__init__(in_channels, out_channels, layout, activation)
        self.project = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.project(x))


def broken(message: str, operator: type[Any]) -> None:
    OPERATORS.register(operator)
    with pytest.raises(AssertionError, match=message):
        check_operator(operator)


def test_a_sound_operator_passes() -> None:
    check_operator(OPERATORS.register(Project))


def test_an_operator_must_be_registered() -> None:
    with pytest.raises(AssertionError, match=r"Project lacks @OPERATORS\.register"):
        check_operator(Project)


def test_a_wrong_shape() -> None:
    class Longer(Project):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([super().forward(x)] * 2, dim=2)

    broken(r"Longer makes \(3, 16, 18, 5\) of \(3, 16, 9, 5\), not \(3, 16, 9, 5\)", Longer)


def test_a_stride_that_rounds_down() -> None:
    class RoundsDown(TemporalOperator):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, :, : x.shape[2] // self.stride * self.stride : self.stride]

    broken(r"RoundsDown makes .* not \(3, 24, 5, 5\)", RoundsDown)


def test_an_unused_parameter() -> None:
    class Unused(Project):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.forgotten = nn.Parameter(torch.zeros(1))

    broken("does not depend on its parameter forgotten", Unused)


def test_a_deploy_form_of_another_function() -> None:
    class OtherDeploy(Project):
        def deploy(self) -> nn.Module:
            return nn.Sequential(super().deploy(), nn.Hardswish())

    broken("deploy form of OtherDeploy differs by", OtherDeploy)


def test_a_deploy_that_destroys_the_original() -> None:
    class Greedy(Project):
        def deploy(self) -> nn.Module:
            deployed = super().deploy()
            with torch.no_grad():
                self.project[0].weight.zero_()  # type: ignore[operator,union-attr]
            return deployed

    broken("must work on a copy", Greedy)


def test_a_constant_that_depends_on_the_width() -> None:
    class Graded(Project):
        def __init__(
            self, in_channels: int, out_channels: int, layout: SkeletonLayout, activation: str = "ReLU"
        ) -> None:
            super().__init__(in_channels, out_channels, layout, activation)
            self.register_buffer("grades", torch.linspace(1, 2, out_channels)[:, None, None])

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * self.get_buffer("grades")

    broken("grades of a narrow network is not the leading block", Graded)


def test_a_tensor_made_on_a_fixed_device() -> None:
    class Elsewhere(Project):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + torch.zeros(1, x.shape[1], 1, 1).sum()[None]

    broken("create tensors in __init__, or on the input's device", Elsewhere)


def test_a_graph_with_five_axes() -> None:
    class Deep(Project):
        def forward(self, x: Tensor) -> Tensor:
            y = super().forward(x)
            return (y[:, None] * y.new_ones(1, 2, 1, 1, 1)).mean(dim=1)

    broken("(?s)Deep cannot be exported.*more than 4 axes", Deep)


class Guess(LatencyModel):
    """Any operator takes a millisecond."""

    def terms(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        return {"guess": 1.0 * architecture.depth}


class Negative(Guess):
    """Takes less than no time."""

    def predict(self, architecture: Architecture, layout: SkeletonLayout, num_classes: int) -> Estimate:
        return Estimate(-1.0, 0.0)


@pytest.mark.parametrize(
    ("model", "message"), [(Guess, "an operator that does not exist"), (Negative, "predicts -1.0 ms")]
)
def test_broken_latency_models(model: type[LatencyModel], message: str) -> None:
    with pytest.raises(AssertionError, match="lacks"):
        check_latency_model(model(), [load_space("tiny").smallest()])
    LATENCY_MODELS.register(model)
    with pytest.raises(AssertionError, match=message):
        check_latency_model(model(), [load_space("tiny").smallest()], load_layout("ntu25"))


class SameSeed(SearchStrategy):
    """Forgets the seed that it is given."""

    def sampler(self, space: SearchSpace, seed: int) -> Any:
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=3)


class NoSeed(SearchStrategy):
    """Draws numbers that nobody can draw again."""

    def sampler(self, space: SearchSpace, seed: int) -> Any:
        from optuna.samplers import RandomSampler

        return RandomSampler()


class Timid(SearchStrategy):
    """Proposes networks near the smallest."""

    def sampler(self, space: SearchSpace, seed: int) -> Any:
        from stgnn.search.evolution import EvolutionSampler

        class Small(EvolutionSampler):
            def _child(self, pool: Any, rng: Any) -> Architecture:
                return self._space.sample_sized(rng, -0.4)

        return Small(space, seed, 8, 2, 0.5, 0.1)


def test_a_strategy_meets_networks_within_the_constraint_and_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    from optuna.trial import Trial

    seen: list[float] = []
    tell = Trial.set_constraint
    monkeypatch.setattr(
        Trial, "set_constraint", lambda self, key, value: (seen.append(value), tell(self, key, value))[1]
    )
    check_search_strategy(SEARCH_STRATEGIES["Random"]())
    assert min(seen) <= 0 < max(seen)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (SameSeed, "1 different networks"),
        (NoSeed, "its seed does not determine"),
        (Timid, "24 networks within the constraint in 24 trials"),
    ],
)
def test_broken_strategies(strategy: type[SearchStrategy], message: str) -> None:
    SEARCH_STRATEGIES.register(strategy)
    with pytest.raises(AssertionError, match=message):
        check_search_strategy(strategy())


class Forgetful(ONNXRuntime):
    """Drops the metadata."""

    def export(self, module: nn.Module, path: Any, example: Tensor, metadata: Mapping[str, str]) -> None:
        super().export(module, path, example, {})


class Gullible(ONNXRuntime):
    """Opens anything."""

    def session(self, path: Any, threads: int = 1) -> Any:
        try:
            return super().session(path, threads)
        except InputError:
            return None


@pytest.mark.parametrize(
    ("runtime", "message"),
    [(Forgetful, "loses or changes the metadata class_names, note"), (Gullible, "opens a damaged file")],
)
def test_broken_runtimes(runtime: type[ONNXRuntime], message: str) -> None:
    RUNTIMES.register(runtime)
    with pytest.raises(AssertionError, match=message):
        check_runtime(runtime())
