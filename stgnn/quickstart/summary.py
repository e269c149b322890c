"""The numbers that `summary.json` holds, and what the screen says at the end."""

from typing import Any

from rich.console import Console

from stgnn.latency import Calibrated, DeviceFile, evaluate
from stgnn.networks import Supernet
from stgnn.quickstart.plan import STUDY, Plan
from stgnn.search.evaluate import SupernetEvaluator
from stgnn.search.pareto import front, hypervolume
from stgnn.search.study import Evaluation, reference_point


def search_numbers(plan: Plan, found: list[Evaluation], rival: list[Evaluation]) -> dict[str, Any]:
    """Distinct architectures, size of the front, and the hypervolume of the search and of its rival."""
    reference = reference_point(plan.output / "study.journal", STUDY)
    volumes = [hypervolume([(one.accuracy, one.latency_ms) for one in some], reference) for some in (found, rival)]
    return {
        "distinct_architectures": len(found),
        "front_size": len(front(found)),
        "hypervolume": volumes[0],
        "hypervolume_random": volumes[1],
    }


def end_numbers(supernet: Supernet, evaluator: SupernetEvaluator) -> dict[str, float]:
    """Accuracy of the smallest and of the largest network of the space, with shared weights."""
    ends = {"smallest": supernet.space.smallest(), "largest": supernet.space.largest()}
    return {f"accuracy_{name}": evaluator.accuracy(end)[0] for name, end in ends.items()}


def chosen_numbers(
    chosen: Evaluation, before: dict[str, float], after: dict[str, float], measured: dict[str, float]
) -> dict[str, Any]:
    """The chosen network: its architecture, accuracy before and after fine-tuning, latency predicted and measured."""
    return {
        "architecture": chosen.architecture.to_dict(),
        "summary": str(chosen.architecture),
        "accuracy_inherited": before["val"],
        "accuracy_fine_tuned": after["val"],
        "accuracy_inherited_test": before["test"],
        "accuracy_fine_tuned_test": after["test"],
        "latency_predicted_ms": chosen.latency_ms,
        "latency_measured_ms": measured["quiet_ms"],
        "latency_median_ms": measured["median_ms"],
        "macs": chosen.macs,
        "parameters": chosen.parameters,
    }


def latency_numbers(latency: Calibrated, device: DeviceFile) -> dict[str, float]:
    """How well the latency of networks is predicted that no prediction has seen."""
    checked = evaluate(latency, device.records("holdout"), device.layout, device.num_classes)
    return {"latency_mape": checked.mape, "latency_within_10_percent": checked.within_10_percent}


def tell(console: Console, plan: Plan, summary: dict[str, Any]) -> None:
    """Say what was found and where it lies."""
    chosen, time = summary["chosen"], f"{summary['seconds']['total']:.0f} s"
    console.rule("[bold]Done", align="left")
    console.print(f"chosen: {chosen['summary']}")
    console.print(
        f"accuracy on unseen subjects {chosen['accuracy_fine_tuned_test']:.1%}, "
        f"{chosen['latency_measured_ms']:.3f} ms a clip, "
        f"{chosen['parameters']:,} parameters, {time} {'since it went on' if summary['resumed'] else 'in all'}"
    )
    console.print(f"look at {plan.output / 'report.html'}; run {plan.output / 'model.onnx'}")
    console.print(f"another network of the front: stgnn extract --study {plan.search['study']} --budget_ms ...")
