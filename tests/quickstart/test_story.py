"""The quickstart's seed is that of everything, whatever the process has drawn before."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stgnn.data.datamodule import SyntheticDataModule
from stgnn.quickstart import Plan, story


class _Begun(Exception):
    """Training is about to begin."""


def first_weights(plan: Plan, monkeypatch: pytest.MonkeyPatch, ambient: int) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}

    def begin(task: Any, *_: Any, **__: Any) -> None:
        found.update(task.network.state_dict())
        raise _Begun

    monkeypatch.setattr(story, "trained", begin)
    torch.manual_seed(ambient)
    with pytest.raises(_Begun):
        story._supernet(plan, SyntheticDataModule(clips=48, frames=16))
    return found


def test_the_supernet_starts_from_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(tmp_path)
    first, again, other = (
        first_weights(replace(plan, seed=seed), monkeypatch, ambient) for seed, ambient in ((0, 1), (0, 2), (1, 1))
    )
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())
