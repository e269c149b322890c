"""Small clips of random numbers, with everything that the code has to look out for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.skeleton.layout import SkeletonLayout, load_layout

MakeStore = Callable[..., SkeletonStore]


@pytest.fixture
def layout() -> SkeletonLayout:
    """A small real body."""
    return load_layout("kinect20")


@pytest.fixture
def make_store(layout: SkeletonLayout) -> MakeStore:
    """A store of 24 clips of 3 classes and 6 subjects: unequal lengths, a second body here and there, empty bodies."""

    def make(scores: bool = False, clips: int = 24) -> SkeletonStore:
        rng = np.random.default_rng(0)
        sequences = []
        for index in range(clips):
            shape = (1 + index % 2, 1 if index == 3 else int(rng.integers(2, 9)), layout.num_joints)
            keypoints = rng.normal(size=(*shape, 3)).astype(np.float32)
            keypoints[:, 0, 5] = 0  # a joint that was not seen
            if index == 4:
                keypoints[:] = 0  # a clip without anybody
            if index == 5:
                keypoints[0] = 0  # only the second body is there
            confidence = rng.random(shape).astype(np.float32) if scores else None
            sequences.append(
                SkeletonSequence(keypoints, index % 3, layout, f"clip{index}", index // 3 % 6, index % 2, confidence)
            )
        splits = {"xsub_train": np.arange(0, clips - 6), "xsub_test": np.arange(clips - 6, clips)}
        return SkeletonStore.from_sequences(sequences, ["a", "b", "c"], splits, layout)

    return make


@pytest.fixture
def store(make_store: MakeStore) -> SkeletonStore:
    """The store of `make_store`."""
    return make_store()


@pytest.fixture
def arrays(store: SkeletonStore) -> dict[str, np.ndarray]:
    """The same clips in the npz layout."""
    return {
        "keypoint": store.keypoints,
        "frame_offset": store.offsets,
        "label_action": store.labels,
        "label_names_action": np.array(store.class_names),
        "subject": store.subjects,
        "view": store.views,
        "name": np.array(store.names),
        "joint_names": np.array(store.layout.joints),
        **{f"split_{name}": indices for name, indices in store.splits.items()},
    }


@pytest.fixture
def saved(store: SkeletonStore, tmp_path: Path) -> Path:
    """The store on disk."""
    store.save(tmp_path / "saved")
    return tmp_path / "saved"
