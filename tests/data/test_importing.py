"""Foreign files become stores, or one clear message; an existing output is never harmed."""

import json
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonStore, import_data, list_stores
from stgnn.data.readers import ClipLabels, ClipSource, Format, LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, load_layout
from tests.data.readers.real import REAL, needs_data
from tests.data.readers.twin_ntu import write_ntu60
from tests.data.readers.twin_nw_ucla import write_nw_ucla
from tests.data.readers.twin_pyskl import write_kinetics

Arrays = dict[str, np.ndarray]


@pytest.fixture
def source(arrays: Arrays, tmp_path: Path) -> Path:
    """An npz file."""
    np.savez(tmp_path / "source.npz", **arrays)
    return tmp_path / "source.npz"


def test_npz_import_keeps_everything(source: Path, store: SkeletonStore, tmp_path: Path) -> None:
    summary = import_data("npz", source, tmp_path / "out")
    opened = SkeletonStore.open(tmp_path / "out")
    assert np.array_equal(opened.keypoints, store.keypoints) and opened.layout == store.layout
    assert (opened.names, opened.class_names) == (store.names, store.class_names)
    assert np.array_equal(opened.subjects, store.subjects) and np.array_equal(opened.views, store.views)
    assert summary["splits"] == {"xsub_test": 6, "xsub_train": 18} and summary["classes"] == {"a": 8, "b": 8, "c": 8}
    assert json.loads(json.dumps(summary)) == summary


