"""Whether shared weights rank networks: what is drawn, what is trained once and kept, and what the answer says."""

import json
from pathlib import Path
from typing import Any

import pytest

from stgnn.cli import main
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.networks import Supernet, load_supernet, save_checkpoint
from stgnn.report.ranks import rank_cells
from stgnn.search import fine_tuning, rank_check
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.rank_agreement import agreement, verdict
from stgnn.search.rank_check import RankCheck, check_ranks, members
from stgnn.space import load_space, read_space
from stgnn.tasks import ClassificationTask

CLIPS = {"clips": 64, "frames": 8, "batch_size": 16}


def rows(shared: list[float], macs: list[int], alone: list[list[float]]) -> list[dict[str, Any]]:
    return [
        {"shared": one, "fine_tuned": one, "macs": size, "parameters": 7, "alone": scores}
        for one, size, scores in zip(shared, macs, alone, strict=True)
    ]


@pytest.mark.parametrize("name", ["tiny", "edge", "sgn"])
def test_members_are_different_of_all_sizes_and_more_begin_as_fewer_do(name: str) -> None:
    space = read_space(name)
    chosen = members(space, 20)
    assert len({one.digest for one in chosen}) == 20 and chosen[:8] == members(space, 8)
    costs = [one.relative_cost for one in chosen]
    assert max(costs) > 3 * min(costs)


def test_a_space_with_too_few_members_says_how_many_it_has() -> None:
    with pytest.raises(InputError, match=r"(?s)too few members.*allowed: 5 to \d+"):
        members(read_space("sgn"), 1000)


def test_an_order_that_agrees_has_tau_one_and_loses_nothing() -> None:
    alone = [[0.1 * place, 0.1 * place + 0.01] for place in range(8)]
    found = agreement(rows([0.01 * place for place in range(8)], [*range(8, 0, -1)], alone))
    shared, macs, parameters = (found["orders"][key] for key in ("shared", "macs", "parameters"))
    assert shared["tau"] == shared["low"] == 1 and shared["lost_by_1"] == 0
    assert macs["tau"] == -1 and macs["lost_by_1"] == pytest.approx(0.7) and macs["lost_by_5"] == pytest.approx(0.3)
    assert parameters["tau"] is None  # all of one size: no order
    assert found["again"]["tau"] == 1 and found["mean_alone"] == pytest.approx(0.355)
    better = "rank networks, and better than their size does"
    assert verdict(found) == f"the shared weights {better}, fine-tuned or not"
    assert rank_cells(found)[1][3][1:3] == ["none", "none"] and rank_cells(found)[1][0][1:3] == ["1.00", "1.00 to 1.00"]
    assert agreement(rows([0.1] * 6, [*range(6)], [[0.5]] * 6))["again"] is None


def test_the_verdict_never_says_more_than_the_interval() -> None:
    alone = [[0.1 * place] for place in range(12)]
    up = [0.01 * place for place in range(12)]
    same = [{**row, "parameters": row["macs"]} for row in rows(up, [*range(12)], alone)]
    assert "not shown to do it better than the size" in verdict(agreement(same))
    mixed = [0.05, 0.01, 0.06, 0.02, 0.08, 0.03, 0.01, 0.07, 0.02, 0.06, 0.04, 0.03]
    assert "not shown to rank" in verdict(agreement(rows(mixed, [*range(12)], alone)))
    assert "not shown to rank" in verdict(agreement(rows([0.5] * 12, [*range(12)], alone)))
    tuned = [{**row, "fine_tuned": row["alone"][0]} for row in rows(mixed, [*range(12, 0, -1)], alone)]
    assert verdict(agreement(tuned)) == (
        "the shared weights are not shown to rank networks; fine-tuned, they rank networks, and better than their size "
        "does; train the supernet longer, or ask about more networks"
    )


def test_the_verdict_names_the_size_that_is_not_beaten() -> None:
    alone = [[0.1 * place] for place in range(12)]
    found = rows([0.01 * place for place in range(12)], [5, 3, 8, 1, 9, 2, 7, 4, 6, 11, 10, 0], alone)
    said = verdict(agreement([{**row, "parameters": place} for place, row in enumerate(found)]))
    assert "better than multiply-accumulates do, but are not shown to do it better than parameters" in said


def test_trainings_that_agree_on_nothing_are_no_verdict_on_the_supernet() -> None:
    up, half = [0.01 * place for place in range(12)], [0.05, 0.01, 0.06, 0.02, 0.08, 0.03] * 2
    noise = [[one, other] for one, other in zip(up, half, strict=True)]
    assert "trainings do not agree" in verdict(agreement(rows(half[::-1], [*range(12)], noise)))
    assert "trainings do not agree" in verdict(agreement(rows(up, [*range(12)], [[0.5]] * 12)))


@pytest.mark.parametrize(
    "wrong",
    [{"networks": 4}, {"epochs": 0}, {"seeds": ()}, {"seeds": (1, 1)}, {"seeds": (-1,)}, {"finetune_epochs": 0}],
)
def test_plans_that_answer_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        RankCheck(**wrong)


