"""The favourites of a study, fine-tuned: which they are, what is kept, and what report and terminal make of it."""

import json
import math
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.cli import main
from stgnn.commands import finetune
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import Supernet, load_network, load_supernet, save_checkpoint
from stgnn.report.study import KNEE, report_data
from stgnn.results import fine_tuned_beside
from stgnn.search import fine_tuning
from stgnn.search.fine_tuning import FineTuning, choice, favourites
from stgnn.search.study import Evaluation, load_evaluations
from stgnn.space import load_space
from stgnn.tasks import ClassificationTask
from stgnn.tasks.continuing import TRAINED
from stgnn.tasks.running import accuracy

CLIPS = {"clips": 64, "frames": 8, "batch_size": 16}
DATA: dict[str, Any] = {"class_path": "SyntheticDataModule", "init_args": CLIPS}


def evaluation(number: int, accuracy: float, latency: float, feasible: bool = True) -> Evaluation:
    return Evaluation(number, load_space("tiny").smallest(), accuracy, 0.01, latency, 0.1, 1, 1, feasible, "Random")


FOUND = [
    evaluation(0, 0.90, 10.0),  # front
    evaluation(1, 0.50, 1.0),  # front
    evaluation(2, 0.85, 2.0),  # front
    evaluation(3, 0.80, 3.0),  # second
    evaluation(4, 0.45, 1.1),  # second
    evaluation(5, 0.89, 11.0),  # second
    evaluation(6, 0.81, 3.1),  # second, beside the third
    evaluation(7, 0.40, 12.0),  # third
    evaluation(8, 0.99, 0.5, feasible=False),
]


@pytest.mark.parametrize(
    ("number", "budget", "numbers"),
    [
        (3, None, [1, 2, 0]),
        (2, None, [1, 0]),  # of a front that fits in part, its ends
        (5, None, [1, 4, 2, 0, 5]),
        (8, None, [1, 4, 2, 3, 6, 0, 5, 7]),
        (99, 3.05, [1, 4, 2, 3]),
    ],
)
def test_the_front_comes_first_and_then_what_is_next_to_it(
    number: int, budget: float | None, numbers: list[int]
) -> None:
    assert [one.number for one in favourites(FOUND, number, budget)] == numbers


def test_limits_that_nothing_keeps_are_named() -> None:
    with pytest.raises(InputError, match=r"(?s)fast enough.*given:   0.9 ms.*allowed: 1 ms or more"):
        favourites(FOUND, 3, 0.9)
    with pytest.raises(InputError, match=r"(?s)no network of the study keeps its limits\n  given:   1 architectures\n"):
        favourites(FOUND[8:], 3)
    with pytest.raises(InputError, match="networks"):
        favourites(FOUND, 0)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"seed": -1}])
def test_plans_that_train_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        FineTuning(**wrong)


def test_the_front_is_that_of_fine_tuned_accuracies() -> None:
    rows = [{**one.to_dict(), "fine_tuned": score} for one, score in zip(FOUND, (0.5, 0.2, 0.9), strict=False)]
    found = choice(rows)
    assert [row["number"] for row in found["front"]] == [1, 2] and found["chosen"]["number"] == 2
    assert "the knee" in found["chosen_by"]
    near = choice([{**row, "fine_tuned": row["fine_tuned"] / 10 + 0.8} for row in rows], 5.0)
    assert near["chosen"]["number"] == 2 and near["chosen_by"].endswith("within 5 ms")


