"""optuna-dashboard reads what a search writes."""

import json
from collections.abc import Callable
from wsgiref.util import setup_testing_defaults

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from stgnn.search import Random
from stgnn.search.pareto import front
from stgnn.search.study import RANDOM_SUFFIX

dashboard = pytest.importorskip("optuna_dashboard")


def answer(app: Callable, path: str) -> dict:
    """What the dashboard's server says, without a network."""
    environment = {"PATH_INFO": path}
    setup_testing_defaults(environment)
    status = []
    body = b"".join(app(environment, lambda line, headers, *rest: status.append(line)))
    assert status == ["200 OK"], body
    return json.loads(body)


def test_the_journal_shows_the_front_under_our_names(toy, tmp_path):
    path = str(tmp_path / "s.journal")
    found = toy.search(path, 12)
    toy.search(path, 3, Random(), study_name="toy" + RANDOM_SUFFIX)
    app = dashboard.wsgi(JournalStorage(JournalFileBackend(path)))
    studies = answer(app, "/api/studies")["study_summaries"]
    assert [study["study_name"] for study in studies] == ["toy", "toy-random"]
    study = answer(app, f"/api/studies/{studies[0]['study_id']}")
    assert study["objective_names"] == ["accuracy", "latency_ms"]
    assert study["directions"] == ["maximize", "minimize"]
    assert {trial["number"] for trial in study["best_trials"]} == {one.number for one in front(found)}
    shown = {attribute["key"] for attribute in study["trials"][0]["user_attrs"]}
    assert shown >= {"architecture", "digest", "macs", "parameters", "strategy"}
