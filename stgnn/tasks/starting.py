"""The network that a task starts from: a new one, that of a checkpoint, or its share of a supernet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stgnn.errors import InputError
from stgnn.networks import SGN, Model, Network, Supernet, load_any, make_network
from stgnn.networks.models import to_content
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture, read_architecture

Plain = Network | SGN
"""Networks that take bodies and give logits, whatever the bodies are."""


class Start(NamedTuple):
    """What a training begins with.

    Attributes:
        network: The network in training mode.
        uncalibrated: Whether it comes out of a supernet, whose batch-norm statistics are those of no single network.
    """

    network: Plain
    uncalibrated: bool


def starting_network(
    layout: SkeletonLayout,
    class_names: Sequence[str],
    architecture: str | Path | Mapping[str, Any] | BaseArchitecture | None,
    frames: int | None = None,
    init_from: str | Path | None = None,
) -> Start:
    """The network that is to be trained.

    Args:
        layout: The body.
        class_names: Class names in label order.
        architecture: The network: a shipped name, a JSON file, plain data, or the object. None: that of ``init_from``.
        frames: T of the network, instead of the architecture's own; a checkpoint brings its own.
        init_from: Checkpoint of this network, or of a supernet whose space holds the architecture.

    Raises:
        InputError: neither architecture nor checkpoint, or a checkpoint of another layout, other classes, another
            architecture or another number of frames.
    """
    wanted = None if architecture is None else read_architecture(architecture)
    if wanted is not None and frames is not None:
        wanted = wanted.with_frames(frames)
    if init_from is None:
        if wanted is None:
            raise InputError("there is no network to train", hint="give an architecture, or a checkpoint as init_from")
        return Start(make_network(wanted, layout, len(class_names)), uncalibrated=False)
    module = load_matching(init_from, layout, class_names)
    if isinstance(module, Supernet):
        network = module.extract(module.space.largest() if wanted is None else wanted)
    else:
        network = plain_network(module, init_from)
        _check_architecture(network, wanted, init_from)
    if frames not in (None, network.frames):
        hint = "leave frames out to take that of the checkpoint"
        what = "a trained network has its own number of frames"
        raise InputError(what, given=frames, allowed=network.frames, hint=hint)
    return Start(network.train(), uncalibrated=isinstance(module, Supernet))


def load_matching(path: str | Path, layout: SkeletonLayout, class_names: Sequence[str]) -> Model | Supernet:
    """What a checkpoint holds, made sure to be for this body and these classes.

    Raises:
        InputError: it is not, or the file is missing, damaged or not ours.
    """
    loaded = load_any(path)
    if loaded.module.layout != layout or loaded.class_names != tuple(class_names):
        raise InputError(
            f"the checkpoint {path} belongs to other data",
            given=f"layout {loaded.module.layout.name}, classes {', '.join(loaded.class_names)}",
            allowed=f"layout {layout.name}, classes {', '.join(class_names)}",
        )
    return loaded.module


def plain_network(model: Model, path: str | Path) -> Plain:
    """The same network, made sure to be one that takes bodies and gives logits, whatever the bodies are.

    Args:
        model: The network.
        path: Its checkpoint, for the message.

    Raises:
        InputError: it has several parts: AdaSGN, or an ensemble.
    """
    if not isinstance(model, Plain):
        given, hint = to_content(model)["kind"], "train its parts, or AdaSGN with AdaSGNTask"
        raise InputError(f"{path} holds a network of several parts", given=given, allowed="network, sgn", hint=hint)
    return model


def _check_architecture(network: Plain, wanted: BaseArchitecture | None, path: str | Path) -> None:
    architecture = network.architecture if isinstance(network, Network) else None
    if wanted not in (None, architecture):
        raise InputError(
            f"the checkpoint {path} holds another architecture",
            given=architecture or "sgn",
            allowed=wanted,
            hint="leave the architecture out to take that of the checkpoint",
        )
