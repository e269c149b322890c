"""The command line: help, refusals before any work, output for machines, and runs of LightningCLI."""

import csv
import json
import math
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.cli import main
from stgnn.command_line import read_command_line
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.listing import KINDS
from stgnn.networks import Network, load_supernet, save_checkpoint
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.continuing import resume_command
from stgnn.words import WORDS

ROOT = Path(__file__).parents[1]
FIT = ROOT / "recipes" / "fit" / "supernet_tiny_synthetic.yaml"
SMALL = ["--data.clips=64", "--data.batch_size=16", "--trainer.enable_progress_bar=false", "--trainer.accelerator=cpu"]
SHORT = [*SMALL, "--trainer.max_epochs=1", "--trainer.limit_train_batches=1", "--trainer.check_val_every_n_epoch=1"]
SHORT += ["--model.calibration_clips=16", "--trainer.enable_model_summary=false", "--trainer.log_every_n_steps=1"]
HEAVY = ("torch", "lightning", "optuna", "onnx", "wandb")

IN_A_FRESH_PROCESS = f"""
import json, sys, time
start = time.process_time()
from stgnn.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, time.process_time() - start, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a refusal."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fit", "--help"], ["fit", "--config", str(FIT), "--trainer.max_epoch=3"]]
)
def test_help_and_refusals_need_nothing_heavy(arguments: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FRESH_PROCESS, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    code, seconds, heavy = json.loads(done.stdout.strip().splitlines()[-1])
    assert (code, heavy) == (2 if "--config" in arguments else 0, [])
    assert seconds < 2, "of the processor, which may be shared; 0.2 s are usual"


def test_help_lists_every_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {word} " in text for word in WORDS)


def test_help_of_fit_lists_keys_tasks_and_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(
        name in text for name in ("SupernetTask", "ClassificationTask", "SyntheticDataModule", "max_epochs", "sampled")
    )


@pytest.mark.parametrize("word", [word for word in WORDS if word not in ("fit", "validate", "test", "predict")])
def test_help_of_every_other_word(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*word.split(), "--help"]) == 0
    assert f"usage: stgnn {word}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--trainer.max_epoch=3"], "did you mean max_epochs"),
        (["--modell.sampled=3"], "unknown key 'modell'"),
        (["--model.sample=3"], "unknown key 'model.sample'"),
        (["--data.batchsize=3"], "did you mean batch_size"),
        (["--data", "SynteticDataModule"], "did you mean SyntheticDataModule"),
        (["--model=SupernetTasks"], "did you mean SupernetTask"),
        (["--config=nowhere.yaml"], "there is no such recipe"),
        (["stray"], "unexpected argument 'stray'"),
    ],
)
def test_bad_flags_of_fit(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in refused(["fit", "--config", str(FIT), *flags], capsys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trainer: {max_epochs: many}", "wrong type for 'trainer.max_epochs'"),
        ("model: {class_path: SupernetTask, init_args: {sampled: two}}", "wrong type for 'model.sampled'"),
        ("model: {class_path: SupernetTask, init_args: {space: tinny}}", "no such search space"),
        ("model: {class_path: ClassificationTask, init_args: {architecture: STGCM}}", "no such architecture"),
        ("model: {class_path: SupernetTask, init_args: {optimizer: Lion}}", "Literal['AdamW', 'Adam', 'SGD']"),
        ("model: {class_path: SupernetTask, space: tiny}", "arguments go under init_args"),
        ("seed_everything: often", "wrong type for 'seed_everything'"),
    ],
)
def test_bad_recipes_of_fit(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    assert message in refused(["fit", "--config", str(FIT), "--config", str(tmp_path / "bad.yaml")], capsys)


def test_a_space_with_an_operator_that_does_not_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = (ROOT / "stgnn" / "space" / "spaces" / "tiny.yaml").read_text().replace("JointMixer", "JointMixxer")
    (tmp_path / "space.yaml").write_text(space)
    (tmp_path / "bad.yaml").write_text("model: {class_path: SupernetTask, init_args: {space: space.yaml}}")
    message = refused(["fit", "--config", str(FIT), "--config", str(tmp_path / "bad.yaml")], capsys)
    assert "there is no operator 'JointMixxer'" in message and "did you mean JointMixer" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serach"], "did you mean search"),
        (["data", "imprt"], "did you mean data import"),
        (["data", "check"], "missing store"),
        (["data", "check", "--store=nowhere"], "nowhere"),
        (["data", "check", "--stoer=x"], "did you mean store"),
        (["list", "operator"], "did you mean operators|allowed"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--strategy=NSGA4"], "did you mean NSGA"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--strategy.popluation=4"], "population"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--data.frame=4"], "did you mean frames"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--trails=4"], "did you mean trials"),
        (
            ["profile", "--config", str(ROOT / "recipes/profile/onnxruntime_1thread.yaml"), "--thread=4"],
            "did you mean threads",
        ),
    ],
)
def test_bad_words_and_flags(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(message, refused(arguments, capsys))


def test_list_for_people_and_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "layouts"]) == 0
    assert "ntu25" in capsys.readouterr().out.split()
    assert main(["list", "strategies", "--json"]) == 0
    assert "NSGA2" in json.loads(capsys.readouterr().out)
    assert main(["list", "tasks", "--json"]) == 0
    assert {"ClassificationTask", "SparseTask", "SupernetTask"} <= set(json.loads(capsys.readouterr().out))
    assert main(["list", "--json", "strategies"]) == 0
    assert "NSGA2" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_can_be_named_is_explained(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told and all(len(text.split()) > 1 for text in told.values()), told
    assert main(["list", kind]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [tuple(line.split(maxsplit=1)) for line in lines] == list(told.items())


def test_data_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from stgnn.data import SyntheticActions

    monkeypatch.chdir(tmp_path)
    SyntheticActions(clips=64).store().save("data/synthetic")
    assert main(["data", "check", "--store=data/synthetic", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 64
    Path("empty").mkdir()
    assert main(["data", "list", "--folder=empty"]) == 0
    assert "no stores in this folder" in capsys.readouterr().out
    assert main(["data", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["store"], row["layout"], row["clips"]) == ("data/synthetic", "ntu25", 64)
    assert main(["data", "list"]) == 0
    assert re.search(r"\| Store +\| Layout .*\n\| data/synthetic \| ntu25  ", capsys.readouterr().out, re.DOTALL)
    (tmp_path / "import.yaml").write_text("format: npz\nsource: missing.npz\noutput: data/new\n")
    assert main(["data", "import", "--config=import.yaml"]) == 2


def test_fit_leaves_recipe_weights_and_figures_then_test_and_predict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--config", str(FIT), *SHORT]) == 0
    (run,) = Path("runs/supernet_tiny_synthetic").iterdir()
    assert {path.name for path in run.iterdir()} >= {"recipe.yaml", "metrics.csv", "checkpoints"}
    checkpoint = run / "checkpoints" / "last.ckpt"
    assert load_supernet(checkpoint).module.space.name == "tiny"
    assert (
        main(["fit", "--config", str(run / "recipe.yaml"), "--ckpt_path", str(checkpoint), "--trainer.max_epochs=2"])
        == 0
    )
    assert main(["test", "--config", str(FIT), *SHORT, "--ckpt_path", str(checkpoint)]) == 0
    confusion = next(Path("runs/supernet_tiny_synthetic").glob("*/confusion.csv"))
    rows = list(csv.reader(confusion.open()))
    assert len(rows) == len(rows[0]) == 17
    for logger in ([], ["--trainer.logger=false"]):
        capsys.readouterr()
        given = ["predict", "--config", str(FIT), *SHORT, *logger, "--ckpt_path", str(checkpoint), "--json"]
        assert main(given) == 0
        assert Path(json.loads(capsys.readouterr().out)["predictions"]).read_text().startswith("index,class,")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["fit"], ["missing model, data", "give --model ... --data ...", "stgnn fit --help"]),
        (["benchmark"], ["missing network", "give --network ...", "stgnn benchmark --help"]),
        (["data", "check"], ["missing store", "give --store ...", "stgnn data check --help"]),
        (["list"], ["missing what to list", "allowed: operators, spaces", "stgnn list operators"]),
    ],
)
def test_a_word_alone_is_told_what_it_needs(
    arguments: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(arguments, capsys)
    assert all(line in message for line in lines) and "given" not in message
    assert "given:   the keys trainer" in refused(["fit", "--trainer.max_epochs=3"], capsys)


@pytest.mark.parametrize("word", ["export", "sparsify"])
def test_a_checkpoint_that_is_not_there(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refused([word, "--checkpoint=nope.ckpt"], capsys)
    assert "there is no such checkpoint" in message and "nope.ckpt" in message and "recipe" not in message


@pytest.mark.parametrize("word", ["validate", "test", "predict"])
def test_random_weights_are_not_scored(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    message = refused([word, "--config", str(FIT), *SHORT], capsys)
    assert "no trained weights to score" in message and "--ckpt_path runs/NAME/version_N" in message
    assert not list(tmp_path.iterdir())


def test_what_a_network_starts_from_may_be_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = SyntheticDataModule(clips=64)
    network = Network(load_space("tiny").smallest(), data.layout, data.num_classes)
    save_checkpoint(tmp_path / "n.ckpt", network, data.class_names)
    model = "model: {class_path: ClassificationTask, init_args: {init_from: n.ckpt}}\n"
    Path("own.yaml").write_text(model + "data: {class_path: SyntheticDataModule}\n")
    assert main(["test", "--config=own.yaml", *SMALL, "--trainer.limit_test_batches=1"]) == 0


OWN = """
model: {class_path: ClassificationTask, init_args: {architecture: SGN-like, frames: 8}}
data: {class_path: SyntheticDataModule, init_args: {clips: 160, frames: 8}}
trainer: {max_epochs: 1, enable_progress_bar: false}
"""


def test_a_short_training_on_few_clips_has_nothing_to_complain_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(OWN)
    assert main(["fit", "--config=own.yaml"]) == 0
    assert capsys.readouterr().err == ""


def test_a_training_that_diverges_is_stopped_and_the_epoch_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(OWN)
    assert main(["fit", "--config=own.yaml"]) == 0
    capsys.readouterr()
    (kept,) = tmp_path.rglob("last.ckpt")
    before = kept.read_bytes()
    more = ["--ckpt_path", str(kept), "--trainer.max_epochs=2"]
    assert "nothing left to train" in refused(["fit", "--config=own.yaml", *more[:2]], capsys)

    def broken(task: ClassificationTask) -> None:
        with torch.no_grad():
            next(task.parameters()).fill_(math.inf)

    monkeypatch.setattr(ClassificationTask, "on_after_backward", broken)
    message = refused(["fit", "--config=own.yaml", *more], capsys)
    assert "diverged in epoch 1" in message and "NaN or infinity in network" in message
    assert kept.read_bytes() == before and len([*tmp_path.rglob("last.ckpt")]) == 1
    damaged = torch.load(kept, weights_only=True)
    next(value for value in damaged["state_dict"].values() if value.is_floating_point()).fill_(math.nan)
    torch.save(damaged, "nan.ckpt")
    for word in ("fit", "test", "predict"):
        assert "not all finite" in refused([word, "--config=own.yaml", "--ckpt_path=nan.ckpt"], capsys)


def test_lightnings_words_for_checkpoints_and_empty_splits_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(OWN)
    assert "is the path of a file" in refused(["fit", "--config=own.yaml", "--ckpt_path=last"], capsys)
    assert main(["fit", "--config=own.yaml"]) == 0
    capsys.readouterr()
    (kept,) = tmp_path.rglob("last.ckpt")
    nobody = ["validate", "--config=own.yaml", f"--ckpt_path={kept}", "--data.val_subjects=[]"]
    assert "held-out" in refused(nobody, capsys)


def test_the_printed_recipe_says_what_recipes_and_flags_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.yaml").write_text(OWN)
    assert main(["fit", "--config=own.yaml", "--model.learning_rate=0.5", "--print_config"]) == 0
    printed = capsys.readouterr().out
    Path("printed.yaml").write_text(printed)
    assert "learning_rate: 0.5" in printed and "max_epochs: 1" in printed
    assert main(["fit", "--config=printed.yaml", "--print_config"]) == 0
    assert capsys.readouterr().out == printed
    recipe = ROOT / "recipes/search/tiny_synthetic.yaml"
    assert main(["search", f"--config={recipe}", "--trials=7", "--print_config"]) == 0
    printed = capsys.readouterr().out
    assert "trials: 7" in printed and "class_path: SyntheticDataModule" in printed and "\njson" not in printed
    assert not list(tmp_path.glob("runs*"))


def test_results_are_json_also_when_a_number_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(kind: str) -> dict[str, Any]:
        return {"a": [math.nan, (1.5, math.inf)], "b": "x"}

    monkeypatch.setattr("stgnn.commands.list_names", figures)
    assert main(["list", "operators", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"a": [None, [1.5, None]], "b": "x"}


def test_warnings_say_what_is_the_matter_and_not_where_it_was_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures(kind: str) -> dict[str, Any]:
        sys.stderr.write(warnings.formatwarning(UserWarning("too\n  few"), UserWarning, "file.py", 7))
        return {}

    monkeypatch.setattr("stgnn.commands.list_names", figures)
    before = warnings.formatwarning
    assert main(["list", "operators", "--json"]) == 0
    assert capsys.readouterr().err == "stgnn: warning: too few\n"
    assert warnings.formatwarning is before


def test_a_terminal_of_few_characters_gets_question_marks() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    code = "import sys; from stgnn import cli; cli.main(['--version']); print('93 \u00b1 1 %')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert b"93 ? 1 %" in done.stdout


def test_training_words_end_with_their_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stgnn.tasks import SupernetTask

    monkeypatch.chdir(tmp_path)
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recipes name what the first run leaves, ``version_0``."""
    from stgnn.tasks import SupernetTask

    monkeypatch.chdir(tmp_path)
    assert "needs an end" in refused(["fit", "--config", str(FIT), *SMALL, "--trainer.limit_train_batches=0"], capsys)

    assert "to hold out" in refused(["fit", "--config", str(FIT), *SHORT, "--data.val_subjects=[77]"], capsys)

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as early:
        early.setattr("signal.signal", lambda *arguments: None)  # Lightning would ignore Ctrl-C from then on
        early.setattr(SupernetTask, "on_fit_start", stopped)
        assert main(["fit", "--config", str(FIT), *SHORT]) == 130
    assert not list(tmp_path.rglob("version_*"))
    assert main(["fit", "--config", str(FIT), *SHORT]) == 0
    assert Path("runs/supernet_tiny_synthetic/version_0/recipe.yaml").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "--config", str(FIT), "--trainer.max_epochs"], "--trainer.max_epochs needs a value"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--data"], "--data needs a value"),
    ],
)
def test_only_booleans_are_switches(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in refused(arguments, capsys)


def test_switches_are_written_out_for_parsers() -> None:
    line = read_command_line(["fit", "--trainer.fast_dev_run", "--data.clips", "8", "--a.b+=c", "--x.help"], ("fit",))
    assert line.arguments == ["--trainer.fast_dev_run=true", "--data.clips=8", "--a.b+=c", "--x.help"]


def test_a_file_given_for_a_whole_key_replaces_what_the_recipes_say_of_it(tmp_path: Path) -> None:
    """Else a setting of one data set would linger in the training on another."""
    (tmp_path / "data.yaml").write_text("class_path: SyntheticDataModule\ninit_args: {clips: 64}\n")
    line = read_command_line(["fit", "--config", str(FIT), "--data", str(tmp_path / "data.yaml")], ("fit",))
    kept = read_command_line(["fit", "--config", str(FIT), "--data.clips", "64"], ("fit",))
    assert "data" not in line.values and line.values == {k: v for k, v in kept.values.items() if k != "data"}
    assert line.arguments == [f"--data={tmp_path / 'data.yaml'}"]


def test_wandb_offline_needs_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.chdir(tmp_path)
    for name, value in {"WANDB_MODE": "offline", "WANDB_DIR": str(tmp_path), "WANDB_SILENT": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    overlay = ROOT / "recipes" / "log" / "wandb.yaml"
    assert main(["fit", "--config", str(FIT), "--config", str(overlay), *SHORT]) == 0
    assert list(tmp_path.rglob("*.wandb"))
    assert list(tmp_path.rglob("recipe.yaml"))


def test_a_value_that_only_the_parser_can_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "max_epochs" in refused(["fit", "--config", str(FIT), "--trainer.max_epochs=many"], capsys)
    assert "-3" in refused(["fit", "--config", str(FIT), "--data.clips=-3"], capsys)


def test_ctrl_c_is_clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(kind: str) -> None:
        raise KeyboardInterrupt("3 of 9 are kept")

    monkeypatch.setattr("stgnn.commands.list_names", interrupted)
    assert main(["list", "layouts"]) == 130
    assert "3 of 9 are kept" in capsys.readouterr().err
