"""The bar for operators."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.skeleton import SkeletonLayout, load_layout
from stgnn.space import DEFAULT_READOUT, Architecture, SearchSpace, StageSpace
from stgnn.testing.common import CLASSES, difference, expect, expect_equal_runs, randomise

if TYPE_CHECKING:
    from stgnn.networks import Supernet
    from stgnn.operators import Operator

WIDTHS, STRIDES = (8, 16, 24), (1, 3, 2)
KERNELS = (3, 5, 7, 9)
JOINTS = (5, 9, 0)
FRAMES = 9  # odd, so that a stride that rounds the wrong way shows
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

Shape = tuple[int, int, int, int]
Case = tuple["Operator", Shape, tuple[int, ...]]


def check_operator(operator: "str | type[Operator]", export: bool = True) -> None:
    """Check a spatial, temporal or attention operator, or a readout.

    It can be built for several widths and joint counts; it keeps the shape its base promises; gradients reach every
    parameter; the slicing law holds; the deploy form is equal to 1e-5; its multiply-accumulates can be counted; the
    ONNX file made of it is equal to 1e-4, with at most 4-D tensors and no Einsum.

    Args:
        operator: A registered class, or its name.
        export: Whether to check the export too, which takes a second or two.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    from stgnn.operators import OPERATORS
    from stgnn.registry import load_plugins

    if isinstance(operator, str):
        load_plugins()
    name = operator if isinstance(operator, str) else operator.__name__
    expect(name in OPERATORS, f"{name} lacks @OPERATORS.register, or is in no installed plugin")
    cls = OPERATORS[name]
    expect(isinstance(operator, str) or cls is operator, f"{name} is registered as another class, of {cls.__module__}")
    cases = list(_cases(cls))
    for module, given, expected in cases:
        _check_shape_and_gradients(module, given, expected)
        _check_deploy(module, given)
    space = _space(cls)
    _check_slicing(space)
    _check_cost(space)
    if export:
        _check_export(*cases[-1][:2])


