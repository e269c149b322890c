"""What a latency model is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from stgnn.registry import Registry
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture


@dataclass(frozen=True)
class Estimate:
    """A predicted latency of one body: mean and standard deviation in milliseconds."""

    mean_ms: float
    std_ms: float


class LatencyModel(ABC):
    """Predicts the latency of a network from its architecture.

    A model that does not know an operator raises :class:`stgnn.errors.InputError`; it never counts it as 0 ms.
    """

    @abstractmethod
    def terms(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Mapping[str, float]:
        """Milliseconds by kind of work (stem, spatial, ...). Their sum is the prediction; calibration rescales each
        kind.

        A kind that is left out takes 0 ms, so two architectures need not have the same kinds. A kind must mean the
        same work in every architecture.

        Raises:
            InputError: the model cannot say anything about this architecture.
        """

    def predict(self, architecture: BaseArchitecture, layout: SkeletonLayout, num_classes: int) -> Estimate:
        """Latency of one body through the whole network.

        Raises:
            InputError: the model cannot say anything about this architecture.
        """
        mean = sum(self.terms(architecture, layout, num_classes).values())
        return Estimate(mean, self.relative_std * mean)

    @property
    def relative_std(self) -> float:
        """Standard deviation of the prediction over its mean."""
        return 0.0


LATENCY_MODELS: Registry[LatencyModel] = Registry("latency model")
