"""Samples per second of the training pipeline, beside PYSKL's on the same clips; memory and start of a large store.

    python benchmarks/data_pipeline.py --pyskl PYSKL_CHECKOUT

Both do: draw 64 frames, align the view, turn, stretch, centre, joint + bone + joint motion; batches of 64 clips, one
process, one thread. PYSKL's pipeline is its own code, imported from a checkout (``mmcv``, which it needs only to be
imported, is stood in for; it needs scipy). Rounds are interleaved. Without ``--pyskl`` only our side is timed.
``--large FOLDER`` also writes a synthetic store of NTU RGB+D's size there and measures what training needs to start.
Writes ``benchmarks/data_pipeline.json``.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from stgnn.data import Augmentation, ClipData, ClipLoader, SkeletonStore, SyntheticActions
from stgnn.skeleton.streams import bone_parents, stream
from stgnn.skeleton.transforms import center

FRAMES, BATCH, ROUNDS = 64, 64, 7
NTU60_CLIPS = 56578


def ours(store: SkeletonStore) -> Iterator[list[torch.Tensor]]:
    """Batches of three streams, each a tensor of its own as our networks take them, epoch after epoch."""
    data, parents = ClipData(store, align=True), torch.from_numpy(bone_parents(store.layout))
    loader = ClipLoader(
        data, np.arange(len(store)), BATCH, FRAMES, training=True, augmentation=Augmentation(0.3, 0.3, 0.1)
    )
    for epoch in range(10**9):
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            x = center(batch.bodies, store.layout.center)
            yield [stream(name, x, parents) for name in ("joint", "bone", "joint_motion")]


def pyskl(store: SkeletonStore, checkout: Path) -> Iterator[torch.Tensor]:
    """The same from PYSKL's pipeline, clip by clip, collated by the default function."""
    _stand_in_for_mmcv()
    sys.path.insert(0, str(checkout))
    package = ModuleType("pyskl.datasets")
    package.__path__ = [str(checkout / "pyskl" / "datasets")]
    builder = ModuleType("pyskl.datasets.builder")
    builder.PIPELINES = _Registry()  # type: ignore[attr-defined]
    pipelines = ModuleType("pyskl.datasets.pipelines")
    pipelines.__path__ = [str(checkout / "pyskl" / "datasets" / "pipelines")]
    utils = ModuleType("pyskl.utils")
    utils.warning_r0 = print  # type: ignore[attr-defined]
    root = ModuleType("pyskl")
    root.__path__ = [str(checkout / "pyskl")]
    for module in (root, utils, package, builder, pipelines):
        sys.modules[module.__name__] = module
    from pyskl.datasets.pipelines import compose, formatting, pose_related, sampling  # type: ignore[import-not-found]

    steps = [
        pose_related.PreNormalize3D(),
        pose_related.RandomRot(theta=0.3),
        pose_related.RandomScale(scale=0.1),
        pose_related.GenSkeFeat(dataset="nturgb+d", feats=["j", "b", "jm"]),
        sampling.UniformSampleFrames(clip_len=FRAMES),
        pose_related.PoseDecode(),
        pose_related.FormatGCNInput(num_person=2),
        formatting.Collect(keys=["keypoint", "label"], meta_keys=[]),
        formatting.ToTensor(keys=["keypoint"]),
    ]
    run = compose.Compose(steps)
    records = [
        {"keypoint": clip.keypoints, "total_frames": clip.keypoints.shape[1], "label": clip.label, "start_index": 0}
        for clip in (store[index] for index in range(len(store)))
    ]
    for epoch in range(10**9):
        order = np.random.default_rng(epoch).permutation(len(records))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            clips = [run(dict(records[index])) for index in order[first : first + BATCH]]
            yield torch.stack([clip["keypoint"] for clip in clips])


class _Registry:
    """Takes decorated classes and does nothing with them."""

    def register_module(self, *_: Any, **__: Any) -> Callable[[type], type]:
        return lambda cls: cls


