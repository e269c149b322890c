import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.networks import Network, save_checkpoint
from stgnn.runtimes import RUNTIMES, ONNXRuntime, Runtime, Torch
from stgnn.runtimes.export import compare_outputs, export_network
from stgnn.runtimes.onnx_runtime import check_graph
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.skeleton.transforms import align_view, resample_frames
from stgnn.space import load_space

CLASSES = ("walk", "run", "jump")


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    network = Network(load_space("tiny").smallest(), load_layout("ntu25"), len(CLASSES)).eval()
    nn.init.normal_(network.classifier.weight)
    return network


@pytest.fixture(scope="module")
def bodies() -> Tensor:
    return torch.randn(6, 20, 25, 3, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["ONNXRuntime", "Torch"])
def test_exported_equals_trained(name: str, network: Network, bodies: Tensor, tmp_path: Path) -> None:
    runtime = RUNTIMES[name]()
    checkpoint = save_checkpoint(tmp_path / "network.ckpt", network, CLASSES)
    report = export_network(checkpoint, runtime, tmp_path / f"out{runtime.suffix}", bodies)
    assert report.max_abs_difference <= 1e-4 and report.agreement == 1.0 and report.bodies == 6
    clips = torch.randn(3, network.architecture.frames, 25, 3)
    with torch.no_grad():
        wanted = network(clips).numpy()
    np.testing.assert_allclose(runtime.session(Path(report.path))(clips.numpy()), wanted, atol=1e-4)
    stored = runtime.metadata(Path(report.path))
    assert json.loads(stored["class_names"]) == list(CLASSES)
    assert SkeletonLayout.from_dict(json.loads(stored["layout"])) == network.layout
    assert json.loads(stored["architecture"]) == network.architecture.to_dict()
    assert stored["frames"] == str(network.architecture.frames)
    assert stored["sampled_frames"] == "20", "the network chooses among as many frames of a clip"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.ckpt", f"out{runtime.suffix}"]


def test_a_file_says_where_coordinates_lie(network: Network, bodies: Tensor, tmp_path: Path) -> None:
    bodies = bodies.clamp(-0.5, 0.5) + torch.tensor([2.0, -1.0, 40.0])
    bodies[:, :, :13] = 0  # half of the joints were not seen
    export_network((network, CLASSES), "ONNXRuntime", tmp_path / "out.onnx", bodies)
    ranges = json.loads(RUNTIMES["ONNXRuntime"]().metadata(tmp_path / "out.onnx")["usual_range"])
    assert np.allclose(ranges, [[1.5, 2.5], [-1.5, -0.5], [39.5, 40.5]])


def test_an_onnx_file_holds_nothing_of_the_machine(network: Network, bodies: Tensor, tmp_path: Path) -> None:
    export_network((network, CLASSES), "ONNXRuntime", tmp_path / "out.onnx", bodies)
    content = (tmp_path / "out.onnx").read_bytes()
    assert b"stack_trace" not in content and b"block.py" not in content


class Altered(Network):
    """A network whose deploy form is another function."""

    replacement: nn.Module

    def deploy(self) -> nn.Module:  # type: ignore[override]
        return self.replacement


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2)) * 0 + 1


class Slightly(nn.Module):
    def __init__(self, deployed: nn.Module, factor: float) -> None:
        super().__init__()
        self.deployed, self.factor = deployed, factor

    def forward(self, x: Tensor) -> Tensor:
        return self.deployed(x) * self.factor


class Fixed(nn.Module):
    """Right for the batch it was exported with only."""

    def __init__(self, answers: Tensor) -> None:
        super().__init__()
        self.register_buffer("answers", answers)

    def forward(self, x: Tensor) -> Tensor:
        return self.get_buffer("answers")[:1] + 0 * x.mean(dim=(1, 2))


