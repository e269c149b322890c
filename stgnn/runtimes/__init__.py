"""Runtimes execute exported networks: export to a file that needs none of our code, run it, time it.

Example::

    from stgnn.runtimes import RUNTIMES

    runtime = RUNTIMES["ONNXRuntime"]()
    run = runtime.session(Path("model.onnx"), threads=1)
    logits = run(keypoints)                    # (B, T, V, C) -> (B, classes), NumPy in and out

``stgnn.runtimes.export`` writes a checked file, ``stgnn.runtimes.measure`` times files in a process of their own.
"""

from stgnn.runtimes.base import RUNTIMES, Runtime
from stgnn.runtimes.onnx_runtime import ONNXRuntime
from stgnn.runtimes.torch_runtime import Torch

__all__ = ["RUNTIMES", "ONNXRuntime", "Runtime", "Torch"]
