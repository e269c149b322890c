"""Scores over many batches: what torchmetrics gets wrong for recognisers is right here."""

import pytest
import torch

from stgnn.tasks.metrics import CalibrationError, MeanClassAccuracy, scores


def logits_of(ranked: list[list[int]], classes: int) -> torch.Tensor:
    """Rows in which these classes come first, in this order."""
    rows = torch.zeros(len(ranked), classes)
    for row, order in zip(rows, ranked, strict=True):
        for place, label in enumerate(order):
            row[label] = 10.0 - place
    return rows


def test_top5_stays_top5_after_a_first_batch_without_a_mistake() -> None:
    metrics = scores(10, "test_")
    metrics.update(logits_of([[0], [1], [2]], 10), torch.tensor([0, 1, 2]))
    metrics.update(logits_of([[9, 0], [8, 9, 1], [5]], 10), torch.tensor([0, 1, 2]))
    found = {name: float(value) for name, value in metrics.compute().items()}
    assert found["test_top1"] == pytest.approx(3 / 6)
    assert found["test_top5"] == pytest.approx(5 / 6)
    assert found["test_mean_class"] == pytest.approx(3 / 6)


def test_a_class_without_clips_does_not_count_although_it_was_predicted() -> None:
    metric = MeanClassAccuracy(3)
    metric.update(logits_of([[0], [0], [2], [1]], 3), torch.tensor([0, 0, 0, 1]))
    assert float(metric.compute()) == pytest.approx((2 / 3 + 1) / 2)


def test_logits_between_0_and_1_are_not_taken_for_probabilities() -> None:
    logits, label = torch.tensor([[0.9, 0.1], [0.2, 0.6]]), torch.tensor([0, 1])
    metric = CalibrationError(2)
    metric.update(logits, label)
    sure = logits.softmax(dim=1).amax(dim=1)
    assert float(metric.compute()) == pytest.approx(float((1 - sure).mean()), abs=1e-6)
