"""Which word a recipe is for: those of another are refused, naming it, before anything is loaded."""

import json
from collections.abc import Callable
from filecmp import dircmp
from pathlib import Path

import pytest

import stgnn
from stgnn.cli import main
from stgnn.words import WORDS, function_of, signature_of

RECIPES = Path(__file__).parents[1] / "recipes"
FOLDERS = {
    "profile": "profile",
    "rank": "rank",
    "finetune": "finetune",
    "search": "search",
    "adaptive": "adasgn",
    "lottery": "lottery",
    "sparse": "sparsify",
}
Refused = Callable[..., str]


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_keys(word: str) -> None:
    assert signature_of(word).names
    assert function_of("data import") == "data_import" and function_of("list") == "list_names"


@pytest.mark.parametrize(("folder", "word"), [*FOLDERS.items(), ("fit", "fit")])
def test_recipes_for_another_word_are_refused_with_the_right_one(folder: str, word: str, refused: Refused) -> None:
    recipes = sorted((RECIPES / folder).glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        for other in {"fit", "search", "data check"} - {word}:
            assert f"hint:    stgnn {word} --config {recipe}\n" in refused(*other.split(), f"--config={recipe}")


def test_recipes_of_training_are_for_all_words_of_training() -> None:
    recipe = RECIPES / "fit" / "supernet_tiny_synthetic.yaml"
    assert main(["test", f"--config={recipe}", "--print_config"]) == 0


def test_a_part_of_a_recipe_is_no_recipe(refused: Refused) -> None:
    recipe = RECIPES / "data" / "synthetic.yaml"
    assert f"--data {recipe}" in refused("fit", f"--config={recipe}")


def test_a_misspelt_recipe_is_for_no_other_word(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "own.yaml").write_text("modell: {class_path: SupernetTask}\n")
    assert "did you mean model?" in refused("fit", f"--config={tmp_path / 'own.yaml'}")


def test_the_package_brings_the_recipes_and_says_what_each_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Builds follow the link, so that there is one copy of every recipe."""
    link = Path(stgnn.__path__[0]) / "recipes"
    assert link.is_symlink() and link.resolve() == RECIPES
    assert main(["list", "recipes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == sorted(f"recipes/{path.relative_to(RECIPES)}" for path in RECIPES.rglob("*.yaml"))
    assert all(text.endswith(".") and "Needs" not in text and "#" not in text for text in told.values())


def test_recipes_are_copied_into_a_new_folder(here: Path, refused: Refused) -> None:
    fit = ["fit", "--config=recipes/fit/supernet_tiny_synthetic.yaml", "--print_config"]
    assert "stgnn recipes copies" in refused(*fit)
    assert main(["recipes"]) == 0
    for folder in (path for path in RECIPES.iterdir() if path.is_dir()):
        compared = dircmp(folder, here / "recipes" / folder.name)
        assert compared.same_files and not compared.left_only + compared.right_only + compared.diff_files
    assert main(fit) == 0
    assert "--output" in refused("recipes")
    assert main(["recipes", "--output=my recipes"]) == 0 and Path("my recipes/log/wandb.yaml").is_file()
