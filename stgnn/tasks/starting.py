"""The network that a task starts from: a new one, that of a checkpoint, or its share of a supernet."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stgnn.errors import InputError
from stgnn.networks import SGN, Loaded, Model, Network, Supernet, load_any, make_network
from stgnn.networks.classifier import with_classes
from stgnn.networks.models import to_content
from stgnn.skeleton import SkeletonLayout
from stgnn.space import BaseArchitecture, read_architecture

Plain = Network | SGN
"""Networks that take bodies and give logits, whatever the bodies are."""

TRAIN = "train it first"
SHOWN = 12  # classes that a message lists


class Start(NamedTuple):
    """What a training begins with.

    Attributes:
        network: The network in training mode.
        unready: What to say when it is to be scored before it is trained, where that would mean nothing.
    """

    network: Plain
    unready: InputError | None = None


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
        init_from: Checkpoint of this network, or of a supernet whose space holds the architecture. Where it knows other
            classes, a warning says so: those of the same name are taken along, the others are to be learned.

    Raises:
        InputError: neither architecture nor checkpoint, or a checkpoint of another layout, another architecture or
            another number of frames.
    """
    wanted = None if architecture is None else read_architecture(architecture)
    if wanted is not None and frames is not None:
        wanted = wanted.with_frames(frames)
    if init_from is None:
        if wanted is None:
            raise InputError("there is no network to train", hint="give an architecture, or a checkpoint as init_from")
        return Start(make_network(wanted, layout, len(class_names)))
    loaded = load_any(init_from)
    _check_layout(loaded, init_from, layout)
    start = _taken(loaded.module, wanted, init_from)
    if frames not in (None, start.network.frames):
        hint = "leave frames out to take that of the checkpoint"
        what = "a trained network has its own number of frames"
        raise InputError(what, given=frames, allowed=start.network.frames, hint=hint)
    return _for_classes(start, loaded.class_names, class_names, init_from)


def _taken(module: Model | Supernet, wanted: BaseArchitecture | None, path: str | Path) -> Start:
    """The network of a checkpoint, or the share of its supernet, as it is."""
    if isinstance(module, Supernet):
        network = module.extract(module.space.largest() if wanted is None else wanted)
        what = "a network taken out of a supernet has no batch-norm statistics of its own"
        unready = InputError(what, hint="cut it out with: stgnn extract; or " + TRAIN)
        return Start(network.train(), unready)
    network = plain_network(module, path)
    _check_architecture(network, wanted, path)
    return Start(network.train())


def _for_classes(start: Start, before: Sequence[str], after: Sequence[str], path: str | Path) -> Start:
    """The same network for these classes; a warning names those that it has yet to learn."""
    if tuple(before) == tuple(after):
        return start
    network = with_classes(start.network, before, after)
    new = [name for name in after if name not in before]
    if not new:
        return Start(network, start.unready)
    known, more = f"{len(after) - len(new)} of these {len(after)} classes", len(new) - SHOWN
    listed = ", ".join(new[:SHOWN]) + (f", and {more} more" if more > 0 else "")
    warnings.warn(f"{path} knows {known}; to be learned: {listed}", stacklevel=3)
    return Start(network, InputError("there are classes that the network has yet to learn", given=listed, hint=TRAIN))


def load_matching(path: str | Path, layout: SkeletonLayout, class_names: Sequence[str]) -> Model | Supernet:
    """What a checkpoint holds, made sure to be for this body and these classes.

    Raises:
        InputError: it is not, or the file is missing, damaged or not ours.
    """
    loaded = load_any(path)
    _check_layout(loaded, path, layout)
    if loaded.class_names != tuple(class_names):
        given, allowed = (f"classes {', '.join(names)}" for names in (loaded.class_names, class_names))
        raise InputError(f"the checkpoint {path} belongs to other data", given=given, allowed=allowed)
    return loaded.module


def _check_layout(loaded: Loaded[Model | Supernet], path: str | Path, layout: SkeletonLayout) -> None:
    if loaded.module.layout != layout:
        given, allowed = (f"layout {one.name}" for one in (loaded.module.layout, layout))
        raise InputError(f"the checkpoint {path} belongs to other data", given=given, allowed=allowed)


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
