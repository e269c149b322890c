"""The quickstart's seed is that of everything, whatever the process has drawn before; other words go on from it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import Tensor

from stgnn.cli import main
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.quickstart import Plan, story
from stgnn.quickstart.plan import STUDY, claim_folder, keep_recipes
from stgnn.quickstart.summary import tell
from stgnn.recipe import load_recipe
from stgnn.results import build_data, data_of, recipe_path


class _Begun(Exception):
    """Training is about to begin."""


def first_weights(plan: Plan, monkeypatch: pytest.MonkeyPatch, ambient: int) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def begin(task: Any, *_: Any, **__: Any) -> None:
        found.update(task.network.state_dict())
        raise _Begun

    monkeypatch.setattr(story, "train_quietly", begin)
    torch.manual_seed(ambient)
    with pytest.raises(_Begun):
        story._supernet(plan, SyntheticDataModule(clips=48, frames=16))
    return found


def test_the_supernet_starts_from_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(tmp_path)
    first, again, other = (
        first_weights(replace(plan, seed=seed), monkeypatch, ambient) for seed, ambient in ((0, 1), (0, 2), (1, 1))
    )
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_other_words_go_on_from_its_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(tmp_path, seed=3)
    keep_recipes(plan)
    (tmp_path / "tuned.ckpt").touch()
    data = build_data(data_of(tmp_path / "tuned.ckpt"))
    assert isinstance(data, SyntheticDataModule) and (data.frames, data.seed) == (16, 3)
    recipe = recipe_path(plan.search["study"], STUDY)
    assert main(["search", f"--config={recipe}", "--trials=200"]) == 2
    assert f"{tmp_path / 'device.json'}" in capsys.readouterr().err, "the recipe is right; nothing is measured yet"


def test_a_second_start_keeps_what_other_words_have_written(tmp_path: Path) -> None:
    plan, data = Plan(tmp_path), SyntheticDataModule(clips=48, frames=16)
    assert [claim_folder(plan, data), claim_folder(plan, data)] == [False, True]
    keep_recipes(plan)
    recipe = recipe_path(plan.search["study"], STUDY)
    recipe.write_text(recipe.read_text().replace("trials: 120", "trials: 500"))
    keep_recipes(plan)
    assert load_recipe(recipe)["trials"] == 500


@pytest.mark.parametrize(("resumed", "said"), [(False, "12 s in all"), (True, "12 s since it went on")])
def test_the_time_that_is_told_is_that_of_this_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resumed: bool, said: str
) -> None:
    chosen = {"summary": "", "accuracy_fine_tuned_test": 0.5, "latency_measured_ms": 1.0, "parameters": 1}
    tell(Console(width=200), Plan(tmp_path), {"chosen": chosen, "seconds": {"total": 12.3}, "resumed": resumed})
    assert said in capsys.readouterr().out
