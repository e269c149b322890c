import json
from dataclasses import replace
from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.latency import DeviceFile, load_device
from stgnn.runtimes import ONNXRuntime, Torch


def test_round_trip(device: DeviceFile, tmp_path: Path) -> None:
    path = tmp_path / "new" / "device.json"
    device.save(path)
    again = load_device(path)
    assert again.networks == tuple(replace(r, timing=type(r.timing)(**r.timing.to_dict())) for r in device.networks)
    assert [entry.part for entry in again.entries] == [entry.part for entry in device.entries]
    assert [entry.ms for entry in again.entries] == pytest.approx([entry.ms for entry in device.entries], abs=1e-5)
    assert replace(again, entries=(), networks=()) == replace(device, entries=(), networks=())
    assert list(path.parent.iterdir()) == [path], "no draft is left behind"
    json.loads(path.read_text())


def test_an_empty_file_round_trips(device: DeviceFile, tmp_path: Path) -> None:
    empty = replace(device, entries=(), networks=(), spread=0.0)
    empty.save(tmp_path / "device.json")
    assert load_device(tmp_path / "device.json") == empty


def test_conditions_are_recorded(device: DeviceFile) -> None:
    assert device.device and device.runtime == "ONNXRuntime" and device.precision == "float32"
    assert device.runtime_version == ONNXRuntime().version() and "torch-" in device.exporter_version
    assert device.date.startswith("20") and device.spread == pytest.approx(0.07, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runtime_version": "1.0"}, "another runtime version"),
        ({"exporter_version": "stgnn-0/torch-1.0"}, "another exporter version"),
        ({"threads": 4}, "another number of threads"),
    ],
)
def test_other_conditions_are_refused(device: DeviceFile, change: dict[str, object], message: str) -> None:
    device.check(ONNXRuntime(), threads=1)
    with pytest.raises(InputError, match=message) as caught:
        replace(device, **change).check(threads=1)  # type: ignore[arg-type]
    assert "stgnn profile" in str(caught.value)


def test_another_runtime_is_refused(device: DeviceFile) -> None:
    with pytest.raises(InputError, match="another runtime"):
        device.check(Torch())
    with pytest.raises(InputError, match="no runtime called 'NoSuchRuntime'"):
        replace(device, runtime="NoSuchRuntime").check()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99}', '{"format": 1}', '{"format": 1, "columns": 3}'])
def test_damaged_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not a device file"):
        load_device(path)
    with pytest.raises(InputError, match="no such device file"):
        load_device(tmp_path / "missing.json")
