"""Foreign pickles: what is plain reads as Python reads it, what calls anything is refused by name, nothing is run."""

import codecs
import collections
import io
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.pickles import StoredArray, open_pickle, read_pickle
from stgnn.errors import InputError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
ALARM: list[str] = []


def ring(text: str) -> str:
    """What the pickles of the tests try to call."""
    ALARM.append(text)
    return text


@pytest.fixture(autouse=True)
def _nothing_is_run() -> Iterator[None]:
    ALARM.clear()
    yield
    assert not ALARM, "a pickle was run"


def native(array: np.ndarray | np.generic) -> tuple[object, ...]:
    """What an array holds; Python's own reader turns foreign byte orders into the machine's."""
    swapped = np.asarray(array).astype(array.dtype.newbyteorder("="))
    return swapped.dtype, swapped.shape, swapped.tobytes()


def equal(one: Any, other: Any) -> bool:
    """Equal values of equal types; NaN equals NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return native(one) == native(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other) or (isinstance(one, float) and one != one and other != other)


DTYPES = ["?", "i1", "u1", "<i2", ">i4", "i8", "u8", "f2", "<f4", ">f8", "g", "c8", "c16", "S3", "U4", ">U2"]


def random_array(rng: np.random.Generator) -> np.ndarray:
    shape = tuple(int(length) for length in rng.integers(0, 5, size=rng.integers(0, 4)))
    dtype = np.dtype(DTYPES[rng.integers(len(DTYPES))])
    if dtype.kind in "SU":
        texts = np.array(["", "a", "bc", "\xe9"] if dtype.kind == "U" else [b"", b"a", b"\x00\xffb"])
        return texts[rng.integers(len(texts), size=shape)].astype(dtype)
    array = np.asarray(rng.normal(scale=100, size=shape)).astype(dtype)
    return (
        [array, np.asfortranarray(array), array.swapaxes(0, -1) if array.ndim else array, array[..., ::-1]][
            rng.integers(4)
        ]
        if array.ndim
        else array
    )


def random_value(rng: np.random.Generator, depth: int = 0) -> Any:
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: bool(rng.integers(2)),
        lambda: int(rng.integers(-300, 70000)),
        lambda: (-1) ** int(rng.integers(2)) * 7 ** int(rng.integers(300)),
        lambda: [float("nan"), float("inf"), -0.0, rng.normal()][rng.integers(4)],
        lambda: (
            "".join(map(chr, rng.integers(0, 0x3000, size=rng.integers(9))))
            + ["", "\ud800", "\\u\n'\"\r\x1a"][rng.integers(3)]
        ),
        lambda: rng.bytes(rng.integers(300)),
        lambda: "long \xff\u1234" * 1000,
        lambda: rng.bytes(5000),
        lambda: random_array(rng),
        lambda: np.float32(rng.normal()),
        lambda: np.str_("text"),
        lambda: np.int64(rng.integers(9)),
        lambda: np.dtype(DTYPES[rng.integers(len(DTYPES))]),
        lambda: {1, "a", (2, None)},
        lambda: frozenset({b"b", 2.5}),
        lambda: set(),
    ]
    if depth < 3:
        some = range(int(rng.integers(5)))
        makers += [
            lambda: [random_value(rng, depth + 1) for _ in some],
            lambda: tuple(random_value(rng, depth + 1) for _ in some),
            lambda: {f"key{index}": random_value(rng, depth + 1) for index in some},
        ] * 5
    return makers[rng.integers(len(makers))]()


@pytest.fixture
def dump(tmp_path: Path) -> Callable[..., Path]:
    """Write bytes, or a value as a pickle."""

    def write(content: Any, protocol: int | None = None) -> Path:
        raw = content if protocol is None else pickle.dumps(content, protocol)
        (tmp_path / "file.pkl").write_bytes(raw)
        return tmp_path / "file.pkl"

    return write


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_reads_as_python_reads_it(dump: Callable[..., Path], protocol: int) -> None:
    rng = np.random.default_rng(protocol)
    for _ in range(100):
        shared = [1, (2, "x")]
        value = {"one": random_value(rng), "list": [random_value(rng) for _ in range(5)], "a": shared, "b": shared}
        path = dump(value, protocol)
        assert equal(read_pickle(path), pickle.loads(path.read_bytes()))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_stay_in_the_file_until_they_are_read(dump: Callable[..., Path], protocol: int) -> None:
    array = np.arange(12000, dtype=np.float32).reshape(2, 6000)
    opened = open_pickle(dump([array, array.T, "x" * 9000], protocol))
    assert isinstance(opened[0], StoredArray) and opened[0].shape == (2, 6000) and opened[0].dtype == np.float32
    assert np.array_equal(opened[0].read(), array) and np.array_equal(opened[1].read(), array.T)
    read = opened[0].read()
    assert not read.flags.owndata and not read.flags.writeable
    assert protocol < 3 or np.shares_memory(read, opened[0].read()), "a view into the file is no copy"


def test_strings_of_python_2_are_texts_and_its_arrays_are_read(dump: Callable[..., Path]) -> None:
    assert read_pickle(dump(b"(S'caf\\xe9'\nU\x02abT\x03\x00\x00\x00xyzI7\nL9L\nF1.5\nl.")) == [
        "caf\xe9",
        "ab",
        "xyz",
        7,
        9,
        1.5,
    ]
    payload = np.arange(3, dtype="<f4").tobytes()
    dtype = b"cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85" + dtype
    array += b"\x89U" + bytes([len(payload)]) + payload + b"tb."
    assert np.array_equal(read_pickle(dump(b"\x80\x02" + array)), np.arange(3, dtype=np.float32))


class Calls:
    """Pickles as a call."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


