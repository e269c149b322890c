"""Every recipe on disk parses, and every fit recipe takes a step."""

import re
from collections import Counter
from pathlib import Path

import pytest

from stgnn.cli import main
from stgnn.command_line import read_command_line
from stgnn.networks import Network, save_checkpoint
from stgnn.recipe import load_recipe, merge, parse_yaml
from stgnn.recipe_check import RecipeChecker
from stgnn.signatures import Catalog
from stgnn.skeleton import load_layout
from stgnn.space import check_joints, load_space, read_space
from stgnn.training_recipe import check_training
from stgnn.words import WORDS, signature_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "recipes"
RECIPES = sorted(FOLDER.rglob("*.yaml"))
FIT = sorted((FOLDER / "fit").glob("*.yaml"))
CATALOG = Catalog.of_project()


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def test_every_category_has_recipes() -> None:
    found = Counter(path.parent.name for path in RECIPES)
    fewest = {"data": 10, "space": 3, "fit": 15, "profile": 2, "search": 5, "log": 1}
    fewest |= {"adaptive": 11, "lottery": 3, "sparse": 3}
    assert all(found[category] >= count for category, count in fewest.items()), found
    assert len(RECIPES) >= sum(fewest.values())


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    assert all(f"# {word}:" in text for word in ("Purpose", "Needs", "Command")), "the header"
    values = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert not re.search(r"(^|[\s:])[/~]", values), "an absolute path"
    assert f"({name(path)})" in (FOLDER / "README.md").read_text(encoding="utf-8"), "the table of recipes"


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_commands_of_headers_are_commands(path: Path) -> None:
    commands = re.findall(r"# (?:Command:)?\s*stgnn (.+)", path.read_text(encoding="utf-8"))
    for command in commands:
        line = read_command_line(command.replace("RECIPE", name(FIT[0])).split(), tuple(WORDS))
        assert all((ROOT / recipe).is_file() for recipe in line.recipes), command


@pytest.mark.parametrize("path", RECIPES, ids=name)
def test_parses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    category = path.parent.name
    if category == "space":
        assert read_space(parse_yaml(path.read_text(encoding="utf-8"))).size > 1
    elif category == "data":
        RecipeChecker(CATALOG).check_class(load_recipe(path), "SkeletonDataModule", "data")
    elif category in ("fit", "log"):
        base = load_recipe(FIT[0]) if category == "log" else {}
        check_training(merge(base, load_recipe(path)), "fit", CATALOG)
    else:
        signature = signature_of({"adaptive": "adasgn", "sparse": "sparsify"}.get(category, category))
        RecipeChecker(CATALOG).check_arguments(load_recipe(path), signature, "")


def test_what_uses_a_supernet_sees_the_clips_as_it_was_trained() -> None:
    """Finetuning too: the network it names comes out of the study that the recipes of the search share."""

    def clips(path: Path) -> dict[str, object]:
        data = load_recipe(path)["data"]
        return {**data, "init_args": {**data["init_args"], "batch_size": None}}

    users = sorted(path for folder in ("search", "rank") for path in (FOLDER / folder).glob("*.yaml"))
    found = {path: load_recipe(path)["supernet"] for path in users}
    found[FOLDER / "fit" / "finetune.yaml"] = found[FOLDER / "search" / "nsga2.yaml"]
    for path, supernet in found.items():
        assert clips(path) == clips(FOLDER / "fit" / f"{Path(supernet).parts[1]}.yaml"), name(path)


@pytest.mark.parametrize("layout", ["shrec22", "hand21"])
def test_the_space_for_hands_fits_hands(layout: str) -> None:
    check_joints(load_space(FOLDER / "space" / "hand.yaml"), load_layout(layout))


@pytest.mark.parametrize("path", FIT, ids=name)
def test_one_step(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stgnn.data.datamodule import SyntheticDataModule

    monkeypatch.chdir(tmp_path)
    data = SyntheticDataModule(clips=32)
    network = Network(load_space("tiny").smallest(), data.layout, data.num_classes)
    Path("runs").mkdir()
    save_checkpoint("runs/chosen.ckpt", network, data.class_names)
    (tmp_path / "small.yaml").write_text(
        "data: {class_path: SyntheticDataModule, init_args: {clips: 32, frames: 8, batch_size: 2}}\n"
        "trainer: {fast_dev_run: 1, accelerator: cpu, logger: false, enable_progress_bar: false, "
        "enable_model_summary: false}\n"
    )
    supernet = "SupernetTask" in path.read_text()
    flags = ["--model.calibration_clips=2"] if supernet else []
    assert main(["fit", "--config", str(path), "--config", "small.yaml", *flags]) == 0
