"""Rows of arrays: equal to the array, wherever they are stored, and what a file declares is checked."""

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.arrays import member_names, open_rows
from stgnn.errors import InputError

Save = Callable[[np.ndarray, Path], tuple[Path, str | None]]


def save_npy(array: np.ndarray, folder: Path) -> tuple[Path, str | None]:
    np.save(folder / "a.npy", array)
    return folder / "a.npy", None


def save_stored(array: np.ndarray, folder: Path) -> tuple[Path, str | None]:
    np.savez(folder / "a.npz", other=np.arange(5), x=array)
    return folder / "a.npz", "x"


def save_compressed(array: np.ndarray, folder: Path) -> tuple[Path, str | None]:
    np.savez_compressed(folder / "a.npz", other=np.arange(5), x=array)
    return folder / "a.npz", "x"


SAVES = [save_npy, save_stored, save_compressed]


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("shape", [(5, 2, 3), (4,), (0, 3), (3, 0)])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "i2", "S3"])
def test_rows_are_those_of_the_array(save: Save, shape: tuple[int, ...], dtype: str, tmp_path: Path) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    rows = open_rows(*save(array, tmp_path))
    assert (rows.shape, rows.dtype, len(rows)) == (shape, np.dtype(dtype), shape[0])
    for start in (0, 2, 0):
        read = list(rows.read(start))
        assert len(read) == max(shape[0] - start, 0)
        assert all(np.array_equal(one, other) for one, other in zip(read, array[start:], strict=True))


@pytest.mark.parametrize("save", [save_npy, save_stored])
def test_the_order_of_axes_in_memory_does_not_matter(save: Save, tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    assert np.array_equal(list(open_rows(*save(array, tmp_path)).read(0)), array)


def test_a_compressed_array_of_columns_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column by column[^$]*ascontiguousarray"):
        open_rows(*save_compressed(np.asfortranarray(np.zeros((2, 3))), tmp_path))


@pytest.mark.parametrize("save", SAVES)
def test_a_large_array_takes_the_memory_of_a_few_rows(save: Save, tmp_path: Path) -> None:
    path, member = save(np.zeros((400, 20000), np.float32), tmp_path)
    tracemalloc.start()
    assert sum(float(row.sum()) for row in open_rows(path, member).read(100)) == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6, "the array has 32 MB"


def test_the_names_of_the_members_are_known(tmp_path: Path) -> None:
    assert member_names(save_stored(np.zeros(1), tmp_path)[0]) == ("other", "x")
    with pytest.raises(InputError, match="there is no the array 'y'"):
        open_rows(tmp_path / "a.npz", "y")


def header(shape: str, dtype: str = "'<f4'") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x09\x00" + header("(1,)")[8:] + bytes(4),
        header("(3,)") + bytes(8),
        header("(1099511627776, 1099511627776)") + bytes(8),
        header("(-1, -4)") + bytes(16),
        header("()") + bytes(16),
        header("(1,)", "'nonsense'") + bytes(16),
        header("__import__('os').system('echo')") + bytes(16),
    ],
)
def test_damaged_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy"):
        open_rows(tmp_path / "a.npy")


def test_objects_and_missing_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match="holds objects"):
        open_rows(tmp_path / "a.npy")
    for member in (None, "x"):
        with pytest.raises(InputError, match="cannot be read"):
            open_rows(tmp_path / "none", member)


@pytest.mark.parametrize("save", SAVES)
def test_a_file_cut_anywhere_is_refused_or_ends_with_an_error(save: Save, tmp_path: Path) -> None:
    path, member = save(np.random.default_rng(0).normal(size=(6, 30)), tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 17):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            list(open_rows(path, member).read(0))


@pytest.mark.parametrize("save", SAVES)
def test_overwritten_bytes_never_raise_anything_else(save: Save, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path, member = save(np.zeros((6, 30)), tmp_path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(300):
        damaged = whole.copy()
        damaged[rng.integers(len(whole), size=3)] = rng.integers(256, size=3)
        path.write_bytes(damaged.tobytes())
        try:
            list(open_rows(path, member).read(1))
        except InputError:
            continue
