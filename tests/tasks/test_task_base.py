"""What every task shares."""

import itertools
import json
import math

import pytest
import torch
from torch import nn

from stgnn.data.batches import Batch
from stgnn.errors import InputError
from stgnn.skeleton import load_layout
from stgnn.space import load_architecture, load_space
from stgnn.tasks import ClassificationTask, SupernetTask
from stgnn.tasks.base import clip_logits, distillation_loss
from stgnn.tasks.schedule import parameter_groups, schedule

NAMES = ["wave", "sit", "walk"]


def test_a_clip_is_scored_by_the_mean_of_its_bodies() -> None:
    logits = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 7.0]])
    batch = Batch(torch.zeros(3, 4, 5, 2), torch.tensor([0, 0, 1]), torch.tensor([1, 0]), torch.tensor([7, 8]))
    assert clip_logits(logits, batch).tolist() == [[2.0, 1.0], [5.0, 7.0]]


def test_distillation_is_the_divergence_in_float32_and_teaches_only_the_student() -> None:
    student = torch.randn(4, 5, dtype=torch.bfloat16, requires_grad=True)
    teacher = torch.randn(4, 5, requires_grad=True)
    loss = distillation_loss(student, teacher)
    assert loss.dtype == torch.float32
    loss.backward()
    assert teacher.grad is None
    assert student.grad is not None
    p, q = teacher.softmax(-1), student.float().softmax(-1)
    assert loss.item() == pytest.approx((p * (p / q).log()).sum(-1).mean().item(), rel=1e-5)
    assert distillation_loss(teacher, teacher).item() == pytest.approx(0.0, abs=1e-6)


def test_schedule_rises_then_falls_to_five_percent() -> None:
    factors = [schedule(step, 100, 0.1) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == 1.0 == factors[9]
    assert all(earlier >= later for earlier, later in itertools.pairwise(factors[9:]))
    assert factors[-1] == pytest.approx(0.05, abs=1e-3)
    assert schedule(500, 100, 0.1) == pytest.approx(0.05)
    assert math.isfinite(schedule(0, 1, 0.0))


def test_only_weights_decay() -> None:
    module = nn.Sequential(nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4), nn.Linear(4, 3))
    decayed, spared = parameter_groups(module, 0.1)
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in spared["params"]} == {1}
    assert len(decayed["params"]) + len(spared["params"]) == len(list(module.parameters()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"warmup": 2.0},
        {"label_smoothing": 1.0},
        {"learning_rate": 0.0},
        {"class_names": ["one"]},
        {"architecture": None},
    ],
)
def test_wrong_arguments_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ClassificationTask(**{"layout": "ntu25", "class_names": NAMES, "architecture": "SGN-like", **wrong})  # type: ignore[arg-type]


def test_objects_and_plain_data_describe_the_same_task() -> None:
    layout, space, architecture = load_layout("coco17"), load_space("tiny"), load_architecture("SGN-like")
    plain, objects = SupernetTask("tiny", "coco17", NAMES), SupernetTask(space, layout, NAMES)
    assert plain.describe() == objects.describe() == json.loads(json.dumps(objects.describe()))
    task = ClassificationTask(layout, NAMES, architecture)
    assert task.describe() == ClassificationTask(layout.to_dict(), NAMES, architecture.to_dict()).describe()
    assert task.describe() == json.loads(json.dumps(task.describe())), "checkpoints hold plain data"


@pytest.mark.parametrize(
    ("name", "kind"), [("AdamW", torch.optim.AdamW), ("Adam", torch.optim.Adam), ("SGD", torch.optim.SGD)]
)
def test_optimisers_by_name_and_rates_that_fall_at_milestones(name: str, kind: type) -> None:
    from types import SimpleNamespace

    task = ClassificationTask("ntu25", NAMES, "SGN-like", optimizer=name, milestones=[0.5, 9], warmup=0.0)  # type: ignore[arg-type]
    task._trainer = SimpleNamespace(estimated_stepping_batches=100, max_epochs=10)  # type: ignore[assignment]
    configured = task.configure_optimizers()
    assert type(configured["optimizer"]) is kind  # type: ignore[index, call-overload]
    factor = configured["lr_scheduler"]["scheduler"].lr_lambdas[0]  # type: ignore[index, call-overload]
    assert [factor(step) for step in (0, 49, 50, 89, 90)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])