def test_a_refused_source_leaves_nothing(source: Path, arrays: Arrays, tmp_path: Path) -> None:
    np.savez(source, **{**arrays, "split_xsub_test": np.array([0])})
    with pytest.raises(InputError, match="xsub_train and xsub_test overlap"):
        import_data("npz", source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source.npz"]


def read_words(source: Path, layout: SkeletonLayout | None = None, labels: ClipLabels | None = None) -> ClipSource:
    """One clip for each word of a text file; the word ``nobody`` is a clip without a body."""
    assert labels is not None
    body, words = load_layout("kinect20"), source.read_text().split()
    clips = [
        LeftOut(word, "no body")
        if word == "nobody"
        else SkeletonSequence(np.full((1, 2, 20, 3), number), labels.rows[word].label, body, word)
        for number, word in enumerate(words)
    ]
    return ClipSource(
        body,
        labels.class_names,
        len(words),
        1,
        lambda start: iter(clips[start:]),
        notes=("Words are no clips.",),
        beside=(source.with_name("beside.txt"),),
    )


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of a format of this test, without labels."""
    monkeypatch.setattr(Format, "open", lambda self, *given: read_words(*given))
    (tmp_path / "words.txt").write_text("one nobody two nobody")
    (tmp_path / "beside.txt").touch()
    (tmp_path / "labels.csv").write_text("clip,label\none,odd\ntwo,even\n")
    return tmp_path / "words.txt"


def test_the_summary_counts_what_was_left_out_and_tells_the_notes(words: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    summary = import_data(
        "npz", words, tmp_path / "out", labels=tmp_path / "labels.csv", progress=lambda *done: told.append(done)
    )
    assert summary["left_out"] == {"no body": 2} and summary["remarks"] == ["Words are no clips."]
    assert summary["classes"] == {"even": 1, "odd": 1} and told[-1] == (4, 4)


def stop(done: int, total: int) -> None:
    if done == 3:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (None, "continued after clip 3"),
        ("words.txt", "thrown away"),
        ("labels.csv", "thrown away"),
        ("beside.txt", "thrown away"),
    ],
)
def test_an_import_is_continued_unless_its_files_changed(
    words: Path, tmp_path: Path, change: str | None, note: str
) -> None:
    given = {"labels": tmp_path / "labels.csv"}
    with pytest.raises(KeyboardInterrupt, match="the same command continues"):
        import_data("npz", words, tmp_path / "out", progress=stop, **given)
    if change:
        with (tmp_path / change).open("a") as file:
            file.write("\n")
    assert list_stores(tmp_path) == []
    summary = import_data("npz", words, tmp_path / "out", **given)
    assert note in summary["remarks"][0] and summary["clips"] == 2


def test_key_points_that_turn_up_beside_the_pickle_begin_the_import_anew(tmp_path: Path) -> None:
    source, clips = write_kinetics(tmp_path, np.random.default_rng(0))
    part = tmp_path / "kpfiles" / "part0.pkl"
    content = part.read_bytes()
    part.unlink()
    with pytest.raises(KeyboardInterrupt):
        import_data("pyskl", source, tmp_path / "out", progress=stop)
    part.write_bytes(content)
    summary = import_data("pyskl", source, tmp_path / "out")
    assert "thrown away" in summary["remarks"][0] and (summary["clips"], summary["left_out"]) == (len(clips), {})


def test_another_list_beside_the_recordings_begins_the_import_anew(tmp_path: Path) -> None:
    source, clips = write_ntu60(tmp_path, np.random.default_rng(1))
    listed = tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt"
    listed.write_text(f"{clips[0].name}\n")
    with pytest.raises(KeyboardInterrupt):
        import_data("ntu60", source, tmp_path / "out", progress=stop)
    listed.write_text(f"nothing but\n{clips[1].name}\n")
    summary = import_data("ntu60", source, tmp_path / "out")
    names = SkeletonStore.open(tmp_path / "out").names
    assert "thrown away" in summary["remarks"][0] and clips[0].name in names and clips[1].name not in names


def test_wrong_arguments_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no reader for this format[^$]*nw-ucla[^$]*did you mean npz"):
        import_data("npzz", source, tmp_path / "out")
    with pytest.raises(InputError, match="source does not exist"):
        import_data("npz", tmp_path / "nothing.npz", tmp_path / "out")
    with pytest.raises(InputError, match="no such layout"):
        import_data("npz", source, tmp_path / "out", layout="kinect21")


def test_an_output_inside_the_source_does_not_hinder_continuing(tmp_path: Path) -> None:
    source, _ = write_nw_ucla(tmp_path, np.random.default_rng(0))
    with pytest.raises(KeyboardInterrupt):
        import_data("nw-ucla", source, source / "out", progress=stop)
    (source / ".out.lock").touch()  # as after a kill
    summary = import_data("nw-ucla", source, source / "out")
    assert summary["remarks"] == ["continued after clip 3 of an unfinished import"]
    import_data("nw-ucla", source, source / "out", overwrite=True)


def test_existing_outputs_stay_on_failure(source: Path, saved: Path, arrays: Arrays) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(InputError, match="exists already"):
        import_data("npz", source, saved)
    arrays["keypoint"] = np.where(np.arange(len(arrays["keypoint"]))[:, None, None, None] == 7, np.nan, 1.0)
    arrays["keypoint"] = np.broadcast_to(arrays["keypoint"], (len(arrays["keypoint"]), 2, 20, 3))
    np.savez(source, **arrays)
    with pytest.raises(InputError, match="not finite"):
        import_data("npz", source, saved, overwrite=True)
    assert before == {file.name: file.read_bytes() for file in saved.iterdir()}


@needs_data
@pytest.mark.parametrize(
    ("name", "clips", "classes", "splits"),
    [
        ("nw_ucla", 1484, 10, {"xview": (1020, 464), "xview_nodup": (925, 464)}),
        ("utd_mhad", 861, 27, {"xsub": (431, 430)}),
    ],
)
def test_real_sets(tmp_path: Path, name: str, clips: int, classes: int, splits: dict[str, tuple[int, int]]) -> None:
    source = REAL / name / f"{name}.npz"
    import_data("npz", source, tmp_path / "out")
    store = SkeletonStore.open(tmp_path / "out")
    assert (len(store), len(store.class_names), store.layout) == (clips, classes, load_layout("kinect20"))
    assert {p: tuple(map(len, store.split(p))) for p in store.protocols} == splits


def test_a_link_to_another_version_begins_the_import_anew(words: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.npz"
    link.symlink_to(words.parent / words.name)
    with pytest.raises(KeyboardInterrupt):
        import_data("npz", link, tmp_path / "out", progress=stop, labels=tmp_path / "labels.csv")
    with words.open("a") as file:
        file.write("\n")
    summary = import_data("npz", link, tmp_path / "out", labels=tmp_path / "labels.csv")
    assert "thrown away" in summary["remarks"][0]
