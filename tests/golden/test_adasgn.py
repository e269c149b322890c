"""SGN and AdaSGN beside the costs that were published (60 classes, 20 frames, one body)."""

import pytest
import torch

from stgnn.latency.adaptive import action_costs
from stgnn.networks import SGN, AdaSGN
from stgnn.skeleton import SkeletonLayout, load_layout

NTU, SHREC = load_layout("ntu25"), load_layout("shrec22")
# Joints of the module: layout, reduction; GFLOPs and parameters without the reduction matrix, small and big.
SINGLE = {
    1: (NTU, 1, (0.00987, 0.01318), (524_232, 689_224)),
    9: (NTU, 9, (0.03263, 0.06239), (524_840, 689_832)),
    11: (SHREC, 11, (0.03831, 0.07470), (524_992, 689_984)),
    22: (SHREC, 0, (0.06962, 0.14238), (525_828, 690_820)),
    25: (NTU, 0, (0.07816, 0.16085), (526_056, 691_048)),
}
ACTIONS = {
    (NTU, 9): (0.00284, 0.00615, 0.02560, 0.05537, 0.07113, 0.15382),
    (SHREC, 11): (0.00284, 0.00615, 0.03129, 0.06767, 0.06259, 0.13536),
}


@pytest.mark.parametrize("joints", SINGLE)
@pytest.mark.parametrize("size", ["small", "big"])
def test_single_networks(joints: int, size: str) -> None:
    layout, reduction, gflops, parameters = SINGLE[joints]
    network = SGN(layout, 60, joints=reduction, size=size)
    column = size == "big"
    assert round(action_costs(network, "adasgn").total() / 1e9, 5) == gflops[column]
    counted = sum(value.numel() for name, value in network.named_parameters() if "coarsening" not in name)
    assert counted == parameters[column]


@pytest.mark.parametrize(("layout", "middle"), ACTIONS)
def test_actions_of_adasgn(layout: SkeletonLayout, middle: int) -> None:
    costs = action_costs(AdaSGN(layout, 60, (1, middle, layout.num_joints)), "adasgn")
    assert tuple(round(cost / 1e9, 5) for cost in costs.actions.values()) == ACTIONS[layout, middle]
    rest = [round(value / 1e9, 7) for value in (costs.policy, costs.fixed)]
    assert rest == [0.0000923, 0.0099222] and round(costs.temporal / 1e9, 5) == 0.00699


def test_our_own_counting_is_of_the_products_as_they_are_carried_out() -> None:
    ours, authors = (action_costs(SGN(NTU, 60), counting).total() for counting in ("macs", "adasgn"))
    positions, joints, embedding = 20 * 25, 25, 64
    written = 2 * 128 * 256 + 2 * 128 * 128  # both maps of the similarity, both of the first layer
    carried_out = embedding * (embedding + 2 * joints) + (2 * embedding + joints) * 128 + embedding * joints
    graph = joints * (128 + 256)  # times the features of both later layers, which the authors do not count
    assert ours == pytest.approx(authors + positions * (carried_out - written + graph), rel=0.025)  # no biases, norms


def test_weights_of_the_first_form_keep_their_names() -> None:
    with torch.device("meta"):
        names = [name for name, _ in AdaSGN(NTU, 60, (1, 25), sizes=("small",)).named_parameters()]
    first = "branches.small-25."
    assert [name for name in names if name.startswith(first)] == [
        first + name
        for name in (
            "coarsening_25",
            *(
                f"spatial.{embedding}.{part}"
                for embedding in ("position", "velocity")
                for part in (
                    *("norm_25.weight", "norm_25.bias"),
                    *("first.weight", "first.bias", "second.weight", "second.bias"),
                )
            ),
            *("spatial.semantics.first_25.weight", "spatial.semantics.first_25.bias"),
            *("spatial.semantics.second.weight", "spatial.semantics.second.bias"),
            *("spatial.theta.weight", "spatial.theta.bias", "spatial.phi.weight", "spatial.phi.bias"),
            *("spatial.layers.0.neighbours.weight", "spatial.layers.0.own.weight", "spatial.layers.0.own.bias"),
            *("spatial.layers.0.norm.weight", "spatial.layers.0.norm.bias"),
        )
    ]
