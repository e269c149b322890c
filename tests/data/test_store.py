"""A store comes back from disk bit for bit, mapped and not read; a broken one is refused; saving is all or nothing."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore, files
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, load_layout


def equal(first: SkeletonStore, second: SkeletonStore) -> bool:
    """Whether two stores hold the same bits."""
    return (
        first.keypoints.tobytes() == second.keypoints.tobytes()
        and (first.scores is None) == (second.scores is None)
        and (first.scores is None or second.scores is None or first.scores.tobytes() == second.scores.tobytes())
        and all(
            np.array_equal(getattr(first, n), getattr(second, n)) for n in ("offsets", "labels", "subjects", "views")
        )
        and (first.names, first.class_names, first.layout) == (second.names, second.class_names, second.layout)
        and first.splits.keys() == second.splits.keys()
        and all(np.array_equal(first.splits[name], second.splits[name]) for name in first.splits)
    )


@pytest.mark.parametrize("scores", [False, True])
def test_round_trip_is_bit_equal_and_mapped(make_store, tmp_path: Path, scores: bool) -> None:
    store = make_store(scores)
    store.save(tmp_path / "here" / "store")
    opened = SkeletonStore.open(tmp_path / "here" / "store")
    assert equal(store, opened)
    assert isinstance(opened.keypoints, np.memmap) and not opened.keypoints.flags.writeable
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["store"]


def test_clips_come_back_as_they_were(store: SkeletonStore) -> None:
    clip = store[3]
    assert clip.keypoints.shape == (2, 1, 20, 3) and clip.name == "clip3" and clip.label == 0
    assert np.array_equal(clip.keypoints[0], store.keypoints[store.offsets[3] : store.offsets[4], 0])
    assert store[-1].name == store[len(store) - 1].name
    with pytest.raises(IndexError):
        store[len(store)]


def test_overwriting_is_asked_for_and_only_replaces_stores(store: SkeletonStore, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists already"):
        store.save(saved)
    other = replace(store, class_names=("x", "y", "z"))
    other.save(saved, overwrite=True)
    assert equal(other, SkeletonStore.open(saved))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        store.save(tmp_path / "home", overwrite=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "mine"


def test_a_failing_save_leaves_the_old_store(
    store: SkeletonStore, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "savez", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(InputError, match="disk full"):
        replace(store, class_names=("x", "y", "z")).save(saved, overwrite=True)
    assert equal(store, SkeletonStore.open(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


KILLED = """
import os, signal, sys
import numpy as np
from dataclasses import replace
from stgnn.data import SkeletonStore
store = SkeletonStore.open(sys.argv[1])
np.savez = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
replace(store, class_names=("x", "y", "z")).save(sys.argv[2], overwrite=True)
"""


def test_a_killed_save_leaves_no_half_store(store: SkeletonStore, saved: Path, tmp_path: Path) -> None:
    for target in (saved, tmp_path / "new"):
        command = [sys.executable, "-c", KILLED, str(saved), str(target)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert equal(store, SkeletonStore.open(saved))
    assert not (tmp_path / "new").exists()


KILLED_BETWEEN_RENAMES = """
import os, signal, sys
from dataclasses import replace
from stgnn.data import SkeletonStore
store, rename = SkeletonStore.open(sys.argv[1]), os.rename
os.rename = lambda old, new: rename(old, new) if str(old) == sys.argv[1] else os.kill(os.getpid(), signal.SIGKILL)
replace(store, class_names=("x", "y", "z")).save(sys.argv[1], overwrite=True)
"""


def test_a_store_that_a_killed_save_set_aside_comes_back(store: SkeletonStore, saved: Path) -> None:
    command = [sys.executable, "-c", KILLED_BETWEEN_RENAMES, str(saved)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert sorted(path.name for path in saved.parent.iterdir()) == [".saved.lock", ".saved.old", ".saved.partial"]
    with pytest.raises(InputError, match="exists already"):
        store.save(saved)
    assert equal(store, SkeletonStore.open(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


@pytest.mark.parametrize("left", [".saved.old", ".saved.partial"])
def test_what_killed_saves_left_is_removed(store: SkeletonStore, saved: Path, left: str) -> None:
    (saved.parent / left).mkdir()
    (saved.parent / left / "keypoints.npy").write_bytes(b"half")
    store.save(saved, overwrite=True)
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


def test_an_error_between_the_renames_puts_the_old_store_back(
    store: SkeletonStore, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def failing(old: Path, new: Path) -> None:
        if old.name == ".saved.partial":
            raise OSError("disk full")
        rename(old, new)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(InputError, match="cannot be written"):
        replace(store, class_names=("x", "y", "z")).save(saved, overwrite=True)
    assert equal(store, SkeletonStore.open(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


def test_a_link_to_a_store_can_be_replaced_again_and_again(store: SkeletonStore, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(saved)
    for names in (("x", "y", "z"), ("p", "q", "r")):
        other = replace(store, class_names=names)
        other.save(tmp_path / "link", overwrite=True)
        assert equal(other, SkeletonStore.open(tmp_path / "link"))
    assert equal(store, SkeletonStore.open(saved))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "saved"]


def test_a_store_is_written_by_one_process_at_a_time(store: SkeletonStore, tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "out", "store.json", overwrite=False) as folder:
        (folder / "store.json").touch()
        with pytest.raises(InputError, match="another process is writing this output"):
            store.save(tmp_path / "out")
        assert [file.name for file in folder.iterdir()] == ["store.json"]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["store.json"]


def test_a_lock_that_its_holder_has_just_removed_is_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with lock.open("ab") as file:
        lock.unlink()
        assert not files._holds(file, lock)
        lock.touch()
        assert not files._holds(file, lock)


def test_the_header_lists_the_files_of_the_store_and_no_other(store: SkeletonStore, saved: Path) -> None:
    (saved / "scores.npy").write_bytes(b"of another store")
    store.write_index(saved)
    assert SkeletonStore.open(saved).scores is None


def test_two_classes_of_one_name_are_not_written(store: SkeletonStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two classes have one name\n  given:   'a' for class 0 and for class 2"):
        replace(store, class_names=("a", "b", "a")).save(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["keypoints.npy", "index.npz"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_file_cut_off_is_refused(saved: Path, name: str, share: float) -> None:
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=f"damaged: {name} is cut off"):
        SkeletonStore.open(saved)


def test_a_missing_file_is_refused(saved: Path) -> None:
    (saved / "index.npz").unlink()
    with pytest.raises(InputError, match=r"damaged: index\.npz"):
        SkeletonStore.open(saved)


def test_what_is_not_a_store_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store here"):
        SkeletonStore.open(tmp_path / "nothing")
    header = json.loads((saved / "store.json").read_text())
    (saved / "store.json").write_text(json.dumps(header | {"version": 99}))
    with pytest.raises(InputError, match="this version"):
        SkeletonStore.open(saved)
    (saved / "store.json").write_text(json.dumps(header)[:40])
    with pytest.raises(InputError, match="not the description of a store"):
        SkeletonStore.open(saved)


def test_a_store_that_contradicts_itself_is_refused(saved: Path) -> None:
    header = json.loads((saved / "store.json").read_text())
    (saved / "store.json").write_text(json.dumps(header | {"class_names": ["only one"]}))
    with pytest.raises(InputError, match="damaged: the label of clip 1"):
        SkeletonStore.open(saved)
    (saved / "store.json").write_text(json.dumps({key: header[key] for key in header if key != "layout"}))
    with pytest.raises(InputError, match="damaged"):
        SkeletonStore.open(saved)


def test_pickles_are_never_read(saved: Path) -> None:
    np.save(saved / "keypoints.npy", np.array([{}], dtype=object), allow_pickle=True)
    header = json.loads((saved / "store.json").read_text())
    header["bytes"]["keypoints.npy"] = (saved / "keypoints.npy").stat().st_size
    (saved / "store.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match="damaged"):
        SkeletonStore.open(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.full(24, 3)}, r"the label of clip 0 \('clip0'\) is out of range"),
        ({"labels": np.full(24, -1)}, "out of range"),
        ({"splits": {"p_train": np.array([0, 1]), "p_test": np.array([1, 2])}}, "p_train and p_test overlap"),
        ({"splits": {"p_train": np.array([0]), "p_test": np.array([24])}}, "clips that are not there"),
        ({"splits": {"p_train": np.array([0, 0]), "p_test": np.array([2])}}, "a clip twice"),
        ({"splits": {"p_train": np.array([0])}}, "no test split"),
        ({"layout": load_layout("ntu25")}, "do not match the layout 'ntu25'"),
        ({"offsets": np.zeros(25, dtype=np.int64)}, "is empty"),
        ({"offsets": np.arange(25)}, "do not cover the frames"),
        ({"names": ("a",)}, "one entry of names"),
        ({"keypoints": np.zeros((3, 20, 3), dtype=np.float32)}, "keypoints of the store"),
        ({"scores": np.zeros((3, 1, 20), dtype=np.float32)}, "scores do not fit"),
    ],
)
def test_bad_stores_are_refused(store: SkeletonStore, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(store, **change)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_no_numbers_are_refused_with_their_place(
    store: SkeletonStore, tmp_path: Path, value: float
) -> None:
    keypoints = store.keypoints.copy()
    keypoints[store.offsets[7] + 1, 0, 4, 2] = value
    with pytest.raises(InputError, match=r"the clip 'clip7'[^$]*frame 1, joint 4"):
        replace(store, keypoints=keypoints).save(tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 5, 20), "four axes"),
        ((1, 0, 20, 3), "is empty"),
        ((0, 5, 20, 3), "is empty"),
        ((1, 5, 25, 3), "do not match the layout"),
        ((1, 5, 20, 2), "do not match the layout"),
    ],
)
def test_bad_clips_are_refused(layout: SkeletonLayout, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SkeletonSequence(np.zeros(shape), 0, layout, "me")


def test_bad_scores_and_foreign_clips_are_refused(layout: SkeletonLayout) -> None:
    good = SkeletonSequence(np.zeros((1, 2, 20, 3)), 0, layout, "me")
    with pytest.raises(InputError, match="scores of clip 'me'"):
        SkeletonSequence(good.keypoints, 0, layout, "me", scores=np.zeros((1, 3, 20)))
    with pytest.raises(InputError, match="frame 1, joint 2"):
        keypoints = good.keypoints.copy()
        keypoints[0, 1, 2] = np.nan
        SkeletonSequence(keypoints, 0, layout, "me")
    with pytest.raises(InputError, match="there are no clips"):
        SkeletonStore.from_sequences([], ["a"])
    with pytest.raises(InputError, match="another layout"):
        SkeletonStore.from_sequences([good], ["a"], layout=load_layout("ntu25"))


def test_an_unknown_protocol_is_refused(store: SkeletonStore) -> None:
    message = r"no such protocol\n  given:   xview\n  allowed: xsub\n  hint:    --data.protocol xsub"
    with pytest.raises(InputError, match=message):
        store.split("xview")


def test_reading_data_needs_no_torch() -> None:
    code = "import stgnn.data, sys; assert 'torch' not in sys.modules; stgnn.data.Batch; assert 'torch' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors() -> None:
    import stgnn.data

    with pytest.raises(AttributeError, match="Bach"):
        _ = stgnn.data.Bach