class Stateful:
    """Pickles as a new object with a state."""

    def __init__(self) -> None:
        self.text = "x"

    def __setstate__(self, state: object) -> None:
        ring("setstate")


class Point(tuple[int, ...]):
    """Pickles with arguments of `__new__`."""

    def __getnewargs_ex__(self) -> tuple[tuple[int], dict[str, int]]:
        return (1,), {}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(os.system, ("echo",)), r"(posix|nt)\.system"),
        (Calls(ring, ("x",)), r"test_pickles\.ring"),
        (Calls(eval, ("1",)), r"(builtins|__builtin__)\.eval"),
        (Calls(np.load, ("x",)), r"numpy\.load"),
        (Stateful(), r"copyreg|copy_reg|Stateful"),
        (Point((1,)), r"copyreg|copy_reg|Point"),
        (collections.OrderedDict(a=1), r"collections\.OrderedDict"),
        (np.float32, r"numpy\.float32"),
        (np.array([{}], dtype=object), "objects"),
        (np.array([(1, 2)], dtype="i4,i4"), "foreign elements"),
        (np.array(["2020"], dtype="M8[D]"), "foreign elements"),
        (np.ndarray, r"numpy\.ndarray"),
        (1j, r"complex"),
        (print, r"print"),
    ],
)
def test_what_is_not_plain_is_refused_by_name(
    dump: Callable[..., Path], value: object, name: str, protocol: int
) -> None:
    if protocol < 2 and isinstance(value, Point):
        pytest.skip("these protocols have no arguments by name")
    with pytest.raises(InputError, match=name) as caught:
        read_pickle(dump({"a": [value]}, protocol))
    assert "file.pkl" in str(caught.value)


