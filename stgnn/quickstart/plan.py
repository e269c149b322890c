"""What the quickstart does, in numbers, and the folder it does it in."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from stgnn.errors import InputError, check_between
from stgnn.files import read_json, write_text

STUDY = "quickstart"
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


def claim(plan: Plan) -> None:
    """Refuse a folder with the results of another plan; they are left as they are."""
    check_between(0, 2**32 - 1, seed=plan.seed)
    settings = {key: value for key, value in asdict(plan).items() if key != "output"}
    path = plan.output / "plan.json"
    known = read_json(path, "the plan of a quickstart") if path.is_file() else None
    foreign = [name for name in RESULTS if (plan.output / name).exists()]
    if known is None and foreign:
        raise InputError(
            f"{plan.output} holds results of something else", given=foreign, hint="choose another --output"
        )
    if known is not None and known != settings:
        raise InputError(
            f"{plan.output} holds a quickstart with other settings",
            given=settings,
            allowed=known,
            hint="choose another --output, or remove the folder",
        )
    write_text(path, json.dumps(settings))
