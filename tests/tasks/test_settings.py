"""Whom a folder of results belongs to."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stgnn.data.datamodule import SkeletonDataModule, SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import Network, save_checkpoint
from stgnn.quickstart.plan import Plan, claim_folder
from stgnn.search.fine_tuning import FineTuning
from stgnn.search.rank_check import RankCheck
from stgnn.space import load_space
from stgnn.tasks import family, lottery, two_stage
from stgnn.tasks.settings import claim, data_facts
from stgnn.tasks.stage import RESULT

SETTINGS = {"levels": (1, 2), "data": {"frames": 8, "classes": ["wave", "sit"]}}
GIVEN: dict[str, Any] = {"clips": 96, "frames": 8}
SMALLEST = load_space("tiny").smallest()


def refused(path: Path, settings: Any) -> str:
    with pytest.raises(InputError) as caught:
        claim(path, settings, "a test")
    return str(caught.value)


def test_a_claim_holds_for_equal_settings_alone(tmp_path: Path) -> None:
    path = tmp_path / "out" / "settings.json"
    claim(path, SETTINGS, "a test")
    stamp = path.stat().st_mtime_ns
    claim(path, json.loads(json.dumps(SETTINGS)), "a test")
    assert path.stat().st_mtime_ns == stamp
    message = refused(path, {**SETTINGS, "data": {"frames": 16, "classes": ["wave", "sit"]}})
    assert "holds a test of other settings: data.frames\n" in message
    assert "given:   data.frames: 16\n" in message and "allowed: data.frames: 8\n" in message
    assert path.stat().st_mtime_ns == stamp


def test_a_setting_may_be_new_or_gone_and_a_long_one_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    claim(path, {"old": [f"class {number}" for number in range(99)]}, "a test")
    message = refused(path, {"new": 1})
    assert "of other settings: new, old" in message
    assert "new: not set" in message and "old: ['class 0', 'class 1'," in message and "class 98" not in message


def test_a_folder_that_does_not_tell_its_recordings_is_not_taken_for_one_of_them(tmp_path: Path) -> None:
    path, facts = tmp_path / "settings.json", data_facts(SyntheticDataModule(**GIVEN))
    claim(path, {"data": {key: value for key, value in facts.items() if key not in ("seed", "recordings")}}, "a test")
    assert "data.seed, data.recordings" in refused(path, {"data": facts})


@pytest.mark.parametrize("content", ["[]", '{"levels', "3"])
def test_a_damaged_claim_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    assert "this is not the settings of a test" in refused(path, SETTINGS)


def test_facts_tell_data_apart() -> None:
    plain = data_facts(SyntheticDataModule(**GIVEN))
    assert plain == data_facts(SyntheticDataModule(**GIVEN)) == json.loads(json.dumps(plain))
    assert set(plain) > {"protocol", "frames", "layout", "classes", "train", "val", "test", "clips"}
    for change in ({"batch_size": 5}, {"about_vertical": 0.7}):
        assert data_facts(SyntheticDataModule(**GIVEN | change)) == {**plain, **change}
    assert data_facts(SyntheticDataModule(**{**GIVEN, "frames": 16})) == {**plain, "frames": 16}
    other = data_facts(SyntheticDataModule(**GIVEN, view=1.5))
    assert other == {**plain, "recordings": other["recordings"]} != plain
    first, second = (data_facts(SyntheticDataModule(**GIVEN, val_subjects=[subject])) for subject in (0, 1))
    assert first["val"] == second["val"] and first["clips"] != second["clips"]


def claim_lottery(data: SkeletonDataModule, output: Path) -> None:
    lottery._claim(lottery.Lottery(SMALLEST.to_dict()), data, output)


def claim_family(data: SkeletonDataModule, output: Path) -> None:
    checkpoint = output.with_name("network.ckpt")
    if not checkpoint.is_file():
        save_checkpoint(checkpoint, Network(SMALLEST, data.layout, data.num_classes), data.class_names)
    family._claim(family.Family(), checkpoint, data, output)


def claim_two_stage(data: SkeletonDataModule, output: Path) -> None:
    two_stage._claim(two_stage.TwoStages((1, 0)), data, output)
    (output / RESULT).touch()


def claim_quickstart(data: SkeletonDataModule, output: Path) -> None:
    claim_folder(Plan(output), data)


@pytest.mark.parametrize("own", [claim_lottery, claim_family, claim_two_stage, claim_quickstart])
@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"frames": 16}, "data.frames"),
        ({"val_subjects": [0]}, "data.clips"),
        ({"clips": 108}, "train"),
        ({"seed": 7}, "seed"),
    ],
)
def test_no_folder_takes_results_of_other_data(
    tmp_path: Path, own: Callable[[SkeletonDataModule, Path], None], other: dict[str, Any], name: str
) -> None:
    own(SyntheticDataModule(**GIVEN), tmp_path / "out")
    own(SyntheticDataModule(**GIVEN), tmp_path / "out")
    with pytest.raises(InputError, match=rf"of other settings: .*{name}"):
        own(SyntheticDataModule(**{**GIVEN, **other}), tmp_path / "out")


@pytest.mark.parametrize("plan", [lottery.Lottery, family.Family, FineTuning, RankCheck])
@pytest.mark.parametrize("wrong", [{"learning_rate": 0.0}, {"learning_rate": math.inf}, {"weight_decay": -1.0}])
def test_a_plan_that_cannot_be_trained_claims_no_folder(plan: Callable[..., Any], wrong: dict[str, float]) -> None:
    smallest = {"architecture": SMALLEST.to_dict()} if plan is lottery.Lottery else {}
    with pytest.raises(InputError, match=next(iter(wrong))):
        plan(**smallest, **wrong)