NUMPY = b"cnumpy\ndtype\n"
CODES = {
    "GLOBAL": (b"cos\nsystem\n(S'echo'\ntR.", r"calls os\.system"),
    "GLOBAL in another encoding": (b"c\xd0\xbe\xffs\nsystem\n.", r"calls \S*s\.system"),
    "STACK_GLOBAL": (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", r"calls os\.system"),
    "STACK_GLOBAL of dotted names": (
        b"\x80\x04\x8c\x05numpy\x8c\x0ddtype.__init_\x93.",
        r"calls numpy\.dtype\.__init_",
    ),
    "STACK_GLOBAL of no names": (b"\x80\x04]]\x93.", "without a name"),
    "INST": (b"(S'echo'\nios\nsystem\n.", r"calls os\.system"),
    "INST of an admitted name": (b"(inumpy\ndtype\n.", r"calls numpy\.dtype"),
    "OBJ": (b"(" + NUMPY + b"o.", "makes an object by the opcode OBJ"),
    "NEWOBJ": (NUMPY + b")\x81.", "the opcode NEWOBJ"),
    "NEWOBJ_EX": (NUMPY + b")}\x92.", "the opcode NEWOBJ_EX"),
    "BUILD": (b"]}b.", "a method of the type list"),
    "BUILD of a function": (NUMPY + b"}b.", "a method of the type Admitted"),
    "REDUCE of a value": (b"])R.", "something of the type list"),
    "REDUCE without arguments": (NUMPY + b"]R.", "something of the type"),
    "EXT1": (b"\x82\x01.", "registry of extensions"),
    "EXT4": (b"\x84\x01\x00\x00\x00.", "registry of extensions"),
    "PERSID": (b"Pname\n.", "outside the file"),
    "BINPERSID": (b"K\x01Q.", "outside the file"),
    "NEXT_BUFFER": (b"\x80\x05\x97.", "outside the file"),
    "a function left over": (b"c_codecs\nencode\n.", r"holds _codecs\.encode"),
    "a protocol of the future": (b"\x80\x06N.", "unknown protocol"),
    "an unknown opcode": (b"\xffN.", "unknown opcode"),
    "no value": (b".", "not a whole pickle"),
    "an array without description": (
        b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R.",
        "without description",
    ),
    "a huge bytearray": (b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R.", r"calls __builtin__\.bytearray"),
    "a declared size": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b"x.", "are declared, and 2 are left"),
    "a declared frame": (b"\x80\x04\x95" + struct.pack("<Q", 1 << 50) + b"N.", "longer than the file"),
    "a huge number": (b"\x8b\x00\x10\x00\x00" + b"\x01" * 4096 + b".", "an integer of 4096 bytes"),
    "many digits": (b"I" + b"9" * 5000 + b"\n.", "5000 digits"),
    "an integer beyond all floats": (b"I" + b"9" * 309 + b"\n.", "an integer of more than 128 bytes"),
    "a key that is a list": (b"}]Ns.", "unusual key"),
    "a list that holds itself": (b"]q\x00h\x00a.", "holds itself"),
    "a dict that holds itself": (b"}q\x00K\x01h\x00s.", "holds itself"),
    "deep lists": (b"]" * 100000 + b"a" * 99999 + b".", "too deep"),
    "deep tuples": (b")" + b"\x85" * 100000 + b".", "too deep"),
    "deep keys": (b"})" + b"\x85" * 100000 + b"Ns.", "unusual key"),
    "open brackets": (b"(" * 200_000 + b".", "too many open brackets"),
    "a memo bomb": (b"(Nl" + b"".join(b"q%c(%bl" % (i, b"h%c" % i * 10) for i in range(40)) + b".", "too often"),
    "a memo bomb of tuples": (b")" + b"2\x86" * 90 + b".", "too deep|too often"),
    "gzip": (b"\x1f\x8b\x08\x00", "compressed"),
    "nothing": (b"", "empty"),
}


@pytest.mark.parametrize("name", CODES)
def test_hostile_and_damaged_programs_are_refused(dump: Callable[..., Path], name: str) -> None:
    code, message = CODES[name]
    with pytest.raises(InputError, match=message):
        read_pickle(dump(code))


TEXT = "x" * 200_000
BYTES = b"x" * 200_000
ARRAY = (np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), (1, (200_000,), np.dtype("u1"), False, BYTES))
COPIES = {
    "bytes": (Calls(codecs.encode, (TEXT, "latin1")), 4),
    "numbers": (Calls(np._core.multiarray.scalar, (np.dtype("S200000"), BYTES)), 4),
    "sets": (Calls(set, (list(range(20_000)),)), 4),
    "frozensets": (Calls(frozenset, (list(range(20_000)),)), 2),
    "arrays that are spelt as text": (Calls(*ARRAY), 2),
}


