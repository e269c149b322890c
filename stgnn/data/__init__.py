"""Data: files -> `SkeletonSequence` -> `SkeletonStore` -> `Batch`.

A store is a folder of plain NumPy files, memory-mapped. A batch is one gather of frames by index, of bodies that exist.

    >>> from stgnn.data import SyntheticActions
    >>> store = SyntheticActions(clips=32).store()
    >>> len(store), store[0].keypoints.shape[2:], store.protocols
    (32, (25, 3), ('xsub',))

What works on tensors (`ClipData`, `ClipLoader`, the Lightning data modules) is imported on first use: reading and
checking data needs no torch.
"""

from typing import TYPE_CHECKING, Any

from stgnn.data.importing import import_data, list_stores
from stgnn.data.quality.summary import check_store
from stgnn.data.readers import FORMATS
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.synthetic import SyntheticActions

if TYPE_CHECKING:
    from stgnn.data.batches import Augmentation, Batch, ClipData
    from stgnn.data.datamodule import SkeletonDataModule, SyntheticDataModule
    from stgnn.data.loader import ClipLoader

__all__ = [
    "FORMATS",
    "Augmentation",
    "Batch",
    "ClipData",
    "ClipLoader",
    "SkeletonDataModule",
    "SkeletonSequence",
    "SkeletonStore",
    "SyntheticActions",
    "SyntheticDataModule",
    "check_store",
    "import_data",
    "list_stores",
]

_HOMES = {
    "Augmentation": "batches",
    "Batch": "batches",
    "ClipData": "batches",
    "ClipLoader": "loader",
    "SkeletonDataModule": "datamodule",
    "SyntheticDataModule": "datamodule",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"stgnn.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
