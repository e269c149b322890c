"""Recipes kept beside results: they stay as long as there is a result, and say the same when they are run again."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from stgnn.cli import main
from stgnn.command_line import read_command_line
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.networks import Supernet, save_checkpoint
from stgnn.recipe import load_recipe
from stgnn.recipe_check import Flag
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.signatures import Catalog, command_signature
from stgnn.space import load_space

ROOT = Path(__file__).parents[1]
FIT = ROOT / "recipes" / "fit" / "supernet_tiny_synthetic.yaml"
TINY = ROOT / "stgnn" / "space" / "spaces" / "tiny.yaml"
DATA = "data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 32}}\n"
SEARCH = f"supernet: supernet.ckpt\n{DATA}latency: Roofline\nstrategy: Random\ntrials: 4\nstudy: study.journal\n"
SHORT = ["--data.clips=64", "--data.batch_size=16", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"]
SHORT += ["--trainer.max_epochs=1", "--trainer.limit_train_batches=1", "--trainer.limit_val_batches=0"]
SHORT += ["--model.calibration_clips=16"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a supernet, a search recipe and a space."""
    monkeypatch.chdir(tmp_path)
    data = SyntheticDataModule(clips=64)
    save_checkpoint("supernet.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    Path("search.yaml").write_text(SEARCH)
    Path("spaces").mkdir()
    Path("spaces/own.yaml").write_text(TINY.read_text().replace("name: tiny", "name: own"))
    return tmp_path


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def test_a_search_that_fails_half_way_keeps_its_recipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracy, asked = SupernetEvaluator.accuracy, []

    def failing(evaluator: SupernetEvaluator, architecture: Any) -> tuple[float, float]:
        asked.append(architecture)
        if len(asked) > 2:
            raise full_disk()
        return accuracy(evaluator, architecture)

    monkeypatch.setattr(SupernetEvaluator, "accuracy", failing)
    assert main(["search", "--config=search.yaml"]) == 1
    assert Path("study.journal.search.recipe.yaml").is_file()
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert main(["extract", "--study=study.journal", "--output=chosen.ckpt"]) == 0


@pytest.mark.parametrize(("file", "kept"), [("settings.json", False), ("seed_0/dense.json", True)])
def test_a_folder_keeps_its_recipe_once_it_holds_work(
    file: str, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(plan: Any, data: Any, output: Path, progress: Any) -> None:
        (output / file).parent.mkdir(parents=True)
        (output / file).write_text("{}")
        raise full_disk()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stgnn.tasks.lottery.run_lottery", failing)
    assert main(["lottery", "--config", str(ROOT / "recipes/lottery/tiny_synthetic.yaml"), "--output=tickets"]) == 1
    assert Path("tickets.recipe.yaml").is_file() == kept


def test_a_refused_search_leaves_no_recipe_beside_a_study_of_something_else(folder: Path) -> None:
    assert main(["search", "--config=search.yaml"]) == 0
    Path("study.journal.search.recipe.yaml").unlink()
    assert main(["search", "--config=search.yaml", "--data.frames=16"]) == 2
    assert not Path("study.journal.search.recipe.yaml").exists()


@pytest.mark.parametrize("name", ["2", "1e3", "2026-11-20", "null-1"])
def test_a_text_that_looks_like_something_else_stays_a_text(name: str, folder: Path) -> None:
    assert main(["search", "--config=search.yaml", "--name", name]) == 0
    kept = Path(f"study.journal.{name}.recipe.yaml")
    assert load_recipe(kept)["name"] == name
    assert main(["search", "--config", str(kept)]) == 0


def test_a_space_given_by_a_flag_is_kept_as_what_the_file_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Any] = []
    monkeypatch.setattr("stgnn.latency.profile.profile", lambda *arguments: measured.append(arguments))
    monkeypatch.setattr("stgnn.latency.comparison.summary", lambda device: {})
    flags = ["--space=spaces/own.yaml", "--layout=ntu25", "--classes=3", "--output=devices/own.json"]
    assert main(["profile", *flags]) == 0
    kept = load_recipe("devices/own.json.recipe.yaml")
    assert load_space(kept["space"]) == load_space("spaces/own.yaml")
    (folder / "spaces" / "own.yaml").unlink()
    assert main(["profile", "--config=devices/own.json.recipe.yaml"]) == 0
    assert measured[1][1:] == measured[0][1:] and load_space(measured[1][0]).name == "own"


def test_what_flags_say_of_a_class_has_the_types_of_its_arguments(folder: Path) -> None:
    signature = command_signature("search").with_annotation("DataSpec", "SkeletonDataModule")
    flags = ["--data=SkeletonDataModule", "--data.store=2024", "--data.frames=8", "--data.val_subjects=[1,2]"]
    line = read_command_line(["search", *flags, "--data.other.deep=3", "--study=null", "--budget_ms=5"], ("search",))
    catalog = Catalog.of_project()
    arguments = {"store": "2024", "frames": 8, "val_subjects": [1, 2], "other": {"deep": 3}}
    assert line.plain("data", signature, catalog) == {"class_path": "SkeletonDataModule", "init_args": arguments}
    assert [line.plain(key, signature, catalog) for key in ("study", "budget_ms", "name")] == ["null", 5, None]


def test_nothing_may_be_given_where_a_text_is_optional() -> None:
    name = command_signature("extract")["name"].annotation
    assert Flag("null").wanted_as(name) is None and Flag("7").wanted_as(name) == "7"


def test_the_recipe_of_a_training_can_be_run_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dated = "trainer: {logger: {class_path: lightning.pytorch.loggers.CSVLogger, "
    Path("log.yaml").write_text(f"{dated}init_args: {{save_dir: logs, name: '1e3', version: 2026-11-20}}}}}}\n")
    given = ["--config=log.yaml", *SHORT, "--model.space=spaces/own.yaml", "--json"]
    assert main(["fit", "--config", str(FIT), *given]) == 0
    run = Path(json.loads(capsys.readouterr().out)["results"])
    assert run == Path("logs/1e3/2026-11-20")
    kept = load_recipe(run / "recipe.yaml")
    assert load_space(kept["model"]["init_args"]["space"]) == load_space("spaces/own.yaml")
    assert kept["trainer"]["logger"]["init_args"]["name"] == "1e3"
    assert (run / "recipe.yaml").read_text().startswith("# lightning.pytorch==")
    (folder / "spaces" / "own.yaml").unlink()
    assert main(["fit", "--config", str(run / "recipe.yaml"), "--trainer.logger.init_args.version=again"]) == 0
    assert load_recipe("logs/1e3/again/recipe.yaml")["model"] == kept["model"]
