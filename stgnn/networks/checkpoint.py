"""Checkpoints: plain data and tensors, read with ``weights_only=True``.

The entry ``"stgnn"`` says what the weights belong to; Lightning checkpoints of our tasks carry the same entry, so one
reader serves both.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar

import torch
from torch import nn

from stgnn.errors import InputError
from stgnn.networks.archive import read_archive, write_archive
from stgnn.networks.models import CONTENT as MODELS
from stgnn.networks.models import Model, build, is_compact, to_content
from stgnn.networks.network import Network
from stgnn.networks.sparsity.compact import fit_to
from stgnn.networks.sparsity.packing import pack, unpack
from stgnn.networks.supernet import Supernet
from stgnn.skeleton import SkeletonLayout
from stgnn.space import read_space

KEY, FORMAT, PREFIX = "stgnn", 1, "network."
PACKED = "stgnn_sparse"  # marks a file whose weights are packed
CONTENT = {**MODELS, "supernet": "space", "sparse": "sparse"}  # what each kind of checkpoint describes its weights by
HINTS = {  # how a network comes out of a checkpoint that holds more than one
    "supernet": "stgnn extract cuts a network out of a supernet",
    "sparse": "the finished networks lie beside it",
}

ModuleT = TypeVar("ModuleT", bound=nn.Module)


@dataclass(frozen=True)
class Loaded(Generic[ModuleT]):
    """A network or supernet with what its checkpoint says of it.

    Attributes:
        module: The network, in eval mode.
        class_names: Class names in label order.
        extra: Whatever else was stored, plain data.
    """

    module: ModuleT
    class_names: tuple[str, ...]
    extra: Mapping[str, Any]


def describe(
    module: Model | Supernet, class_names: Sequence[str], extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The ``"stgnn"`` entry of a checkpoint."""
    if isinstance(module, Supernet):
        content: dict[str, Any] = {"kind": "supernet", "space": module.space.to_dict()}
    else:
        content = {**to_content(module), **({"compact": True} if is_compact(module) else {})}
    return {
        **content,
        "format": FORMAT,
        "layout": module.layout.to_dict(),
        "class_names": list(class_names),
        "extra": dict(extra or {}),
    }


