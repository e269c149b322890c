"""What is in a store, and what may be wrong with it."""

from collections import Counter
from typing import Any

import numpy as np

from stgnn.data.quality.content import content_findings
from stgnn.data.quality.duplicates import find_duplicates
from stgnn.data.quality.finding import SEVERITIES
from stgnn.data.quality.scan import Scan, scan_store
from stgnn.data.quality.splits import split_findings
from stgnn.data.quality.units import unit_findings
from stgnn.data.store import SkeletonStore


def check_store(store: SkeletonStore, near: bool = True) -> dict[str, Any]:
    """Count what is in a store and look for what may be wrong with it; every coordinate is read.

    Args:
        store: The store, in memory or memory-mapped; it is read in chunks.
        near: Whether to look for near copies of clips too, not only for equal ones.

    Returns:
        Plain data: counts of clips by class, subject, view and split, lengths, the range of each coordinate, how many
        findings there are of each severity (``errors``, ``warnings``, ``notes``), and ``findings``, gravest first, each
        with severity, code, count, what, action, examples and protocol.
    """
    scan = scan_store(store)
    findings = [*split_findings(store, find_duplicates(store, near))]
    findings += [*content_findings(store, scan), *unit_findings(store, scan)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    severities = Counter(finding.severity for finding in findings)
    return {
        **_facts(store, scan),
        **{f"{severity}s": severities[severity] for severity in SEVERITIES},
        "findings": [finding.to_dict() for finding in findings],
    }


def _facts(store: SkeletonStore, scan: Scan) -> dict[str, Any]:
    lengths, persons = store.lengths, store.keypoints.shape[1]
    return {
        "clips": len(store),
        "frames": int(lengths.sum()),
        "persons": persons,
        "bodies_empty": int(len(store) * persons - (scan.bodies > 0).sum()),
        "layout": store.layout.name,
        "joints": store.layout.num_joints,
        "coordinates": store.layout.dimensions,
        "scores": store.scores is not None,
        "classes": _classes(store),
        "subjects": _counts(store.subjects.tolist()),
        "views": _counts(store.views.tolist()),
        "splits": {name: len(indices) for name, indices in sorted(store.splits.items())},
        "lengths": {"min": int(lengths.min()), "median": float(np.median(lengths)), "max": int(lengths.max())},
        "ranges": _ranges(store, scan),
    }


def _classes(store: SkeletonStore) -> dict[str, int]:
    """Clips by name of class; classes that share a name are counted together."""
    found = dict.fromkeys(store.class_names, 0)
    for label, count in enumerate(np.bincount(store.labels, minlength=len(store.class_names)).tolist()):
        found[store.class_names[label]] += count
    return found


def _ranges(store: SkeletonStore, scan: Scan) -> dict[str, dict[str, float]]:
    """Smallest and largest value of each coordinate, to six digits; empty where no joint is ever seen."""
    ends = {"min": scan.low.min(axis=0), "max": scan.high.max(axis=0)}
    return {
        name: {end: float(f"{values[axis]:.6g}") for end, values in ends.items()}
        for axis, name in enumerate("xyz"[: store.layout.dimensions])
        if np.isfinite(ends["min"][axis])
    }


def _counts(values: list[int]) -> dict[str, int]:
    return {str(value): count for value, count in sorted(Counter(values).items()) if value >= 0}
