"""Every real data set at hand: its original files against the prepared arrays, and what the check finds, unaided.

    python benchmarks/data_sets.py DATA_FOLDER

``DATA_FOLDER/<set>/<set>.npz`` are arrays in the plain layout, ``DATA_FOLDER/<set>/raw`` original files as published.
Both are imported into a temporary folder. Clips that both have are compared number for number. Writes
``benchmarks/data_sets.json``.
"""

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from stgnn.data import SkeletonStore, check_store, import_data
from stgnn.errors import InputError

SETS = {  # set -> (layout of its arrays, format of its original files)
    "nw_ucla": ("kinect20", "nw-ucla"),
    "utd_mhad": ("kinect20", "utd-mhad"),
    "msr_action3d": ("kinect20", "msr-action3d"),
    "utkinect": ("kinect20", "utkinect"),
    "sbu_kinect": ("sbu15", "sbu"),
    "jhmdb": ("jhmdb15", "jhmdb"),
    "natops": ("natops8", "natops"),
    "sfinge3d": ("sfinge20", "sfinge3d"),
}


def digest(store: SkeletonStore) -> str:
    """The first digits of the SHA-256 of all coordinates."""
    return hashlib.sha256(np.ascontiguousarray(store.keypoints).tobytes()).hexdigest()[:16]


def compared(prepared: SkeletonStore, original: SkeletonStore) -> dict[str, int]:
    """How many clips both stores have, and how many of them are equal in every number and in the class.

    Clips are paired by name; by place where the arrays came without names.
    """
    nameless = prepared.names[0] == "clip000000" and len(prepared) == len(original)
    places = {name: place for place, name in enumerate(original.names if nameless else prepared.names)}
    pairs = [(prepared[places[name]], original[place]) for place, name in enumerate(original.names) if name in places]
    equal = sum(
        np.array_equal(one.keypoints, other.keypoints)
        and prepared.class_names[one.label].lower() == original.class_names[other.label].lower()
        for one, other in pairs
    )
    return {"clips": len(original), "in_both": len(pairs), "equal": equal}


def measured(folder: Path, name: str, scratch: Path) -> dict[str, Any]:
    """One line of the result."""
    layout, format_name = SETS[name]
    import_data("npz", folder / name / f"{name}.npz", scratch / name, layout)
    prepared = SkeletonStore.open(scratch / name)
    start = time.perf_counter()
    summary = check_store(prepared)
    seconds = time.perf_counter() - start
    line = {key: summary[key] for key in ("clips", "frames", "splits")}
    line |= {"coordinates_sha256": digest(prepared), "check_seconds": round(seconds, 3)}
    line["findings"] = {f"{one['code']} {one['protocol']}".strip(): one["count"] for one in summary["findings"]}
    try:
        original = import_data(format_name, folder / name / "raw", scratch / f"{name}-raw")
    except InputError as error:
        return line | {"original": str(error)}
    return line | {
        "original": compared(prepared, SkeletonStore.open(scratch / f"{name}-raw")) | {"left_out": original["left_out"]}
    }


def main() -> None:
    """Measure every set and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        result = {name: measured(arguments.folder, name, Path(scratch)) for name in SETS}
    Path("benchmarks/data_sets.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
