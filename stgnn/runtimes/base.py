"""What a runtime is: it writes networks to files of its own format and runs them."""

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from stgnn.errors import InputError, check_between
from stgnn.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor, nn

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]

MOST_THREADS = 64
"""More than an edge device has cores; far more threads than cores take minutes a call."""
EXPORTER = 1
"""Raised whenever our export gives other graphs for the same network, because timings then no longer compare."""


class Runtime(ABC):
    """Executes exported networks on a device. Subclasses import their library inside the methods: importing a runtime
    is cheap.

    Attributes:
        suffix: Ending of its files, ``".onnx"``.
        package: Distribution that executes the files.
    """

    suffix: ClassVar[str]
    package: ClassVar[str]

    @property
    def name(self) -> str:
        """The registry name."""
        return type(self).__name__

    def version(self) -> str:
        """Version of the library that executes the files.

        Raises:
            InputError: the library is not installed.
        """
        try:
            return version(self.package)
        except PackageNotFoundError as error:
            raise InputError(
                f"the runtime {self.name} needs the package {self.package!r}", hint=f"pip install {self.package}"
            ) from error

    def exporter_version(self) -> str:
        """Identifies how networks become files: two exporters may give one network different timings."""
        return f"stgnn-{EXPORTER}/torch-{version('torch').partition('+')[0]}"

    @abstractmethod
    def export(self, module: "nn.Module", path: Path, example: "Tensor", metadata: Mapping[str, str]) -> None:
        """Write ``module``, a deploy form in evaluation mode, to ``path``; the batch stays dynamic.

        Args:
            module: Takes one tensor whose first axis is the batch, gives one; or several, named by its attribute
                ``outputs``, the logits first.
            path: File to write.
            example: An input of batch size 1.
            metadata: Texts to store in the file.
        """

    def export_parts(self, modules: Sequence["nn.Module"], examples: Sequence["Tensor"], paths: Sequence[Path]) -> None:
        """Write many small modules for timing only: batch fixed to 1, no metadata."""
        for module, example, path in zip(modules, examples, paths, strict=True):
            self.export(module, path, example, {})

    @abstractmethod
    def metadata(self, path: Path) -> dict[str, str]:
        """The texts stored in an exported file.

        Raises:
            InputError: it is not a file of this runtime.
        """

    @abstractmethod
    def session(self, path: Path, threads: int = 1) -> Run:
        """Load a file and return the function that runs it on ``threads`` threads and gives the first output.

        Raises:
            InputError: it is not a file of this runtime.
        """


RUNTIMES: Registry[Runtime] = Registry("runtime")


def resolve_runtime(runtime: str | Runtime) -> Runtime:
    """A runtime by its registry name, or itself.

    Raises:
        InputError: there is no such runtime.
    """
    return runtime if isinstance(runtime, Runtime) else RUNTIMES[runtime]()


def output_names(module: "nn.Module") -> tuple[str, ...]:
    """Names of what a module gives: its attribute ``outputs``, or the logits alone."""
    return tuple(getattr(module, "outputs", ("logits",)))


def check_file(path: Path, suffix: str) -> None:
    """Refuse a path that is not an existing file with this ending.

    Raises:
        InputError: it is not.
    """
    if not path.is_file() or path.suffix != suffix:
        raise InputError(
            "this is not an exported network of the runtime", given=path, allowed=f"an existing *{suffix} file"
        )


def check_threads(threads: int) -> None:
    """Refuse a number of threads that no measurement is made with.

    Raises:
        InputError: there are none, or more than :data:`MOST_THREADS`.
    """
    check_between(1, MOST_THREADS, threads=threads)


def device_name() -> str:
    """Name of this machine's processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    return found.get("model name") or found.get("Model") or platform.machine()
