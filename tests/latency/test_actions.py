"""Costs of actions: one form for what is counted and what is measured."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.latency import actions
from stgnn.latency.actions import ActionTable, action_table, forced, measured_beside, read_table
from stgnn.latency.adaptive import action_costs
from stgnn.latency.cost import trace
from stgnn.networks import SGN, AdaSGN
from stgnn.runtimes.timing import Protocol, Timing
from stgnn.skeleton import load_layout

Make = Callable[..., AdaSGN]
NTU = load_layout("ntu25")


def test_counted_tables_give_the_published_costs() -> None:
    """Usage and cost of NTU-60 cross subject at alpha = 4 and of the control that draws at random."""
    network = AdaSGN(NTU, 60, (1, 9, 25))
    table = action_table(network, "gflops")
    assert table.total([0.4836, 0, 0, 0.1647, 0, 0.3514]) == pytest.approx(0.073, abs=5e-4)
    assert table.total([1 / 6] * 6) == pytest.approx(0.06193, abs=1e-5)
    assert table.total([1] * 6) == pytest.approx(0.32199, abs=5e-5)
    macs, counted = action_table(network, "macs"), action_costs(network)
    assert macs.total([0, 0, 0, 0, 0, 1]) == counted.total([0, 0, 0, 0, 0, 1]) - counted.head
    assert table.added["small-1"] == macs.added["small-1"] == 0


@torch.no_grad()
@pytest.mark.parametrize("policy", ["conv", "lstm"])
@pytest.mark.parametrize("scope", ["frame", "clip"])
def test_a_forced_policy_takes_its_action(adasgn: Make, policy: str, scope: str) -> None:
    network, x = adasgn(policy=policy, scope=scope, skip=True).eval(), torch.randn(3, 4, 25, 3)
    for action in range(len(network.actions)):
        wanted = network.dense(x, actions=torch.full((3, 4), action)).logits
        logits, taken = forced(network, action)(x)
        assert (taken == action).all()
        torch.testing.assert_close(logits, wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("policy", ["conv", "deep_conv"])
def test_forcing_adds_one_addition_to_the_deployed_policy(adasgn: Make, policy: str) -> None:
    network, features = adasgn(policy=policy).eval(), torch.randn(1, 4, 16)
    found = forced(network, 1)
    plain, pushed = (trace(one.policy, features) for one in (network.deploy(), found))  # type: ignore[arg-type]
    assert [one.name for one in pushed] == [*(one.name for one in plain), "aten.add"]
    rest = [
        [name for name, _ in one.named_buffers() if not name.startswith("policy")] for one in (network.deploy(), found)
    ]
    assert rest[0] == rest[1]


def test_measured_costs_are_written_and_read_back(adasgn: Make, tmp_path: Path) -> None:
    network, quick = adasgn(joints=(1,)), Protocol(runs=1, seconds=0.0, rounds=1)
    table, beside = measured_beside(network, {"sgn": SGN(NTU, 5, 4, width=4)}, "Torch", protocol=quick)
    assert table.unit == "milliseconds" and table.fixed > 0 and beside["sgn"] > 0
    assert tuple(table.added) == network.actions and min(table.added.values()) == table.added["small-1"] == 0
    table.write(tmp_path / "actions.json")
    assert read_table(tmp_path / "actions.json", network) == action_table(network, tmp_path / "actions.json") == table
    with pytest.raises(InputError, match="of other actions"):
        read_table(tmp_path / "actions.json", adasgn())


def test_an_action_adds_what_it_takes_more_than_the_first_and_never_less_than_nothing(
    adasgn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, networks = [2.0, 1.9, 2.5, 4.0, 7.0], []

    def timed(modules: Iterable[Any], *_: Any) -> list[Timing]:
        networks.extend(name for name, *_ in modules)
        return [Timing(3 * ms, ms, 4 * ms, 10, ms) for ms in quiet]  # with busy neighbours

    monkeypatch.setattr(actions, "time_deployed", timed)
    table, beside = measured_beside(adasgn(), {"sgn": SGN(NTU, 5, 4, width=4)}, "Torch")
    assert networks == [*adasgn().actions, "sgn"]
    assert table.fixed == 2.0 and list(table.added.values()) == [0.0, 0.0, 0.5, 2.0] and beside == {"sgn": 7.0}
    assert table.total([0.5, 0.0, 0.25, 0.25]) == 2.0 + 0.25 * 0.5 + 0.25 * 2.0


def test_measured_costs_are_those_of_one_policy(adasgn: Make, tmp_path: Path) -> None:
    path, quick = tmp_path / "actions.json", Protocol(runs=1, seconds=0.0, rounds=1)
    table, _ = measured_beside(adasgn(policy="lstm"), {}, "Torch", protocol=quick)
    table.write(path)
    assert read_table(path, adasgn(policy="lstm")) == table
    with pytest.raises(InputError, match=r"of another policy(.*\n)*.*lstm(.*\n)*.*conv"):
        read_table(path, adasgn())


def test_old_files_are_of_the_policy_conv_and_counted_costs_of_any(adasgn: Make, tmp_path: Path) -> None:
    path, added = tmp_path / "actions.json", dict.fromkeys(adasgn().actions, 0.0)
    ActionTable("milliseconds", added, 1.0, {"threads": 1}).write(path)
    assert read_table(path, adasgn()).fixed == 1
    with pytest.raises(InputError, match="of another policy"):
        read_table(path, adasgn(policy="lstm"))
    ActionTable("macs", added, 2.0).write(path)
    assert read_table(path, adasgn(policy="lstm")).fixed == 2


def test_what_is_not_chosen_cannot_be_measured(adasgn: Make) -> None:
    for policy in ("random", "fuse"):
        with pytest.raises(InputError, match="cannot be forced"):
            action_table(adasgn(policy=policy), "milliseconds")


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"unit": "macs", "added": 3, "fixed": 1}',
        '{"unit": "milliseconds", "added": {}, "fixed": 1, "conditions": 2}',
        '{"unit": "milliseconds", "added": {"small-1": NaN}, "fixed": 1}',
        '{"unit": "milliseconds", "added": {"small-1": 0}, "fixed": "fast"}',
        '{"unit": "milliseconds", "added": {"small-1": 0}, "fixed": Infinity}',
        "no json",
    ],
)
def test_damaged_files_are_refused(adasgn: Make, text: str, tmp_path: Path) -> None:
    path = tmp_path / "actions.json"
    path.write_text(text)
    with pytest.raises(InputError, match="file of measured costs"):
        read_table(path, adasgn())
