"""The network that a task starts from: a new one, that of a checkpoint, or its share of a supernet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stgnn.errors import InputError
from stgnn.networks import SGN, Network, Supernet, checkpoint_kind, load_model, load_supernet, make_network
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture, read_architecture

Plain = Network | SGN
"""Networks that take bodies and give logits, whatever the bodies are."""


def starting_network(
    layout: SkeletonLayout,
    class_names: Sequence[str],
    architecture: str | Path | Mapping[str, Any] | BaseArchitecture | None,
    frames: int | None = None,
    init_from: str | Path | None = None,
) -> Plain:
    """A network in training mode.

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
        wanted = read_architecture({**wanted.to_dict(), "frames": frames})
    if init_from is not None:
        network = loaded_network(init_from, layout, class_names, wanted)
        if frames not in (None, network.frames):
            hint = "leave frames out to take that of the checkpoint"
            what = "a trained network has its own number of frames"
            raise InputError(what, given=frames, allowed=network.frames, hint=hint)
        return network
    if wanted is not None:
        return make_network(wanted, layout, len(class_names))
    raise InputError("there is no network to train", hint="give an architecture, or a checkpoint as init_from")


def is_supernet(path: str | Path | None) -> bool:
    """Whether a checkpoint holds a supernet, whose batch-norm statistics are those of no single network.

    Raises:
        InputError: the file is missing, damaged or not ours.
    """
    return path is not None and checkpoint_kind(path) == "supernet"


def loaded_network(
    path: str | Path, layout: SkeletonLayout, class_names: Sequence[str], wanted: BaseArchitecture | None = None
) -> Plain:
    """The network of a checkpoint in training mode, made sure to be for this body and these classes.

    Args:
        path: Checkpoint of a network, of SGN, or of a supernet.
        layout: The body.
        class_names: Class names in label order.
        wanted: The architecture; None takes that of the checkpoint, of a supernet the largest.

    Raises:
        InputError: it is not, or holds another architecture.
    """
    loaded = load_supernet(path) if is_supernet(path) else load_model(path)
    module = loaded.module
    if module.layout != layout or loaded.class_names != tuple(class_names):
        raise InputError(
            f"the checkpoint {path} belongs to other data",
            given=f"layout {module.layout.name}, classes {', '.join(loaded.class_names)}",
            allowed=f"layout {layout.name}, classes {', '.join(class_names)}",
        )
    if isinstance(module, Supernet):
        return module.extract(module.space.largest() if wanted is None else wanted).train()
    if not isinstance(module, Plain):
        given = checkpoint_kind(path)
        hint = "train its parts, or AdaSGN with AdaSGNTask"
        raise InputError(f"{path} holds a network of several parts", given=given, allowed="network, sgn", hint=hint)
    if wanted is not None and (not isinstance(module, Network) or module.architecture != wanted):
        raise InputError(
            f"the checkpoint {path} holds another architecture",
            given=module.architecture if isinstance(module, Network) else checkpoint_kind(path),
            allowed=wanted,
            hint="leave the architecture out to take that of the checkpoint",
        )
    return module.train()
