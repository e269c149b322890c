import json
import time
from dataclasses import replace
from statistics import median

import optuna
import pytest

from stgnn.errors import InputError
from stgnn.search import NSGA2, TPE, Random, RegularizedEvolution
from stgnn.search.pareto import hypervolume
from stgnn.search.study import load_evaluations, load_study, reference_point, study_names
from stgnn.space import load_space


def keys(evaluations):
    return [one.architecture.digest for one in evaluations]


def test_evaluates_each_architecture_once(toy, tmp_path):
    evaluator = toy.ToyEvaluator()
    found = toy.search(tmp_path / "s.journal", 30, Random(), evaluator)
    assert len(found) == len(set(keys(found))) == 30
    assert set(evaluator.calls.values()) == {1}
    assert load_evaluations(tmp_path / "s.journal", "toy") == found
    first = found[0]
    assert (first.accuracy, first.accuracy_std) == toy.ToyEvaluator().accuracy(first.architecture)
    assert first.latency_ms == 0.2 + toy.size(first.architecture) and first.latency_std == 0.1
    assert first.feasible and first.strategy == "Random" and first.parameters > 0 and first.macs > 0


def test_repeats_are_answered_from_the_study_and_a_small_space_ends(toy, tmp_path):
    evaluator, path = toy.ToyEvaluator(space=toy.few(6)), tmp_path / "s.journal"
    found = toy.search(path, 50, Random(), evaluator)
    assert len(found) == 12 and set(evaluator.calls.values()) == {1}
    repeats = [trial for trial in load_study(path, "toy").trials if "duplicate_of" in trial.user_attrs]
    assert repeats
    for trial in repeats:
        original = load_study(path, "toy").trials[trial.user_attrs["duplicate_of"]]
        assert trial.values == original.values and "duplicate_of" not in original.user_attrs


def test_a_strategy_that_repeats_itself_comes_to_an_end(toy, tmp_path):
    class Stuck(Random):
        def sampler(self, space, seed):
            return optuna.samplers.RandomSampler(seed=0)

    found = toy.search(tmp_path / "s.journal", 4, Stuck(), toy.ToyEvaluator(space=toy.few()))
    assert len(found) <= 3 and len(load_study(tmp_path / "s.journal", "toy").trials) == 140


def test_study_is_what_the_dashboard_expects(toy, tmp_path):
    toy.search(tmp_path / "s.journal", 3)
    study = load_study(tmp_path / "s.journal", "toy")
    assert study.metric_names == ["accuracy", "latency_ms"]
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    space = load_space("tiny")
    for trial in study.trials:
        assert list(trial.params) == [gene.name for gene in space.genes]
        assert json.loads(trial.user_attrs["architecture"]) == space.decode(trial.params).to_dict()
    assert study_names(tmp_path / "s.journal") == ["toy"]
    chance, slowest = reference_point(tmp_path / "s.journal", "toy")
    assert chance == 1 / 12 and slowest == 0.2 + toy.size(space.largest())


def test_constraints(toy, tmp_path):
    path = tmp_path / "s.journal"
    found = toy.search(path, 40, NSGA2(population=8), budget_ms=1.0, max_parameters=5000)
    for one in found:
        assert one.feasible == (one.latency_ms <= 1.0 and one.parameters <= 5000)
    study = load_study(path, "toy")
    for trial in study.trials:
        assert trial.constraints.keys() == {"latency_ms", "parameters"}
        assert {name: trial.user_attrs[f"constraint_{name}"] for name in trial.constraints} == trial.constraints
    assert all(trial.values[1] <= 1.0 for trial in study.best_trials)


def test_the_budget_guides_the_search(toy, tmp_path):
    def share(strategy, name):
        late = toy.search(tmp_path / "s.journal", 60, strategy, study_name=name, budget_ms=0.6)[30:]
        return sum(one.feasible for one in late) / len(late)

    assert share(RegularizedEvolution(8, 4), "evolution") > 0.5 > share(Random(), "random")


@pytest.mark.parametrize("strategy", [Random(), NSGA2(population=6), TPE(startup=6), RegularizedEvolution(6, 3)])
def test_a_continued_study_equals_an_uninterrupted_one(toy, tmp_path, strategy):
    whole = toy.search(tmp_path / "whole.journal", 24, strategy)
    for trials in (7, 15, 24):
        parts = toy.search(tmp_path / "parts.journal", trials, strategy)
        assert len(parts) == trials
    assert keys(parts) == keys(whole)
    assert keys(toy.search(tmp_path / "other.journal", 24, strategy, seed=1)) != keys(whole)


def test_enough_trials_are_not_repeated(toy, tmp_path):
    toy.search(tmp_path / "s.journal", 5)
    before = (tmp_path / "s.journal").read_bytes()
    assert len(toy.search(tmp_path / "s.journal", 4)) == 5
    assert (tmp_path / "s.journal").read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda toy: {"evaluator": toy.ToyEvaluator(supernet="another")}, "supernet"),
        (lambda toy: {"evaluator": toy.ToyEvaluator(space=toy.few())}, "space"),
        (lambda toy: {"budget_ms": 2.0}, "limit of latency_ms"),
    ],
)
def test_refuses_a_study_of_something_else(toy, tmp_path, changed, named):
    path = tmp_path / "s.journal"
    toy.search(path, 3)
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"another {named}") as caught:
        toy.search(path, 6, **changed(toy))
    assert "another study with --name" in str(caught.value)
    assert path.read_bytes() == before


