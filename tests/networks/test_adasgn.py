"""AdaSGN: the masked form and the grouped form are one function."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks import SGN, AdaSGN, load_model, save_checkpoint
from stgnn.networks.sgn import POLICIES, ConvPolicy, DeployedAdaSGN
from stgnn.networks.sgn.choice import gumbel_noise
from stgnn.skeleton import load_layout

NTU, SHREC = load_layout("ntu25"), load_layout("shrec22")
FRAMES, WIDTH = 6, 8
Shake = Callable[[nn.Module], nn.Module]


def make(**options: object) -> AdaSGN:
    return AdaSGN(NTU, 5, **{"joints": (1, 9, 25), "frames": FRAMES, "width": WIDTH, **options})  # type: ignore[arg-type]


@torch.no_grad()
def lively(network: AdaSGN) -> AdaSGN:
    """Policy weights so large that frames differ in their actions."""
    for parameter in network.policy.parameters():
        parameter.mul_(30)
    return network


@pytest.mark.parametrize(
    ("layout", "classes", "joints", "parameters", "matrices"),
    [(NTU, 60, (1, 9, 25), 1_756_106, 1_750), (SHREC, 28, (1, 11, 22), 1_739_538, 1_496)],
)
def test_parameters_are_those_of_the_paper(
    layout: object, classes: int, joints: tuple[int, ...], parameters: int, matrices: int
) -> None:
    network = AdaSGN(layout, classes, joints)  # type: ignore[arg-type]
    sizes = {name: value.numel() for name, value in network.named_parameters()}
    assert sum(size for name, size in sizes.items() if "coarsening" in name) == matrices
    assert sum(sizes.values()) == parameters + matrices
    assert sum(value.numel() for value in network.policy.parameters()) == 4_614


def test_actions_are_ordered_by_joints_and_size() -> None:
    names = ("small-1", "big-1", "small-9", "big-9", "small-25", "big-25")
    assert make().actions == make(joints=(0, 1, 9)).actions == names
    assert make(skip=True).actions == (*names, "skip")


@torch.no_grad()
def test_actions_may_be_named_one_by_one(shaken: Shake, tmp_path: Path) -> None:
    names = ("w4-8-1", "w8-16-32-9", "small-25")
    network = shaken(make(joints=(), actions=names))
    assert isinstance(network, AdaSGN) and network.actions == names
    x = torch.randn(4, FRAMES, 25, 3)
    loaded = load_model(save_checkpoint(tmp_path / "named.ckpt", network, tuple("abcde"))).module
    assert isinstance(loaded, AdaSGN) and loaded.actions == names and torch.equal(loaded(x), network(x))
    dense = lively(network).dense(x)
    torch.testing.assert_close(network.deploy()(x)[0], dense.logits, atol=1e-5, rtol=1e-5)
    assert "actions" not in make().options


def test_reductions_start_as_the_means_of_the_layouts_groups() -> None:
    branches = make().branches
    for name, branch in branches.items():
        count = int(name.partition("-")[2])
        wanted = torch.eye(25) if count == 25 else torch.tensor(NTU.coarsening(count))
        assert torch.equal(branch.coarsening, wanted)  # type: ignore[arg-type]
        torch.testing.assert_close(wanted.sum(0), torch.ones(count))


@torch.no_grad()
@pytest.mark.parametrize("batch", [1, 2, 9])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("scope", ["frame", "clip"])
@pytest.mark.parametrize("skip", [False, True])
def test_grouped_equals_dense(batch: int, policy: str, scope: str, skip: bool, shaken: Shake) -> None:
    network = shaken(make(policy=policy, scope=scope, skip=skip))
    assert isinstance(network, AdaSGN)
    x = torch.randn(batch, FRAMES, 25, 3)
    noise = gumbel_noise((batch, FRAMES, len(network.actions)))
    dense, grouped = lively(network).dense(x, noise=noise), network.grouped(x, noise=noise)
    assert torch.equal(dense.actions, grouped.actions)
    torch.testing.assert_close(grouped.logits, dense.logits, atol=1e-5, rtol=1e-5)
    if not (network.policy.draws or network.policy.fuses):
        deployed = network.deploy()
        assert isinstance(deployed, DeployedAdaSGN)
        logits, actions = deployed(x)
        assert torch.equal(actions, dense.actions.argmax(-1))
        torch.testing.assert_close(logits, dense.logits, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_any_actions_can_be_forced_and_groups_may_be_empty(shaken: Shake) -> None:
    network = shaken(make(skip=True))
    assert isinstance(network, AdaSGN)
    for batch, number in ((1, 0), (2, 5), (2, 6), (9, None)):
        shape = (batch, FRAMES)
        actions = torch.randint(7, shape) if number is None else torch.full(shape, number)
        x = torch.randn(batch, FRAMES, 25, 3)
        dense, grouped = network.dense(x, actions=actions), network.grouped(x, actions=actions)
        assert torch.equal(dense.actions.argmax(-1), actions)
        torch.testing.assert_close(grouped.logits, dense.logits, atol=1e-5, rtol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("number", range(6))
def test_one_action_is_the_single_network(number: int, shaken: Shake) -> None:
    network = shaken(make())
    assert isinstance(network, AdaSGN)
    size, _, joints = network.actions[number].partition("-")
    single = SGN(NTU, 5, FRAMES, int(joints), size, width=WIDTH).eval()
    single.branch.load_state_dict(network.branches[network.actions[number]].state_dict())
    single.temporal.load_state_dict(network.temporal.state_dict())
    x = torch.randn(3, FRAMES, 25, 3)
    forced = network.grouped(x, actions=torch.full((3, FRAMES), number)).logits
    torch.testing.assert_close(forced, single(x), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_fusing_adds_all_features_and_deploys(shaken: Shake) -> None:
    network = shaken(make(policy="fuse"))
    x = torch.randn(2, FRAMES, 25, 3)
    assert isinstance(network, AdaSGN) and network.dense(x).actions.eq(1).all()
    torch.testing.assert_close(network.deploy()(x), network(x), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_clip_policy_takes_one_action_per_body() -> None:
    actions = lively(make(scope="clip")).eval().grouped(torch.randn(9, FRAMES, 25, 3)).actions.argmax(-1)
    assert torch.equal(actions, actions[:, :1].expand_as(actions)) and len(actions.unique()) > 1


@torch.no_grad()
def test_evaluation_is_deterministic_unless_asked() -> None:
    network, x = make().eval(), torch.randn(4, FRAMES, 25, 3)
    assert torch.equal(network(x), network(x))
    shape = (4, FRAMES, len(network.actions))
    noises = [gumbel_noise(shape, torch.Generator().manual_seed(seed)) for seed in (1, 2, 1)]
    one, other, again = (network.grouped(x, temperature=1.0, noise=noise).actions for noise in noises)
    assert torch.equal(one, again) and not torch.equal(one, other)
    random = make(policy="random").eval()
    assert torch.equal(random(x), random(x))


def test_gradients_reach_policy_reductions_and_the_branches_taken() -> None:
    network = make()
    actions: Tensor = network.dense(torch.randn(4, FRAMES, 25, 3), temperature=5.0).actions
    loss = network.dense(torch.randn(4, FRAMES, 25, 3), temperature=5.0).logits.square().sum() + actions[..., 5].sum()
    loss.backward()
    named = dict(network.named_parameters())
    for name in ("policy.conv.weight", "branches.big-9.coarsening_9", "temporal.head.weight"):
        gradient = named[name].grad
        assert gradient is not None and gradient.any(), name


def test_favouring_the_last_action_makes_it_win() -> None:
    network = make(skip=False).eval()
    assert isinstance(network.policy, ConvPolicy)
    network.policy.favour_last()
    assert network.grouped(torch.randn(2, FRAMES, 25, 3)).actions[..., -1].all()


def test_ties_are_found() -> None:
    network = make().eval()
    assert network.decisive(torch.randn(3, FRAMES, 25, 3)).all()
    torch.nn.init.zeros_(network.policy.conv.weight)  # type: ignore[union-attr, arg-type]
    torch.nn.init.zeros_(network.policy.conv.bias)  # type: ignore[union-attr, arg-type]
    assert not network.decisive(torch.randn(3, FRAMES, 25, 3)).any()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_checkpoint_comes_back_equal(policy: str, shaken: Shake, tmp_path: Path) -> None:
    network = shaken(make(policy=policy, scope="clip", skip=True, stream="joint_motion"))
    assert isinstance(network, AdaSGN)
    path = save_checkpoint(tmp_path / "adasgn.ckpt", network, tuple("abcde"))
    loaded = load_model(path).module
    x = torch.randn(2, FRAMES, 25, 3)
    assert torch.equal(loaded(x), network(x)) and isinstance(loaded, AdaSGN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"policy": "best"}, "policy"),
        ({"scope": "video"}, "scope"),
        ({"joints": (1, 1)}, "twice"),
        ({"joints": (9,), "sizes": ("big",)}, "at least two actions"),
        ({"joints": (1, 26)}, "26"),
        ({"sizes": ("tiny",)}, "module size"),
        ({"actions": ("small-1", "big-9")}, "by name, or by joints and sizes"),
        ({"joints": (), "actions": ("small-1", "small-1")}, "twice"),
        ({"joints": (), "actions": ("small-1", "big")}, "names no action"),
        ({"joints": (), "actions": ("small-1", "w99-4-9")}, "module size"),
        ({"joints": (), "actions": ("small-1", "small-0")}, r"small-0\n(.*\n)*.*every joint is given by its number"),
        ({"joints": (), "actions": ("small-01", "small-9")}, "names no action"),
        ({"joints": (), "actions": ("small-1", "small--9")}, "module size"),
        ({"joints": ()}, r"at least two actions\n(.*\n)*.*give joints, or actions by name"),
        ({"joints": (), "actions": ("small-1",)}, r"at least two actions\n(.*\n)*.*SGN is the network of one action"),
    ],
)
def test_nonsense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**options)


def test_a_policy_that_draws_is_not_deployed() -> None:
    with pytest.raises(InputError, match="draws at random"):
        make(policy="random").deploy()
