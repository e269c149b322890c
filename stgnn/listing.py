"""What a recipe or an Architecture can name, plugins included, found without importing any of it."""

from collections.abc import Callable

from stgnn.errors import InputError
from stgnn.signatures import Catalog, registered


def _operators() -> tuple[str, ...]:
    return registered("OPERATORS")


def _latency() -> tuple[str, ...]:
    return registered("LATENCY_MODELS")


def _strategies() -> tuple[str, ...]:
    return registered("SEARCH_STRATEGIES")


def _runtimes() -> tuple[str, ...]:
    return registered("RUNTIMES")


def _tasks() -> tuple[str, ...]:
    return Catalog.of_project().subclasses("BaseTask")


def _data() -> tuple[str, ...]:
    return Catalog.of_project().subclasses("SkeletonDataModule")


def _layouts() -> tuple[str, ...]:
    from stgnn.skeleton import layout_names

    return layout_names()


def _spaces() -> tuple[str, ...]:
    from stgnn.space import space_names

    return space_names()


def _architectures() -> tuple[str, ...]:
    from stgnn.space import architecture_names

    return architecture_names()


def _formats() -> tuple[str, ...]:
    from stgnn.data import FORMATS

    return tuple(FORMATS)


KINDS: dict[str, Callable[[], tuple[str, ...]]] = {
    "operators": _operators,
    "spaces": _spaces,
    "architectures": _architectures,
    "latency": _latency,
    "strategies": _strategies,
    "runtimes": _runtimes,
    "layouts": _layouts,
    "formats": _formats,
    "tasks": _tasks,
    "data": _data,
}


def names(kind: str) -> list[str]:
    """The names of one kind, sorted.

    Raises:
        InputError: there is no such kind.
    """
    if kind not in KINDS:
        raise InputError("there is nothing of this kind to list", given=kind, allowed=tuple(KINDS))
    return sorted(KINDS[kind]())
