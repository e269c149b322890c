"""Networks that lost units, zeros in few bytes, and networks that vote: checkpoints, exports and counts of them."""

from pathlib import Path

import pytest
import torch

from stgnn.errors import InputError
from stgnn.latency.benchmark import benchmark
from stgnn.latency.cost import count_as_is
from stgnn.networks import (
    SGN,
    AdaSGN,
    Ensemble,
    Network,
    load_model,
    load_network,
    save_checkpoint,
    save_compressed,
)
from stgnn.networks.models import Model, is_compact
from stgnn.networks.sparsity import SparseNetwork
from stgnn.runtimes.export import export_network
from stgnn.runtimes.timing import Protocol
from stgnn.skeleton import load_layout
from stgnn.space import load_space

LAYOUT = load_layout("ntu25")
CLASSES = [f"class {number}" for number in range(6)]
QUICK = Protocol(runs=3, seconds=0.01, rounds=1)


@pytest.fixture
def network() -> Network:
    return Network(load_space("tiny").largest(), LAYOUT, 6).eval()


@pytest.fixture
def smaller(network: Network) -> Network:
    found = SparseNetwork(network, "channel", round_to=4).compacted(0.5)
    assert isinstance(found, Network)
    return found


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


def test_only_what_lost_units_is_compact(network: Network, smaller: Network) -> None:
    state = torch.get_rng_state()
    whole: list[Model] = [network, SGN(LAYOUT, 6), AdaSGN(LAYOUT, 6, (1, 9)), Ensemble([network, network])]
    torch.set_rng_state(state)
    assert not any(is_compact(one) for one in whole)
    assert is_compact(smaller) and is_compact(Ensemble([network, smaller]))
    assert torch.equal(torch.get_rng_state(), state), "looking draws no random numbers"


def test_a_compact_network_comes_back_from_its_checkpoint(smaller: Network, tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "n.ckpt", smaller, CLASSES)
    loaded = load_network(path).module
    assert same(loaded, smaller)
    x = torch.randn(2, loaded.frames, 25, 3)
    with torch.no_grad():
        assert torch.equal(loaded(x), smaller(x))


def test_its_file_says_what_it_costs(smaller: Network, tmp_path: Path) -> None:
    x = torch.randn(2, smaller.frames, 25, 3)
    for runtime, name in (("ONNXRuntime", "n.onnx"), ("Torch", "n.pt2")):
        export_network((smaller, CLASSES), runtime, tmp_path / name, x)
        told = benchmark(tmp_path / name, runtime=runtime, protocol=QUICK)
        cost = count_as_is(smaller)
        assert (told["macs"], told["parameters"]) == (cost.macs, cost.parameters)


def test_zeros_cost_little_and_every_bit_comes_back(network: Network, tmp_path: Path) -> None:
    sparse = SparseNetwork(network).masked(0.95)
    assert isinstance(sparse, Network)
    plain = save_checkpoint(tmp_path / "plain.ckpt", sparse, CLASSES)
    packed = save_compressed(tmp_path / "packed.ckpt", sparse, CLASSES, {"note": "small"})
    assert packed.stat().st_size < 0.5 * plain.stat().st_size
    loaded = load_network(packed)
    assert same(loaded.module, sparse) and loaded.extra == {"note": "small"}
    packed.write_bytes(packed.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"packed\.ckpt"):
        load_network(packed)


def test_an_ensemble_is_a_network_like_any_other(network: Network, smaller: Network, tmp_path: Path) -> None:
    both = Ensemble([network, smaller]).eval()
    x = torch.randn(3, network.frames, 25, 3)
    with torch.no_grad():
        expected = network(x) + smaller(x)
        torch.testing.assert_close(both(x), expected)
        loaded = load_model(save_checkpoint(tmp_path / "e.ckpt", both, CLASSES)).module
        assert torch.equal(loaded(x), both(x))
    report = export_network(tmp_path / "e.ckpt", "ONNXRuntime", tmp_path / "e.onnx", x)
    assert report.agreement == 1.0
    macs = [count_as_is(one).macs for one in (network, smaller, both)]
    assert macs[2] == macs[0] + macs[1]
    assert benchmark(tmp_path / "e.onnx", protocol=QUICK)["macs"] == macs[2]
    with pytest.raises(InputError, match="the same bodies"):
        Ensemble([])
    with pytest.raises(InputError, match="the same bodies"):
        Ensemble([network, SGN(LAYOUT, 6)])
