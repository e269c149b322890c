"""What the README says can be done: its commands parse, its Python runs, its files and links exist."""

import functools
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stgnn import cli, commands, load_layout
from stgnn.cli import main
from stgnn.command_line import CommandLine, read_command_line
from stgnn.data import SyntheticActions
from stgnn.recipe import load_recipe
from stgnn.recipe_check import RecipeChecker
from stgnn.signatures import Catalog
from stgnn.skeleton.transforms import resample_frames
from stgnn.training_recipe import TRAINING_WORDS, check_training
from stgnn.words import WORDS, check_purpose, signature_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MEASURED = ROOT / "benchmarks" / "README.md"
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "recipes/README.md", "plugins/README.md")
    ),
    MEASURED,
]
SEARCH = ROOT / "recipes" / "search" / "tiny_synthetic.yaml"
SMALL = {
    "clips=1200": "clips=64",
    "max_epochs=20": "max_epochs=1, accelerator='cpu'",
    "trials=200": "trials=3",
    "frames=16": "frames=20",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    """Every command of the shell blocks; lines that end in a backslash are joined."""
    lines = "".join(blocks("shell")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip()]


STGNN = [line for line in shell_lines() if line.startswith("stgnn ")]
STAND_INS = (
    *("adasgn", "benchmark", "data_check", "data_export", "data_import", "export", "extract", "finetune", "fuse"),
    *("lottery", "profile", "report", "sparsify"),
)
OTHERS = [line for line in shell_lines() if not line.startswith("stgnn ")]


def check(line: CommandLine, catalog: Catalog) -> None:
    """The checks the command line makes before anything is loaded."""
    check_purpose(line)
    signature = signature_of(line.word)
    if line.word in TRAINING_WORDS:
        check_training(line.merged(signature, catalog), line.word, catalog)
    else:
        RecipeChecker(catalog).check_arguments(line.merged(signature, catalog), signature, "")


def test_the_tour_is_there() -> None:
    words = {read_command_line(shlex.split(line)[1:], tuple(WORDS)).word for line in STGNN}
    assert words >= {
        "fit",
        "profile",
        "search",
        "report",
        "finetune",
        "extract",
        "export",
        "benchmark",
        "data import",
        "list",
    }
    assert {"make quickstart", "make test"} <= set(OTHERS)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the reader has it: the recipes, and files written as the README says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    layout, *own = blocks("yaml")
    (tmp_path / "gym8.yaml").write_text(layout, encoding="utf-8")
    for text in own:  # each names its file in the first line
        (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    hand = (ROOT / "recipes" / "space" / "hand.yaml").read_text(encoding="utf-8")
    assert hand.count("joints: [6, 11, 0]") == 1
    (tmp_path / "my_space.yaml").write_text(hand.replace("joints: [6, 11, 0]", "joints: [3, 0]"), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", STGNN)
def test_commands_parse(command: str, reader: Path) -> None:
    line = read_command_line(shlex.split(command)[1:], tuple(WORDS))
    assert all(recipe.is_file() for recipe in line.recipes), "the recipes exist"
    check(line, Catalog.of_project())


@pytest.mark.parametrize(
    "command",
    [line for line in STGNN if line.split()[1] in {name.partition("_")[0] for name in STAND_INS}],
)
def test_values_of_flags_parse(command: str, reader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real command line, up to the work itself."""
    called = []
    for name in STAND_INS:
        function = getattr(commands, name)

        @functools.wraps(function)
        def stand_in(*args: Any, **kwargs: Any) -> dict[str, int]:
            called.append(kwargs)
            return {"errors": 0}

        monkeypatch.setattr(commands, name, stand_in)
    monkeypatch.setattr(cli, "KEEPS_RECIPE", {})
    assert main([*shlex.split(command)[1:], "--json"]) == 0
    assert len(called) == 1


@pytest.mark.parametrize("command", OTHERS)
def test_other_commands_name_what_exists(command: str) -> None:
    program, *arguments = shlex.split(command)
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "optuna-dashboard":
        dashboard = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert program in dashboard and arguments[0] == load_recipe(SEARCH)["study"]
    elif program == "pip":
        assert (ROOT / arguments[-1] / "pyproject.toml").is_file()
    else:
        assert command == "source .venv/bin/activate"


def test_layout_and_data_of_the_own_body(reader: Path) -> None:
    assert load_layout("gym8.yaml").coarse_counts == (3,)
    exec(blocks("python")[0], {})
    for command in (line for line in STGNN if line.startswith("stgnn data")):
        assert main(shlex.split(command)[1:]) == 0
    short = ["--trainer.max_epochs=1", "--trainer.limit_train_batches=1", "--trainer.accelerator=cpu"]
    assert main(["fit", "--config", "my_supernet.yaml", *short]) == 0
    assert Path("runs/my_supernet/version_0/checkpoints/last.ckpt").is_file(), "where the search looks for it"


def test_python_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    _, device, example = blocks("python")
    for given, small in SMALL.items():
        assert example.count(given) == 1
        example = example.replace(given, small)
    trained: dict[str, Any] = {}
    exec(example, trained)
    assert "max_abs_difference" in capsys.readouterr().out
    network, data = trained["network"], trained["data"]
    np.save("clip.npy", data.store[0].keypoints)
    deployed: dict[str, Any] = {}
    exec(device.replace("runs/model.onnx", "model.onnx"), deployed)
    assert capsys.readouterr().out.strip() in SyntheticActions().store().class_names
    bodies = data.clips().gather(np.array([0]), data.frames).bodies
    with torch.no_grad():
        tested = network(resample_frames(bodies, network.frames)).numpy()
    np.testing.assert_allclose(deployed["logits"], tested, atol=1e-4, err_msg="another result than that of stgnn test")
    assert "data.real_bodies()" in example and "align=data.align" in example, "as the word export does it"


def anchors(page: Path) -> set[str]:
    """What a link may name behind ``#``: the headings, as GitHub and PyPI write them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in (one for one in links if not one.startswith(("http", "mailto:"))):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_measurement_has_its_row() -> None:
    rows = MEASURED.read_text(encoding="utf-8")
    results = [path.name for path in MEASURED.parent.iterdir() if path.suffix in (".json", ".csv")]
    assert results and not [name for name in results if f"({name})" not in rows]


def test_benchmark_scripts_exist() -> None:
    named = set(re.findall(r"\bbenchmarks/\w+\.py", MEASURED.read_text(encoding="utf-8")))
    assert named == {f"benchmarks/{path.name}" for path in MEASURED.parent.glob("*.py")}