@pytest.mark.parametrize("what", COPIES)
def test_a_small_file_that_asks_for_many_copies_is_refused(dump: Callable[..., Path], what: str) -> None:
    value, protocol = COPIES[what]
    once = dump([value], protocol)
    assert len(read_pickle(once)) == 1
    path = dump([Calls(*value.reduced) for _ in range(50)], protocol)
    assert path.stat().st_size < 2 << 20
    with pytest.raises(InputError, match="copies its content too often"):
        open_pickle(path)


def test_many_arrays_that_share_their_bytes_in_the_file_are_read(dump: Callable[..., Path]) -> None:
    read = read_pickle(dump([Calls(*ARRAY) for _ in range(50)], 4))
    assert len(read) == 50 and all(array.tobytes() == BYTES for array in read)


@pytest.mark.parametrize(
    ("protocol", "old", "new"),
    [
        (0, rb"\u0000", rb"\u1234"),
        (0, rb"\u0000", rb"\uzzzz"),
        (1, b"\x00\x00\x00", "\u1234".encode()),
        (2, b"\x00\x00\x00", b"\xff\x00\x00"),
    ],
)
def test_an_array_that_is_damaged_within_its_text_is_refused_when_it_is_read(
    dump: Callable[..., Path], protocol: int, old: bytes, new: bytes
) -> None:
    head, middle, tail = pickle.dumps(np.zeros(9000, np.uint8), protocol).rpartition(old * 1000)
    array = open_pickle(dump(head + new + middle[len(old) :] + tail))
    with pytest.raises(InputError, match="an array is damaged"):
        array.read()


def test_an_array_that_declares_another_size_than_it_has_is_refused(dump: Callable[..., Path]) -> None:
    raw = pickle.dumps(np.zeros((2, 3), np.float32), 3)
    for old, new in (
        (b"K\x02K\x03", b"K\x02K\x04"),
        (b"K\x02K\x03", b"J\xff\xff\xff\x7fK\x03"),
        (b"f4", b"f8"),
        (b"f4", b"O8"),
    ):
        assert old in raw
        with pytest.raises(InputError):
            read_pickle(dump(raw.replace(old, new)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_cut_anywhere_is_refused(dump: Callable[..., Path], protocol: int) -> None:
    value = {
        "split": {"train": ["a", "b"]},
        "annotations": [{"label": 1, "keypoint": np.ones((1, 2, 3, 2), "f2"), "f": 1.5}],
    }
    raw = pickle.dumps(value, protocol)
    for length in range(len(raw)):
        with pytest.raises(InputError):
            read_pickle(dump(raw[:length]))


def test_overwritten_bytes_never_raise_anything_else(dump: Callable[..., Path]) -> None:
    rng = np.random.default_rng(0)
    value = [
        {
            "label": np.int64(1),
            "keypoint": np.ones((1, 2, 3, 2), "f2"),
            "name": "x",
            "set": {1},
            "text": np.array(["ab"]),
        }
    ] * 2
    for protocol in PROTOCOLS:
        raw = np.frombuffer(pickle.dumps(value, protocol), np.uint8)
        for _ in range(150):
            damaged = raw.copy()
            damaged[rng.integers(len(raw), size=rng.integers(1, 4))] = rng.integers(256)
            try:
                read_pickle(dump(damaged.tobytes()))
            except InputError:
                continue


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pkl", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_pickle(path)


def test_many_objects_of_one_pickler_read_as_the_first(dump: Callable[..., Path]) -> None:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 4)
    for value in ([1], [2]):
        pickler.dump(value)
    assert read_pickle(dump(stream.getvalue())) == [1]
