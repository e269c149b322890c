"""Ways in which a file goes wrong: each is a pure function of bytes and a random generator."""

import io
import re
import zipfile
from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytes, np.random.Generator], bytes]

HUGE = (b"-1", b"99999999999999999999", b"2147483647", b"4294967296", b"1e308", b"-1e999", b"nan", b"0", b"7.5", b"[]")


def cut(content: bytes, rng: np.random.Generator) -> bytes:
    """The file ends early."""
    return content[: _place(content, rng)]


def emptied(content: bytes, rng: np.random.Generator) -> bytes:
    """Nothing is left."""
    return b""


def swapped(content: bytes, rng: np.random.Generator) -> bytes:
    """Two blocks change places."""
    first, second, third = sorted(_place(content, rng) for _ in range(3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def overwritten(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes are others."""
    start, length = _place(content, rng), int(rng.integers(1, 17))
    return content[:start] + rng.bytes(length) + content[start + length :]


def inserted(content: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes are new."""
    start = _place(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 17))) + content[start:]


def repeated(content: bytes, rng: np.random.Generator) -> bytes:
    """A block stands there many times."""
    first, second = sorted(_place(content, rng) for _ in range(2))
    return content[:second] + content[first:second] * int(rng.integers(1, 5)) + content[second:]


def huge_word(content: bytes, rng: np.random.Generator) -> bytes:
    """A number of a text is another one."""
    numbers = list(re.finditer(rb"-?\d[\d.]*", content))
    if not numbers:
        return overwritten(content, rng)
    found = numbers[rng.integers(len(numbers))]
    return content[: found.start()] + HUGE[rng.integers(len(HUGE))] + content[found.end() :]


def huge_count(content: bytes, rng: np.random.Generator) -> bytes:
    """A binary number is very large or negative."""
    width = int(rng.choice([1, 2, 4, 8]))
    start = _place(content, rng)
    value = b"\xff" * width if rng.random() < 0.5 else b"\xff" * (width - 1) + b"\x7f"
    return content[:start] + value + content[start + width :]


def lost_line(content: bytes, rng: np.random.Generator) -> bytes:
    """A line of a text is missing."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return cut(content, rng)
    del lines[rng.integers(len(lines))]
    return b"".join(lines)


MUTATIONS: tuple[Mutation, ...] = (
    cut,
    emptied,
    swapped,
    overwritten,
    inserted,
    repeated,
    huge_word,
    huge_count,
    lost_line,
)


def mutate(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """One mutation, and what it was; in an archive mostly of one member, so that the checksum does not stop it."""
    mutation = MUTATIONS[rng.integers(len(MUTATIONS))]
    members = _members(content) if rng.random() < 0.8 else {}
    if members:
        return _of_member(members, mutation, rng)
    return mutation(content, rng), mutation.__name__


def _members(content: bytes) -> dict[str, bytes]:
    """The members of an archive; none if it is not a whole one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # what an archive that was damaged before gives
        return {}


def _of_member(members: dict[str, bytes], mutation: Mutation, rng: np.random.Generator) -> tuple[bytes, str]:
    name = sorted(members)[rng.integers(len(members))]
    # Half of the damage strikes the first bytes, where shapes and types are declared.
    head = members[name][:128] if rng.random() < 0.5 else members[name]
    members[name] = mutation(head, rng) + members[name][len(head) :]
    result = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED
    with zipfile.ZipFile(result, "w", method) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return result.getvalue(), f"{mutation.__name__} of member {name}"


def _place(content: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(content) + 1))
