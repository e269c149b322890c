"""A network for other classes: what it has learned stays, and so does what it knows of classes of the same name."""

from collections.abc import Callable

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks import SGN, AdaSGN, Network
from stgnn.networks.classifier import classifier_path, with_classes
from stgnn.networks.models import is_compact
from stgnn.networks.sparsity import SparseNetwork
from stgnn.skeleton import load_layout
from stgnn.space import load_space
from stgnn.testing.common import randomise

BODY = load_layout("coco17")
BEFORE, AFTER = ("sit", "wave", "fall"), ("fall", "jump", "sit", "run")
SPACE = load_space("tiny")


def compacted() -> Network:
    network = SparseNetwork(Network(SPACE.largest(), BODY, len(BEFORE)), granularity="channel").compacted(0.5)
    assert isinstance(network, Network) and is_compact(network)
    return network


NETWORKS: dict[str, Callable[[], Network | SGN]] = {
    "smallest": lambda: Network(SPACE.smallest(), BODY, len(BEFORE)),
    "largest": lambda: Network(SPACE.largest(), BODY, len(BEFORE)),
    "compact": compacted,
    "SGN": lambda: SGN(BODY, len(BEFORE), frames=8, width=8),
}


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_classes_of_the_same_name_keep_their_logits_and_the_others_start_low(name: str) -> None:
    network = NETWORKS[name]()
    randomise(network.eval())
    bodies = torch.randn(3, network.frames, BODY.num_joints, BODY.dimensions)
    before, changed = network(bodies), with_classes(network, BEFORE, AFTER)
    after = changed(bodies)
    torch.testing.assert_close(after[:, [0, 2]], before[:, [2, 0]], rtol=1e-5, atol=1e-6)
    features = changed.get_submodule(classifier_path(changed))
    assert changed.num_classes == features.out_features == len(AFTER)
    assert features.weight[[1, 3]].abs().max() < 0.1 and features.bias[[1, 3]].abs().max() == 0
    assert after.isfinite().all() and torch.equal(network(bodies), before), "the first one is left as it was"


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_the_other_one_is_deployed_like_any_network(name: str) -> None:
    network = with_classes(NETWORKS[name](), BEFORE, AFTER)
    randomise(network.eval())
    bodies = torch.randn(3, network.frames, BODY.num_joints, BODY.dimensions)
    torch.testing.assert_close(network.deploy()(bodies), network(bodies), rtol=1e-4, atol=1e-5)


def test_a_network_without_one_classifier_is_refused() -> None:
    with pytest.raises(InputError, match="one linear layer called head"):
        classifier_path(torch.nn.Linear(2, 2))
    assert classifier_path(AdaSGN(BODY, 3, (1, 9), frames=8)) == "temporal.head"