def _stand_in_for_mmcv() -> None:
    mmcv, parallel, tools = (ModuleType(name) for name in ("mmcv", "mmcv.parallel", "mmcv.utils"))
    mmcv.is_str = lambda text: isinstance(text, str)  # type: ignore[attr-defined]
    parallel.DataContainer = lambda data, **_: data  # type: ignore[attr-defined]
    tools.build_from_cfg = None  # type: ignore[attr-defined]
    sys.modules |= {module.__name__: module for module in (mmcv, parallel, tools)}


def rate(batches: Iterator[Any], count: int) -> float:
    """Clips per second over some batches."""
    start = time.perf_counter()
    for _ in range(count):
        next(batches)
    return count * BATCH / (time.perf_counter() - start)


def compare(checkout: Path | None) -> dict[str, Any]:
    """Rates of both, interleaved, on clips of NTU's usual length."""
    store = SyntheticActions(clips=640, seed=0).store()
    sides: dict[str, tuple[Iterator[Any], int]] = {"ours": (ours(store), 100)}
    if checkout is not None:
        sides["pyskl"] = (pyskl(store, checkout), 5)
    for batches, _ in sides.values():
        next(batches)
    rounds = [{name: rate(*side) for name, side in sides.items()} for _ in range(ROUNDS)]
    result: dict[str, Any] = {
        "clips": len(store),
        "mean_frames": float(store.lengths.mean()),
        "frames": FRAMES,
        "batch_size": BATCH,
        "threads": torch.get_num_threads(),
        "samples_per_second": {name: statistics.median(one[name] for one in rounds) for name in sides},
    }
    if checkout is not None:
        ratios = sorted(one["ours"] / one["pyskl"] for one in rounds)
        result["ratio"] = {"median": statistics.median(ratios), "min": ratios[0], "max": ratios[-1]}
    return result


def write_large(folder: Path) -> Path:
    """A store of the size of NTU RGB+D: its number of clips, two bodies in every slot, the second mostly empty."""
    from stgnn.data.readers import ClipSource
    from stgnn.data.sequence import SkeletonSequence
    from stgnn.data.writing import write_store

    small = SyntheticActions(clips=512, seed=0).store()
    clips = [small[index] for index in range(len(small))]

    def read(start: int) -> Iterator[SkeletonSequence]:
        for index in range(start, NTU60_CLIPS):
            clip = clips[index % len(clips)]
            yield SkeletonSequence(clip.keypoints, clip.label, clip.layout, f"clip{index}", clip.subject)

    def splits(store: SkeletonStore) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
        train = np.arange(len(store)) % 4 > 0
        return {"xsub_train": np.flatnonzero(train), "xsub_test": np.flatnonzero(~train)}

    write_store(ClipSource(small.layout, small.class_names, NTU60_CLIPS, 2, read, splits), folder, overwrite=True)
    return folder


_LIBRARIES = """
import resource
import stgnn.data.datamodule
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""
_START = """
import resource, sys, time
begin = time.perf_counter()
from stgnn.data import SkeletonDataModule
data = SkeletonDataModule(sys.argv[1], "xsub", frames=64, batch_size=64)
loader = iter(data.train_dataloader())
next(loader)
first = time.perf_counter() - begin
for batch in loader:
    pass
print(first, time.perf_counter() - begin - first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def start(folder: Path) -> dict[str, Any]:
    """Seconds to the first batch in a fresh process, seconds of the epoch after it, peak memory against the store."""
    size = sum(path.stat().st_size for path in folder.iterdir())
    libraries = int(_python(_LIBRARIES))
    first, epoch, peak = map(float, _python(_START, str(folder)).split())
    return {
        "clips": NTU60_CLIPS,
        "store_bytes": size,
        "seconds_to_first_batch": first,
        "seconds_of_epoch": epoch,
        "peak_bytes": int(peak),
        "peak_bytes_without_libraries": int(peak) - libraries,
        "peak_to_store": (peak - libraries) / size,
    }


def _python(program: str, *arguments: str) -> str:
    """What a program prints in a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    ).stdout


def main() -> None:
    """Time the pipelines; measure the large store when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pyskl", type=Path, help="checkout of PYSKL")
    parser.add_argument("--large", type=Path, help="folder for a store of the size of NTU RGB+D")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"pipeline": compare(arguments.pyskl)}
    if arguments.large is not None:
        result["large"] = start(write_large(arguments.large))
    Path("benchmarks/data_pipeline.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
