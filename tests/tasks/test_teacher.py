"""A network that another one learns from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import save_checkpoint
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, SparseTask, SupernetTask
from stgnn.tasks.base import distillation_loss

Run = Callable[..., Trainer]
SMALLEST = load_space("tiny").smallest().to_dict()
LARGEST = load_space("tiny").largest().to_dict()
Student = type[ClassificationTask] | type[SparseTask]

students = pytest.mark.parametrize("student", [ClassificationTask, SparseTask])


def pupil(student: Student, data: SyntheticDataModule, **arguments: Any) -> Any:
    return student(data.layout, data.class_names, SMALLEST, **arguments)


@pytest.fixture
def teacher(data: SyntheticDataModule, tmp_path: Path) -> Path:
    network = ClassificationTask(data.layout, data.class_names, LARGEST).network
    return save_checkpoint(tmp_path / "teacher.ckpt", network, data.class_names)


@students
def test_a_teacher_is_neither_trained_nor_saved(
    student: Student, data: SyntheticDataModule, trainer: Run, teacher: Path
) -> None:
    task = pupil(student, data, teacher=teacher, distillation=1.0)
    before = [value.clone() for value in task.teacher.network.state_dict().values()]
    trainer(max_steps=1, limit_val_batches=0).fit(task, datamodule=data)
    assert all(torch.equal(a, b) for a, b in zip(before, task.teacher.network.state_dict().values(), strict=True))
    assert task.state_dict().keys() == pupil(student, data).state_dict().keys()


@students
def test_the_loss_is_a_mixture_of_labels_and_teacher(
    student: Student, data: SyntheticDataModule, teacher: Path
) -> None:
    losses = {}
    batch = next(iter(data.train_dataloader()))
    for share in (None, 0.25):
        torch.manual_seed(0)
        arguments: Any = {} if share is None else {"teacher": teacher, "distillation": share}
        task = pupil(student, data, **arguments)
        if isinstance(task, SparseTask):
            task._phases = (0, 0)  # without a Trainer
        losses[share] = task.training_step(batch, 0)
    taught = ClassificationTask(data.layout, data.class_names, init_from=teacher).eval()
    wanted = 0.75 * losses[None] + 0.25 * distillation_loss(task.score(batch), taught.score(batch))
    torch.testing.assert_close(losses[0.25], wanted)


@students
def test_wrong_teachers_are_refused(
    student: Student,
    data: SyntheticDataModule,
    supernet: Callable[..., SupernetTask],
    teacher: Path,
    tmp_path: Path,
) -> None:
    save_checkpoint(tmp_path / "s.ckpt", supernet().network, data.class_names)
    with pytest.raises(InputError, match=r"cannot teach(.|\n)*stgnn extract"):
        pupil(student, data, teacher=tmp_path / "s.ckpt")
    with pytest.raises(InputError, match="no such checkpoint"):
        pupil(student, data, teacher=tmp_path / "missing.ckpt")
    with pytest.raises(InputError, match="other data"):
        student(data.layout, [f"other {name}" for name in data.class_names], SMALLEST, teacher=teacher)
    with pytest.raises(InputError, match="distillation is out of range"):
        pupil(student, data, distillation=2.0)