def test_a_search_ends_with_the_command_that_trains_its_favourites_on(
    study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [f"--data={json.dumps(DATA)}", "--latency=Roofline", "--strategy=Random", "--trials=3", "--name=my own"]
    capsys.readouterr()
    assert main(["search", "--supernet=one.ckpt", *told]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    word, *arguments = shlex.split(last.removeprefix("to train its favourites on: "))
    assert word == "stgnn" and main([*arguments, "--networks=1", "--epochs=1"]) == 0


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A study of an untrained supernet in the folder of the test."""
    monkeypatch.chdir(tmp_path)
    data = SyntheticDataModule(**CLIPS)
    torch.manual_seed(0)
    save_checkpoint("one.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    told = f"--data={json.dumps(DATA)}"
    assert main(["search", "--supernet=one.ckpt", told, "--latency=Roofline", "--strategy=Random", "--trials=6"]) == 0
    return "runs/study.journal"


def test_favourites_are_trained_on_once_and_shown_beside_the_study(
    study: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {one.architecture.digest: one for one in load_evaluations(study, "search")}
    capsys.readouterr()
    assert main(["finetune", f"--study={study}", "--networks=3", "--epochs=2"]) == 0
    out = capsys.readouterr().out
    kept = fine_tuned_beside(study, "search")
    assert kept is not None and len(kept.accuracies) == 3 and all(digest in out for digest in kept.accuracies)
    assert "the knee of the fine-tuned networks:\n" in out
    folder = Path("runs/finetuned")
    assert (folder / "chosen.ckpt").read_bytes() == (folder / f"{kept.chosen}.ckpt").read_bytes()
    data = SyntheticDataModule(**CLIPS)
    for digest, score in kept.accuracies.items():
        network = load_network(folder / f"{digest}.ckpt")
        assert network.module.architecture == found[digest].architecture
        assert network.extra["val_top1"] == score
        task = ClassificationTask(data.layout, data.class_names, init_from=folder / f"{digest}.ckpt")
        assert accuracy(task, data) == pytest.approx(score)
    score = ["test", "--model=ClassificationTask", "--model.init_from=runs/finetuned/chosen.ckpt"]
    assert main([*score, f"--data={json.dumps(DATA)}"]) == 0
    assert main(["export", "--checkpoint=runs/finetuned/chosen.ckpt", "--output=model.onnx"]) == 0  # with its data

    trained: list[int] = []
    train = fine_tuning.train_quietly
    monkeypatch.setattr(fine_tuning, "train_quietly", lambda *given: (trained.append(1), train(*given)))
    more = finetune(study, networks=5, epochs=2)
    scores = {row["digest"]: row["fine_tuned"] for row in more["rows"]}
    assert len(trained) == 2 and len(scores) == 5 and scores.items() >= kept.accuracies.items()
    with pytest.raises(InputError, match="fine-tuned networks of other settings: epochs"):
        finetune(study, networks=3, epochs=3)

    capsys.readouterr()
    assert main(["report", f"--study={study}", "--output=after"]) == 0
    chosen = more["chosen"]
    out = capsys.readouterr().out
    assert f"the knee of the fine-tuned networks:\ntrial {chosen['number']}, " in out and "| Fine-tuned |" in out
    told = json.loads(Path("after/report.json").read_text())
    tuned = {one["digest"]: one["fine_tuned"] for one in told["trials"] if one["fine_tuned"] is not None}
    assert tuned == scores
    assert told["chosen"] == chosen["number"] and "fine-tuned" in told["chosen_by"]
    page = Path("after/report.html").read_text()
    assert "after fine-tuning" in page and "Fine-tuned (%)" in page
    assert all(f'data-key="trial={row["number"]}"' in page for row in more["rows"])


def test_training_on_begins_with_the_inherited_weights(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[torch.Tensor] = []
    train = fine_tuning.train_quietly

    def watched(task: ClassificationTask, *given: Any) -> None:
        starts.append(next(task.network.parameters()).clone())
        train(task, *given)

    monkeypatch.setattr(fine_tuning, "train_quietly", watched)
    chosen = finetune(study, networks=1, epochs=1)["chosen"]
    (one,) = [one for one in load_evaluations(study, "search") if one.number == chosen["number"]]
    assert torch.equal(starts[0], next(load_supernet("one.ckpt").module.extract(one.architecture).parameters()))
    assert not torch.equal(starts[0], next(load_network(chosen["checkpoint"]).module.parameters()))


def test_a_supernet_of_another_study_and_damaged_results_are_refused(
    study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = SyntheticDataModule(**CLIPS)
    save_checkpoint("other.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    with pytest.raises(InputError, match="made with another supernet"):
        finetune(study, networks=1, epochs=1, supernet=Path("other.ckpt"))
    chosen = finetune(study, networks=1, epochs=1)["chosen"]
    path = Path(chosen["checkpoint"])
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=rf"remove .*{path.stem}\.json; the same command makes it again"):
        finetune(study, networks=1, epochs=1)
    beside = Path(f"{study}.search.fine_tuned.json")
    whole = beside.read_text()
    score = f'"fine_tuned": {chosen["fine_tuned"]}'
    assert score in whole
    wrong = (whole.replace(score, f'"fine_tuned": {value}') for value in ("2", '"x"', "null"))
    for damaged in ("{}", "[]", whole.replace("networks", "others"), "[", *wrong):
        beside.write_text(damaged)
        assert main(["report", f"--study={study}", "--output=after"]) == 2
        assert "not a file of fine-tuned networks" in capsys.readouterr().err


def test_what_random_search_has_found_is_of_the_same_supernet(study: str) -> None:
    told = [f"--data={json.dumps(DATA)}", "--latency=Roofline", "--strategy=NSGA2", "--trials=4", "--name=both"]
    assert main(["search", "--supernet=one.ckpt", *told, "--compare_random"]) == 0
    assert len(finetune(study, networks=1, epochs=1, name="both-random")["rows"]) == 1


def test_what_was_found_of_another_supernet_is_not_shown(study: str) -> None:
    """A study made anew under its name, of a supernet trained anew, has the same two ends of the space."""
    finetune(study, networks=6, epochs=1)
    assert fine_tuned_beside(study, "search") is not None
    Path(study).unlink()
    data = SyntheticDataModule(**CLIPS)
    save_checkpoint("one.ckpt", Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    told = f"--data={json.dumps(DATA)}"
    assert main(["search", "--supernet=one.ckpt", told, "--latency=Roofline", "--strategy=Random", "--trials=6"]) == 0
    assert fine_tuned_beside(study, "search") is None
    assert report_data(study).chosen_by == KNEE


def test_a_supernet_whose_training_was_stopped_is_warned_of(study: str) -> None:
    loaded = load_supernet("one.ckpt")
    save_checkpoint("half.ckpt", loaded.module, loaded.class_names, {TRAINED: {"steps": 1, "planned": 2}})
    with pytest.warns(UserWarning, match="half.ckpt is of step 1 of 2: its training was stopped"):
        finetune(study, networks=1, epochs=1, supernet=Path("half.ckpt"))


def test_a_study_in_a_database_is_fine_tuned_as_well(study: str) -> None:
    told = f"--data={json.dumps(DATA)}"
    database = "sqlite:///own.db"
    run = ["search", "--supernet=one.ckpt", told, "--latency=Roofline", "--strategy=Random", "--trials=3"]
    assert main([*run, f"--study={database}"]) == 0
    found = finetune(database, networks=2, epochs=1, supernet=Path("one.ckpt"), data=DATA)
    assert len(found["rows"]) == 2 and "study" not in found
    assert all(math.isfinite(row["fine_tuned"]) for row in found["rows"])
