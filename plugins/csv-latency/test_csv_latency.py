import csv
import random
from dataclasses import replace
from pathlib import Path

import pytest
from stgnn_csv_latency import CSVLatency, fit_line, macs

from stgnn.errors import InputError
from stgnn.latency import Calibrated, DeviceFile
from stgnn.latency.device import NetworkRecord
from stgnn.runtimes import RUNTIMES
from stgnn.runtimes.timing import Timing
from stgnn.skeleton import load_layout
from stgnn.space import Architecture, load_space
from stgnn.testing import check_latency_model

LAYOUT = load_layout("ntu25")
SPACE = load_space("tiny")


def write(folder: Path, rows: list[tuple[str, object]]) -> Path:
    path = folder / "measurements.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("architecture", "ms", "remark"), *((name, ms, "") for name, ms in rows)])
    return path


@pytest.fixture(scope="module")
def measured() -> list[Architecture]:
    rng = random.Random(0)
    return [SPACE.smallest(), SPACE.largest(), *(SPACE.sample(rng) for _ in range(6))]


@pytest.fixture
def model(tmp_path: Path, measured: list[Architecture]) -> CSVLatency:
    rows: list[tuple[str, object]] = [(one.to_json(), 0.5 + 2e-7 * macs(one, LAYOUT, 10)) for one in measured]
    return CSVLatency(write(tmp_path, rows))


def test_latency_model(model: CSVLatency, measured: list[Architecture]) -> None:
    check_latency_model(model, [*measured, SPACE.sample(random.Random(1))])


def test_measurements_are_repeated(model: CSVLatency, measured: list[Architecture]) -> None:
    estimate = model.predict(measured[1], LAYOUT, 10)
    assert estimate.mean_ms == pytest.approx(0.5 + 2e-7 * macs(measured[1], LAYOUT, 10)) and estimate.std_ms == 0


def test_other_networks_lie_on_the_line(model: CSVLatency) -> None:
    other = SPACE.sample(random.Random(2))
    assert model.predict(other, LAYOUT, 10).mean_ms == pytest.approx(0.5 + 2e-7 * macs(other, LAYOUT, 10), rel=1e-3)


def test_an_operator_that_was_never_measured_is_refused(tmp_path: Path) -> None:
    small = SPACE.smallest()
    path = write(tmp_path, [(small.to_json(), 1.0), ("STGCN", 30.0)])
    with pytest.raises(InputError, match="measure a network that has them"):
        CSVLatency(path).predict(SPACE.largest(), LAYOUT, 10)


def test_a_calibration_of_measured_and_predicted_networks(model: CSVLatency, measured: list[Architecture]) -> None:
    rng = random.Random(5)
    others = [SPACE.sample_sized(rng, size / 4) for size in range(5)]
    blank = DeviceFile.begin(RUNTIMES["ONNXRuntime"](), LAYOUT, 10, threads=1, space="tiny", seed=0)

    def calibrated(architectures: list[Architecture]) -> Calibrated:
        times = [2 * model.predict(one, LAYOUT, 10).mean_ms for one in architectures]
        records = [
            NetworkRecord(one, Timing(ms, ms, ms, 10), "calibration")
            for one, ms in zip(architectures, times, strict=True)
        ]
        return Calibrated(replace(blank, networks=tuple(records)), base=model)

    mixed = calibrated([*measured, *others])
    for one in (measured[1], SPACE.sample(rng)):
        assert mixed.predict(one, LAYOUT, 10).mean_ms == pytest.approx(
            2 * model.predict(one, LAYOUT, 10).mean_ms, rel=0.1
        )
    with pytest.raises(InputError, match="no calibration network has"):
        calibrated(others).predict(measured[1], LAYOUT, 10)


def test_names_and_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "small.json").write_text(SPACE.smallest().to_json())
    model = CSVLatency(write(tmp_path, [("STGCN++", 20.0), ("small.json", 1.5)]))
    assert model.predict(SPACE.smallest(), LAYOUT, 10).mean_ms == 1.5


def test_a_file_that_a_spreadsheet_saved_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, [("STGCN", 31.0), ("STGCN++", 12.5)])
    path.write_bytes("\ufeff".encode() + path.read_bytes())
    assert list(CSVLatency(path)._measured.values()) == [31.0, 12.5]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("STGCN", 1.0)], "too few"),
        ([("STGCN", 1.0), ("STGCN", 2.0)], "line 3.*twice"),
        ([("STGCN", "fast"), ("STGCN++", 2.0)], "(?s)line 2.*positive number.*fast"),
        ([("STGCN", -1.0), ("STGCN++", 2.0)], "positive number"),
        ([("STGCN++", 1.0), ("STGCNN", 2.0)], "line 3: there is no such architecture"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, rows: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CSVLatency(write(tmp_path, rows))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"architecture,ms\nSTGCN\n", r"(?s)line 2.*positive number"),
        (b"ms,architecture\n1.0\n", "line 2: there is no such architecture"),
        (b"architecture,ms\n\xff,1.0\n", "this is not a file of measurements"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        CSVLatency(tmp_path / "m.csv")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file of measurements cannot be read"):
        CSVLatency(tmp_path / "m.csv")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("architecture,seconds\nSTGCN,1\n")
    with pytest.raises(InputError, match=r"(?s)lacks a column.*architecture, ms"):
        CSVLatency(tmp_path / "m.csv")


def test_no_part_of_the_line_is_negative() -> None:
    assert fit_line([1.0, 2.0, 3.0], [1.0, 3.0, 5.0]).dispatch == 0.0
    assert fit_line([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]).slope == 0.0
