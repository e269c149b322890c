"""From a study to the plain data of a report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from stgnn.errors import InputError
from stgnn.latency import DeviceFile, LatencyModel, load_device
from stgnn.report.data import Landmark, Measured, Measurement, ReportData, report_points
from stgnn.report.units import NARROW
from stgnn.results import FineTuned, families_beside, fine_tuned_beside, ranks_beside, recipe_beside, study_name
from stgnn.search.extract import choose
from stgnn.search.study import RANDOM_SUFFIX, Evaluation, load_evaluations, reference_point, study_names

KNEE = "the knee of the front: beyond it, more milliseconds buy little accuracy"
UNITS = {  # what is pruned at each granularity
    "unstructured": "weights",
    "block": "blocks of weights",
    "channel": "channels",
    "branch": "branches",
    "edge": "edges of graphs",
}


def report_data(study: str, name: str | None = None, title: str = "") -> ReportData:
    """Everything known about a study: its trials, random search beside it, and the device of its recipe.

    Raises:
        InputError: there is no such study, or nothing in it is feasible.
    """
    key = study_name(study, name)
    evaluations = load_evaluations(study, key)
    rival = key + RANDOM_SUFFIX
    random = load_evaluations(study, rival) if rival in study_names(study) else []
    recipe = recipe_beside(study, key)
    known = fine_tuned_beside(study, key)
    tuned = {} if known is None else known.accuracies
    chosen, chosen_by = _chosen(known, evaluations)
    return ReportData(
        title=title or f"Search {key!r}",
        points=tuple(replace(point, fine_tuned=tuned.get(point.digest)) for point in report_points(evaluations)),
        random=report_points(random),
        chosen=chosen,
        chosen_by=chosen_by,
        reference=reference_point(study, key),
        ranks=ranks_beside(study, key),
        landmarks=tuple(_sparse_landmarks(families_beside(study, key))),
        supernet=str(recipe.get("supernet", "")),
        data=str(_arguments(recipe.get("data")).get("store", "")),
        **_recipe_facts(recipe.get("latency")),
    )


def _chosen(known: FineTuned | None, evaluations: Sequence[Evaluation]) -> tuple[int | None, str]:
    """The number of the chosen network, and what it was chosen by: that of the fine-tuning, if there was one."""
    if known is not None:
        for one in evaluations:
            if one.architecture.digest == known.chosen:
                return one.number, known.chosen_by
    return (choose(evaluations).number if any(one.feasible for one in evaluations) else None), KNEE


def _sparse_landmarks(families: Sequence[Mapping[str, Any]]) -> Iterator[Landmark]:
    """The members of sparse families, with their measured latency; the networks they come from are trials already."""
    for family in families:
        for row in family["rows"]:
            if row["sparsity"] > 0:
                part = f"{100 * row['sparsity']:.0f}{NARROW}%"
                yield Landmark(
                    name=f"{part} of {UNITS.get(family['granularity'], 'units')} pruned",
                    label=f"{part} pruned",
                    family=str(family["checkpoint"]),
                    accuracy=row["val_top1"],
                    latency_ms=row["latency_ms"].get("quiet_ms") or row["latency_ms"]["median_ms"],
                    macs=row["macs"],
                    parameters=row["parameters"],
                )


def _arguments(spec: Any) -> dict[str, Any]:
    """The arguments of a class as a recipe describes it; none when it is only named."""
    arguments = spec.get("init_args") if isinstance(spec, dict) else None
    return arguments if isinstance(arguments, dict) else {}


def _recipe_facts(latency: Any) -> dict[str, Any]:
    """What is known of the device file that a recipe's latency model reads; nothing when it reads none.

    Such a file belongs to one machine and its libraries. Where it cannot be had, or the model cannot be built again,
    predictions stay unchecked, and a note says why.
    """
    arguments = _arguments(latency)
    if "device" not in arguments:
        return {}
    facts: dict[str, Any] = {}
    try:
        device = load_device(str(arguments["device"]))
        facts = _conditions(device)
        return {**facts, "measurements": _measurements(device, latency_model(latency))}
    except InputError as error:
        why = "; ".join(" ".join(line.split()) for line in str(error).splitlines())
        return {**facts, "notes": (f"Predictions are not checked against measured networks: {why}.",)}


def latency_model(spec: Any) -> LatencyModel:
    """The latency model that a recipe names, built as the command line builds it.

    Args:
        spec: ``Name``, or ``{class_path: Name, init_args: {...}}``, whose arguments may be such models again.

    Raises:
        InputError: there is no such model, or it refuses its arguments.
    """
    import jsonargparse

    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--latency", type=LatencyModel)
    try:
        parsed = parser.parse_object({"latency": spec})
    except jsonargparse.ArgumentError as error:
        raise InputError(" ".join(str(error).split())) from error
    model: LatencyModel = parser.instantiate(parsed).latency
    return model


def device_facts(device: DeviceFile, model: LatencyModel) -> dict[str, Any]:
    """Fields of :class:`ReportData`: the device, and how a model predicts networks it was not fitted to.

    Raises:
        InputError: the model cannot predict one of them.
    """
    return {**_conditions(device), "measurements": _measurements(device, model)}


def _conditions(device: DeviceFile) -> dict[str, Any]:
    threads = "1 thread" if device.threads == 1 else f"{device.threads} threads"
    return {
        "device": device.device,
        "runtime": f"{device.runtime} {device.runtime_version}, {threads}, {device.precision}",
        "joints": device.layout.num_joints,
    }


def _measurements(device: DeviceFile, model: LatencyModel) -> tuple[Measurement, ...]:
    """The held-out networks of a device, each with what the model predicts."""
    found = []
    for record in device.records("holdout"):
        guess = model.predict(record.architecture, device.layout, device.num_classes)
        timing = Measured(record.timing.quiet_ms, record.timing.p10_ms, record.timing.p90_ms)
        found.append(Measurement(record.architecture.digest, guess.mean_ms, timing, guess.std_ms))
    return tuple(found)
