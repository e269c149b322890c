"""The bar for runtimes."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stgnn.errors import InputError
from stgnn.skeleton import load_layout
from stgnn.space import load_space
from stgnn.testing.common import CLASSES, expect, expect_equal_runs, randomise

if TYPE_CHECKING:
    from stgnn.runtimes import Runtime

METADATA = {"class_names": '["walk", "run"]', "note": "größer"}


def check_runtime(runtime: "Runtime") -> None:
    """Check a runtime: its files compute what the network computes for any batch size, keep their metadata, and are
    verified.

    Args:
        runtime: The runtime, constructed.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    import torch

    from stgnn.networks import Network
    from stgnn.runtimes import RUNTIMES

    expect(runtime.name in RUNTIMES, f"{runtime.name} lacks @RUNTIMES.register")
    expect(runtime.suffix.startswith("."), f"{runtime.name}.suffix is {runtime.suffix!r}; it must start with a point")
    expect(bool(runtime.version()), f"{runtime.name} has no version")
    layout, architecture = load_layout("ntu25"), load_space("tiny").smallest()
    network = Network(architecture, layout, CLASSES).eval()
    randomise(network)
    example = torch.randn(1, architecture.frames, layout.num_joints, layout.dimensions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"network{runtime.suffix}"
        runtime.export(network.deploy(), path, example, METADATA)
        expect_equal_runs(runtime, path, network, example)
        stored = runtime.metadata(path)
        lost = [key for key, text in METADATA.items() if stored.get(key) != text]
        expect(not lost, f"{runtime.name} loses or changes the metadata {', '.join(lost)}")
        path.write_bytes(b"not a network")
        try:
            runtime.session(path)
        except InputError:
            return
    raise AssertionError(f"{runtime.name} opens a damaged file; it must raise InputError")
