"""Scores of a recogniser over many batches: top-1, top-5, mean class accuracy and calibration error."""

from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError, MulticlassConfusionMatrix


class MeanClassAccuracy(MulticlassConfusionMatrix):
    """The share of its clips that is recognised, averaged over the classes that have clips.

    A class without clips counts nothing, whether it was predicted or not; torchmetrics counts a predicted one as zero.
    """

    def compute(self) -> Tensor:
        """A scalar in [0, 1]."""
        counts = self.confmat.float()  # (classes, classes), a row for each true class
        clips = counts.sum(dim=1)
        return (counts.diagonal() / clips)[clips > 0].mean()


class CalibrationError(MulticlassCalibrationError):
    """Expected calibration error over 15 bins, of logits.

    torchmetrics takes a batch of logits for probabilities if all of them happen to lie in [0, 1].
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, n_bins=15)

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch: logits (N, classes) and labels (N,)."""
        super().update(preds.softmax(dim=-1), target)


def scores(num_classes: int, prefix: str) -> MetricCollection:
    """All four, by name.

    Args:
        num_classes: Number of classes.
        prefix: What the names begin with.
    """
    return MetricCollection(
        {
            "top1": MulticlassAccuracy(num_classes, average="micro"),
            "top5": MulticlassAccuracy(num_classes, average="micro", top_k=min(5, num_classes)),
            "mean_class": MeanClassAccuracy(num_classes),
            "calibration_error": CalibrationError(num_classes),
        },
        prefix=prefix,
        compute_groups=False,  # groups are formed by what the first batch gives, and stay: top-5 could become top-1
    )
