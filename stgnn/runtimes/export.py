"""Write a network as a file for a runtime, and prove that the file computes what the network computes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stgnn.errors import InputError
from stgnn.files import check_output, draft
from stgnn.networks import AdaSGN, Model, load_model
from stgnn.networks.models import CONTENT, is_compact, tensor_shapes, to_content
from stgnn.runtimes.base import Run, Runtime, output_names, resolve_runtime
from stgnn.skeleton import SkeletonLayout
from stgnn.skeleton.transforms import align_view, check_alignable, resample_frames

TOLERANCE = 1e-4  # largest allowed difference of a logit


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how far it is from the network.

    Attributes:
        path: The file.
        runtime: Registry name of its runtime.
        max_abs_difference: Largest difference of a logit over all bodies.
        agreement: Share of the bodies with the same class.
        bodies: Number of bodies that were compared.
        bytes: Size of the file.
    """

    path: str
    runtime: str
    max_abs_difference: float
    agreement: float
    bodies: int
    bytes: int


class AlignedNetwork(nn.Module):
    """View alignment before a network in deploy form, for one that was trained on aligned bodies.

    Args:
        network: Takes aligned bodies.
        layout: Layout of the bodies.
    """

    def __init__(self, network: nn.Module, layout: SkeletonLayout) -> None:
        super().__init__()
        check_alignable(layout)
        self.network, self.layout, self.outputs = network, layout, output_names(network)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Raw keypoints ``(B, T, V, 3)`` to what the network gives."""
        return self.network(align_view(x, self.layout))


def export_network(
    source: str | Path | tuple[Model, Sequence[str]],
    runtime: str | Runtime,
    output: str | Path,
    bodies: Tensor | NDArray[np.float32],
    align: bool = False,
) -> ExportReport:
    """Export the deploy form of a network; ``output`` appears only when it agrees with the network itself.

    Layout, class names, frames and architecture (or the options of SGN and AdaSGN) are stored in the file; of the
    bodies, how many frames were sampled before the network chose among them, and where their coordinates lie. Bodies
    in which two actions of AdaSGN all but tie are not compared: a runtime may take the other one.

    Args:
        source: Checkpoint of a network, or a network and its class names.
        runtime: The runtime that is to execute the file.
        output: File to write; an existing one is replaced only by a proven one.
        bodies: Real bodies ``(B, T, V, C)``; frames are sampled where their number is not the network's.
        align: Whether the network was trained on aligned bodies; the file then aligns raw ones by itself.

    Raises:
        InputError: the ending of ``output`` is not the runtime's, there are no bodies or they do not fit the network,
            or the file differs from the network by more than 1e-4 or in its classes.
    """
    runtime, output = resolve_runtime(runtime), Path(output)
    if output.suffix != runtime.suffix:
        raise InputError(f"files of {runtime.name} end in {runtime.suffix}", given=output)
    check_output(output)
    network, class_names = source if isinstance(source, tuple) else _load(source)
    network = network.eval()
    raw = _checked(bodies, network)
    seen = align_view(raw, network.layout) if align else raw
    with torch.no_grad():
        wanted = network(seen).numpy()  # refuses bodies that do not fit before anything is exported
    clear = _clear(network, seen)
    raw, wanted = raw[clear], wanted[clear.numpy()]
    deployed = AlignedNetwork(network.deploy(), network.layout) if align else network.deploy()
    metadata = {**_metadata(network, class_names), "sampled_frames": str(bodies.shape[1]), **_seen_in(raw)}
    with draft(output) as hidden:
        runtime.export(deployed, hidden, raw[:1], metadata)
        difference, agreement = compare_outputs(wanted, runtime.session(hidden), raw.numpy())
        _judge(difference, agreement, runtime)
    return ExportReport(str(output), runtime.name, difference, agreement, len(raw), output.stat().st_size)


def compare_outputs(wanted: NDArray[np.float32], run: Run, inputs: NDArray[np.float32]) -> tuple[float, float]:
    """Largest difference from the wanted logits, and share of the inputs with the same class; infinity and 0 where a
    shape is another or a value is not finite.

    The inputs are passed as one batch and, the first of them, alone: the batch must really be dynamic. The first has
    the same class when it has it both times.
    """
    got, alone = run(inputs), run(inputs[:1])
    if got.shape != wanted.shape or alone.shape != wanted[:1].shape:
        return float("inf"), 0.0
    if not all(np.isfinite(logits).all() for logits in (got, alone, wanted)):
        return float("inf"), 0.0
    difference = max(float(np.abs(got - wanted).max()), float(np.abs(alone - wanted[:1]).max()))
    same = _same_class(got, wanted)
    same[:1] &= _same_class(alone, wanted[:1])
    return difference, float(same.mean())


def _same_class(got: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows choose the wanted class; classes that tie within the tolerance are the same."""
    chosen = wanted[np.arange(len(wanted)), got.argmax(axis=1)]
    same: NDArray[np.bool_] = chosen >= wanted.max(axis=1) - TOLERANCE
    return same