def test_refuses_files_that_are_no_study(toy, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("hello\n")
    with pytest.raises(InputError, match=r"not an Optuna journal(.|\n)*use another file"):
        toy.search(text, 3)
    assert text.read_text() == "hello\n"
    with pytest.raises(InputError, match=r"not an Optuna journal(.|\n)*name the file that stgnn search wrote"):
        load_evaluations(text, "toy")
    with pytest.raises(InputError, match="no study file"):
        load_evaluations(tmp_path / "missing.journal", "toy")
    with pytest.raises(InputError, match="not a folder"):
        toy.search(tmp_path, 3)
    toy.search(tmp_path / "s.journal", 2)
    with pytest.raises(InputError, match="no study of this name") as caught:
        load_evaluations(tmp_path / "s.journal", "nobody")
    assert "toy" in str(caught.value)
    with pytest.raises(InputError, match="trials must be positive"):
        toy.search(tmp_path / "s.journal", 0)
    with pytest.raises(InputError, match="cannot be opened"):
        toy.search("nothing://here", 2)


def test_a_damaged_journal(toy, tmp_path):
    path = tmp_path / "s.journal"
    whole = toy.search(path, 12)
    path.write_bytes(path.read_bytes()[:-20])  # a power cut
    assert keys(toy.search(path, 14))[:11] == keys(whole)[:11]
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:50], lines[50][:9], *lines[51:]]))
    with pytest.raises(InputError, match="damaged"):
        toy.search(path, 16)


def test_other_storages(toy, tmp_path):
    url, evaluator = f"sqlite:///{tmp_path}/s.db", toy.ToyEvaluator(space=toy.few(8))
    assert len(toy.search(url, 2, evaluator=evaluator)) == 2
    again = toy.search(tmp_path / "s.journal", 4, evaluator=evaluator)
    assert keys(toy.search(url, 4, evaluator=evaluator)) == keys(again)
    with pytest.raises(InputError, match="no study file"):
        load_evaluations(f"sqlite:///{tmp_path}/missing.db", "toy")
    with pytest.raises(InputError, match="in memory"):
        toy.search("sqlite:///:memory:", 2)


def test_a_broken_evaluator_leaves_the_finished_trials(toy, tmp_path):
    class Broken(toy.ToyEvaluator):
        def accuracy(self, architecture):
            if len(self.calls) == 4:
                return float("nan"), 0.0
            return super().accuracy(architecture)

    with pytest.raises(InputError, match="not a number"):
        toy.search(tmp_path / "s.journal", 9, evaluator=Broken())
    assert len(load_evaluations(tmp_path / "s.journal", "toy")) == 4
    assert len(toy.search(tmp_path / "s.journal", 9)) == 9


def test_interrupted_by_the_keyboard(toy, tmp_path):
    class Impatient(toy.ToyEvaluator):
        def accuracy(self, architecture):
            if len(self.calls) == 5:
                raise KeyboardInterrupt
            return super().accuracy(architecture)

    whole = toy.search(tmp_path / "whole.journal", 9)
    with pytest.raises(KeyboardInterrupt, match="5 of 9 architectures are kept"):
        toy.search(tmp_path / "s.journal", 9, evaluator=Impatient())
    states = [trial.state.name for trial in load_study(tmp_path / "s.journal", "toy").trials]
    assert states == ["COMPLETE"] * 5 + ["FAIL", "WAITING"]
    continued = toy.search(tmp_path / "s.journal", 9)
    assert keys(continued)[:6] == keys(whole)[:6], "the interrupted architecture is the next to be evaluated"
    assert len(continued) == 9


def test_evolution_beats_random_at_equal_cost(toy, tmp_path):
    def volume(strategy, seed):
        name = f"{type(strategy).__name__}{seed}"
        found = toy.search(tmp_path / "s.journal", 50, strategy, seed=seed, study_name=name)
        return hypervolume([(one.accuracy, one.latency_ms) for one in found], (1 / 12, 20.0))

    evolution, random = (
        [volume(strategy, seed) for seed in range(3)] for strategy in (RegularizedEvolution(10, 4), Random())
    )
    assert median(evolution) > median(random)


def test_progress_costs_nothing_but_text(toy, tmp_path, capsys):
    start = time.monotonic()
    toy.search(tmp_path / "s.journal", 5, progress=True)
    assert "toy" in capsys.readouterr().err and time.monotonic() - start < 5


def test_a_latency_model_that_differs_between_the_ends_is_another_one(toy, tmp_path, monkeypatch):
    toy.search(tmp_path / "s.journal", 4)
    predict, ends = toy.ToyLatency.predict, (load_space("tiny").smallest(), load_space("tiny").largest())

    def other(model, architecture, layout, num_classes):
        told = predict(model, architecture, layout, num_classes)
        return told if architecture in ends else replace(told, mean_ms=told.mean_ms * 1.001)

    monkeypatch.setattr(toy.ToyLatency, "predict", other)
    with pytest.raises(InputError, match="latency model"):
        toy.search(tmp_path / "s.journal", 6)
