"""Timing one network: what it may be named by."""

import json
from pathlib import Path

import pytest

from stgnn.errors import InputError
from stgnn.latency.benchmark import benchmark
from stgnn.latency.cost import count
from stgnn.runtimes.timing import Protocol
from stgnn.skeleton import load_layout
from stgnn.space import SGNArchitecture, load_architecture

BRIEF = Protocol(runs=2, seconds=0.0, rounds=1)
NTU, CLASSES = load_layout("ntu25"), 5


def test_an_sgn_in_a_file_is_timed(tmp_path: Path) -> None:
    architecture = SGNArchitecture(frames=6, joints=9, embedding=4, layers=(4, 8), width=8, stream="bone")
    path = tmp_path / "sgn.json"
    path.write_text(architecture.to_json())
    found = benchmark(path, NTU, None, CLASSES, "Torch", protocol=BRIEF)
    cost = count(architecture, NTU, CLASSES)
    assert found["parameters"] == cost.parameters and found["macs"] == cost.macs
    assert (found["frames"], found["joints"], found["streams"]) == (6, 9, "bone")
    assert found["latency_ms"]["median_ms"] > 0
    assert benchmark(path, NTU, 8, CLASSES, "Torch", protocol=BRIEF)["frames"] == 8


def test_a_shipped_name_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "SGN-like").write_text("{}")
    monkeypatch.chdir(tmp_path)
    found = benchmark("SGN-like", NTU, 8, CLASSES, "Torch", protocol=BRIEF)
    assert found["frames"] == 8 and found["network"] == "SGN-like"


def test_architectures_of_no_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(load_architecture("STGCN").to_dict() | {"kind": "other"}))
    with pytest.raises(InputError, match="unknown key 'kind'"):
        benchmark(path, NTU, None, CLASSES, "Torch", protocol=BRIEF)
    path.write_text("{")
    with pytest.raises(InputError, match="not an architecture"):
        benchmark(path, NTU, None, CLASSES, "Torch", protocol=BRIEF)
