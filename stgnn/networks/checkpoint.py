"""Checkpoints: plain data and tensors, read with ``weights_only=True``.

The entry ``"stgnn"`` says what the weights belong to; Lightning checkpoints of our tasks carry the same entry, so one
reader serves both.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Generic, TypeGuard, TypeVar

import torch

from stgnn.errors import InputError
from stgnn.files import write_bytes
from stgnn.networks.network import Network
from stgnn.networks.supernet import Supernet
from stgnn.skeleton import SkeletonLayout
from stgnn.space import Architecture, SearchSpace

KEY, FORMAT, PREFIX = "stgnn", 1, "network."
CONTENT = {"network": "architecture", "supernet": "space"}  # what each kind of checkpoint describes its weights by

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
    """Write a checkpoint; the file appears whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"state_dict": module.state_dict(), KEY: describe(module, class_names, extra)}, buffer)
    write_bytes(path, buffer.getbuffer())
    return Path(path)


def load_network(path: str | Path) -> Loaded[Network]:
    """Read a network.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a supernet.
    """
    state, entry = _read(path, "network")
    with _about(path):
        architecture = Architecture.from_dict(entry["architecture"])
        network = Network(architecture, SkeletonLayout.from_dict(entry["layout"]), len(entry["class_names"]))
    return _fill(network, state, entry, path)


def load_supernet(path: str | Path) -> Loaded[Supernet]:
    """Read a supernet.

    Raises:
        InputError: the file is missing, damaged, not ours, or holds a single network.
    """
    state, entry = _read(path, "supernet")
    with _about(path):
        space = SearchSpace.from_dict(entry["space"])
        supernet = Supernet(space, SkeletonLayout.from_dict(entry["layout"]), len(entry["class_names"]))
    return _fill(supernet, state, entry, path)


def checkpoint_kind(path: str | Path) -> str:
    """``"network"`` or ``"supernet"``."""
    return str(_read(path, None)[1]["kind"])


def check_run_checkpoint(path: str | Path) -> None:
    """Refuse a file that a run of the Trainer cannot go on from.

    Raises:
        InputError: it is missing, damaged, not ours, or holds weights without the state of a run.
    """
    _read(path, None)
    if "pytorch-lightning_version" not in _load(Path(path)):
        raise InputError(
            f"{path} holds weights alone, not the state of a run",
            given=path,
            allowed="last.ckpt and the like, as fit writes them",
            hint="leave ckpt_path out and start from these weights with --model.init_from",
        )


@contextmanager
def _about(path: str | Path) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise error.at(path) from error


def _fill(module: ModuleT, state: dict[str, Any], entry: dict[str, Any], path: str | Path) -> Loaded[ModuleT]:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(
            f"the weights in {path} do not fit what the file says of them",
            given=str(error).splitlines()[-1].strip(),
            hint="an operator may have changed since: use the release or the plugin version that wrote the file",
        ) from error
    broken = [name for name, value in module.state_dict().items() if not torch.isfinite(value).all()]
    if broken:
        raise InputError(
            f"the weights in {path} are not all finite numbers",
            given=f"NaN or infinity in {broken[0]}" + (f" and {len(broken) - 1} more" if broken[1:] else ""),
            hint="the training diverged: train again with a smaller learning rate",
        )
    module.eval()
    return Loaded(module, tuple(entry["class_names"]), entry.get("extra", {}))


def _read(path: str | Path, kind: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    path = Path(path)
    if not path.is_file():
        hint = "give a file written by fit, extract or quickstart"
        raise InputError("there is no such checkpoint", given=path, hint=hint)
    data = _load(path)
    data = data if isinstance(data, dict) else {}
    entry, state = data.get(KEY), data.get("state_dict")
    if not _is_entry(entry) or not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise InputError(
            f"{path} is not a checkpoint of stgnn", given=path, hint="give a file written by fit, extract or quickstart"
        )
    if entry.get("format") != FORMAT:
        raise InputError(f"{path} has an unknown form", given=entry.get("format"), allowed=FORMAT, hint="update stgnn")
    if kind is not None and entry["kind"] != kind:
        hint = "stgnn extract cuts a network out of a supernet" if kind == "network" else "stgnn fit trains a supernet"
        raise InputError(f"{path} holds a {entry['kind']}, not a {kind}", given=path, hint=hint)
    prefixed = any(name.startswith(PREFIX) for name in state)
    state = {
        name.removeprefix(PREFIX): value for name, value in state.items() if not prefixed or name.startswith(PREFIX)
    }
    return state, entry


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the pickles of others; they are refused
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive raises whatever its bytes happen to mean
        foreign = isinstance(error, UnpicklingError)
        reason = "objects other than tensors and plain data" if foreign else f"{type(error).__name__}: {error}"
        raise InputError(
            f"{path} cannot be read as a checkpoint",
            given=reason.splitlines()[0].partition(". ")[0],
            hint="the file is damaged, cut off or of another program; nothing in it was executed",
        ) from error


def _is_entry(entry: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the entry ``"stgnn"`` says everything that is needed to rebuild what the weights belong to."""
    if not isinstance(entry, dict) or entry.get("kind") not in CONTENT:
        return False
    return {"layout", "class_names", CONTENT[entry["kind"]]} <= set(entry) and isinstance(entry["class_names"], list)
