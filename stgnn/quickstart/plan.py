"""What the quickstart does, in numbers, and the folder it does it in."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stgnn.data.datamodule import SkeletonDataModule
from stgnn.errors import LARGEST_SEED, InputError, check_between
from stgnn.results import keep_recipe, recipe_path
from stgnn.tasks.settings import claim, data_facts

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

    @property
    def data(self) -> dict[str, Any]:
        """The data module as a recipe names it."""
        given = {"clips": self.clips, "seed": self.seed, "frames": 16, "batch_size": 32, "about_vertical": 0.5}
        return {"class_path": "SyntheticDataModule", "init_args": given}

    @property
    def search(self) -> dict[str, Any]:
        """The recipe of the search, with which the word ``search`` goes on."""
        return {
            "supernet": str(self.output / "supernet.ckpt"),
            "data": self.data,
            "latency": {"class_path": "Calibrated", "init_args": {"device": str(self.output / "device.json")}},
            "strategy": {"class_path": "RegularizedEvolution", "init_args": {"population": 24, "tournament": 5}},
            "study": str(self.output / "study.journal"),
            "name": STUDY,
            "trials": self.trials,
            "seed": self.seed,
        }


def claim_folder(plan: Plan, data: SkeletonDataModule) -> bool:
    """Refuse a folder with the results of another plan or of something else; they are left as they are.

    Returns:
        Whether this plan was begun here before.

    Raises:
        InputError: there are such results, or the seed is out of range.
    """
    check_between(0, LARGEST_SEED, seed=plan.seed)
    path = plan.output / SETTINGS
    begun = path.is_file()
    if not begun and (foreign := [name for name in RESULTS if (plan.output / name).exists()]):
        raise InputError(
            f"{plan.output} holds results of something else", given=foreign, hint="choose another --output"
        )
    settings = {key: value for key, value in asdict(plan).items() if key != "output"}
    claim(path, {**settings, "data": data_facts(data)}, "a quickstart")
    return begun


def keep_recipes(plan: Plan) -> None:
    """Say beside study and networks what they are made with, as the other words do, so that these go on from here.

    What other words have written there since stays.
    """
    networks = [({"data": plan.data}, str(plan.output / file), "") for file in ("chosen.ckpt", "tuned.ckpt")]
    for recipe, result, name in [(plan.search, plan.search["study"], STUDY), *networks]:
        if not recipe_path(result, name).exists():
            keep_recipe(recipe, result, name)
