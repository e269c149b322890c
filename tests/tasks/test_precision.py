"""Whether half precision pays on the processor at hand."""

import warnings
from collections.abc import Callable

import pytest
import torch
from lightning.pytorch import Trainer

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask
from stgnn.tasks import precision as module
from stgnn.tasks.precision import bfloat16_ratio, warn_of_slow_bfloat16


def test_the_ratio_is_that_of_two_times() -> None:
    assert 0 < bfloat16_ratio(size=8) < 1e4


@pytest.mark.parametrize(
    ("precision", "device", "ratio", "told"),
    [
        ("bf16-mixed", "cpu", 60.0, True),
        ("bf16-mixed", "cpu", 0.5, False),
        ("bf16-mixed", "cuda", 60.0, False),
        ("32-true", "cpu", 60.0, False),
    ],
)
def test_only_slow_half_precision_is_told(
    precision: str, device: str, ratio: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "bfloat16_ratio", lambda: ratio)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warn_of_slow_bfloat16(precision, torch.device(device))
    assert [str(one.message) for one in found] == told * [
        "this processor multiplies bfloat16 60.0 times slower than float32: set precision to 32-true"
    ]


def test_a_training_tells(
    data: SyntheticDataModule, trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "bfloat16_ratio", lambda: 9.0)
    task = ClassificationTask(data.layout, data.class_names, load_space("tiny").smallest().to_dict())
    with pytest.warns(UserWarning, match=r"9\.0 times slower"):
        trainer(max_steps=1, limit_val_batches=0, precision="bf16-mixed").fit(task, datamodule=data)
