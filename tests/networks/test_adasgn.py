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
from stgnn.networks.sgn.policy import HIDDEN, make_policy
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
def test_a_clip_is_drawn_by_the_noise_of_its_first_frame() -> None:
    network, shape = make(scope="clip").eval(), (9, FRAMES, 6)
    scores, noise, other = torch.randn(shape), gumbel_noise(shape), gumbel_noise(shape)
    drawn = network.choose(scores, 1.0, noise)
    assert torch.equal(drawn, network.choose(scores, 1.0, torch.cat([noise[:, :1], other[:, 1:]], dim=1)))
    assert not torch.equal(drawn, network.choose(scores, 1.0, torch.cat([other[:, :1], noise[:, 1:]], dim=1)))


def test_training_computes_every_branch_for_every_frame() -> None:
    network = make().train()
    assert isinstance(network.policy, ConvPolicy)
    network.policy.favour_last()  # in evaluation, nobody would take the others
    network(torch.randn(4, FRAMES, 25, 3))
    for branch in network.branches.values():
        assert all(norm.num_batches_tracked == 1 for norm in branch.modules() if isinstance(norm, nn.BatchNorm1d))


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
    weight = network.policy.conv.weight
    assert weight[-1].eq(1 / (3 * 6)).all() and not weight[:-1].any() and not network.policy.conv.bias.any()
    assert network.grouped(torch.randn(2, FRAMES, 25, 3)).actions[..., -1].all()


@torch.no_grad()
@pytest.mark.parametrize("scope", ["frame", "clip"])
def test_one_frame_that_ties_is_enough(scope: str) -> None:
    """Of a clip policy the mean over the frames decides."""

    class Told(nn.Module):
        draws = fuses = False

        def forward(self, features: Tensor) -> Tensor:
            return scores

    network = make(scope=scope).eval()
    network.policy = Told()
    scores = torch.zeros(4, FRAMES, 6)
    scores[:, :, 2] = 1.0  # sure in every frame
    scores[1, 3, 4] = 1.0  # one frame ties
    scores[2, :, 4] = 1.0  # every frame ties
    scores[3, :3, 4], scores[3, 3:, 4] = 2.0, 0.0  # no frame ties, but their mean does
    wanted = {"frame": [True, False, False, True], "clip": [True, True, False, False]}
    assert network.decisive(torch.randn(4, FRAMES, 25, 3)).tolist() == wanted[scope]


def test_ties_are_found() -> None:
    network = make().eval()
    assert network.decisive(torch.randn(3, FRAMES, 25, 3)).all()
    torch.nn.init.zeros_(network.policy.conv.weight)  # type: ignore[union-attr, arg-type]
    torch.nn.init.zeros_(network.policy.conv.bias)  # type: ignore[union-attr, arg-type]
    assert not network.decisive(torch.randn(3, FRAMES, 25, 3)).any()


@torch.no_grad()
def test_the_attention_policy_is_its_formula() -> None:
    policy, x = make_policy("attention", 32, 6), torch.randn(3, FRAMES, 32)
    query, key, value = (
        torch.einsum("hf,btf->bth", one.weight, x) + one.bias for one in (policy.query, policy.key, policy.value)
    )
    mixed = torch.einsum("bth,bsh,bsg->btg", query, key, value) / HIDDEN
    torch.testing.assert_close(policy(x), policy.score(mixed))


@pytest.mark.parametrize(
    ("policy", "seen"),
    [("conv", {2, 3, 4}), ("deep_conv", {1, 2, 3, 4, 5}), ("lstm", {0, 1, 2, 3}), ("attention", {*range(FRAMES)})],
)
def test_which_frames_a_policy_decides_by(policy: str, seen: set[int]) -> None:
    x = torch.randn(2, FRAMES, 32, requires_grad=True)
    (gradient,) = torch.autograd.grad(make_policy(policy, 32, 6).eval()(x)[:, 3].sum(), x)
    assert {*gradient.abs().sum(dim=(0, 2)).nonzero()[:, 0].tolist()} == seen


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
