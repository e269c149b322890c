"""Sparse weights in a small file come back equal in every bit."""

from pathlib import Path
from typing import Any

import pytest
import torch

from stgnn.errors import InputError
from stgnn.networks.sparsity import SparseNetwork, load_sparse, pack, save_sparse, unpack
from stgnn.space import load_architecture


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


def test_a_sparse_network_comes_back_and_its_file_is_small(make: Any, tmp_path: Path) -> None:
    network = make(load_architecture("STGCN"))
    state = SparseNetwork(network).masked(0.95).state_dict()
    path = save_sparse(tmp_path / "sparse.ckpt", state, {"sparsity": 0.95})
    back, about = load_sparse(path)
    assert about == {"sparsity": 0.95} and back.keys() == state.keys()
    assert all(bits(back[name]) == bits(tensor) for name, tensor in state.items())
    dense = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    assert path.stat().st_size < 0.09 * dense


def test_other_and_damaged_files_are_refused(tmp_path: Path) -> None:
    path = save_sparse(tmp_path / "good", {"a": torch.zeros(100)}, {})
    cut = tmp_path / "cut"
    cut.write_bytes(path.read_bytes()[:300])
    other = tmp_path / "other"
    torch.save({"weights": torch.ones(1)}, other)
    for wrong, message in ((cut, "cannot be read"), (other, "holds no sparse"), (tmp_path / "no", "no such")):
        with pytest.raises(InputError, match=message):
            load_sparse(wrong)


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
def test_sizes_that_disagree_are_refused_before_memory_is_taken(change: dict[str, Any], tmp_path: Path) -> None:
    packed = pack({"a": torch.zeros(1000)})
    packed["a"].update(change)
    with pytest.raises(InputError, match="cannot be read"):
        unpack(packed)
