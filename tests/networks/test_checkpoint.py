"""Checkpoints: what comes back is what was written, and nothing else is accepted."""

from pathlib import Path

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks import (
    Network,
    Supernet,
    describe,
    load_any,
    load_network,
    load_supernet,
    save_checkpoint,
)
from stgnn.skeleton import load_layout
from stgnn.space import load_space

LAYOUT, SPACE, CLASSES = load_layout("coco17"), load_space("tiny"), ("sit", "stand", "fall")


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(SPACE.smallest(), LAYOUT, 3).eval()


def test_a_network_comes_back_equal(network: Network, tmp_path: Path) -> None:
    loaded = load_network(save_checkpoint(tmp_path / "n.ckpt", network, CLASSES, {"epochs": 3}))
    x = torch.randn(2, 8, 17, 2)
    assert torch.equal(loaded.module(x), network(x)) and not loaded.module.training
    assert (loaded.class_names, dict(loaded.extra)) == (CLASSES, {"epochs": 3})
    assert loaded.module.layout == LAYOUT and loaded.module.architecture == SPACE.smallest()


def test_a_supernet_comes_back_equal(tmp_path: Path) -> None:
    supernet = Supernet(SPACE, LAYOUT, 3).eval()
    loaded = load_supernet(save_checkpoint(tmp_path / "s.ckpt", supernet, CLASSES)).module
    assert loaded.space == SPACE and isinstance(load_any(tmp_path / "s.ckpt").module, Supernet)
    assert all(torch.equal(tensor, loaded.state_dict()[name]) for name, tensor in supernet.state_dict().items())


def test_prefixed_weights_of_a_task_are_read(network: Network, tmp_path: Path) -> None:
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save(
        {"state_dict": state | {"metric": torch.ones(1)}, "stgnn": describe(network, CLASSES)}, tmp_path / "t.ckpt"
    )
    assert load_network(tmp_path / "t.ckpt").module.architecture == network.architecture


def test_other_files_are_refused(network: Network, tmp_path: Path) -> None:
    good = save_checkpoint(tmp_path / "good.ckpt", network, CLASSES)
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(good.read_bytes()[:2000])
    foreign = tmp_path / "foreign.ckpt"
    torch.save({"weights": torch.ones(1)}, foreign)
    for path, message in (
        (cut, "cannot be read"),
        (foreign, "not a checkpoint of stgnn"),
        (tmp_path / "no", "no such"),
    ):
        with pytest.raises(InputError, match=message):
            load_network(path)
    with pytest.raises(InputError, match="holds a network, not a supernet"):
        load_supernet(good)


def test_a_pickle_that_calls_something_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.mkdir, (tmp_path / "trapped",))  # type: ignore[return-value]

    torch.save({"state_dict": Trap(), "stgnn": {}}, tmp_path / "trap.ckpt")
    with pytest.raises(InputError, match="cannot be read"):
        load_network(tmp_path / "trap.ckpt")
    assert not (tmp_path / "trapped").exists()


def test_weights_that_do_not_fit_are_refused(network: Network, tmp_path: Path) -> None:
    state = dict(list(network.state_dict().items())[1:])
    torch.save({"state_dict": state, "stgnn": describe(network, CLASSES)}, tmp_path / "short.ckpt")
    with pytest.raises(InputError, match="do not fit"):
        load_network(tmp_path / "short.ckpt")


def test_a_failed_write_leaves_the_old_file(network: Network, tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "n.ckpt", network, CLASSES)
    before = path.read_bytes()
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(path, network, CLASSES, {"function": lambda: None})
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["n.ckpt"]
