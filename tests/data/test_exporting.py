"""Exported pickles: Python reads them as plain annotations, and our reader gives the store back."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stgnn.data.exporting import export_data
from stgnn.data.readers.pyskl import read_pyskl
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.store import SkeletonStore
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout

MakeStore = Callable[..., SkeletonStore]


def same(one: SkeletonStore, other: SkeletonStore) -> bool:
    arrays = ("keypoints", "offsets", "labels", "subjects", "views")
    return (
        all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
        and (one.names, one.class_names, one.layout.digest) == (other.names, other.class_names, other.layout.digest)
        and one.splits.keys() == other.splits.keys()
        and all(np.array_equal(one.splits[name], other.splits[name]) for name in one.splits)
        and (one.scores is None) == (other.scores is None)
        and (
            one.scores is None or np.array_equal(one.scores[one.keypoints.any(-1)], other.scores[one.keypoints.any(-1)])
        )
    )


def flat_store(scores: bool = True) -> SkeletonStore:
    """Clips of a body in an image."""
    rng, body = np.random.default_rng(0), load_layout("coco17")
    clips = []
    for number in range(5):
        keypoints = rng.normal(size=(1 + number % 2, 4, 17, 2)).astype(np.float32)
        keypoints[0, 1, 3] = 0
        confidence = rng.random(keypoints.shape[:3]) if scores else None
        clips.append(SkeletonSequence(keypoints, number % 2, body, f"clip{number}", scores=confidence))
    return SkeletonStore.from_sequences(clips, ["a", "b"], {"main_train": [0, 2, 1], "main_test": [3, 4]})


@pytest.mark.parametrize("scores", [False, True])
def test_a_store_comes_back_bit_for_bit(make_store: MakeStore, tmp_path: Path, scores: bool) -> None:
    store = make_store(scores=scores)
    store.keypoints[store.offsets[4]] = 1  # the reader leaves out a clip without anybody
    store.save(tmp_path / "store")
    summary = export_data("pyskl", tmp_path / "store", tmp_path / "out.pkl")
    back = write_store(read_pyskl(tmp_path / "out.pkl"), tmp_path / "back").store
    assert same(back, store) and summary["clips"] == len(store) and not summary["remarks"]
    assert summary["splits"] == {"xsub_train": 18, "xsub_val": 6}


def test_a_flat_store_comes_back_and_remarks_say_what_is_not_known(tmp_path: Path) -> None:
    store = flat_store()
    store.save(tmp_path / "store")
    summary = export_data("pyskl", tmp_path / "store", tmp_path / "out.pkl")
    back = write_store(read_pyskl(tmp_path / "out.pkl"), tmp_path / "back").store
    assert np.array_equal(back.keypoints, store.keypoints) and summary["splits"] == {"train": 3, "val": 2}
    assert sorted(back.splits["main_train"]) == [0, 1, 2] and "image size" in summary["remarks"][0]


def test_with_an_image_size_coordinates_become_pixels_and_come_back(tmp_path: Path) -> None:
    store = flat_store(scores=False)
    store.save(tmp_path / "store")
    summary = export_data("pyskl", tmp_path / "store", tmp_path / "out.pkl", image_size=(1920, 1080))
    annotation = pickle.loads((tmp_path / "out.pkl").read_bytes())["annotations"][0]
    assert annotation["img_shape"] == (1080, 1920)
    assert annotation["keypoint"][0, 0, 0, 0] == pytest.approx((store.keypoints[0, 0, 0, 0] + 1) * 960)
    assert annotation["keypoint_score"][0, 1, 3] == 0 and annotation["keypoint_score"][0, 0, 0] == 1
    assert "keypoint_score is 1" in summary["remarks"][0]
    back = write_store(read_pyskl(tmp_path / "out.pkl"), tmp_path / "back").store
    assert np.allclose(back.keypoints, store.keypoints, atol=1e-6)


def test_pixels_are_not_made_pixels_again(tmp_path: Path) -> None:
    store = flat_store()
    pixels = [replace(clip, keypoints=clip.keypoints * 960 + 960) for clip in (store[index] for index in range(5))]
    SkeletonStore.from_sequences(pixels, store.class_names).save(tmp_path / "store")
    with pytest.raises(InputError, match=r"(?s)no shares of half an image.*leave the image size out"):
        export_data("pyskl", tmp_path / "store", tmp_path / "out.pkl", image_size=(1920, 1080))
    assert not (tmp_path / "out.pkl").exists()


def test_pythons_own_reader_finds_plain_annotations(saved: Path, store: SkeletonStore, tmp_path: Path) -> None:
    export_data("pyskl", saved, tmp_path / "out.pkl")
    content = pickle.loads((tmp_path / "out.pkl").read_bytes())
    assert set(content) == {"split", "annotations", "class_names", "layout"}
    for annotation, clip in zip(content["annotations"], store, strict=True):
        keypoint = annotation["keypoint"]
        assert type(annotation) is dict and (annotation["frame_dir"], annotation["label"]) == (clip.name, clip.label)
        assert np.array_equal(keypoint, clip.keypoints[: len(keypoint)]) and not clip.keypoints[len(keypoint) :].any()
        assert annotation["total_frames"] == keypoint.shape[1] and keypoint.flags.c_contiguous
    assert b"numpy._core" not in (tmp_path / "out.pkl").read_bytes(), "NumPy 1 does not know this name"


def test_memory_stays_below_the_size_of_the_store(tmp_path: Path) -> None:
    body = load_layout("ntu25")
    clips = [SkeletonSequence(np.full((1, 5000, 25, 3), n + 1.0), 0, body, f"clip{n}") for n in range(60)]
    SkeletonStore.from_sequences(clips, ["a"]).save(tmp_path / "store")  # 90 MB
    code = (
        "import tracemalloc, sys; from stgnn.data.exporting import export_data; tracemalloc.start();"
        "export_data('pyskl', sys.argv[1], sys.argv[2]); print(tracemalloc.get_traced_memory()[1])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store"), str(tmp_path / "out.pkl")]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert peak < 12e6 and (tmp_path / "out.pkl").stat().st_size > 90e6


def test_wrong_arguments_are_refused_and_outputs_kept(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not written"):
        export_data("coco", saved, tmp_path / "out.pkl")
    with pytest.raises(InputError, match="no store here"):
        export_data("pyskl", tmp_path / "none", tmp_path / "out.pkl")
    with pytest.raises(InputError, match="coordinates in an image"):
        export_data("pyskl", saved, tmp_path / "out.pkl", image_size=(1, 1))
    assert not (tmp_path / "out.pkl").exists()
    (tmp_path / "out.pkl").write_bytes(b"old")
    with pytest.raises(InputError, match="exists already"):
        export_data("pyskl", saved, tmp_path / "out.pkl")
    assert (tmp_path / "out.pkl").read_bytes() == b"old"
    assert export_data("pyskl", saved, tmp_path / "out.pkl", overwrite=True)["clips"] == 24


def test_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    clip = SkeletonSequence(np.ones((1, 2, 25, 3)), 0, load_layout("ntu25"), "same")
    SkeletonStore.from_sequences([clip, clip], ["a"]).save(tmp_path / "store")
    with pytest.raises(InputError, match="two clips have one name"):
        export_data("pyskl", tmp_path / "store", tmp_path / "out.pkl")
