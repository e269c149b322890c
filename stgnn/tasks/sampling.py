"""Which architectures a training step sees: a pure function of (seed, step).

Ranks agree without talking to each other, and a resumed run trains the architectures it would have trained. Drawing
every gene uniformly would pile up in the middle of the cost range and under-train the small end, so a cost is drawn
first, uniformly in its logarithm, and then an architecture near it (as AttentiveNAS does with bins of the cost,
arXiv:2011.09011).
"""

import math
import random

from stgnn.space import BaseArchitecture, Space

CANDIDATES = 6  # architectures drawn for each one kept: enough to hit a cost within some 20 %


def sample_architectures(space: Space, seed: int, step: int, count: int) -> tuple[BaseArchitecture, ...]:
    """The ``count`` architectures that training step ``step`` draws from ``space``.

    Their logarithmic costs are uniform between those of the smallest and the largest architecture, one in each of
    ``count`` equal parts of that range, in random order.
    """
    rng = random.Random(f"{seed}/{step}")
    low, high = (math.log(end.relative_cost) for end in (space.smallest(), space.largest()))
    places = [(part + rng.random()) / count for part in range(count)]
    rng.shuffle(places)
    return tuple(_near(space, rng, low + place * (high - low), low, high) for place in places)


def _near(space: Space, rng: random.Random, wanted: float, low: float, high: float) -> BaseArchitecture:
    """The best of several draws for the logarithmic cost ``wanted``."""
    place = (wanted - low) / max(high - low, 1e-9)
    drawn = [space.sample_sized(rng, min(max(place + rng.uniform(-0.2, 0.2), 0.0), 1.0)) for _ in range(CANDIDATES)]
    return min(drawn, key=lambda architecture: abs(math.log(architecture.relative_cost) - wanted))
