"""The command line: help, refusals before any work, output for machines."""

import inspect
import json
import math
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stgnn import commands
from stgnn.cli import main
from stgnn.command_line import read_command_line
from stgnn.listing import KINDS
from stgnn.words import WORDS, function_of

ROOT = Path(__file__).parents[1]
FIT = ROOT / "recipes" / "fit" / "supernet_tiny_synthetic.yaml"
HEAVY = ("torch", "lightning", "optuna", "onnx", "wandb")
Refused = Callable[..., str]

IN_A_FRESH_PROCESS = f"""
import json, sys, time
start = time.process_time()
from stgnn.cli import main
code = main(sys.argv[1:])
print(json.dumps([code, time.process_time() - start, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


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
    summary = (inspect.getdoc(getattr(commands, function_of(word))) or "").partition("\n\n")[0]
    assert summary.endswith(".") and "\n" not in summary  # help shows no more than the first line


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
def test_bad_flags_of_fit(flags: list[str], message: str, refused: Refused) -> None:
    assert message in refused("fit", "--config", FIT, *flags)


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
def test_bad_recipes_of_fit(text: str, message: str, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    assert message in refused("fit", "--config", FIT, "--config", tmp_path / "bad.yaml")


def test_a_space_with_an_operator_that_does_not_exist(tmp_path: Path, refused: Refused) -> None:
    space = (ROOT / "stgnn" / "space" / "spaces" / "tiny.yaml").read_text().replace("JointMixer", "JointMixxer")
    (tmp_path / "space.yaml").write_text(space)
    (tmp_path / "bad.yaml").write_text("model: {class_path: SupernetTask, init_args: {space: space.yaml}}")
    message = refused("fit", "--config", FIT, "--config", tmp_path / "bad.yaml")
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
def test_bad_words_and_flags(arguments: list[str], message: str, refused: Refused) -> None:
    assert re.search(message, refused(*arguments))


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


def test_data_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from stgnn.data import SyntheticActions

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
    (here / "import.yaml").write_text("format: npz\nsource: missing.npz\noutput: data/new\n")
    assert main(["data", "import", "--config=import.yaml"]) == 2


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["fit"], ["missing model, data", "give --model ... --data ...", "stgnn fit --help"]),
        (["benchmark"], ["missing network", "give --network ...", "stgnn benchmark --help"]),
        (["data", "check"], ["missing store", "give --store ...", "stgnn data check --help"]),
        (["list"], ["missing what to list", "allowed: operators, spaces", "stgnn list operators"]),
    ],
)
def test_a_word_alone_is_told_what_it_needs(arguments: list[str], lines: list[str], refused: Refused) -> None:
    message = refused(*arguments)
    assert all(line in message for line in lines) and "given" not in message
    assert "given:   the keys trainer" in refused("fit", "--trainer.max_epochs=3")


@pytest.mark.parametrize("word", ["export", "sparsify"])
def test_a_checkpoint_that_is_not_there(here: Path, word: str, refused: Refused) -> None:
    message = refused(word, "--checkpoint=nope.ckpt")
    assert "there is no such checkpoint" in message and "nope.ckpt" in message and "recipe" not in message


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "--config", str(FIT), "--trainer.max_epochs"], "--trainer.max_epochs needs a value"),
        (["search", "--config", str(ROOT / "recipes/search/nsga2.yaml"), "--data"], "--data needs a value"),
    ],
)
def test_only_booleans_are_switches(arguments: list[str], message: str, refused: Refused) -> None:
    assert message in refused(*arguments)


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


def test_ctrl_c_is_clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(kind: str) -> None:
        raise KeyboardInterrupt("3 of 9 are kept")

    monkeypatch.setattr("stgnn.commands.list_names", interrupted)
    assert main(["list", "layouts"]) == 130
    assert "3 of 9 are kept" in capsys.readouterr().err