def _judge(difference: float, agreement: float, runtime: Runtime) -> None:
    if difference <= TOLERANCE and agreement == 1.0:
        return
    raise InputError(
        f"the file for {runtime.name} does not compute what the network computes; it was removed",
        given=f"logits differ by up to {difference:.1e}, the class is the same for {agreement:.1%} of the bodies",
        allowed=f"a difference of at most {TOLERANCE:.0e} and the same class for every body",
        hint="check deploy() of the operators; nothing may be drawn at random in evaluation mode",
    )


def _load(path: str | Path) -> tuple[Model, Sequence[str]]:
    loaded = load_model(path)
    return loaded.module, loaded.class_names


def _clear(network: Model, bodies: Tensor) -> Tensor:
    """Which bodies can be compared (B,)."""
    if not isinstance(network, AdaSGN):
        return torch.ones(len(bodies), dtype=torch.bool)
    clear = network.decisive(bodies, TOLERANCE)
    if not clear.any():
        hint = "give more bodies, or train the policy further"
        raise InputError("the policy all but ties in every body, so nothing can be compared", hint=hint)
    return clear


def _checked(bodies: Tensor | NDArray[np.float32], network: Model) -> Tensor:
    """The bodies with the network's number of frames."""
    tensor = torch.as_tensor(bodies, dtype=torch.float32).cpu()
    if tensor.dim() != 4 or len(tensor) == 0:
        raise InputError("an export is checked on real bodies (B, T, V, C), at least one", given=tuple(tensor.shape))
    return resample_frames(tensor, network.frames).contiguous()


def _seen_in(bodies: Tensor) -> dict[str, str]:
    """Where nine tenths of each coordinate of the joints that were seen lie, so that another unit is noticed."""
    points = bodies.flatten(0, -2).numpy()  # (B, T, V, C) -> (B * T * V, C)
    points = points[(points != 0).any(axis=1)]
    ends = np.quantile(points, (0.05, 0.95), axis=0) if len(points) else np.zeros((2, points.shape[1]))
    return {"usual_range": json.dumps(ends.T.round(4).tolist())}


def _metadata(network: Model, class_names: Sequence[str]) -> dict[str, str]:
    try:
        release = version("edge-stgnn")
    except PackageNotFoundError:  # run from a source tree that is not installed
        release = "unknown"
    content = to_content(network)
    what = CONTENT[content["kind"]]
    shapes = {"shapes": json.dumps(tensor_shapes(network))} if is_compact(network) else {}
    return {
        **shapes,
        "stgnn": release,
        "kind": content["kind"],
        "layout": json.dumps(network.layout.to_dict()),
        "class_names": json.dumps(list(class_names)),
        "frames": str(network.frames),
        what: json.dumps(content[what]),
    }
