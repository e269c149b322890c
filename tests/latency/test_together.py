"""Networks timed in one session."""

import pytest

from stgnn.errors import InputError
from stgnn.latency.cost import count, count_as_is
from stgnn.latency.together import time_together
from stgnn.networks import SGN, Network
from stgnn.networks.sparsity import SparseNetwork
from stgnn.runtimes.timing import Protocol
from stgnn.skeleton import load_layout
from stgnn.space import load_space

LAYOUT = load_layout("ntu25")
QUICK = Protocol(runs=3, seconds=0.01, rounds=1)


def test_every_network_has_a_time_of_its_own() -> None:
    networks = {
        "large": Network(load_space("tiny").largest(), LAYOUT, 6),
        "small": Network(load_space("tiny").smallest(), LAYOUT, 6),
    }
    times = time_together(networks, "Torch", protocol=QUICK)
    assert list(times) == ["large", "small"]
    assert all(one.median_ms > 0 for one in times.values())
    with pytest.raises(InputError, match="threads is out of range"):
        time_together(networks, "Torch", 0, QUICK)


def test_a_compact_network_is_counted_as_it_is() -> None:
    network = Network(load_space("tiny").largest(), LAYOUT, 6)
    whole, smaller = count_as_is(network), count_as_is(SparseNetwork(network, "channel", round_to=8).compacted(0.6))  # type: ignore[arg-type]
    assert whole == count(network, LAYOUT, 6)
    assert smaller.macs < 0.6 * whole.macs and smaller.parameters < 0.6 * whole.parameters
    assert count_as_is(SGN(LAYOUT, 6)).parameters == sum(one.numel() for one in SGN(LAYOUT, 6).parameters())
