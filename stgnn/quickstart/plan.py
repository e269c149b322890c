"""What the quickstart does, in numbers, and the folder it does it in."""

from dataclasses import asdict, dataclass
from pathlib import Path

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import InputError, check_between
from stgnn.tasks.stage import claim, data_facts

STUDY, SETTINGS = "quickstart", "plan.json"
RESULTS = (
    "supernet.ckpt",
    "device.json",
    "study.journal",
    "chosen.ckpt",
    "tuned.ckpt",
    "model.onnx",
    "report.html",
    "pareto.csv",
    "summary.json",
)


@dataclass
class Plan:
    """What the quickstart does, in numbers.

    Attributes:
        output: Folder of the results.
        seed: Seed of everything.
        clips: Synthetic clips.
        epochs: Epochs of the supernet.
        tuning_epochs: Epochs of fine-tuning.
        trials: Distinct architectures that the search evaluates, and random search after it.
        calibration: Networks measured to calibrate the latency table.
        holdout: Networks measured to check it.
    """

    output: Path
    seed: int = 0
    clips: int = 1600
    epochs: int = 24
    tuning_epochs: int = 12
    trials: int = 120
    calibration: int = 10
    holdout: int = 12


def claim_folder(plan: Plan, data: SkeletonDataModule) -> None:
    """Refuse a folder with the results of another plan or of something else; they are left as they are.

    Raises:
        InputError: there are such results, or the seed is out of range.
    """
    check_between(0, 2**32 - 1, seed=plan.seed)
    path = plan.output / SETTINGS
    if not path.is_file() and (foreign := [name for name in RESULTS if (plan.output / name).exists()]):
        raise InputError(
            f"{plan.output} holds results of something else", given=foreign, hint="choose another --output"
        )
    settings = {key: value for key, value in asdict(plan).items() if key != "output"}
    claim(path, {**settings, "data": data_facts(data)}, "a quickstart")
