"""ONNX Runtime: one ``.onnx`` file, run on the CPU."""

import gc
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from stgnn.errors import InputError
from stgnn.runtimes.base import RUNTIMES, Run, Runtime, check_file, output_names

if TYPE_CHECKING:
    from torch import Tensor, nn

GROUP = 48  # parts per export: an export costs half a second plus some milliseconds per node


@RUNTIMES.register
class ONNXRuntime(Runtime):
    """ONNX Runtime on the CPU, every graph optimisation on."""

    suffix: ClassVar[str] = ".onnx"
    package: ClassVar[str] = "onnxruntime"

    def exporter_version(self) -> str:
        """Our exporter's version, torch's and the ONNX translator's."""
        from importlib.metadata import version

        return f"{super().exporter_version()}/onnxscript-{version('onnxscript')}"

    def export(self, module: "nn.Module", path: Path, example: "Tensor", metadata: Mapping[str, str]) -> None:
        """Write an ONNX file; see :meth:`Runtime.export`.

        Raises:
            InputError: the graph holds what edge runtimes cannot run well, see :func:`check_graph`.
        """
        import onnx
        import torch

        batch = torch.export.Dim("batch", min=1)
        outputs = list(output_names(module))
        model = _translate(module, (example.repeat_interleave(2, 0),), ({0: batch},), ["keypoints"], outputs)
        check_graph(model)
        _forget_sources(model.graph)
        onnx.helper.set_model_props(model, dict(metadata))
        onnx.save(model, path)

    def export_parts(self, modules: Sequence["nn.Module"], examples: Sequence["Tensor"], paths: Sequence[Path]) -> None:
        """Export many parts as the outputs of one graph, then cut it: twenty times faster than one by one."""
        for start in range(0, len(modules), GROUP):
            part = slice(start, start + GROUP)
            _export_group(modules[part], examples[part], paths[part])

    def metadata(self, path: Path) -> dict[str, str]:
        """The texts stored in the file; see :meth:`Runtime.metadata`."""
        import onnx
        from google.protobuf.message import DecodeError

        check_file(path, self.suffix)
        try:
            model = onnx.load(path)
        except DecodeError as error:
            raise InputError("this is not an ONNX file", given=path, hint="write it with: stgnn export") from error
        return {item.key: item.value for item in model.metadata_props}

    def session(self, path: Path, threads: int = 1) -> Run:
        """Load the file; see :meth:`Runtime.session`."""
        import onnxruntime

        check_file(path, self.suffix)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library derives its errors from Exception directly
            raise InputError("ONNX Runtime cannot load this file", given=f"{path}: {str(error)[:200]}") from error
        name = session.get_inputs()[0].name

        def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            output: NDArray[np.float32] = session.run(None, {name: inputs})[0]
            return output

        return run


def check_graph(model: Any) -> None:
    """Refuse an ONNX graph that edge runtimes run badly or not at all: ``Einsum`` nodes, tensors of more than four
    axes.

    Raises:
        InputError: it holds one; the message names the nodes.
    """
    import onnx

    einsums = [node.name for node in model.graph.node if node.op_type == "Einsum"]
    if einsums:
        raise InputError(
            "the exported graph holds Einsum", given=einsums, hint="write it as a matrix product in deploy()"
        )
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = [*graph.input, *graph.value_info, *graph.output]
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in values}
    ranks |= {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    deep = [f"{name} ({rank} axes)" for name, rank in ranks.items() if rank > 4]
    if deep:
        raise InputError(
            "the exported graph holds tensors of more than 4 axes", given=deep, hint="merge axes in deploy()"
        )


def _forget_sources(graph: Any) -> None:
    """Drop what PyTorch notes of every node: lines of code with the paths of this machine, half of a small file."""
    for part in (*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del part.metadata_props[:]


def _export_group(modules: Sequence["nn.Module"], examples: Sequence["Tensor"], paths: Sequence[Path]) -> None:
    import onnx
    from onnx.utils import Extractor

    names = [(f"input{index}", f"output{index}") for index in range(len(modules))]
    inputs, outputs = (list(column) for column in zip(*names, strict=True))
    cutter = Extractor(_translate(_side_by_side(modules), (list(examples),), None, inputs, outputs))
    for (source, target), path in zip(names, paths, strict=True):
        onnx.save(cutter.extract_model([source], [target]), path)


def _side_by_side(modules: Sequence["nn.Module"]) -> "nn.Module":
    from torch import Tensor, nn

    class Group(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList(modules)

        def forward(self, inputs: list[Tensor]) -> list[Tensor]:
            return [part(value) for part, value in zip(self.parts, inputs, strict=True)]

    return Group().eval()


def _translate(module: "nn.Module", args: tuple[Any, ...], shapes: Any, inputs: list[str], outputs: list[str]) -> Any:
    import torch

    with _undisturbed(), torch.no_grad():
        program = torch.export.export(module, args, dynamic_shapes=shapes)
        translated = torch.onnx.export(program, dynamo=True, verbose=False, input_names=inputs, output_names=outputs)
    if translated is None:
        raise InputError("torch returned no ONNX program", given=type(module).__name__)
    return translated.model_proto


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Silence the exporter, which warns on every call that torchvision is missing, and spare it a tenth of its time.

    It creates millions of objects of which few are garbage; collecting them is postponed.
    """
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    collecting = gc.isenabled()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if collecting:
            gc.enable()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