@pytest.mark.parametrize("kind", ["constant", "slightly", "first clip only", "not finite"])
def test_wrong_networks_are_refused_and_leave_no_file(
    kind: str, network: Network, bodies: Tensor, tmp_path: Path
) -> None:
    wrong = Altered(network.architecture, network.layout, len(CLASSES)).eval()
    wrong.load_state_dict(network.state_dict())
    with torch.no_grad():
        clips = bodies[:, : network.architecture.frames]
        replacements = {
            "constant": Constant(),
            "slightly": Slightly(network.deploy(), 1.01),
            "first clip only": Fixed(network(clips)),
            "not finite": Slightly(network.deploy(), float("nan")),
        }
    wrong.replacement = replacements[kind].eval()
    with pytest.raises(InputError, match="does not compute what the network computes"):
        export_network((wrong, CLASSES), "Torch", tmp_path / "out.pt2", clips)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("batch", "alone", "difference", "agreement"),
    [
        ([[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0]], 0.0, 1.0),
        ([[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0]], 1.0, 0.5),
        ([[0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], 1.0, 0.0),
        ([[0.0, 1.0], [1.0, 0.0]], [[float("nan"), 1.0]], float("inf"), 0.0),
        ([[0.0, 1.0], [1.0, float("inf")]], [[0.0, 1.0]], float("inf"), 0.0),
        ([[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], float("inf"), 0.0),
        ([[0.0, 1.0]], [[0.0, 1.0]], float("inf"), 0.0),
    ],
    ids=["equal", "other class alone", "no class", "no number alone", "infinite", "shape alone", "shape"],
)
def test_the_batch_and_the_first_input_alone_are_compared(
    batch: list[list[float]], alone: list[list[float]], difference: float, agreement: float
) -> None:
    answers = {2: np.array(batch, dtype=np.float32), 1: np.array(alone, dtype=np.float32)}
    wanted = np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    found = compare_outputs(wanted, lambda inputs: answers[len(inputs)], np.zeros((2, 8, 25, 3), dtype=np.float32))
    assert found == (difference, agreement)


def test_an_existing_file_survives_a_refusal(network: Network, tmp_path: Path) -> None:
    wrong = Altered(network.architecture, network.layout, len(CLASSES)).eval()
    wrong.replacement = Constant().eval()
    (tmp_path / "out.pt2").write_bytes(b"earlier")
    with pytest.raises(InputError):
        export_network((wrong, CLASSES), "Torch", tmp_path / "out.pt2", torch.randn(2, 8, 25, 3))
    assert (tmp_path / "out.pt2").read_bytes() == b"earlier"


@pytest.mark.parametrize(
    ("output", "shape", "message"),
    [
        ("out.onnx", (2, 8, 25, 3), "end in .pt2"),
        ("out.pt2", (0, 8, 25, 3), "at least one"),
        ("out.pt2", (2, 8, 17, 3), "do not fit the network"),
    ],
)
def test_wrong_input(output: str, shape: tuple[int, ...], message: str, network: Network, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        export_network((network, CLASSES), "Torch", tmp_path / output, torch.randn(shape))
    assert list(tmp_path.iterdir()) == []


def test_parts_equal_their_modules(tmp_path: Path) -> None:
    modules = [nn.Conv2d(4, width, (3, 1), padding=(1, 0)).eval() for width in (8, 16)]
    examples = [torch.randn(1, 4, 6, 5), torch.randn(1, 4, 3, 2)]
    paths = [tmp_path / "0.onnx", tmp_path / "1.onnx"]
    ONNXRuntime().export_parts(modules, examples, paths)
    for module, example, path in zip(modules, examples, paths, strict=True):
        got = ONNXRuntime().session(path)(example.numpy())
        np.testing.assert_allclose(got, module(example).detach().numpy(), atol=1e-5)


def graph(op: str, rank: int) -> onnx.ModelProto:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1] * rank) for name in ("x", "y")]
    attributes = {"equation": "ij->ij"} if op == "Einsum" else {}
    node = helper.make_node(op, ["x"], ["y"], name="the_node", **attributes)
    return helper.make_model(helper.make_graph([node], "graph", value[:1], value[1:]))


def test_graphs_that_edge_runtimes_dislike_are_refused() -> None:
    check_graph(graph("Relu", 4))
    with pytest.raises(InputError, match="Einsum"):
        check_graph(graph("Einsum", 2))
    with pytest.raises(InputError, match="more than 4 axes"):
        check_graph(graph("Relu", 5))


@pytest.mark.parametrize("runtime", [ONNXRuntime(), Torch()], ids=lambda runtime: runtime.name)
def test_foreign_files_are_refused(runtime: Runtime, tmp_path: Path) -> None:
    path = tmp_path / f"file{runtime.suffix}"
    with pytest.raises(InputError):
        runtime.session(path)
    path.write_bytes(b"no network")
    for look in (runtime.session, runtime.metadata):
        with pytest.raises(InputError):
            look(path)


@pytest.mark.parametrize("name", ["Torch", "ONNXRuntime"])
def test_a_network_of_aligned_bodies_takes_raw_ones(
    name: str, network: Network, bodies: Tensor, tmp_path: Path
) -> None:
    runtime = RUNTIMES[name]()
    path = tmp_path / f"aligned{runtime.suffix}"
    report = export_network((network, CLASSES), runtime, path, bodies, align=True)
    assert report.max_abs_difference <= 1e-4 and report.agreement == 1
    clips = resample_frames(bodies, network.frames)
    with torch.no_grad():
        expected, other = (network(x).numpy() for x in (align_view(clips, network.layout), clips))
    got = runtime.session(path)(clips.numpy())
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert np.abs(expected - other).max() > 1e-2, "alignment changes what these bodies give"
