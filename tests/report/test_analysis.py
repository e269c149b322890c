import math
import random
from itertools import pairwise

import pytest

from stgnn.errors import InputError
from stgnn.report import Measured, Measurement, ReportData, ReportPoint, report_points
from stgnn.report.analysis import (
    agreement,
    compare_genes,
    hypervolume_history,
    latency_checks,
    pareto_front,
    reference_point,
)
from stgnn.search.study import Evaluation
from stgnn.space import Architecture, load_architecture

PLAIN = load_architecture("STGCN").to_dict()


def points(*values, feasible=()):
    return tuple(
        ReportPoint(number, PLAIN, accuracy, latency, feasible=number not in feasible)
        for number, (accuracy, latency) in enumerate(values)
    )


def test_front_leaves_out_dominated_equal_and_infeasible_points():
    found = pareto_front(points((0.9, 5.0), (0.8, 6.0), (0.7, 1.0), (0.9, 5.0), (0.99, 0.1), feasible={4}))
    assert [point.number for point in found] == [2, 0]


def test_evaluations_of_a_study_become_points():
    architecture = load_architecture("STGCN")
    (point,) = report_points([Evaluation(3, architecture, 0.9, 0.01, 1.2, 0.1, 5, 6, True, "NSGA2")])
    assert (point.number, point.digest, point.latency_std, point.parameters) == (3, architecture.digest, 0.1, 6)
    assert Architecture.from_dict(point.architecture) == architecture


def test_front_of_no_points_is_empty():
    assert pareto_front(()) == ()


def test_hypervolume_history_is_the_share_of_the_box_and_follows_the_trial_numbers():
    trials = points((0.5, 1.0), (0.9, 9.0), (0.75, 1.0), feasible={1})
    assert hypervolume_history(trials[::-1], (0.0, 2.0)) == pytest.approx([0.25, 0.25, 0.375])


def test_hypervolume_of_a_real_report_never_falls(make_report):
    data = make_report()
    history = hypervolume_history(data.points, reference_point(data))
    assert len(history) == len(data.points)
    assert all(before <= after for before, after in pairwise(history))
    assert 0 < history[-1] < 1


def test_agreement_counts_relative_to_the_measurement():
    held = [Measurement(str(i), predicted, Measured(10, 9, 11)) for i, predicted in enumerate((9, 10, 12))]
    score = agreement(latency_checks(ReportData("t", points((0.5, 1.0)), measurements=tuple(held))))
    assert score.networks == 3
    assert score.mape == pytest.approx(0.1)
    assert score.within_10_percent == pytest.approx(2 / 3)


def test_rank_correlation_is_one_for_any_rising_relation_and_nothing_for_two_networks():
    held = [Measurement(str(v), v, Measured(v**3, 1, 1)) for v in (1.0, 2.0, 5.0, 9.0)]
    data = ReportData("t", points((0.5, 1.0)), measurements=tuple(held))
    assert agreement(latency_checks(data)).spearman == pytest.approx(1)
    assert math.isnan(agreement(latency_checks(data)[:2]).spearman)
    assert agreement(()) is None


def test_the_gene_that_the_front_shares_comes_first(make_report):
    every = [
        Architecture.from_dict(p.architecture) for p in make_report(trials=1, at_random=300, measured=False).random
    ]
    front = [a for a in every if a.frames == 20][:12]
    found = compare_genes(front, every)
    assert found[0].name == "frames" and found[0].clear
    assert all(sum(share for _, _, share in gene.choices) == pytest.approx(1) for gene in found)


def test_a_random_sample_shows_hardly_any_clear_difference(make_report):
    data = make_report(trials=1, at_random=300, measured=False)
    every = [Architecture.from_dict(point.architecture) for point in data.random]
    found = compare_genes(random.Random(0).sample(every, 12), every)
    assert sum(gene.clear for gene in found) <= len(found) / 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: ReportData("t", ()),
        lambda: ReportData("t", points((0.9, 1.0), feasible={0})),
        lambda: ReportData("t", points((0.9, 1.0)), chosen=7),
        lambda: ReportData("t", points((0.9, 1.0)) * 2),
        lambda: points((93.1, 1.0)),
        lambda: points((math.nan, 1.0)),
        lambda: points((0.9, 0.0)),
        lambda: points((0.9, math.inf)),
        lambda: Measured(0.0, 1.0, 1.0),
        lambda: Measurement("held out", math.nan, Measured(1, 1, 1)),
        lambda: ReportPoint(0, PLAIN, 0.9, 1.0, accuracy_std=math.nan),
    ],
)
def test_impossible_input_is_refused(make):
    with pytest.raises(InputError):
        make()
