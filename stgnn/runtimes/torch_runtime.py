"""PyTorch as a runtime: a ``torch.export`` program in a ``.pt2`` archive.

The archive holds the graph as JSON and each weight as raw bytes. It loads without the Python code of the network;
there is no pickled code in it.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from stgnn.errors import InputError
from stgnn.runtimes.base import RUNTIMES, Run, Runtime, check_file

if TYPE_CHECKING:
    from torch import Tensor, nn

_METADATA = "metadata.json"


@RUNTIMES.register
class Torch(Runtime):
    """PyTorch on the CPU, without compilation."""

    suffix: ClassVar[str] = ".pt2"
    package: ClassVar[str] = "torch"

    def export(self, module: "nn.Module", path: Path, example: "Tensor", metadata: Mapping[str, str]) -> None:
        """Write a ``torch.export`` program; see :meth:`Runtime.export`."""
        import torch

        batch = torch.export.Dim("batch", min=1)
        with torch.no_grad():
            program = torch.export.export(module, (example.repeat_interleave(2, 0),), dynamic_shapes=({0: batch},))
        buffer = io.BytesIO()  # writing to the disk is left to Python, whose errors say what is wrong with it
        torch.export.save(program, buffer, extra_files={_METADATA: json.dumps(dict(metadata))})
        path.write_bytes(buffer.getbuffer())

    def metadata(self, path: Path) -> dict[str, str]:
        """The texts stored in the archive; see :meth:`Runtime.metadata`."""
        from zipfile import BadZipFile, ZipFile

        check_file(path, self.suffix)
        try:
            with ZipFile(path) as archive:
                name = next(name for name in archive.namelist() if name.endswith("/extra/" + _METADATA))
                return {str(key): str(value) for key, value in json.loads(archive.read(name)).items()}
        except (BadZipFile, StopIteration, ValueError, AttributeError) as error:
            hint = "write it with: stgnn export"
            raise InputError("this is not a program that stgnn exported for Torch", given=path, hint=hint) from error

    def session(self, path: Path, threads: int = 1) -> Run:
        """Load the program; see :meth:`Runtime.session`."""
        import torch

        self.metadata(path)  # refuses what is not ours before torch looks into it
        try:
            module = torch.export.load(path).module()
        except (RuntimeError, ValueError, KeyError) as error:
            raise InputError("torch cannot load this file", given=f"{path}: {str(error)[:200]}") from error

        def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
            before = torch.get_num_threads()
            if before != threads:
                torch.set_num_threads(threads)
            try:
                with torch.inference_mode():
                    found = module(torch.from_numpy(inputs))
                    output: NDArray[np.float32] = (found[0] if isinstance(found, tuple) else found).numpy()
            finally:
                if before != threads:
                    torch.set_num_threads(before)
            return output

        return run
