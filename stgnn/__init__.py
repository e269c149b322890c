"""Latency-aware architecture search for skeleton action recognition: from skeletons to a chosen network that runs.

    >>> import stgnn
    >>> stgnn.load_layout("ntu25").num_joints
    25

Letters in every shape: N clips, M persons, B bodies, T frames, V joints, C channels (or coordinates), K adjacency
subsets.
Importing this package imports no torch; folders are imported by name: ``stgnn.networks``, ``stgnn.data``, ...
"""

from importlib.metadata import PackageNotFoundError, version

from stgnn.errors import InputError
from stgnn.registry import Registry, load_plugins
from stgnn.skeleton import SkeletonLayout, layout_names, load_layout
from stgnn.space import (
    Architecture,
    SearchSpace,
    SGNArchitecture,
    SGNSpace,
    load_architecture,
    load_space,
    read_space,
)

try:
    __version__ = version("edge-stgnn")
except PackageNotFoundError:  # used from a folder that was never installed
    __version__ = "0+unknown"

__all__ = [
    "Architecture",
    "InputError",
    "Registry",
    "SGNArchitecture",
    "SGNSpace",
    "SearchSpace",
    "SkeletonLayout",
    "__version__",
    "layout_names",
    "load_architecture",
    "load_layout",
    "load_plugins",
    "load_space",
    "read_space",
]
