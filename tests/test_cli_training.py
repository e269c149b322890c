"""Runs of LightningCLI: what fit, validate, test and predict leave, refuse and say, in an empty working directory."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.cli import main
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.networks import Network, load_supernet, save_checkpoint
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask, SupernetTask
from stgnn.tasks.continuing import resume_command

ROOT = Path(__file__).parents[1]
FIT = ROOT / "recipes" / "fit" / "supernet_tiny_synthetic.yaml"
SMALL = ["--data.clips=64", "--data.batch_size=16", "--trainer.enable_progress_bar=false", "--trainer.accelerator=cpu"]
SHORT = [*SMALL, "--trainer.max_epochs=1", "--trainer.limit_train_batches=1", "--trainer.check_val_every_n_epoch=1"]
SHORT += ["--model.calibration_clips=16", "--trainer.enable_model_summary=false", "--trainer.log_every_n_steps=1"]
OWN = """
model: {class_path: ClassificationTask, init_args: {architecture: SGN-like, frames: 8}}
data: {class_path: SyntheticDataModule, init_args: {clips: 160, frames: 8}}
trainer: {max_epochs: 1, enable_progress_bar: false}
"""
Refused = Callable[..., str]

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def own(here: Path) -> str:
    """The flag that names the recipe of a short training of one network."""
    (here / "own.yaml").write_text(OWN)
    return "--config=own.yaml"


def test_fit_leaves_recipe_weights_and_figures_then_test_and_predict(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--config", str(FIT), *SHORT]) == 0
    (run,) = Path("runs/supernet_tiny_synthetic").iterdir()
    assert {path.name for path in run.iterdir()} >= {"recipe.yaml", "metrics.csv", "checkpoints"}
    checkpoint = run / "checkpoints" / "last.ckpt"
    assert load_supernet(checkpoint).module.space.name == "tiny"
    more = ["--config", str(run / "recipe.yaml"), "--ckpt_path", str(checkpoint), "--trainer.max_epochs=2"]
    assert main(["fit", *more]) == 0
    assert main(["test", "--config", str(FIT), *SHORT, "--ckpt_path", str(checkpoint)]) == 0
    confusion = next(Path("runs/supernet_tiny_synthetic").glob("*/confusion.csv"))
    rows = list(csv.reader(confusion.open()))
    assert len(rows) == len(rows[0]) == 17
    for logger in ([], ["--trainer.logger=false"]):
        capsys.readouterr()
        given = ["predict", "--config", str(FIT), *SHORT, *logger, "--ckpt_path", str(checkpoint), "--json"]
        assert main(given) == 0
        assert Path(json.loads(capsys.readouterr().out)["predictions"]).read_text().startswith("index,class,")


@pytest.mark.parametrize("word", ["validate", "test", "predict"])
def test_random_weights_are_not_scored(word: str, here: Path, refused: Refused) -> None:
    message = refused(word, "--config", FIT, *SHORT)
    assert "no trained weights to score" in message and "--ckpt_path runs/NAME/version_N" in message
    assert not list(here.iterdir())


def test_what_a_network_starts_from_may_be_scored(here: Path) -> None:
    data = SyntheticDataModule(clips=64)
    network = Network(load_space("tiny").smallest(), data.layout, data.num_classes)
    save_checkpoint(here / "n.ckpt", network, data.class_names)
    model = "model: {class_path: ClassificationTask, init_args: {init_from: n.ckpt}}\n"
    Path("own.yaml").write_text(model + "data: {class_path: SyntheticDataModule}\n")
    assert main(["test", "--config=own.yaml", *SMALL, "--trainer.limit_test_batches=1"]) == 0


def test_a_short_training_on_few_clips_has_nothing_to_complain_of(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", own]) == 0
    assert capsys.readouterr().err == ""


def test_a_training_that_diverges_is_stopped_and_the_epoch_before_is_kept(
    own: str, here: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    assert main(["fit", own]) == 0
    (kept,) = here.rglob("last.ckpt")
    before = kept.read_bytes()
    more = ["--ckpt_path", str(kept), "--trainer.max_epochs=2"]
    assert "nothing left to train" in refused("fit", own, *more[:2])

    def broken(task: ClassificationTask) -> None:
        with torch.no_grad():
            next(task.parameters()).fill_(math.inf)

    monkeypatch.setattr(ClassificationTask, "on_after_backward", broken)
    message = refused("fit", own, *more)
    assert "diverged in epoch 1" in message and "NaN or infinity in network" in message
    assert kept.read_bytes() == before and len([*here.rglob("last.ckpt")]) == 1
    damaged = torch.load(kept, weights_only=True)
    next(value for value in damaged["state_dict"].values() if value.is_floating_point()).fill_(math.nan)
    torch.save(damaged, "nan.ckpt")
    for word in ("fit", "test", "predict"):
        assert "not all finite" in refused(word, own, "--ckpt_path=nan.ckpt")


def test_lightnings_words_for_checkpoints_and_empty_splits_are_refused(own: str, here: Path, refused: Refused) -> None:
    assert "is the path of a file" in refused("fit", own, "--ckpt_path=last")
    assert main(["fit", own]) == 0
    (kept,) = here.rglob("last.ckpt")
    nobody = ["validate", own, f"--ckpt_path={kept}", "--data.val_subjects=[]"]
    assert "held-out" in refused(*nobody)


def test_the_printed_recipe_says_what_recipes_and_flags_say(
    own: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", own, "--model.learning_rate=0.5", "--print_config"]) == 0
    printed = capsys.readouterr().out
    Path("printed.yaml").write_text(printed)
    assert "learning_rate: 0.5" in printed and "max_epochs: 1" in printed
    assert main(["fit", "--config=printed.yaml", "--print_config"]) == 0
    assert capsys.readouterr().out == printed
    recipe = ROOT / "recipes/search/tiny_synthetic.yaml"
    assert main(["search", f"--config={recipe}", "--trials=7", "--print_config"]) == 0
    printed = capsys.readouterr().out
    assert "trials: 7" in printed and "class_path: SyntheticDataModule" in printed and "\njson" not in printed
    assert not list(here.glob("runs*"))


def test_training_words_end_with_their_metrics(capfd: pytest.CaptureFixture[str]) -> None:
    shown = [flag for flag in SHORT if "enable" not in flag]
    assert main(["fit", "--config", str(FIT), *shown, "--json"]) == 0
    out, err = capfd.readouterr()
    trained = json.loads(out)
    assert Path(trained["checkpoint"]).is_file() and Path(trained["results"], "recipe.yaml").is_file()
    assert trained["metrics"].keys() >= {"train_loss", "val_largest_top1", "val_smallest_mean_class"}
    noise = ("litlogger", "available", "FLOPs", "workers", "Loading", "stopped", "deprecated", "Seed")
    assert "Epoch" in err and not [word for word in noise if word in err]
    assert main(["test", "--config", str(FIT), *shown, "--ckpt_path", trained["checkpoint"]]) == 0
    out, err = capfd.readouterr()
    header, _, row = out.splitlines()[-3:]
    assert "Top-1" in header and "Calibration error" in header and row.startswith("| test ")
    assert "Testing" in err and "Restoring" not in err


def test_ctrl_c_in_training_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = SupernetTask.training_step

    def interrupted(task: SupernetTask, *batch: Any) -> Any:
        if task.current_epoch == 1:
            raise KeyboardInterrupt
        return step(task, *batch)

    monkeypatch.setattr(SupernetTask, "training_step", interrupted)
    monkeypatch.setattr("signal.signal", lambda *arguments: None)  # Lightning would ignore Ctrl-C from then on
    assert main(["fit", "--config", str(FIT), *SHORT, "--trainer.max_epochs=3"]) == 130
    last = "runs/supernet_tiny_synthetic/version_0/checkpoints/last.ckpt"
    assert f"to continue: {resume_command(last)}" in capsys.readouterr().err
    assert Path(last).is_file()


def test_a_run_that_is_refused_or_stopped_at_once_takes_no_number(
    here: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    """Recipes name what the first run leaves, ``version_0``."""
    assert "needs an end" in refused("fit", "--config", FIT, *SMALL, "--trainer.limit_train_batches=0")
    assert "to hold out" in refused("fit", "--config", FIT, *SHORT, "--data.val_subjects=[77]")

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as early:
        early.setattr("signal.signal", lambda *arguments: None)  # Lightning would ignore Ctrl-C from then on
        early.setattr(SupernetTask, "on_fit_start", stopped)
        assert main(["fit", "--config", str(FIT), *SHORT]) == 130
    assert not list(here.rglob("version_*"))
    assert main(["fit", "--config", str(FIT), *SHORT]) == 0
    assert Path("runs/supernet_tiny_synthetic/version_0/recipe.yaml").is_file()


def test_wandb_offline_needs_no_account(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name, value in {"WANDB_MODE": "offline", "WANDB_DIR": str(here), "WANDB_SILENT": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    overlay = ROOT / "recipes" / "log" / "wandb.yaml"
    assert main(["fit", "--config", str(FIT), "--config", str(overlay), *SHORT]) == 0
    assert list(here.rglob("*.wandb"))
    assert list(here.rglob("recipe.yaml"))


def test_a_value_that_only_the_parser_can_refuse(refused: Refused) -> None:
    assert "max_epochs" in refused("fit", "--config", FIT, "--trainer.max_epochs=many")
    assert "-3" in refused("fit", "--config", FIT, "--data.clips=-3")
