"""Foreign files -> `SkeletonStore`, one module for each source format, one function for each module.

>>> from stgnn.data.readers import READERS
>>> sorted(READERS)
['npz', 'nw-ucla']
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from stgnn.data.readers.npz import read_npz
from stgnn.data.readers.nw_ucla import read_nw_ucla
from stgnn.data.store import SkeletonStore
from stgnn.skeleton.layout import SkeletonLayout

Reader = Callable[[Path, SkeletonLayout | None], SkeletonStore]

READERS: Mapping[str, Reader] = {"npz": read_npz, "nw-ucla": read_nw_ucla}

__all__ = ["READERS", "Reader", "read_npz", "read_nw_ucla"]
