"""What the networks of a two-stage training cost for one body: counted, and measured on this device.

``OUTPUT/actions.json`` holds the milliseconds of the actions under the policy conv, ``OUTPUT/actions_lstm.json`` those
under lstm, and so on; ``OUTPUT/singles.json`` those of the single models.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.files import read_json, remade, write_text
from stgnn.latency.actions import ActionTable, action_table, measured_beside, read_table
from stgnn.latency.adaptive import action_costs
from stgnn.networks import SGN, AdaSGN
from stgnn.networks.sgn import POLICIES, branches_of
from stgnn.tasks.branches import single_name

TIMED_SINGLES = "singles.json"
CONTROLS = ("random", "fuse")  # policies that choose nothing: alpha means nothing to them, no action can be forced


def counted_costs(network: SGN | AdaSGN, usage: Sequence[float] | None = None) -> dict[str, float]:
    """GFLOPs as the authors count (nothing where that is not defined) and our MACs, for one body.

    Args:
        network: The network.
        usage: Shares of the frames that take each action of AdaSGN.
    """
    macs = action_costs(network)
    found = {"macs": macs.total(usage), "parameters": sum(value.numel() for value in network.parameters())}
    try:
        counted = action_costs(network, "adasgn")
    except InputError:
        return found
    return {"gflops": (counted.total(usage) - (counted.head if usage else 0)) / 1e9, **found}


def check_cost(network: AdaSGN, cost: str) -> None:
    """Refuse a counting that a policy cannot be trained against.

    Args:
        network: Its policy is asked.
        cost: ``gflops``, ``macs`` or ``milliseconds``.

    Raises:
        InputError: the counting is not known for a policy that chooses.
    """
    if cost != "milliseconds" and network.options["policy"] not in CONTROLS:
        action_table(network, cost)


def timed_as(policy: str) -> str:
    """The policy whose actions tell the time of a network: its own, for a control conv."""
    return "conv" if policy in CONTROLS else policy


def measured_file(output: Path, policy: str) -> Path:
    """The file of the milliseconds that actions take under a policy; the controls have that of conv."""
    name = timed_as(policy)
    return output / ("actions.json" if name == "conv" else f"actions_{name}.json")


def forget(output: Path) -> None:
    """Remove whatever was measured."""
    for path in (*(measured_file(output, policy) for policy in POLICIES), output / TIMED_SINGLES):
        path.unlink(missing_ok=True)


def measure_actions(network: AdaSGN, output: Path, cut: bool = False) -> None:
    """Time the actions of a network and, interleaved with them, the single models, unless that is done.

    Args:
        network: One whose policy chooses; its weights do not matter.
        output: Folder of the files.
        cut: Whether the single models are slices of a supernet: one of every joint then has no joint matrix.

    Raises:
        InputError: a network cannot be timed.
    """
    path, beside = measured_file(output, network.options["policy"]), output / TIMED_SINGLES
    if path.is_file() and beside.is_file():
        return
    table, times = measured_beside(network, {} if beside.is_file() else _singles(network, cut))
    if times:
        write_text(beside, json.dumps(times, indent=2))
    table.write(path)


def _singles(network: AdaSGN, cut: bool) -> dict[str, SGN]:
    """Untrained single models of a network's actions, by name."""
    layout, options = network.layout, network.options
    bare = 0 if not cut else layout.num_joints
    found = {}
    for branch in branches_of(network).values():
        size = branch.spatial.size
        found[single_name(size, branch.joints)] = SGN(
            layout,
            network.num_classes,
            frames=network.frames,
            joints=0 if branch.joints == bare else branch.joints,
            size=size,
            stream=options["stream"],
            width=options["width"],
        )
    return found


@dataclass(frozen=True)
class Times:
    """What was measured for a folder, in milliseconds of one body.

    Attributes:
        singles: By single model.
        actions: Tables by policy.
    """

    singles: Mapping[str, float]
    actions: Mapping[str, ActionTable]

    def beside(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of results with its ``milliseconds``, where they are known.

        What an earlier version wrote into a row was measured under the policy conv: it goes where that is not the own.
        """
        policy = row.get("policy")
        if policy is None:
            return {**row, **({"milliseconds": self.singles[row["name"]]} if row["name"] in self.singles else {})}
        if (table := self.actions.get(timed_as(policy))) is not None:
            return {**row, "milliseconds": table.total([row["usage"][name] for name in table.added])}
        return {key: value for key, value in row.items() if key != "milliseconds" or timed_as(policy) == "conv"}


def read_times(output: Path, networks: Iterable[AdaSGN]) -> Times:
    """What was measured for a folder; nothing of what was not.

    Args:
        output: The folder.
        networks: A network for each policy, to check that the times are its own.

    Raises:
        InputError: a file is damaged, or of other actions or of another policy.
    """
    beside, tables = output / TIMED_SINGLES, {}
    for network in networks:
        policy = network.options["policy"]
        if (path := measured_file(output, policy)).is_file():
            tables[policy] = read_table(path, network)
    return Times(_read_singles(beside) if beside.is_file() else {}, tables)


def _read_singles(path: Path) -> dict[str, float]:
    """Milliseconds by single model, as :func:`measure_actions` writes them."""
    with remade(path):
        found = read_json(path, "measured single models")
        if not isinstance(found, dict) or not all(isinstance(time, int | float) for time in found.values()):
            raise InputError("this is not a file of measured single models", given=path)
    return found
