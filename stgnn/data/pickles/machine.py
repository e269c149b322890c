"""The machine that a pickle is a program for: a stack, a memo, and one small function for each opcode."""

import pickletools
from collections.abc import Callable, Mapping
from mmap import mmap
from typing import Any, Final

import numpy as np

from stgnn.data.pickles.admitted import ADMITTED, Admitted, key, members, refusal
from stgnn.data.pickles.arguments import ARGUMENTS, Read
from stgnn.data.pickles.values import ArrayDraft, ElementType, Span, StoredArray
from stgnn.errors import InputError

PROTOCOL: Final = 5
LIMITS: Mapping[str, int] = {
    "steps": 500_000_000,
    "values at once": 8_000_000,
    "open brackets": 100_000,
    "memo entries": 12_000_000,
    "lists, dicts and sets": 4_000_000,
}
"""What the largest published files need several times over, and what a bomb would exceed."""
_BETWEEN_CHECKS: Final = 1 << 16
_SPARE_BYTES: Final = 1 << 20
_MEMBER_BYTES: Final = 8
_REFUSED: Mapping[str, str] = {
    "PERSID": "refers to an object outside the file by",
    "BINPERSID": "refers to an object outside the file by",
    "EXT1": "calls a function from the registry of extensions by",
    "EXT2": "calls a function from the registry of extensions by",
    "EXT4": "calls a function from the registry of extensions by",
    "OBJ": "makes an object by",
    "NEWOBJ": "makes an object by",
    "NEWOBJ_EX": "makes an object by",
    "NEXT_BUFFER": "refers to a buffer outside the file by",
    "READONLY_BUFFER": "refers to a buffer outside the file by",
}


class Machine:
    """Runs one pickle.

    Args:
        file: The file, mapped into memory.
    """

    def __init__(self, file: mmap) -> None:
        self.file = file
        self.position = 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stack under each open bracket
        self.memo: dict[int, Any] = {}
        self.made = 0  # lists, dicts and sets
        self.steps = 0
        self.copied = 0  # bytes that calls have made, besides those of the file

    def run(self) -> Any:
        """The value that the pickle leaves on the stack; arrays and long texts still lie in the file.

        Raises:
            InputError: it wants something that is not admitted, or too much.
            ValueError, IndexError, KeyError, TypeError: it is damaged.
        """
        while not self._some_steps():
            self._check_limits()
        self._check_limits()
        return self.stack.pop()

    def _some_steps(self) -> bool:
        """Run many opcodes; whether the pickle came to its end."""
        file = self.file
        for _ in range(_BETWEEN_CHECKS):
            code = file[self.position]
            self.position += 1
            if code == _STOP:
                return True
            read, act = _TABLE[code]
            if read is None:
                act(self, None)
            else:
                argument, self.position = read(file, self.position)
                act(self, argument)
        self.steps += _BETWEEN_CHECKS
        return False

    def _check_limits(self) -> None:
        sizes = (self.steps, len(self.stack), len(self.below), len(self.memo), self.made)
        for (what, limit), size in zip(LIMITS.items(), sizes, strict=True):
            if size > limit:
                raise InputError(f"the pickle needs too many {what}", given=f"more than {limit}")

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def bracket(self) -> list[Any]:
        """Close the innermost bracket: what was put on the stack since it was opened."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def last(self, kind: type) -> Any:
        """The value on top of the stack, which must be a container of this kind."""
        if type(self.stack[-1]) is not kind:
            raise ValueError(f"something else than a {kind.__name__}")
        return self.stack[-1]

    def call(self) -> None:
        """REDUCE: a function and its arguments are replaced by what it gives."""
        arguments = self.stack.pop()
        function = self.stack.pop()
        if not isinstance(function, Admitted) or type(arguments) is not tuple:
            raise refusal(f"something of the type {type(function).__name__}")
        self.stack.append(function.call(*arguments))
        self._count_copied()

    def build(self) -> None:
        """BUILD: an array or an element type takes its description."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], ArrayDraft | ElementType):
            raise refusal(f"a method of the type {type(self.stack[-1]).__name__}")
        self.stack[-1].build(state)
        self._count_copied()

    def _count_copied(self) -> None:
        """Count what the value on top of the stack holds besides the file, so that no call repeats it without end."""
        self.copied += _copied(self.stack[-1])
        most = 4 * len(self.file) + _SPARE_BYTES
        if self.copied > most:
            raise InputError("the pickle copies its content too often", given=f"more than {most} bytes")


Act = Callable[[Machine, Any], None]


def _copied(value: object) -> int:
    """Bytes that a value takes, or will take once it is read, besides those in the file."""
    if isinstance(value, ArrayDraft):
        value = value.array
    if isinstance(value, StoredArray):
        value = value.content
    if isinstance(value, Span):
        return value.copied
    if isinstance(value, set | frozenset):
        return _MEMBER_BYTES * len(value)
    if isinstance(value, bytes | bytearray):
        return len(value)
    return value.nbytes if isinstance(value, np.generic) else 0


