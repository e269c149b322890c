"""Weights are not scored on clips they may have been trained on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.commands import search, sparsify
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.latency import Roofline
from stgnn.networks import load_any, load_model, load_supernet
from stgnn.search import Random
from stgnn.search.extract import extract
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, MultiLevelTask, SGNTask, SparseTask, SupernetTask
from stgnn.tasks.base import BaseTask
from stgnn.tasks.seen import SEEN, check_unseen, seen

QUIET: dict[str, Any] = {
    "logger": False, "enable_progress_bar": False, "enable_checkpointing": False, "accelerator": "cpu",
}  # fmt: skip
OWN = {"class_path": "SyntheticDataModule", "init_args": {"clips": 64, "frames": 8, "batch_size": 16}}
OTHERS = {"class_path": "SyntheticDataModule", "init_args": {"clips": 64, "frames": 8, "val_subjects": [0, 1]}}


def clips(**arguments: object) -> SyntheticDataModule:
    return SyntheticDataModule(**{"clips": 64, "frames": 8, "batch_size": 16, **arguments})  # type: ignore[arg-type]


def trained(task: BaseTask, data: SyntheticDataModule, path: Path) -> Path:
    trainer = Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, enable_checkpointing=False, accelerator="cpu"
    )
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(path)
    return path


def test_validation_clips_that_were_trained_on_are_refused_and_test_clips_are_not(tmp_path: Path) -> None:
    data, others = clips(), clips(val_subjects=[0, 1])
    task = ClassificationTask(data.layout, data.class_names, load_space("tiny").smallest())
    path = trained(task, data, tmp_path / "last.ckpt")
    assert torch.load(path, weights_only=True)["stgnn"]["extra"][SEEN] == seen(data)
    trainer = Trainer(**QUIET)
    trainer.validate(task, datamodule=clips(seed=0), ckpt_path=path, verbose=False, weights_only=True)
    trainer.test(task, datamodule=others, ckpt_path=path, verbose=False, weights_only=True)
    with pytest.raises(InputError, match=r"(?s)other subjects held out.*val_seed"):
        trainer.validate(task, datamodule=others, ckpt_path=path, verbose=False, weights_only=True)
    with pytest.raises(InputError, match="other subjects held out"):
        sparsify(path, tmp_path / "sparse", OTHERS)


def test_a_search_does_not_count_clips_that_the_supernet_has_seen(tmp_path: Path) -> None:
    data = clips()
    path = trained(SupernetTask("tiny", data.layout, data.class_names, calibration_clips=8), data, tmp_path / "s.ckpt")
    with pytest.raises(InputError, match="other subjects held out"):
        search(path, OTHERS, Roofline(), Random(), str(tmp_path / "study.journal"))
    chosen = extract(path, load_space("tiny").smallest(), tmp_path / "chosen.ckpt", data)
    assert load_model(chosen).extra[SEEN] == load_supernet(path).extra[SEEN] == seen(data)


def test_another_protocol_is_another_test_and_other_clips_are_anybodys() -> None:
    data, others = clips(), clips(val_subjects=[0, 1])
    known = {SEEN: seen(data)}
    check_unseen(known, others, "test")
    check_unseen({}, others)
    check_unseen(known, clips(clips=80))
    with pytest.raises(InputError, match="another protocol"):
        check_unseen({SEEN: {**seen(data), "protocol": "xview"}}, data, "test")


def test_every_network_that_a_training_leaves_says_what_it_has_seen(tmp_path: Path) -> None:
    """Also those that are no checkpoint of the Trainer: finished sparse networks, levels, single models of SGN."""
    data = clips()
    start = load_space("tiny").smallest()
    sparse = SparseTask(data.layout, data.class_names, start, sparsity=0.5, granularity="unstructured")
    levels = MultiLevelTask(data.layout, data.class_names, start, levels=[0.5], nested=True)
    models = SGNTask(
        data.layout, data.class_names, joints=[9, 1], sizes=["small"], frames=8, models=tmp_path / "models"
    )
    for task in (sparse, levels, models):
        trained(task, data, tmp_path / "last" / "last.ckpt")
    sparse.finish(tmp_path / "sparse")
    levels.finish(tmp_path / "levels")
    found = [path for path in tmp_path.rglob("*.ckpt") if path.name != "last.ckpt"]
    assert len(found) == 2 + 4 + 2
    assert all(load_any(path).extra[SEEN] == seen(data) for path in found)
    extra = load_any(
        sparsify(found[0], tmp_path / "family", OWN, [0.5], "unstructured", epochs=1)["rows"][0]["checkpoint"]
    ).extra
    assert extra[SEEN] == seen(data)
