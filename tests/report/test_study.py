"""From a study and the recipe beside it to a report: the latency model of the search is built again for the check."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stgnn.commands import report
from stgnn.latency import DeviceFile
from stgnn.latency.device import Entry, NetworkRecord
from stgnn.latency.plan import plan
from stgnn.report.study import KNEE, report_data
from stgnn.results import keep_recipe
from stgnn.runtimes import ONNXRuntime
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import load_layout
from stgnn.space import load_space

LAYOUT, SPACE = load_layout("ntu25"), load_space("tiny")


@pytest.fixture
def device() -> DeviceFile:
    """What measuring an imaginary device gives, with two networks that nothing is fitted to."""
    blank = DeviceFile.begin(ONNXRuntime(), LAYOUT, 6, threads=1, space=SPACE.name, seed=0)
    drawn = list(dict.fromkeys(SPACE.sample(random.Random(seed)) for seed in range(12)))
    roles = ["holdout", "holdout", *["calibration"] * len(drawn)]
    networks = tuple(
        NetworkRecord(one, Timing(2.0, 1.9, 2.1, 30), role) for one, role in zip(drawn, roles, strict=False)
    )
    entries = tuple(Entry(part, 0.01 + 1e-5 * part.frames * part.target) for part in plan(SPACE, LAYOUT))
    return replace(blank, entries=entries, networks=networks)


def searched_with(study: str, device: DeviceFile | None, name: str = "Calibrated", **others: Any) -> None:
    """Keep a device file, and the recipe that a search with it leaves."""
    if device is not None:
        device.save(Path("device.json"))
    latency = {"class_path": name, "init_args": {"device": "device.json", **others}}
    keep_recipe({"latency": latency}, study, "search")


@pytest.mark.parametrize("base", ["Roofline", {"class_path": "Roofline", "init_args": {"dispatch_us": 3.0}}])
def test_a_model_inside_another_is_built_too(study: str, device: DeviceFile, base: Any) -> None:
    searched_with(study, device, base=base)
    data = report_data(study)
    assert len(data.measurements) == 2 and all(one.predicted_ms > 0 for one in data.measurements)
    assert (data.notes, data.joints) == ((), 25) and "1 thread" in data.runtime


@pytest.mark.parametrize("old", ["runtime_version", "exporter_version"])
def test_a_device_file_of_other_libraries_is_no_obstacle(study: str, device: DeviceFile, old: str) -> None:
    searched_with(study, replace(device, **{old: "0.1"}))  # type: ignore[arg-type]
    data = report_data(study)
    assert data.measurements == () and data.runtime and data.device == device.device
    assert f"another {old.replace('_', ' ')}" in data.notes[0] and "0.1" in data.notes[0]


def test_what_the_table_does_not_know_is_no_obstacle(study: str, device: DeviceFile) -> None:
    unknown = device.records("holdout")[0].architecture.stages[0].blocks[0].spatial  # type: ignore[attr-defined]
    known = tuple(entry for entry in device.entries if unknown not in str(entry))
    searched_with(study, replace(device, entries=known), "LatencyTable")
    data = report_data(study)
    assert data.measurements == () and "has no measurement of" in data.notes[0] and data.device


def test_a_device_file_that_has_gone_is_told_on_the_page(study: str) -> None:
    searched_with(study, None)
    files = report(study, Path("out"))
    assert "there is no such device file" in Path(files["html"]).read_text()


def test_a_model_that_is_not_there_any_more_is_told(study: str, device: DeviceFile) -> None:
    searched_with(study, device, "Gone")
    assert "Gone" in report_data(study).notes[0]


def test_the_page_says_by_what_the_network_was_chosen(study: str) -> None:
    page = Path(report(study, Path("out"))["html"]).read_text()
    assert f"The star is the chosen network, {KNEE}." in page
