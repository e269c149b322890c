"""Accuracy of an architecture with the weights it inherits from a supernet."""

import hashlib
import math
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor

from stgnn.data.batches import Batch, Draw, joined, keyed_generator
from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError, check_between
from stgnn.networks import Supernet
from stgnn.skeleton.transforms import resample_frames
from stgnn.space import BaseArchitecture
from stgnn.tasks.base import clip_logits
from stgnn.tasks.cutting import BODIES, calibration_bodies, check_data


class SupernetEvaluator:
    """Recalibrates the batch norms for an architecture, then counts the recognised clips. Everything stays in memory.

    Args:
        supernet: The trained supernet; it is not changed.
        calibration: Training bodies (B, T, V, C) for the batch-norm statistics.
        clips: The clips of the search split, held out of the training subjects; never test clips.
        variants: How often every clip is in ``clips``, all clips once before any comes again.
    """

    def __init__(self, supernet: Supernet, calibration: Tensor, clips: Batch, variants: int = 1) -> None:
        if not len(calibration) or not len(clips.label):
            raise InputError(
                "an evaluation needs clips to calibrate with and clips to count",
                given=f"{len(calibration)} bodies and {len(clips.label)} clips",
                hint="hold out some training subjects: leave val_subjects out, or name some",
            )
        device = next(supernet.parameters()).device
        self.supernet = supernet.eval()
        self.space, self.layout, self.num_classes = supernet.space, supernet.layout, supernet.num_classes
        self._calibration, self._clips = calibration.to(device), clips.to(device)
        self._variants = variants
        self._resampled: dict[int, tuple[Tensor, Tensor]] = {}

    @classmethod
    def from_data(
        cls,
        supernet: Supernet,
        data: SkeletonDataModule,
        split: Literal["val", "train"] = "val",
        calibration_clips: int = 300,
        seed: int = 0,
        variants: int = 1,
    ) -> "SupernetEvaluator":
        """Evaluate on a split of a data module, calibrate on its training split.

        Args:
            supernet: The trained supernet.
            data: The data it was trained on.
            split: Clips to count.
            calibration_clips: Training clips for the batch-norm statistics, drawn without regard to class.
            seed: Seed of that draw, and of the variants.
            variants: How often every clip is scored: as it is, and then changed as training clips are, with frames of
                their own. More of them make the accuracy less a matter of luck, and one of views that nobody saw.

        Raises:
            InputError: there is to be no variant, the test split is asked for, the split is empty, or the data is not
                what the supernet knows.
        """
        if split not in ("val", "train"):
            raise InputError(
                "a search must not see this split",
                given=split,
                allowed="val, train",
                hint="the test split is for the last number of a study; choose by subjects held out of training",
            )
        check_data(supernet, data)
        check_between(1, variants=variants)
        chosen, source = data.splits()[split], data.clips()
        clips = source.gather(chosen, data.frames)
        for number in range(1, variants):
            changed = source.gather(chosen, data.frames, keyed_generator(Draw.VIEWS, seed, number), data.augmentation)
            clips = joined(clips, changed)
        return cls(supernet, calibration_bodies(data, calibration_clips, seed), clips, variants)

    @torch.inference_mode()
    def accuracy(self, architecture: BaseArchitecture) -> tuple[float, float]:
        """Fraction of the clips recognised, and its standard error.

        The error is that of a binomial with half a clip added on either side, less what scoring every clip several
        times takes off, and no less than what luck does to these looks at the same clips: it is never 0.
        """
        right = (self.scores(architecture).argmax(dim=1) == self._clips.label).float()
        of_clip = right.view(self._variants, -1).mean(dim=0)  # (N,)
        clips = len(of_clip)
        share = (float(of_clip.sum()) + 0.5) / (clips + 1)
        within = float((of_clip * (1 - of_clip)).mean())
        between = max(share * (1 - share) - within, within / self._variants)
        return float(of_clip.mean()), math.sqrt(between / clips)

    @torch.inference_mode()
    def scores(self, architecture: BaseArchitecture) -> Tensor:
        """Logits (variants * N, classes): the mean over each clip's bodies."""
        calibration, bodies = self._frames(architecture.frames)
        buffers = self.supernet.calibrated(architecture, torch.split(calibration, BODIES))
        self.supernet.eval()
        logits = [self.supernet(part, architecture, buffers) for part in torch.split(bodies, BODIES)]
        return clip_logits(torch.cat(logits), self._clips)

    def identity(self) -> dict[str, str]:
        """What the accuracies depend on, as short checksums: results with another identity cannot be compared."""
        clips = (self._calibration, self._clips.bodies, self._clips.clip, self._clips.label)
        return {"supernet": supernet_checksum(self.supernet), "clips": _checksum(clips)}

    def _frames(self, frames: int) -> tuple[Tensor, Tensor]:
        """Calibration and search bodies with T frames; a space has few T, so all are kept."""
        if frames not in self._resampled:
            pair = self._calibration, self._clips.bodies
            self._resampled[frames] = (resample_frames(pair[0], frames), resample_frames(pair[1], frames))
        return self._resampled[frames]


def supernet_checksum(supernet: Supernet) -> str:
    """Twelve hexadecimal digits of the weights."""
    return _checksum(value for _, value in sorted(supernet.state_dict().items()))


def _checksum(tensors: Iterable[Tensor]) -> str:
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()[:12]
