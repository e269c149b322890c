"""CTR-GCN's arrays: padding is left out, the sides are splits, what does not fit is refused by name."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.ctr_gcn import read_ctr_gcn
from stgnn.data.readers.source import ClipLabels, LeftOut
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.law import check_clips
from tests.data.readers.twin_ctr_gcn import write_ctr_gcn


@pytest.mark.parametrize("seed", range(4))
def test_clips_come_back_from_every_start(tmp_path: Path, seed: int) -> None:
    path, expected = write_ctr_gcn(tmp_path, np.random.default_rng(seed))
    check_clips(read_ctr_gcn(path), expected)


def test_the_sides_are_the_splits_of_the_protocol_in_the_name(tmp_path: Path) -> None:
    path, _ = write_ctr_gcn(tmp_path, np.random.default_rng(0))
    for stem, protocol in (("NTU60_CV", "xview"), ("NTU120_CSet", "xset"), ("NTU120_CSub", "xsub"), ("mine", "main")):
        renamed = path.rename(tmp_path / f"{stem}.npz")
        train, test = write_store(read_ctr_gcn(renamed), tmp_path / stem).store.split(protocol)
        assert train.tolist() == [0, 1, 2, 3, 4] and test.tolist() == [5, 6, 7, 8]
        renamed.rename(path)


def test_integers_are_labels_too_and_empty_clips_are_left_out(tmp_path: Path) -> None:
    x = np.zeros((2, 3, 75), np.float64)
    x[1, 0] = 1
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.array([0, 4]), x_test=x, y_test=np.array([0, 1]))
    source = read_ctr_gcn(tmp_path / "a.npz")
    clips = list(source.clips(0))
    assert source.class_names == ("0", "1", "2", "3", "4") and source.persons == 1
    assert clips[0] == LeftOut("train_000000", "no body") and clips[2] == LeftOut("test_000000", "no body")


def test_arrays_without_frames_show_nobody(tmp_path: Path) -> None:
    x, y = np.zeros((1, 0, 150), np.float32), np.array([0])
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    clips = [LeftOut("train_000000", "no body"), LeftOut("test_000000", "no body")]
    assert list(read_ctr_gcn(tmp_path / "a.npz").clips(0)) == clips


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_test": None}, "arrays are missing[^$]*x_test"),
        ({"y_test": np.zeros((3, 2))}, "x_test and y_test"),
        ({"y_test": np.zeros((2, 2))}, "row 0 of y_test .* does not say one class"),
        ({"y_test": np.ones((2, 2))}, "row 0 of y_test .* does not say one class"),
        ({"y_test": np.zeros(2)}, "y_test .* wrong kind"),
        ({"y_test": np.array([-1, 0])}, "wrong label"),
        ({"x_test": np.zeros((2, 3, 80))}, r"do not fit the layout 'ntu25'[^$]*M \* 75"),
        ({"x_test": np.zeros((2, 3))}, "do not fit the layout"),
        ({"x_train": np.full((2, 3, 75), np.nan)}, "train_000000.* not finite"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, np.ndarray | None], message: str, tmp_path: Path) -> None:
    arrays = {"x_train": np.ones((2, 3, 75)), "y_train": np.eye(2), "x_test": np.ones((2, 3, 75)), "y_test": np.eye(2)}
    np.savez(tmp_path / "a.npz", **{name: array for name, array in (arrays | change).items() if array is not None})
    with pytest.raises(InputError, match=message):
        list(read_ctr_gcn(tmp_path / "a.npz").clips(0))


def test_labels_from_elsewhere_and_other_layouts_are_refused(tmp_path: Path) -> None:
    path, _ = write_ctr_gcn(tmp_path, np.random.default_rng(0))
    with pytest.raises(InputError, match="labels of its own"):
        read_ctr_gcn(path, None, ClipLabels(("a",), {}))
    with pytest.raises(InputError, match="do not fit the layout 'coco17'"):
        read_ctr_gcn(path, load_layout("coco17"))
