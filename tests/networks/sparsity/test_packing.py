"""Sparse weights in few bytes come back equal in every bit."""

from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sparsity import pack, unpack


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("density", [0.0, 0.01, 0.5, 1.0])
def test_any_tensor_comes_back_equal_in_every_bit(dtype: torch.dtype, density: float) -> None:
    for shape in [(40, 30, 3), (1000,), (1,), (0, 3)]:
        tensor = torch.randn(shape).to(dtype) * (torch.rand(shape) < density)
        back = unpack(pack({"a": tensor}))["a"]
        assert back.dtype == dtype and back.shape == tensor.shape and bits(back) == bits(tensor)


def test_special_values_and_other_types_come_back() -> None:
    special = torch.zeros(400)
    special[:5] = torch.tensor([-0.0, float("nan"), float("inf"), -float("inf"), 1e-45])
    state = {
        "special": special,
        "count": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "one": torch.tensor(0.0),
    }
    back = unpack(pack(state))
    assert bits(back["special"]) == bits(special) and back["count"] == 7 and back["flags"].tolist() == [True, False]
    assert back["one"].shape == () and isinstance(pack(state)["special"], dict)


def test_zeros_cost_a_bit_or_less() -> None:
    tensor = torch.randn(300, 400).masked_fill(torch.rand(300, 400) > 0.05, 0)
    packed = pack({"a": tensor})["a"]
    size = sum(packed[part].numel() * packed[part].element_size() for part in ("bits", "values"))
    assert size < 4 * int(tensor.count_nonzero()) + tensor.numel() / 8


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**12]},
        {"shape": [3]},
        {"shape": [-4]},
        {"shape": "wide"},
        {"dtype": "object"},
        {"values": torch.ones(7)},
        {"values": None},
        {"bits": torch.ones(5, dtype=torch.uint8)},
    ],
)
def test_sizes_that_disagree_are_refused_before_memory_is_taken(change: dict[str, Any]) -> None:
    packed = pack({"a": torch.zeros(1000)})
    packed["a"].update(change)
    with pytest.raises(InputError, match="cannot be read"):
        unpack(packed)
