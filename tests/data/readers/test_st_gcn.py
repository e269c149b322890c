"""ST-GCN's arrays: padding is left out, the sides are splits, what does not fit is refused by name."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.readers.source import ClipLabels, LeftOut
from stgnn.data.readers.st_gcn import read_st_gcn
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from tests.data.readers.law import check_clips
from tests.data.readers.twin_st_gcn import save, write_kinetics, write_ntu


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("writer", [write_ntu, write_kinetics])
def test_clips_come_back_from_every_start(writer: Any, tmp_path: Path, seed: int) -> None:
    path, expected = writer(tmp_path, np.random.default_rng(seed))
    check_clips(read_st_gcn(path), expected)


@pytest.mark.parametrize(("writer", "protocol"), [(write_ntu, "xsub"), (write_kinetics, "main")])
def test_the_sides_are_the_splits(writer: Any, protocol: str, tmp_path: Path) -> None:
    path, _ = writer(tmp_path, np.random.default_rng(1))
    train, test = write_store(read_st_gcn(path), tmp_path / "store").store.split(protocol)
    assert train.tolist() == [0, 1, 2, 3] and test.tolist() == [4, 5, 6]


def test_one_side_has_no_protocol_and_empty_clips_are_left_out(tmp_path: Path) -> None:
    clips = np.zeros((2, 3, 4, 25, 1), np.float32)
    clips[1] = 1
    save(tmp_path / "a", "val", clips, (["x", "y"], [0, 1]), "data")
    source = read_st_gcn(tmp_path / "a")
    assert next(source.clips(0)) == LeftOut("x", "no body")
    assert write_store(source, tmp_path / "store").store.protocols == ()


ONE = np.ones((2, 3, 4, 25, 1), np.float32)


@pytest.mark.parametrize(
    ("clips", "labels", "message"),
    [
        (ONE[0], (["x", "y"], [0, 1]), r"train_data\.npy is of the wrong kind"),
        (ONE, (["x"], [0]), r"train_data\.npy and train_label\.pkl do not fit"),
        (ONE, (["x", "y"], [0]), "does not hold names and labels"),
        (ONE, {"x": 0}, "does not hold names and labels"),
        (ONE, ([1, 2], [0, 1]), "wrong entry"),
        (ONE, (["x", "y"], ["0", "1"]), "wrong entry"),
        (ONE, (["x", "y"], [0, -2]), "wrong label"),
        (ONE[:, :, :, :7], (["x", "y"], [0, 1]), "layout of .* is not known"),
        (ONE * np.nan, (["x", "y"], [0, 1]), "'x'.* not finite"),
        (np.array([{}]), (["x"], [0]), "holds objects"),
    ],
)
def test_what_does_not_fit_is_refused(clips: np.ndarray, labels: object, message: str, tmp_path: Path) -> None:
    save(tmp_path / "a", "train", clips, labels, "data")
    with pytest.raises(InputError, match=message):
        list(read_st_gcn(tmp_path / "a").clips(0))


def test_missing_files_and_a_side_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        read_st_gcn(tmp_path / "none")
    with pytest.raises(InputError, match=r"no arrays of ST-GCN's form"):
        read_st_gcn(tmp_path)
    source, _ = write_kinetics(tmp_path, np.random.default_rng(0))
    (source / "train_label.pkl").rename(source / "kept")
    with pytest.raises(InputError, match=r"train_label\.pkl"):
        read_st_gcn(source)
    (source / "kept").rename(source / "train_label.pkl")
    save(source, "test", ONE, (["x", "y"], [0, 1]), "data")
    with pytest.raises(InputError, match="a side of the protocol twice"):
        read_st_gcn(source)


def test_a_clip_on_both_sides_and_foreign_labels_are_refused(tmp_path: Path) -> None:
    for side in ("train", "val"):
        save(tmp_path / "a", side, ONE, (["x", "y"], [0, 1]), "data")
    with pytest.raises(InputError, match="both sides"):
        read_st_gcn(tmp_path / "a")
    with pytest.raises(InputError, match="labels of its own"):
        read_st_gcn(tmp_path / "a", None, ClipLabels(("a",), {}))


def test_a_label_pickle_that_calls_anything_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a", "train", ONE, (["x", "y"], [0, 1]), "data")
    (tmp_path / "a" / "train_label.pkl").write_bytes(pickle.dumps(print))
    with pytest.raises(InputError, match=r"calls \w+\.print"):
        read_st_gcn(tmp_path / "a")