def save_checkpoint(
    path: str | Path, module: Model | Supernet, class_names: Sequence[str], extra: Mapping[str, Any] | None = None
) -> Path:
    """Write a checkpoint; the file appears whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    return write_archive(path, {"state_dict": module.state_dict(), KEY: describe(module, class_names, extra)})


def save_compressed(
    path: str | Path, module: Model, class_names: Sequence[str], extra: Mapping[str, Any] | None = None
) -> Path:
    """Write a checkpoint in which zeros cost a bit or less; every function that reads checkpoints reads it, bit by bit.

    Raises:
        InputError: it cannot be written.
    """
    about = describe(module, class_names, extra)
    return write_archive(path, {PACKED: 1, "tensors": pack(module.state_dict()), "about": about})


def load_any(path: str | Path) -> Loaded[Model | Supernet]:
    """Read a single network or a supernet, whichever a checkpoint holds.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds networks with scores.
    """
    return _load(path, (*MODELS, "supernet"))


def load_model(path: str | Path) -> Loaded[Model]:
    """Read whatever single network a checkpoint holds.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a supernet.
    """
    return _load(path, tuple(MODELS))


def load_network(path: str | Path) -> Loaded[Network]:
    """Read a network.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds something else.
    """
    return _load(path, ("network",))


def load_supernet(path: str | Path) -> Loaded[Supernet]:
    """Read a supernet.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a single network.
    """
    return _load(path, ("supernet",))


def check_run_checkpoint(path: str | Path) -> Mapping[str, Any]:
    """Refuse a file that a run of the Trainer cannot go on from.

    Returns:
        What it says beside the weights, plain data.

    Raises:
        InputError: it is missing, damaged, not ours, diverged, or holds weights without the state of a run.
    """
    content = _read(path)
    state, entry = _state_and_entry(content, path)
    _check_finite(state, path)
    if "pytorch-lightning_version" not in content:
        raise InputError(
            f"{path} holds weights alone, not the state of a run",
            given=path,
            allowed="last.ckpt and the like, as fit writes them",
            hint="leave ckpt_path out and start from these weights with --model.init_from",
        )
    return dict(entry.get("extra", {}))


def _load(path: str | Path, kinds: Sequence[str]) -> Loaded[Any]:
    """What a checkpoint holds, which must be of one of these kinds."""
    state, entry = _state_and_entry(_read(path), path)
    if entry["kind"] not in kinds:
        hint = HINTS.get(entry["kind"]) if "network" in kinds else "stgnn fit trains a supernet"
        raise InputError(f"{path} holds a {entry['kind']}, not a {kinds[0]}", given=path, hint=hint)
    with _about(path):
        module = _untrained(entry)
    return _fill(module, state, entry, path)


def _untrained(entry: Mapping[str, Any]) -> Model | Supernet:
    layout, classes = SkeletonLayout.from_dict(entry["layout"]), len(entry["class_names"])
    if entry["kind"] == "supernet":
        return Supernet(read_space(entry["space"]), layout, classes)
    return build(entry, layout, classes)


@contextmanager
def _about(path: str | Path) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise error.at(path) from error


def _fill(module: ModuleT, state: dict[str, Any], entry: dict[str, Any], path: str | Path) -> Loaded[ModuleT]:
    try:
        if entry.get("compact"):
            with _about(path):
                fit_to(module, state)
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(
            f"the weights in {path} do not fit what the file says of them",
            given=str(error).splitlines()[-1].strip(),
            hint="an operator may have changed since: use the release or the plugin version that wrote the file",
        ) from error
    _check_finite(module.state_dict(), path)
    module.eval()
    return Loaded(module, tuple(entry["class_names"]), entry.get("extra", {}))


def _check_finite(state: Mapping[str, torch.Tensor], path: str | Path) -> None:
    broken = [name for name, value in state.items() if not torch.isfinite(value).all()]
    if broken:
        raise InputError(
            f"the weights in {path} are not all finite numbers",
            given=f"NaN or infinity in {broken[0]}" + (f" and {len(broken) - 1} more" if broken[1:] else ""),
            hint="the training diverged: train again with a smaller learning rate",
        )


def _read(path: str | Path) -> dict[Any, Any]:
    if not Path(path).is_file():
        raise InputError(
            "there is no such checkpoint", given=path, hint="give a file written by fit, extract or quickstart"
        )
    return read_archive(path, "a checkpoint")


def _state_and_entry(content: Mapping[Any, Any], path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The weights of the network, packed or not, and what they belong to."""
    state, entry = content.get("state_dict"), content.get(KEY)
    if PACKED in content and isinstance(content.get("tensors"), dict):
        with _about(path):
            state, entry = unpack(content["tensors"]), content.get("about")
    if not _is_entry(entry) or not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise InputError(
            f"{path} is not a checkpoint of stgnn", given=path, hint="give a file written by fit, extract or quickstart"
        )
    if entry.get("format") != FORMAT:
        raise InputError(f"{path} has an unknown form", given=entry.get("format"), allowed=FORMAT, hint="update stgnn")
    prefixed = any(name.startswith(PREFIX) for name in state)
    state = {
        name.removeprefix(PREFIX): value for name, value in state.items() if not prefixed or name.startswith(PREFIX)
    }
    return state, entry


def _is_entry(entry: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the entry ``"stgnn"`` says everything that is needed to rebuild what the weights belong to."""
    if not isinstance(entry, dict) or entry.get("kind") not in CONTENT:
        return False
    return {"layout", "class_names", CONTENT[entry["kind"]]} <= set(entry) and isinstance(entry["class_names"], list)
