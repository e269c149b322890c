"""Registries of named classes, and the plugins that fill them: the whole mechanism.

A class is registered by its own name, so the name in a table, a recipe or an Architecture can be searched for in the
code::

    @OPERATORS.register
    class MyGraphConv(SpatialOperator): ...

A plugin is an installed package with an entry point in the group ``stgnn.plugins``; importing it registers its classes.
"""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from stgnn.errors import InputError, did_you_mean
from stgnn.signatures import PLUGINS, import_problem

T = TypeVar("T")


class Registry(Generic[T]):
    """Classes of one kind by class name.

    Args:
        kind: What the classes are, for messages: ``operator``, ``latency model``, ...
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Class decorator: enter ``cls`` under its own name.

        Raises:
            InputError: another class has that name already.
        """
        known = self._classes.get(cls.__name__)
        if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InputError(
                f"two classes want to be the {self.kind} {cls.__name__!r}",
                given=f"{cls.__module__}, while {known.__module__} has registered it already",
                hint="rename one of the classes, or uninstall one of the plugins",
            )
        self._classes[cls.__name__] = cls
        return cls

    def __getitem__(self, name: str) -> type[T]:
        """The class called ``name``.

        Raises:
            InputError: there is none; the message lists the closest names.
        """
        if name not in self._classes:
            raise InputError(
                f"there is no {self.kind} called {name!r}",
                allowed=sorted(self._classes),
                hint=did_you_mean(name, self._classes) or "is the plugin that brings it installed?",
            )
        return self._classes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        return len(self._classes)


def load_plugins(group: str = PLUGINS) -> tuple[str, ...]:
    """Import every installed plugin and return the names of their distributions.

    Raises:
        InputError: a plugin fails to import; the message names its distribution.
    """
    loaded = []
    for point in _points(group):
        try:
            point.load()
        except (Exception, SystemExit) as error:
            raise _refusal(point, f"{type(error).__name__}: {error}") from error
        loaded.append(_owner(point))
    return tuple(dict.fromkeys(loaded))


def broken_plugins(group: str = PLUGINS) -> list[InputError]:
    """What :func:`load_plugins` will say of plugins, as far as it is seen without importing any."""
    problems = {point: import_problem(point.module) for point in _points(group)}
    return [_refusal(point, problem) for point, problem in problems.items() if problem is not None]


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: (point.name, point.value))


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def _refusal(point: EntryPoint, problem: str) -> InputError:
    return InputError(
        f"the plugin {point.name!r} of the distribution {_owner(point)!r} cannot be imported",
        given=problem,
        hint=f"repair it (python -c 'import {point.module}' shows where), or: pip uninstall {_owner(point)}",
    )