def test_trainings_are_kept_and_shared_by_supernets_but_not_by_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = SyntheticDataModule(**CLIPS)
    files = [tmp_path / "one.ckpt", tmp_path / "other.ckpt"]
    for path in files:
        save_checkpoint(path, Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    evaluators = [SupernetEvaluator.from_data(load_supernet(path).module, data) for path in files]
    trained: list[int] = []
    monkeypatch.setattr(rank_check, "train_quietly", lambda task, data, epochs, seed: trained.append(seed))
    tuned: list[int] = []
    train = fine_tuning.train_quietly

    def watched(task: ClassificationTask, data: SyntheticDataModule, epochs: int, seed: int) -> None:
        tuned.append(epochs)
        train(task, data, epochs, seed)

    monkeypatch.setattr(fine_tuning, "train_quietly", watched)
    output = tmp_path / "out"

    def ask(number: int, data: SyntheticDataModule = data, **plan: Any) -> list[dict[str, Any]]:
        steps: list[tuple[int, int]] = []
        check = RankCheck(**{"finetune_epochs": 1, **plan})
        found = check_ranks(check, evaluators[number], files[number], data, output, lambda *one: steps.append(one))
        total = check.networks * (1 + len(check.seeds))
        assert steps == [(done, total) for done in range(1, total + 1)]
        return found

    first = ask(0, networks=5, seeds=(0,))
    assert trained == [0] * 5 and tuned == [1] * 5
    more = ask(1, networks=6, seeds=(0, 3))
    assert sorted(trained) == [0] * 6 + [3] * 6 and len(tuned) == 11
    assert [row["alone"][0] for row in more[:5]] == [row["alone"][0] for row in first]
    assert [row["shared"] for row in more[:5]] != [row["shared"] for row in first]
    assert ask(0, networks=5, seeds=(0,)) == first and len(tuned) == 11
    ask(0, networks=5, seeds=(3,))  # other seeds are of the trainings alone
    assert len(tuned) == 11
    ask(0, networks=5, seeds=(0,), finetune_epochs=2)  # beside those of one epoch
    assert len(tuned) == 16
    with pytest.raises(InputError, match=r"(?s)trainings of other settings: epochs"):
        ask(0, networks=5, seeds=(0,), epochs=7)
    with pytest.raises(InputError, match=r"(?s)trainings of other settings: data.seed"):
        ask(0, networks=5, seeds=(0,), data=SyntheticDataModule(**CLIPS, seed=1))


@pytest.mark.parametrize("kept", ["[]", '{"val_top1": null}', '{"val_top1": "x"}', '{"val_top1": NaN}', '{"val_'])
def test_a_damaged_training_is_named_and_may_be_removed(tmp_path: Path, kept: str) -> None:
    path = tmp_path / "a_0.json"
    path.write_text(kept)
    data = SyntheticDataModule(**CLIPS)
    with pytest.raises(InputError, match=r"remove .*a_0\.json; the same command makes it again"):
        rank_check._trained(RankCheck(), load_space("tiny").smallest(), data, 0, path)


def test_the_word_asks_and_the_report_of_the_study_shows_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    data = SyntheticDataModule(**CLIPS)
    for name in ("one.ckpt", "other.ckpt"):
        save_checkpoint(name, Supernet(load_space("tiny"), data.layout, data.num_classes), data.class_names)
    told = json.dumps({"class_path": "SyntheticDataModule", "init_args": CLIPS})
    found = ["--data", told, "--study=study.journal"]
    search = ["search", "--supernet=one.ckpt", *found, "--latency=Roofline", "--strategy=Random", "--trials=4"]
    assert main(search) == 0
    assert main(["report", "--study=study.journal", "--output=before"]) == 0
    assert "stgnn rank --study" in Path("before/report.html").read_text()
    ask = ["--networks=5", "--epochs=1", "--finetune_epochs=1", "--seeds=[0]", *found]
    capsys.readouterr()
    assert main(["rank", "--supernet=other.ckpt", *ask]) == 2
    assert "is of another supernet" in capsys.readouterr().err
    assert main(["rank", "--supernet=one.ckpt", *ask]) == 0
    out = capsys.readouterr().out
    answer = json.loads(Path("runs/rank/rank.json").read_text())
    assert "Order by" in out and out.splitlines()[-1] == answer["verdict"]
    assert len(answer["rows"]) == 5 and answer["again"] is None and answer["clips"] > 0
    assert main(["report", "--study=study.journal", "--output=after"]) == 0
    page = Path("after/report.html").read_text()
    assert answer["verdict"].capitalize() in page and "stgnn rank --study" not in page
    assert json.loads(Path("after/report.json").read_text())["ranks"] == answer
    assert page.count(answer["rows"][0]["digest"]) >= 2  # in the wide and the narrow drawing
    Path("study.journal.search.rank.json").write_text(json.dumps({**answer, "checksum": "of another"}))
    assert main(["report", "--study=study.journal", "--output=after"]) == 0
    assert "stgnn rank --study" in Path("after/report.html").read_text()
    for damaged in ({}, [], {**answer, "rows": [{}]}, {**answer, "orders": {}}):
        Path("study.journal.search.rank.json").write_text(json.dumps(damaged))
        assert main(["report", "--study=study.journal", "--output=after"]) == 2
        assert "not an answer of stgnn rank" in capsys.readouterr().err