def _cases(cls: "type[Operator]") -> Iterator[Case]:
    """The operator at several sizes, with the shapes of its input and output ``(B, C, T, V)``."""
    from stgnn.operators import AttentionOperator, ReadoutOperator, SpatialOperator, TemporalOperator

    layout = load_layout("ntu25")
    bases = (SpatialOperator, TemporalOperator, AttentionOperator, ReadoutOperator)
    expect(issubclass(cls, bases), f"{cls.__name__} derives from none of {', '.join(base.__name__ for base in bases)}")
    for body in (layout.coarsen(joints) for joints in JOINTS):
        if issubclass(cls, SpatialOperator):
            for source, target in ((16, 16), (24, 8), (8, 16)):
                yield cls(source, target, body), _shape(source, FRAMES, body), _shape(target, FRAMES, body)
        elif issubclass(cls, TemporalOperator):
            for width, stride, kernel in zip(WIDTHS, STRIDES, (_kernels(cls) * 3)[:3], strict=True):
                frames = -(-FRAMES // stride)
                yield cls(width, kernel, stride, body), _shape(width, FRAMES, body), _shape(width, frames, body)
        elif issubclass(cls, AttentionOperator):
            for width in WIDTHS:
                yield cls(width, body), _shape(width, FRAMES, body), _shape(width, FRAMES, body)
        elif issubclass(cls, ReadoutOperator):
            for width in WIDTHS:
                readout = cls(width, body)
                yield readout, _shape(width, FRAMES, body), (3, readout.out_channels)


def _shape(channels: int, frames: int, body: SkeletonLayout) -> Shape:
    return 3, channels, frames, body.num_joints


def _kernels(cls: "Callable[[int, int, int, SkeletonLayout], Operator]") -> tuple[int, ...]:
    """Kernel sizes that a temporal operator accepts: it may refuse some with ``InputError``."""
    body, accepted = load_layout("ntu25").coarsen(9), []
    for kernel in KERNELS:
        try:
            cls(WIDTHS[0], kernel, 1, body)
        except InputError:
            continue
        accepted.append(kernel)
    expect(bool(accepted), f"{cls} accepts none of the kernel sizes {KERNELS}")
    return tuple(accepted)


def _check_shape_and_gradients(module: "Operator", given: Shape, expected: tuple[int, ...]) -> None:
    import torch

    name = type(module).__name__
    output = module.train()(torch.randn(given, requires_grad=True))
    expect(tuple(output.shape) == expected, f"{name} makes {tuple(output.shape)} of {given}, not {expected}")
    (output * torch.randn_like(output)).sum().backward()
    for key, parameter in module.named_parameters():
        gradient = parameter.grad
        if gradient is None:
            raise AssertionError(f"the output of {name} does not depend on its parameter {key}")
        expect(bool(torch.isfinite(gradient).all()), f"{name} gives {key} a gradient that is not finite")


def _check_deploy(module: "Operator", given: Shape) -> None:
    import torch

    name = type(module).__name__
    randomise(module.eval())
    before = {key: value.clone() for key, value in module.state_dict().items()}
    x = torch.randn(given)
    with torch.no_grad():
        trained, deployed = module(x), module.deploy()(x)
    expect(
        trained.shape == deployed.shape,
        f"the deploy form of {name} gives {tuple(deployed.shape)}, not {tuple(trained.shape)}",
    )
    off = difference(trained, deployed)
    expect(off <= 1e-5, f"the deploy form of {name} differs by {off:.1e}, more than 1e-5")
    after = module.state_dict()
    unchanged = before.keys() == after.keys() and all(torch.equal(before[key], after[key]) for key in before)
    expect(unchanged, f"{name}.deploy() changes the operator; it must work on a copy")


def _space(cls: "type[Operator]") -> SearchSpace:
    """A small space in which every choice stretches the operator."""
    from stgnn.operators import AttentionOperator, ReadoutOperator, SpatialOperator, TemporalOperator

    name = cls.__name__
    return SearchSpace(
        name="contract",
        streams=("joint",),
        frames=(FRAMES,),
        joints=JOINTS,
        stems=(8, 16),
        stages=(StageSpace((1, 2), (8, 16), 1), StageSpace((1,), (16, 24), 2)),
        spatial=(name if issubclass(cls, SpatialOperator) else "GraphConv",),
        temporal=((name, _kernels(cls)) if issubclass(cls, TemporalOperator) else ("TemporalConv", (3,)),),
        attentions=("none", name) if issubclass(cls, AttentionOperator) else ("none",),
        readouts=(name,) if issubclass(cls, ReadoutOperator) else (DEFAULT_READOUT,),
    )


def _check_slicing(space: SearchSpace) -> None:
    import torch

    from stgnn.networks import Supernet

    layout, rng = load_layout("ntu25"), random.Random(0)
    supernet = Supernet(space, layout, CLASSES)
    with torch.no_grad():
        for parameter in supernet.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    for architecture in (space.smallest(), space.largest(), *(space.sample(rng) for _ in range(4))):
        _check_slice(supernet, architecture)


def _check_slice(supernet: "Supernet", architecture: Architecture) -> None:
    """A slice is a network of its own, gradients pass through it, and constants are those of a network of that size."""
    import torch

    from stgnn.networks import Network

    layout = supernet.layout
    x = torch.randn(2, architecture.frames, layout.num_joints, layout.dimensions)
    supernet.train().zero_grad()
    supernet(x, architecture).square().sum().backward()
    parameters = dict(supernet.named_parameters())
    cut = [key for key in supernet.slices(architecture) if key in parameters and parameters[key].grad is None]
    expect(not cut, f"no gradient reaches {', '.join(cut)} of the supernet for {architecture}")
    network = supernet.eval().extract(architecture)
    with torch.no_grad():
        off = difference(network(x), supernet(x, architecture))
    expect(
        off <= 1e-6, f"a slice of the supernet and the network extracted from it differ by {off:.1e}: {architecture}"
    )
    alone = dict(Network(architecture, layout, CLASSES).named_buffers())
    for key, value in network.named_buffers():
        constant = not key.endswith(STATISTICS)
        expect(
            not constant or torch.equal(value, alone[key]),
            f"the constant {key} of a narrow network is not the leading block of a wide network's: {architecture}",
        )


def _check_cost(space: SearchSpace) -> None:
    from stgnn.latency.cost import count

    layout = load_layout("ntu25")
    try:
        small, large = (count(one, layout, CLASSES).macs for one in (space.smallest(), space.largest()))
    except RuntimeError as error:
        raise AssertionError(
            f"costs cannot be counted; create tensors in __init__, or on the input's device: {error}"
        ) from error
    expect(
        0 < small < large,
        f"the counted multiply-accumulates are {small} for the smallest network, {large} for the largest",
    )


def _check_export(module: "Operator", given: Shape) -> None:
    import torch

    from stgnn.runtimes import RUNTIMES

    runtime, example = RUNTIMES["ONNXRuntime"](), torch.randn(1, *given[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"operator{runtime.suffix}"
        try:
            runtime.export(module.deploy().eval(), path, example, {})
        except InputError as error:
            raise AssertionError(f"{type(module).__name__} cannot be exported: {error}") from error
        expect_equal_runs(runtime, path, module, example)
