"""Files of tensors: what cannot be read is one message, whatever its bytes mean."""

from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.archive import read_archive, write_archive


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "new" / "a.pt", {"weights": torch.arange(3), "about": {"seed": 1}})
    content = read_archive(path, "weights")
    assert torch.equal(content["weights"], torch.arange(3)) and content["about"] == {"seed": 1}


def test_any_cut_of_a_file_is_refused_by_its_name(tmp_path: Path) -> None:
    whole = write_archive(tmp_path / "a.pt", {"weights": torch.ones(50)}).read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.pt cannot be read as weights") as refused:
            read_archive(tmp_path / "cut.pt", "weights")
        assert "enforce" not in str(refused.value)  # how torch says it, to those who know its sources


def test_other_content_than_a_dictionary_is_none(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    assert read_archive(tmp_path / "list.pt", "weights") == {}


def test_too_little_memory_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise MemoryError

    path = write_archive(tmp_path / "a.pt", {})
    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(MemoryError):
        read_archive(path, "weights")
