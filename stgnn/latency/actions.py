"""What each action of AdaSGN adds to the cost of a body: counted, or measured on this device.

The policy is trained against these numbers: ``gflops`` in the counting of its authors, ``macs`` in ours, or
``milliseconds`` of the exported network with its policy forced to one action after the other.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.files import read_json, write_text
from stgnn.latency.adaptive import action_costs
from stgnn.latency.together import input_shape, time_deployed
from stgnn.networks import AdaSGN, Model
from stgnn.networks.sgn import DeployedAdaSGN
from stgnn.networks.sgn.choice import expected_cost
from stgnn.runtimes.base import Runtime, device_name, resolve_runtime
from stgnn.runtimes.timing import Protocol

COSTS = ("gflops", "macs", "milliseconds")
THREADS = 1  # of the runtime, when actions are timed
FORCE = 1e6  # added to the score of an action that must be taken


@dataclass(frozen=True)
class ActionTable:
    """Costs of one body.

    Attributes:
        unit: One of :data:`COSTS`.
        added: What each action adds when all frames take it, in the order of the actions; 0 for the first.
        fixed: What every body pays: the first action, the policy, the temporal module.
        conditions: Policy that was measured, and how (without a policy: conv); empty for counted costs.
    """

    unit: str
    added: Mapping[str, float]
    fixed: float
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def total(self, usage: Sequence[float]) -> float:
        """Cost of a body at a usage of the actions (shares of the frames)."""
        return expected_cost(usage, list(self.added.values()), self.fixed)

    def write(self, path: str | Path) -> None:
        """Write a JSON file that :func:`read_table` reads back."""
        write_text(path, json.dumps(asdict(self), indent=2))


def action_table(network: AdaSGN, cost: str | Path) -> ActionTable:
    """The costs of a network's actions.

    Args:
        network: The network.
        cost: One of :data:`COSTS`, or a file of measured costs; ``milliseconds`` are measured now.

    Raises:
        InputError: there is no such cost, or it cannot be had for this network.
    """
    if str(cost) not in COSTS:
        return read_table(cost, network)
    if cost == "milliseconds":
        return measured_beside(network, {})[0]
    counted = action_costs(network, "adasgn" if cost == "gflops" else "macs")
    divisor = 1e9 if cost == "gflops" else 1
    first, *others = counted.actions
    added = {first: 0.0, **{name: counted.actions[name] / divisor for name in others}}
    return ActionTable(str(cost), added, counted.fixed / divisor)


def measured_beside(
    network: AdaSGN,
    rivals: Mapping[str, Model],
    runtime: str | Runtime = "ONNXRuntime",
    protocol: Protocol | None = None,
) -> tuple[ActionTable, dict[str, float]]:
    """Milliseconds of a network for one body with every frame forced to one action, for each of them; on one thread.

    Args:
        network: The network; its weights do not matter.
        rivals: Other networks by name, timed interleaved with it.
        runtime: Runtime that executes them.
        protocol: How long to measure.

    Returns:
        The table of the network, and the milliseconds of the others for one body.

    Raises:
        InputError: the policy takes all actions or random ones, or a network cannot be timed.
    """
    if network.policy.fuses or network.policy.draws:
        raise InputError("actions that are not chosen cannot be forced", given=f"policy {network.options['policy']}")
    runtime = resolve_runtime(runtime)
    forms = [(name, forced(network, number), input_shape(network)) for number, name in enumerate(network.actions)]
    others = [(name, one.eval().deploy(), input_shape(one)) for name, one in rivals.items()]
    times = [timing.quiet_ms for timing in time_deployed([*forms, *others], runtime, THREADS, protocol)]
    found, beside = times[: len(forms)], times[len(forms) :]
    # The machine's noise may exceed what a cheap action adds; less than nothing it never adds.
    added = {name: max(value - found[0], 0.0) for name, value in zip(network.actions, found, strict=True)}
    machine = {"device": device_name(), "runtime": runtime.name, "threads": THREADS}
    conditions = {"policy": network.options["policy"], **machine}
    table = ActionTable("milliseconds", added, found[0], conditions)
    return table, dict(zip(rivals, beside, strict=True))


def read_table(path: str | Path, network: AdaSGN) -> ActionTable:
    """Costs that were written by :meth:`ActionTable.write`.

    Raises:
        InputError: there is no such cost or file, or it belongs to other actions or another policy.
    """
    if not Path(path).is_file():
        raise InputError("no such cost", given=path, allowed=(*COSTS, "a file of measured costs"))
    content, own = read_json(path, "a file of measured costs"), network.options["policy"]
    try:
        written = ActionTable(**content)
        added = {name: _finite(value) for name, value in written.added.items()}
        table = replace(written, added=added, fixed=_finite(written.fixed))
        policy = table.conditions.get("policy", "conv") if table.unit == "milliseconds" else own
    except (TypeError, ValueError, AttributeError) as error:
        hint = f"remove {path}, and measure again"
        raise InputError("this is not a file of measured costs", given=error, hint=hint) from error
    hint = "measure again for this network"
    if tuple(added) != network.actions or table.unit not in COSTS:
        raise InputError(f"the costs in {path} are of other actions", given=added, allowed=network.actions, hint=hint)
    if policy != own:
        raise InputError(f"the costs in {path} are of another policy", given=policy, allowed=own, hint=hint)
    return table


def _finite(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value} is no cost")
    return number


def forced(network: AdaSGN, action: int) -> DeployedAdaSGN:
    """The deploy form of a network whose policy is computed, and takes one action whatever it says.

    Args:
        network: A network whose policy chooses, neither fusing nor drawing.
        action: Number of the action.
    """
    deployed = network.deploy().cpu()
    assert isinstance(deployed, DeployedAdaSGN)
    deployed.set_submodule("policy", _Forced(deployed.policy, len(network.actions), action))
    return deployed


class _Forced(nn.Module):
    def __init__(self, policy: nn.Module, actions: int, action: int) -> None:
        super().__init__()
        self.policy = policy
        push = torch.zeros(actions)
        push[action] = FORCE
        self.register_buffer("push", push)

    def forward(self, features: Tensor) -> Tensor:
        return self.policy(features) + self.get_buffer("push")
