"""Tasks: what is trained, with which loss and which metrics. Each is a LightningModule, imported on first use.

from lightning.pytorch import Trainer
from stgnn.data import SyntheticDataModule
from stgnn.tasks import SupernetTask

data = SyntheticDataModule(clips=400, frames=32)
task = SupernetTask("tiny", data.layout.to_dict(), data.class_names)
Trainer(max_epochs=5).fit(task, datamodule=data)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stgnn.tasks.adasgn import AdaSGNTask
    from stgnn.tasks.base import BaseTask
    from stgnn.tasks.classification import ClassificationTask
    from stgnn.tasks.levels import MultiLevelTask
    from stgnn.tasks.sgn import SGNTask
    from stgnn.tasks.sparse import SparseTask
    from stgnn.tasks.supernet import SupernetTask

__all__ = [
    "AdaSGNTask",
    "BaseTask",
    "ClassificationTask",
    "MultiLevelTask",
    "SGNTask",
    "SparseTask",
    "SupernetTask",
]

_HOMES = {
    "AdaSGNTask": "adasgn",
    "BaseTask": "base",
    "ClassificationTask": "classification",
    "MultiLevelTask": "levels",
    "SGNTask": "sgn",
    "SparseTask": "sparse",
    "SupernetTask": "supernet",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"stgnn.tasks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
