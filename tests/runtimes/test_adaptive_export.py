"""AdaSGN as one file: any batch, any actions, empty groups; the actions are its second output."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.latency.adaptive import count_adaptive
from stgnn.latency.benchmark import benchmark
from stgnn.networks import SGN, AdaSGN, save_checkpoint
from stgnn.runtimes import RUNTIMES, ONNXRuntime
from stgnn.runtimes.export import export_network
from stgnn.runtimes.timing import Protocol
from stgnn.skeleton import load_layout

LAYOUT, FRAMES, CLASSES = load_layout("coco17"), 4, ("walk", "run", "jump")
BRIEF = Protocol(runs=1, seconds=0.0, rounds=1)
Outputs = Callable[[NDArray[np.float32]], list[NDArray[Any]]]


@pytest.fixture(scope="module")
def network() -> AdaSGN:
    torch.manual_seed(0)
    network = AdaSGN(LAYOUT, 3, (1, 17), ("small", "2-4"), frames=FRAMES, width=4, skip=True).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "neighbours" in name:
                parameter.normal_(0, 0.3)
        for parameter in network.policy.parameters():
            parameter.mul_(30)
    return network


@pytest.fixture(scope="module")
def file(network: AdaSGN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AdaSGN as an ONNX file, exported at batch size 1."""
    path = tmp_path_factory.mktemp("adasgn") / "adasgn.onnx"
    example = torch.randn(1, FRAMES, LAYOUT.num_joints, 2)
    ONNXRuntime().export(network.deploy(), path, example, {})
    return path


def bodies(batch: int) -> Tensor:
    return torch.randn(batch, FRAMES, LAYOUT.num_joints, 2)


def onnx_outputs(path: Path) -> Outputs:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["logits", "actions"]
    return lambda x: session.run(None, {"keypoints": x})


def openvino_outputs(path: Path) -> Outputs:
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda x: [np.array(value) for value in compiled(x).values()]


@torch.no_grad()
@pytest.mark.parametrize("open_file", [onnx_outputs, openvino_outputs])
def test_one_file_serves_every_batch(open_file: Callable[[Path], Outputs], file: Path, network: AdaSGN) -> None:
    run, seen = open_file(file), set()
    for batch in (1, 9, 2, 1, 12, 1, 1):
        x = bodies(batch)
        logits, actions = run(x.numpy())
        wanted = network.dense(x)
        assert np.array_equal(actions, wanted.actions.argmax(-1).numpy())
        np.testing.assert_allclose(logits, wanted.logits.numpy(), atol=1e-5)
        seen |= set(actions.flatten().tolist())
    assert len(seen) > 2, "the policy takes too few actions to prove anything"


@torch.no_grad()
@pytest.mark.parametrize("number", range(5))
def test_every_action_and_so_every_empty_group_is_right(
    number: int, file: Path, network: AdaSGN, tmp_path: Path
) -> None:
    model = onnx.load(file)
    bias = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [5])  # that of the policy
    values = np.where(np.arange(5) == number, np.float32(1e6), np.float32(0))
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    onnx.save(model, tmp_path / "forced.onnx")
    x = bodies(3)
    logits, actions = onnx_outputs(tmp_path / "forced.onnx")(x.numpy())
    assert (actions == number).all()
    wanted = network.dense(x, actions=torch.full((3, FRAMES), number)).logits.numpy()
    np.testing.assert_allclose(logits, wanted, atol=1e-5)


@pytest.mark.parametrize("name", ["ONNXRuntime", pytest.param("Torch", marks=pytest.mark.slow)])
def test_a_checkpoint_is_exported_and_its_file_timed(name: str, network: AdaSGN, tmp_path: Path) -> None:
    runtime = RUNTIMES[name]()
    checkpoint, output = save_checkpoint(tmp_path / "a.ckpt", network, CLASSES), tmp_path / f"a{runtime.suffix}"
    report = export_network(checkpoint, runtime, output, bodies(6))
    assert report.max_abs_difference <= 1e-5 and report.agreement == 1 and report.bodies <= 6
    stored = runtime.metadata(output)
    assert stored["kind"] == "adasgn" and json.loads(stored["options"]) == network.options
    check_timed(benchmark(output, runtime=runtime, protocol=BRIEF), network)


@pytest.mark.slow
def test_a_checkpoint_is_timed(network: AdaSGN, tmp_path: Path) -> None:
    checkpoint = save_checkpoint(tmp_path / "a.ckpt", network, CLASSES)
    check_timed(benchmark(checkpoint, protocol=BRIEF), network)
    with pytest.raises(InputError, match="own number of frames"):
        benchmark(checkpoint, frames=FRAMES + 1, protocol=BRIEF)


def check_timed(result: dict[str, Any], network: AdaSGN) -> None:
    assert result["parameters"] == sum(value.numel() for value in network.parameters())
    assert (result["frames"], result["classes"], result["layout"]) == (FRAMES, 3, "coco17")
    assert result["macs"] == count_adaptive(network).macs and result["latency_ms"]["median_ms"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["deep_conv", "lstm", "attention", "fuse"])
def test_every_policy_exports(policy: str, tmp_path: Path) -> None:
    network = AdaSGN(LAYOUT, 3, (1, 17), ("small",), frames=FRAMES, policy=policy, scope="clip", width=4).eval()
    report = export_network((network, CLASSES), "ONNXRuntime", tmp_path / "a.onnx", bodies(3))
    assert report.max_abs_difference <= 1e-5


def test_sgn_is_exported_as_every_network(tmp_path: Path) -> None:
    network = SGN(LAYOUT, 3, frames=FRAMES, width=4)
    report = export_network((network, CLASSES), "ONNXRuntime", tmp_path / "s.onnx", bodies(3))
    assert report.max_abs_difference <= 1e-5 and report.bodies == 3


def test_ties_everywhere_are_told(tmp_path: Path) -> None:
    network = AdaSGN(LAYOUT, 3, (1, 17), ("small",), frames=FRAMES, width=4).eval()
    for parameter in network.policy.parameters():
        nn.init.zeros_(parameter)
    with pytest.raises(InputError, match="all but ties"):
        export_network((network, CLASSES), "ONNXRuntime", tmp_path / "a.onnx", bodies(3))
    assert list(tmp_path.iterdir()) == []
