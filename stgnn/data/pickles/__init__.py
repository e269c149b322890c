"""Pickles of others, read without running anything of them.

A pickle is a program; Python's own reader lets it call whatever it names. Here the program is interpreted by a small
machine that knows plain containers and NumPy arrays and refuses everything else by name. Arrays are not copied: they
stay in the file, which is mapped into memory.

    >>> annotations = read_pickle(Path("ntu60.pkl"))["annotations"]  # doctest: +SKIP
    >>> annotations[0]["keypoint"].shape  # doctest: +SKIP
    (1, 103, 25, 3)
"""

from stgnn.data.pickles.reading import open_pickle, read_pickle
from stgnn.data.pickles.values import StoredArray

__all__ = ["StoredArray", "open_pickle", "read_pickle"]