def _global(machine: Machine, name: str) -> None:
    if name not in ADMITTED:
        raise refusal(name)
    machine.push(ADMITTED[name])


def _instance(machine: Machine, name: str) -> None:
    raise refusal(name)


def _stack_global(machine: Machine, _: None) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise refusal("something without a name")
    _global(machine, f"{module[:100]}.{name[:100]}")


def _protocol(machine: Machine, version: int) -> None:
    if version > PROTOCOL:
        raise InputError("the pickle is of an unknown protocol", given=version, allowed=f"0 to {PROTOCOL}")


def _frame(machine: Machine, size: int) -> None:
    if size > len(machine.file) - machine.position:
        raise ValueError("a frame that is longer than the file")


def _new(kind: Callable[[], Any]) -> Act:
    def act(machine: Machine, _: None) -> None:
        machine.made += 1
        machine.push(kind())

    return act


def _open_bracket(machine: Machine, _: None) -> None:
    machine.below.append(machine.stack)
    machine.stack = []


def _close(kind: Callable[[list[Any]], Any]) -> Act:
    """LIST, TUPLE, DICT, FROZENSET: what stands in the bracket becomes one value."""

    def act(machine: Machine, _: None) -> None:
        machine.made += kind is not tuple
        value = kind(machine.bracket())
        machine.push(value)

    return act


def _tuple_of(count: int) -> Act:
    def act(machine: Machine, _: None) -> None:
        if len(machine.stack) < count:
            raise IndexError("the stack is empty")
        machine.stack[-count:] = [tuple(machine.stack[-count:])]

    return act


def _dict_of(items: list[Any]) -> dict[Any, Any]:
    return {key(name): value for name, value in zip(items[::2], items[1::2], strict=True)}


def _append(machine: Machine, _: None) -> None:
    value = machine.stack.pop()
    machine.last(list).append(value)


def _appends(machine: Machine, _: None) -> None:
    items = machine.bracket()
    machine.last(list).extend(items)


def _setitem(machine: Machine, _: None) -> None:
    value, name = machine.stack.pop(), machine.stack.pop()
    machine.last(dict)[key(name)] = value


def _setitems(machine: Machine, _: None) -> None:
    items = machine.bracket()
    machine.last(dict).update(_dict_of(items))


def _additems(machine: Machine, _: None) -> None:
    items = machine.bracket()
    machine.last(set).update(members(items))


def _pop(machine: Machine, _: None) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.bracket()


def _put(machine: Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


def _refuse(name: str) -> Act:
    def act(machine: Machine, _: None) -> None:
        raise refusal(f"the opcode {name}", _REFUSED[name])

    return act


def _constant(value: object) -> Act:
    return lambda machine, _: machine.stack.append(value)


def _action(name: str) -> Act:
    """What an opcode does, by the name that `pickletools` gives to it; those not listed push their argument."""
    actions: Mapping[str, Act] = {
        **{refused: _refuse(refused) for refused in _REFUSED},
        "PROTO": _protocol,
        "FRAME": _frame,
        "NONE": _constant(None),
        "NEWTRUE": _constant(True),
        "NEWFALSE": _constant(False),
        "MARK": _open_bracket,
        "POP": _pop,
        "POP_MARK": lambda machine, _: machine.bracket().clear(),
        "DUP": lambda machine, _: machine.push(machine.stack[-1]),
        "EMPTY_LIST": _new(list),
        "EMPTY_DICT": _new(dict),
        "EMPTY_SET": _new(set),
        "EMPTY_TUPLE": _constant(()),
        "LIST": _close(list),
        "TUPLE": _close(tuple),
        "DICT": _close(_dict_of),
        "FROZENSET": _close(lambda items: frozenset(members(items))),
        **{f"TUPLE{count}": _tuple_of(count) for count in (1, 2, 3)},
        "APPEND": _append,
        "APPENDS": _appends,
        "SETITEM": _setitem,
        "SETITEMS": _setitems,
        "ADDITEMS": _additems,
        "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
        **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _put),
        **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, index: machine.push(machine.memo[index])),
        "GLOBAL": _global,
        "INST": _instance,
        "STACK_GLOBAL": _stack_global,
        "REDUCE": lambda machine, _: machine.call(),
        "BUILD": lambda machine, _: machine.build(),
    }
    return actions.get(name, Machine.push)


def _unknown(machine: Machine, _: None) -> None:
    raise ValueError("an unknown opcode")


def _table() -> list[tuple[Read | None, Act]]:
    """For each byte how to read its argument (None: it has none that matters) and what to do."""
    table: list[tuple[Read | None, Act]] = [(None, _unknown)] * 256
    for opcode in pickletools.opcodes:
        read = None if opcode.arg is None or opcode.name in _REFUSED else ARGUMENTS[opcode.arg.name]
        table[ord(opcode.code)] = (read, _action(opcode.name))
    return table


_TABLE = _table()
_STOP = next(ord(opcode.code) for opcode in pickletools.opcodes if opcode.name == "STOP")
