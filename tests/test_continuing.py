"""A training goes on in its own folder, another one gets a new folder, and weights of a stopped one are told apart."""

import csv
import json
import shlex
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from stgnn.cli import main
from stgnn.tasks import SupernetTask
from stgnn.tasks.continuing import TRAINED, claimed, continued, resume_command, rows_before, warn_if_stopped

RECIPE = """
model: {class_path: SupernetTask, init_args: {space: tiny, calibration_clips: 8}}
data: {class_path: SyntheticDataModule, init_args: {clips: 64, frames: 8, batch_size: 16}}
trainer: {max_epochs: 3, accelerator: cpu, enable_progress_bar: false, check_val_every_n_epoch: 3, log_every_n_steps: 1}
"""
LAST = Path("runs/own/version_0/checkpoints/last.ckpt")


def stop(monkeypatch: pytest.MonkeyPatch, *flags: str, word: str = "fit") -> None:
    """Run a command that Ctrl-C stops: a training in its third epoch."""
    hook = {"fit": "on_train_epoch_start", "validate": "on_validation_start", "test": "on_test_start"}[word]
    begin = getattr(SupernetTask, hook)

    def interrupted(task: SupernetTask) -> None:
        if task.current_epoch == 2 or word != "fit":
            raise KeyboardInterrupt
        begin(task)

    with monkeypatch.context() as patched:
        patched.setattr(SupernetTask, hook, interrupted)
        patched.setattr("signal.signal", lambda *arguments: None)  # Lightning would ignore Ctrl-C from then on
        assert main([word, "--config=own.yaml", *flags]) == 130


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recipe of a training."""
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(RECIPE)
    return tmp_path


@pytest.fixture
def stopped(begun: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which Ctrl-C stopped a training in its third epoch."""
    stop(monkeypatch)
    assert torch.load(LAST, weights_only=True)["stgnn"]["extra"][TRAINED] == {"steps": 4, "planned": 6}
    return begun


