"""What may be wrong with a data set: every coordinate read once, copies found by content, and rules that judge both.

    >>> from stgnn.data import SyntheticActions
    >>> from stgnn.data.quality import find_duplicates
    >>> store = SyntheticActions(clips=16).store()
    >>> find_duplicates(store).near.tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]

:func:`stgnn.data.quality.summary.check_store` puts all of it together.
"""

from stgnn.data.quality.duplicates import Duplicates, find_duplicates
from stgnn.data.quality.finding import SEVERITIES, Finding
from stgnn.data.quality.scan import Scan, scan_store

__all__ = ["SEVERITIES", "Duplicates", "Finding", "Scan", "find_duplicates", "scan_store"]
