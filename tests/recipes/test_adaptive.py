"""The recipes of AdaSGN, whole but short: on small files of the published formats, imported as a user would."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from stgnn.cli import main
from stgnn.data import import_data
from stgnn.recipe import load_recipe
from tests.data.readers.twin_ntu import person, track, write_recording
from tests.data.readers.twin_shrec import _hand, _path, write_hand

FOLDER = Path(__file__).parents[2] / "recipes" / "adaptive"
SHORT = ["--single_epochs", "1", "--epochs", "1", "--width", "4", "--alphas", "[4]", "--policies", "[conv]"]


def write_ntu(folder: Path, rng: np.random.Generator) -> None:
    """Two actions by training and test subjects, before two cameras, in two setups."""
    for setup, camera, subject, action in np.ndindex(2, 2, 4, 2):
        number = (1, 2, 3, 4)[subject]
        name = f"S{setup + 1:03d}C{camera + 1:03d}P{number:03d}R001A{action + 1:03d}"
        write_recording(folder / f"{name}.skeleton", 14, {"7": track(person(rng, 14, 0.1 + 0.4 * action))})


def write_shrec(folder: Path, rng: np.random.Generator) -> None:
    lists: dict[str, str] = {"train": "", "test": ""}
    for gesture, finger, subject in np.ndindex(2, 2, 4):
        one = (gesture + 1, finger + 1, subject + 1, 1)
        joints = _hand(rng)
        write_hand(_path(folder, *one) / "skeletons_world.txt", joints)
        lists["test" if subject == 3 else "train"] += (
            f"{' '.join(map(str, one))} {gesture + 1} {2 * gesture + finger + 1} {len(joints)}\n"
        )
    for part, text in lists.items():
        (folder / f"{part}_gestures.txt").write_text(text)


Writer = Callable[[Path, np.random.Generator], object]
FORMATS: Mapping[str, tuple[str, Writer]] = {
    "ntu60_xsub": ("ntu60", write_ntu),
    "ntu60_xview": ("ntu60", write_ntu),
    "ntu120_xsub": ("ntu120", write_ntu),
    "ntu120_xset": ("ntu120", write_ntu),
    "shrec17_14": ("shrec17-14", write_shrec),
    "shrec17_28": ("shrec17-28", write_shrec),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_recipe_trains_on_files_of_its_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    kind, write = FORMATS[name]
    write(tmp_path / "raw", np.random.default_rng(0))
    recipe = load_recipe(FOLDER / f"{name}.yaml")
    store = recipe["data"]["init_args"]["store"]
    import_data(kind, tmp_path / "raw", store)
    assert main(["adasgn", "--config", str(FOLDER / f"{name}.yaml"), *SHORT]) == 0
    assert "conv_alpha_4" in capsys.readouterr().out
    output = Path(recipe["output"])
    assert (output / "adaptive.html").is_file() and (output.parent / f"{output.name}.recipe.yaml").is_file()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_recipes_name_what_there_is(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe["data"]["init_args"]["frames"] == 20, "frames of the paper"
    assert recipe["output"] == f"runs/adaptive/{path.stem}"
    if path.stem in FORMATS:
        assert recipe["milestones"] == [60, 90, 110] and recipe["epochs"] == recipe["single_epochs"] == 120
