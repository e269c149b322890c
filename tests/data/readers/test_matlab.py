"""MATLAB files: every kind of number comes back; what is cut off, declared too large or of another kind is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.matlab import read_mat
from stgnn.errors import InputError
from tests.data.readers.twin_matlab import CLASSES, compressed, element, text, variable, write_elements, write_mat

FILE = "file.mat"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", sorted(CLASSES))
@pytest.mark.parametrize("shape", [(3, 2, 4), (1, 1), (2, 0), (5,)])
def test_arrays_come_back(kind: str, order: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 100, shape).astype(kind)
    plain = variable("wanted", values, order)
    for elements in ([plain], [compressed(plain, order)], [variable("a", values, order), plain]):
        write_elements(tmp_path / FILE, *elements, order=order)
        read = read_mat(tmp_path / FILE, "wanted")
        assert read.dtype == np.float64 and read.shape == shape and np.array_equal(read, values)


def test_whole_numbers_may_be_stored_in_few_bytes(tmp_path: Path) -> None:
    values = np.arange(50.0).reshape(10, 5)
    write_elements(tmp_path / FILE, text("viewpoint", "NE"), compressed(variable("x", values, stored="u1")))
    assert np.array_equal(read_mat(tmp_path / FILE, "x"), values)


def test_a_variable_that_is_missing_is_named_with_those_there(tmp_path: Path) -> None:
    write_mat(tmp_path / FILE, {"other": np.ones(3), "third": np.ones(3)})
    with pytest.raises(InputError, match=r"lacks the variable 'd_skel'\s+given:   other, third"):
        read_mat(tmp_path / FILE, "d_skel")


@pytest.mark.parametrize("deflate", [True, False])
def test_a_file_cut_off_anywhere_is_refused(deflate: bool, tmp_path: Path) -> None:
    write_mat(tmp_path / FILE, {"x": np.random.default_rng(0).normal(size=(5, 7))}, deflate)
    content = (tmp_path / FILE).read_bytes()
    for length in range(len(content)):
        (tmp_path / FILE).write_bytes(content[:length])
        with pytest.raises(InputError, match=FILE):
            read_mat(tmp_path / FILE, "x")


@pytest.mark.parametrize("deflate", [True, False])
def test_overwritten_bytes_give_numbers_or_our_error(deflate: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write_mat(tmp_path / FILE, {"x": rng.normal(size=(5, 7, 2))}, deflate)
    content = np.frombuffer((tmp_path / FILE).read_bytes(), np.uint8)
    for _ in range(300):
        damaged = content.copy()
        damaged[rng.integers(124, len(content), 2)] = rng.integers(0, 256, 2)
        (tmp_path / FILE).write_bytes(damaged.tobytes())
        try:
            assert read_mat(tmp_path / FILE, "x").size == 70
        except InputError as error:
            assert FILE in str(error)


def matrix(*parts: tuple[int, bytes]) -> bytes:
    """A variable of raw parts."""
    return element(14, b"".join(element(*part) for part in parts))


DOUBLE, NAME = (6, struct.pack("<II", 6, 0)), (1, b"x")
WRONG = {
    "sizes that no file has": matrix(DOUBLE, (5, struct.pack("<ii", 1 << 30, 1 << 30)), NAME, (9, bytes(16))),
    "negative sizes": matrix(DOUBLE, (5, struct.pack("<ii", -1, -2)), NAME, (9, bytes(16))),
    "many axes": matrix(DOUBLE, (5, struct.pack("<40i", *[1] * 40)), NAME, (9, bytes(8))),
    "no axes": matrix(DOUBLE, (5, b""), NAME, (9, bytes(8))),
    "half a number": matrix(DOUBLE, (5, struct.pack("<ii", 1, 1)), NAME, (9, bytes(12))),
    "complex numbers": matrix((6, struct.pack("<II", 0x806, 0)), (5, struct.pack("<i", 1)), NAME, (9, bytes(8))),
    "text": text("x", "abc"),
    "an unknown type": matrix(DOUBLE, (5, struct.pack("<i", 1)), NAME, (99, bytes(8))),
    "no numbers": matrix(DOUBLE, (5, struct.pack("<i", 1)), NAME),
    "a size beyond the file": struct.pack("<II", 14, 0xFFFFFFF0),
    "what is not deflated": struct.pack("<II", 15, 8) + bytes(8),
    "more than a variable may have": compressed(variable("x", np.zeros(9_000_000))),
}


@pytest.mark.parametrize("what", WRONG)
def test_is_refused(what: str, tmp_path: Path) -> None:
    write_elements(tmp_path / FILE, WRONG[what])
    with pytest.raises(InputError, match=r"file\.mat is not a whole MATLAB file"):
        read_mat(tmp_path / FILE, "x")


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no MATLAB")
    with pytest.raises(InputError, match=r"(?s)header of another kind.*save\('-v7'"):
        read_mat(tmp_path / FILE, "x")
    write_elements(tmp_path / FILE, title=b"MATLAB 7.3 MAT-file")
    with pytest.raises(InputError, match="header of another kind"):
        read_mat(tmp_path / FILE, "x")
    with pytest.raises(InputError, match="cannot be read"):
        read_mat(tmp_path / "nothing.mat", "x")
