"""Checkpoints: plain data and tensors, read with ``weights_only=True``.

The entry ``"stgnn"`` says what the weights belong to; Lightning checkpoints of our tasks carry the same entry, so one
reader serves both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Generic, TypeVar
from uuid import uuid4

import torch

from stgnn.errors import InputError
from stgnn.networks.network import Network
from stgnn.networks.supernet import Supernet
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, SearchSpace

KEY, FORMAT, PREFIX = "stgnn", 1, "network."

ModuleT = TypeVar("ModuleT", Network, Supernet)


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
    module: Network | Supernet, class_names: Sequence[str], extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The ``"stgnn"`` entry of a checkpoint."""
    if isinstance(module, Supernet):
        what = {"kind": "supernet", "space": module.space.to_dict()}
    else:
        what = {"kind": "network", "architecture": module.architecture.to_dict()}
    common = {
        "format": FORMAT,
        "layout": module.layout.to_dict(),
        "class_names": list(class_names),
        "extra": dict(extra or {}),
    }
    return {**what, **common}


def save_checkpoint(
    path: str | Path, module: Network | Supernet, class_names: Sequence[str], extra: Mapping[str, Any] | None = None
) -> Path:
    """Write a checkpoint; the file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        torch.save({"state_dict": module.state_dict(), KEY: describe(module, class_names, extra)}, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load_network(path: str | Path) -> Loaded[Network]:
    """Read a network.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a supernet.
    """
    state, entry = _read(path, "network")
    architecture = Architecture.from_dict(entry["architecture"])
    network = Network(architecture, SkeletonLayout.from_dict(entry["layout"]), len(entry["class_names"]))
    return _fill(network, state, entry, path)


def load_supernet(path: str | Path) -> Loaded[Supernet]:
    """Read a supernet.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a single network.
    """
    state, entry = _read(path, "supernet")
    space = SearchSpace.from_dict(entry["space"])
    supernet = Supernet(space, SkeletonLayout.from_dict(entry["layout"]), len(entry["class_names"]))
    return _fill(supernet, state, entry, path)


def checkpoint_kind(path: str | Path) -> str:
    """``"network"`` or ``"supernet"``."""
    return str(_read(path, None)[1]["kind"])


def _fill(module: ModuleT, state: dict[str, Any], entry: dict[str, Any], path: str | Path) -> Loaded[ModuleT]:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(
            f"the weights in {path} do not fit what the file says of them",
            given=str(error).splitlines()[-1].strip(),
            hint="an operator may have changed since: use the release or the plugin version that wrote the file",
        ) from error
    module.eval()
    return Loaded(module, tuple(entry["class_names"]), entry.get("extra", {}))


def _read(path: str | Path, kind: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    path = Path(path)
    if not path.is_file():
        raise InputError("there is no such checkpoint", given=path)
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise InputError(
            f"{path} cannot be read as a checkpoint",
            given=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint="the file is damaged or cut off, or it holds objects other than tensors and plain data",
        ) from error
    entry = data.get(KEY) if isinstance(data, dict) else None
    if not isinstance(entry, dict) or "state_dict" not in data:
        raise InputError(
            f"{path} is not a checkpoint of stgnn", hint="give a file written by fit, extract or quickstart"
        )
    if entry.get("format") != FORMAT:
        raise InputError(f"{path} has an unknown form", given=entry.get("format"), allowed=FORMAT, hint="update stgnn")
    if kind is not None and entry["kind"] != kind:
        raise InputError(f"{path} holds a {entry['kind']}, not a {kind}", given=path)
    prefixed = any(name.startswith(PREFIX) for name in data["state_dict"])
    state = {
        name.removeprefix(PREFIX): value
        for name, value in data["state_dict"].items()
        if not prefixed or name.startswith(PREFIX)
    }
    return state, entry