def losses(folder: Path) -> dict[int, float]:
    """The loss of every step in a run's table; a step that stands there twice fails."""
    with (folder / "metrics.csv").open() as lines:
        rows = [(int(row["step"]), float(row["train_loss"])) for row in csv.DictReader(lines) if row["train_loss"]]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_the_same_recipe_continues_in_place_with_one_table_and_then_there_is_nothing_left(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--config=own.yaml", f"--ckpt_path={stopped / LAST}"]) == 0  # the typed recipe does as well
    whole = losses(Path("runs/own/version_0"))
    recipe = Path("runs/own/version_0/recipe.yaml").read_text()
    assert [*whole] == [*range(6)] and "ckpt_path: null" in recipe
    assert [path.name for path in Path("runs/own").iterdir()] == ["version_0"]
    capsys.readouterr()
    word, *arguments = resume_command(LAST).split()
    assert word == "stgnn" and main(arguments) == 2
    assert "nothing left to train" in capsys.readouterr().err
    assert losses(Path("runs/own/version_0")) == whole
    assert Path("runs/own/version_0/recipe.yaml").read_text() == recipe
    assert [path.name for path in Path("runs/own").iterdir()] == ["version_0"]


@pytest.mark.parametrize("path", ["best.ckpt", "far/own/version_0/checkpoints/last.ckpt"])
def test_a_checkpoint_behind_a_link_is_known_as_that_of_its_run(stopped: Path, path: str) -> None:
    Path("best.ckpt").symlink_to(LAST)
    Path("far").symlink_to("runs")
    recipe = Path("runs/own/version_0/recipe.yaml").read_text()
    folder = continued(path, Path("runs/own"), recipe)
    assert folder is not None and folder.samefile("runs/own/version_0")
    assert continued(path, Path("runs/other"), recipe) is None
    assert continued(path, Path("runs/own"), recipe.replace("max_epochs: 3", "max_epochs: 4")) is None


def test_the_command_that_is_shown_goes_on_from_the_kept_recipe(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(resume_command(LAST).split()[1:]) == 0
    assert str(LAST) in capsys.readouterr().out
    assert [*losses(Path("runs/own/version_0"))] == [*range(6)]


def test_another_recipe_starts_from_the_weights_in_a_folder_of_its_own(stopped: Path) -> None:
    before = LAST.read_bytes()
    assert main(["fit", "--config=own.yaml", f"--ckpt_path={LAST}", "--trainer.max_epochs=4"]) == 0
    assert LAST.read_bytes() == before and [*losses(Path("runs/own/version_1"))] == [*range(4, 8)]


def warned(*arguments: str) -> list[str]:
    """What a command that succeeds warns of: trainings that were stopped."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert main([*arguments]) == 0
    return [message for message in (str(warning.message) for warning in caught) if "is of step" in message]


def test_a_training_that_begins_anew_beside_a_stopped_one_says_so(stopped: Path) -> None:
    assert warned("fit", "--config=own.yaml", "--trainer.max_epochs=1") == []  # another recipe
    (said,) = warned("fit", "--config=own.yaml")
    assert said.startswith(f"{LAST} is of step 4 of 6") and resume_command(LAST) in said
    assert Path("runs/own/version_2").is_dir()
    assert warned("fit", "--config=own.yaml") == []  # the last one came to its end


def test_a_search_and_what_it_finds_warn_of_a_supernet_whose_training_was_stopped(stopped: Path) -> None:
    Path("search.yaml").write_text(
        f"supernet: {LAST}\ndata: {{class_path: SyntheticDataModule, init_args: {{clips: 64, frames: 8}}}}\n"
        "latency: Roofline\nstrategy: Random\nstudy: study.journal\ntrials: 1\n"
    )
    (said,) = warned("search", "--config=search.yaml")
    assert "is of step 4 of 6" in said and f"to train on: {resume_command(LAST)}" in said
    assert warned("extract", "--study=study.journal") == [said]
    assert main(resume_command(LAST).split()[1:]) == 0
    assert warned("search", "--config=search.yaml", "--name=other") == []


def test_a_run_without_a_recipe_beside_its_checkpoint_names_no_recipe(
    begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop(monkeypatch, "--trainer.logger=false")
    kept = "runs/checkpoints/last.ckpt"
    assert f"to continue: the command that began it, with --ckpt_path {kept}\n" in capsys.readouterr().err
    assert main(["fit", "--config=own.yaml", "--trainer.logger=false", f"--ckpt_path={kept}"]) == 0


def test_the_recipe_of_a_run_whose_checkpoints_lie_elsewhere_is_found_in_its_folder(
    begun: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "{dirpath: keep, save_last: true, save_on_train_epoch_end: true}"
    keeps = f"callbacks: [{{class_path: lightning.pytorch.callbacks.ModelCheckpoint, init_args: {options}}}]"
    Path("own.yaml").write_text(RECIPE.replace("trainer: {", f"trainer: {{{keeps}, "))
    stop(monkeypatch)
    *_, command = capsys.readouterr().err.strip().partition("to continue: ")
    word, *arguments = shlex.split(command)
    assert word == "stgnn" and arguments[2] == "runs/own/version_0/recipe.yaml"
    assert main(arguments) == 0


@pytest.mark.parametrize("logger", ["{save_dir: runs, name: own, version: mine}", "{save_dir: runs/own, name: null}"])
def test_a_logger_of_the_recipe_goes_on_with_its_table_as_well(
    begun: Path, monkeypatch: pytest.MonkeyPatch, logger: str
) -> None:
    own = f"logger: {{class_path: CSVLogger, init_args: {logger}}}"
    Path("own.yaml").write_text(RECIPE.replace("trainer: {", f"trainer: {{{own}, "))
    stop(monkeypatch)
    (last,) = Path("runs/own").rglob("last.ckpt")
    assert main(["fit", "--config=own.yaml", f"--ckpt_path={last}"]) == 0
    assert [*losses(last.parent.parent)] == [*range(6)] and len([*Path("runs/own").iterdir()]) == 1


def test_a_version_that_the_recipe_names_is_not_overwritten(stopped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = LAST.read_bytes()
    own = "--trainer.logger={class_path: CSVLogger, init_args: {save_dir: runs, name: own, version: 0}}"
    capsys.readouterr()
    assert main(["fit", "--config=own.yaml", own]) == 2
    said = capsys.readouterr().err
    assert "runs/own/version_0" in said and "holds another run" in said and resume_command(LAST) in said
    assert main(["validate", "--config=own.yaml", own, f"--ckpt_path={LAST}"]) == 2  # its table would replace ours
    assert LAST.read_bytes() == before
    assert main(["fit", "--config=own.yaml", own, "--trainer.fast_dev_run=1"]) == 0  # writes nothing
    assert main(["fit", "--config=own.yaml", own.replace("version: 0", "version: 7")]) == 0
    assert [*losses(Path("runs/own/version_7"))] == [*range(6)]


def test_runs_that_begin_at_the_same_moment_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as workers:
        folders = [*workers.map(lambda _: claimed(tmp_path / "own"), range(64))]
    assert {folder.name for folder in folders} == {f"version_{number}" for number in range(64)}


def test_the_number_that_a_run_was_given_is_not_part_of_its_recipe(stopped: Path) -> None:
    assert "version: null" in Path("runs/own/version_0/recipe.yaml").read_text()
    assert len(warned("fit", "--config=runs/own/version_0/recipe.yaml")) == 1  # of the one that was stopped
    assert [*losses(Path("runs/own/version_1"))] == [*range(6)]


@pytest.mark.parametrize("word", ["validate", "test"])
def test_scoring_does_not_claim_the_weights_that_it_read_and_cannot_be_continued_by_fit(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert main([word, "--config=own.yaml", f"--ckpt_path={LAST}", "--json"]) == 0
    assert "checkpoint" not in json.loads(capsys.readouterr().out)
    stop(monkeypatch, f"--ckpt_path={LAST}", word=word)
    assert f"{word} stopped; the same command starts it again\n" in capsys.readouterr().err


def test_a_run_of_another_recipe_that_kept_nothing_does_not_name_what_it_started_from(
    stopped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    stop(monkeypatch, f"--ckpt_path={LAST}", "--trainer.max_epochs=4")
    assert "fit stopped; nothing was kept\n" in capsys.readouterr().err


def test_the_command_survives_a_shell() -> None:
    path = "runs/my net/version_0/checkpoints/last.ckpt"
    assert shlex.split(resume_command(path))[-1] == path


def test_old_checkpoints_and_damaged_tables_do_no_harm(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_stopped("old.ckpt", {})
        warn_if_stopped("new.ckpt", {TRAINED: {"steps": 6, "planned": 6}})
    assert rows_before(tmp_path, {}) == []
    (tmp_path / "metrics.csv").write_text("step,loss\n0,1.5\n,2\nx,3\n7,4\n")
    assert [row["loss"] for row in rows_before(tmp_path, {TRAINED: {"steps": 7, "planned": 9}})] == ["1.5"]
    assert [row["loss"] for row in rows_before(tmp_path, {})] == ["1.5", "4"]
