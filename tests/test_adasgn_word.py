"""The word adasgn over slices of a supernet: chosen from a study or by name, and what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.cli import main
from stgnn.commands import adasgn
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.latency import Roofline
from stgnn.networks import Supernet, save_checkpoint
from stgnn.search import Random
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.pareto import front
from stgnn.search.study import load_evaluations, run_search
from stgnn.space import SGNSpace, load_space
from stgnn.tasks import sgn_supernet

GIVEN: dict[str, Any] = {"clips": 64, "frames": 6, "batch_size": 32}
DATA: dict[str, Any] = {"class_path": "SyntheticDataModule", "init_args": GIVEN}
SPACE = SGNSpace("small", (1, 0), (2, 4), ((4, 8),), stream="bone", frames=6)
SHORT: dict[str, Any] = {"epochs": 1, "frozen_epochs": 0, "alphas": (1.0,)}


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two supernets of one space, and a study over the first."""
    folder, data = tmp_path_factory.mktemp("sgn"), SyntheticDataModule(**GIVEN)
    for seed, name in enumerate(("supernet", "other")):
        torch.manual_seed(seed)
        supernet = Supernet(SPACE, data.layout, data.num_classes).eval()
        save_checkpoint(folder / f"{name}.ckpt", supernet, data.class_names)
        if not seed:
            search(SupernetEvaluator.from_data(supernet, data, calibration_clips=40), folder / "study.journal")
    return folder


def search(evaluator: Any, study: Path) -> None:
    run_search(evaluator, Roofline(), Random(), study, "sgn", 99, progress=False)


class Toy:
    """Larger is better; says nothing of the supernet that its accuracies are from."""

    def __init__(self, space: Any) -> None:
        data = SyntheticDataModule(**GIVEN)
        self.space, self.layout, self.num_classes = space, data.layout, data.num_classes

    def identity(self) -> dict[str, str]:
        return {}

    def accuracy(self, architecture: Any) -> tuple[float, float]:
        return 1 - 1 / (2 + architecture.relative_cost), 0.01


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """A study in which every member of the front is known."""
    search(Toy(SPACE), tmp_path / "grown.journal")
    return tmp_path / "grown.journal"


def test_members_of_a_front_become_actions(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    load = sgn_supernet.load_supernet
    monkeypatch.setattr(sgn_supernet, "load_supernet", lambda path: (read.append(path), load(path))[1])
    study = str(folder / "study.journal")
    result = adasgn(DATA, supernet=folder / "supernet.ckpt", study=study, count=2, output=tmp_path / "out", **SHORT)
    members = front(load_evaluations(study, "sgn"))
    ends = [one.architecture.action(25) for one in (members[0], members[-1])]  # type: ignore[attr-defined]
    assert [row["name"] for row in result["singles"]] == list(result["adaptive"][0]["usage"]) == ends
    assert result["stream"] == "bone" and Path(result["page"]).is_file()
    assert len(read) == 1, "a supernet is read once"


def test_a_study_that_grew_lets_the_old_actions_be_named(
    folder: Path, tmp_path: Path, grown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supernet, out = folder / "supernet.ckpt", tmp_path / "out"
    adasgn(DATA, supernet=supernet, actions=["w2-4-1", "w4-4-25"], output=out, **SHORT)
    with pytest.raises(InputError, match=r"--study null --actions \[w2-4-1,w4-4-25\]"):
        adasgn(DATA, supernet=supernet, study=str(grown), count=2, output=out, **SHORT)
    words = [f"--supernet={supernet}", f"--output={out}", "--epochs=1", "--frozen_epochs=0", "--alphas=[1]"]
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"data: {DATA}\nstudy: {grown}\ncount: 2\n".replace("'", ""))
    again = ["adasgn", f"--config={recipe}", *words, "--study", "null", "--actions", "[w2-4-1,w4-4-25]"]
    assert main(again) == 0, capsys.readouterr().err


def test_a_study_of_another_supernet_or_space_is_refused(folder: Path, tmp_path: Path) -> None:
    options = {"output": tmp_path / "out", **SHORT}
    with pytest.raises(InputError, match="made with another supernet"):
        adasgn(DATA, supernet=folder / "other.ckpt", study=str(folder / "study.journal"), **options)
    for number, space in enumerate((load_space("tiny"), SGNSpace("other", (5, 0), (2, 4), ((4, 8),), frames=6))):
        run_search(Toy(space), Roofline(), Random(), tmp_path / f"{number}.journal", "other", 6, progress=False)
        with pytest.raises(InputError, match="does not hold what the study 'other' found"):
            adasgn(DATA, supernet=folder / "supernet.ckpt", study=str(tmp_path / f"{number}.journal"), **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"joints": (1, 0), "study": "s.journal"}, "only slices of a supernet"),
        ({"joints": (1, 0), "count": 3}, "only slices of a supernet"),
        ({"actions": ("small-1", "small-9")}, "only slices of a supernet"),
        ({"supernet": "s.ckpt"}, "a supernet has many actions"),
        ({"supernet": "s.ckpt", "count": 3}, "a supernet has many actions"),
        ({"supernet": "s.ckpt", "actions": ("w2-4-1",), "study": "s.journal"}, "by name, or chosen from a study"),
        ({"joints": (1, 0), "alphas": (-1.0,)}, "alpha number 1 is out of range"),
    ],
)
def test_what_would_be_ignored_is_refused_before_anything_is_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        adasgn({"class_path": "NoSuchData"}, **options)


@pytest.mark.parametrize("unused", [{"joints": (1, 0)}, {"sizes": ("small",)}, {"pretrain": False}])
def test_what_a_supernet_makes_meaningless_is_refused(folder: Path, tmp_path: Path, unused: dict[str, Any]) -> None:
    options = {"supernet": folder / "supernet.ckpt", "actions": ("w2-4-1", "w4-4-25"), "output": tmp_path / "out"}
    with pytest.raises(InputError, match="means nothing beside a supernet"):
        adasgn(DATA, **options, **unused)


@pytest.mark.parametrize("other", [{"width": 64}, {"stream": "joint"}])
def test_another_stream_or_width_than_that_of_the_supernet_is_refused(
    folder: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    options = {"supernet": folder / "supernet.ckpt", "actions": ("w2-4-1", "w4-4-25"), "output": tmp_path / "out"}
    with pytest.raises(InputError, match=f"made for another {next(iter(other))}"):
        adasgn(DATA, **options, **other)


def test_nothing_to_choose_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at least two actions(.*\n)*.*give joints, or actions by name"):
        adasgn(DATA, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
