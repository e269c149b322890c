"""Run by test_ddp.py in a process of its own: two processes against one on the same joined batches."""

import copy
import json
import sys

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.data.loader import ClipLoader
from stgnn.tasks import ClassificationTask, SupernetTask


class Plain(SyntheticDataModule):
    """Batches without randomness: step s of two processes holds the clips of step s of one with twice the batch."""

    def train_dataloader(self) -> ClipLoader:
        """The first clips, in order."""
        loader = self._loader("train")
        loader.training = False
        loader.indices = loader.indices[:32]
        return loader


def freeze(task: LightningModule) -> None:
    """Keep batch norm at its stored statistics while training."""
    task.on_train_batch_start = lambda *_: task.network.eval()  # type: ignore[method-assign, assignment, union-attr]


def train(task: LightningModule, processes: int, folder: str) -> dict[str, Tensor]:
    """Parameters after two steps."""
    freeze(task)
    data = Plain(clips=64, frames=16, batch_size=16 // processes)
    trainer = Trainer(
        max_steps=2,
        accelerator="cpu",
        devices=processes,
        strategy="ddp_fork_find_unused_parameters_true" if processes > 1 else "auto",
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(task, datamodule=data)
    return {name: value.detach() for name, value in task.named_parameters()}


def main(folder: str) -> None:
    """Compare, for each task."""
    torch.set_num_threads(1)
    data = Plain(clips=64, frames=16)
    common = {
        "layout": data.layout.to_dict(),
        "class_names": data.class_names,
        "optimizer": "SGD",
        "learning_rate": 0.5,
        "warmup": 0.0,
    }
    tasks = {
        "supernet": SupernetTask("tiny", **common),  # type: ignore[arg-type]
        "classification": ClassificationTask(
            architecture=SupernetTask("tiny", **common).space.smallest().to_dict(), **common
        ),  # type: ignore[arg-type]
    }
    alone = {name: copy.deepcopy(task) for name, task in tasks.items()}
    start = {
        name: {key: value.detach().clone() for key, value in task.named_parameters()} for name, task in tasks.items()
    }
    two = {name: train(task, 2, folder) for name, task in tasks.items()}  # before this process has run a backward pass
    one = {name: train(task, 1, folder) for name, task in alone.items()}
    result = {}
    for name in tasks:
        moved = max((one[name][key] - start[name][key]).abs().max().item() for key in one[name])
        apart = max((one[name][key] - two[name][key]).abs().max().item() for key in one[name])
        result[name] = {"moved": moved, "apart": apart}
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
