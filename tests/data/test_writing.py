"""Clips become a store one after the other: whole or not at all, continued after a crash, without holding the data."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore, draft
from stgnn.data.readers.source import ClipSource, LeftOut
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout

Clips = Sequence[SkeletonSequence | LeftOut]


def clips_of(store: SkeletonStore) -> list[SkeletonSequence]:
    return [store[index] for index in range(len(store))]


def source_of(clips: Clips, store: SkeletonStore, stop: Callable[[int], None] = lambda number: None) -> ClipSource:
    """A source of these clips with what else the store says; ``stop`` is called before each of them."""

    def since(start: int) -> Iterator[SkeletonSequence | LeftOut]:
        for number in range(start, len(clips)):
            stop(number)
            yield clips[number]

    return ClipSource(
        layout=store.layout,
        class_names=store.class_names,
        count=len(clips),
        persons=store.keypoints.shape[1],
        clips=since,
        splits=lambda written: store.splits if len(written) == len(store) else {},
        scored=store.scores is not None,
    )


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Content of every file; of the index, whose archive holds the time, the arrays."""
    content = {file.name: file.read_bytes() for file in folder.iterdir()}
    with np.load(folder / "index.npz") as index:
        content["index.npz"] = b"".join(index[name].tobytes() for name in sorted(index.files))
    return content


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every clip goes to the journal at once."""
    monkeypatch.setattr(draft, "FLUSH_BYTES", 0)


@pytest.mark.parametrize("scores", [False, True])
def test_streamed_and_saved_stores_are_the_same_files(make_store, tmp_path: Path, scores: bool) -> None:
    store = make_store(scores)
    store.save(tmp_path / "saved")
    imported = write_store(source_of(clips_of(store), store), tmp_path / "here" / "streamed")
    assert bytes_of(tmp_path / "here" / "streamed") == bytes_of(tmp_path / "saved")
    assert isinstance(imported.store.keypoints, np.memmap)
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["streamed"]


def test_clips_that_are_left_out_are_named_and_progress_counts_them(store: SkeletonStore, tmp_path: Path) -> None:
    clips: list[SkeletonSequence | LeftOut] = [*clips_of(store)[:3], LeftOut("empty", "no body"), store[3]]
    told: list[tuple[int, int]] = []
    imported = write_store(source_of(clips, store), tmp_path / "out", progress=lambda *done: told.append(done))
    assert imported.left_out == (LeftOut("empty", "no body"),)
    assert imported.store.names == ("clip0", "clip1", "clip2", "clip3")
    assert told == [(done, 5) for done in range(6)]


def test_an_interrupted_import_goes_on_where_it_was(store: SkeletonStore, tmp_path: Path) -> None:
    clips: Clips = [LeftOut("empty", "no body"), *clips_of(store)]
    asked: list[int] = []

    def stop(number: int) -> None:
        asked.append(number)
        if number == 9 and len(asked) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="stopped after 9 of 25 clips; the same command continues"):
        write_store(source_of(clips, store, stop), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [".out.import"]
    imported = write_store(source_of(clips, store, stop), tmp_path / "out")
    assert asked == [*range(10), *range(9, 25)]
    assert imported.notes == ("continued after clip 9 of an unfinished import",)
    assert imported.left_out == (LeftOut("empty", "no body"),)
    store.save(tmp_path / "saved")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "saved")


KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from stgnn.data import SkeletonStore, draft
from stgnn.data.writing import write_store
from test_writing import clips_of, source_of

draft.FLUSH_BYTES = 0
store = SkeletonStore.open(sys.argv[1])

def stop(number):
    if number == 17:
        os.kill(os.getpid(), signal.SIGKILL)

write_store(source_of(clips_of(store), store, stop), Path(sys.argv[2]), overwrite=True)
"""


def killed(store: Path, output: Path) -> None:
    """Import the clips of a store in another process, which is killed on the way."""
    paths = [str(Path(__file__).parent), *sys.path]
    command = [sys.executable, "-c", KILLED, str(store), str(output), *paths]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def test_a_killed_import_leaves_the_output_alone_and_is_continued(
    store: SkeletonStore, saved: Path, tmp_path: Path
) -> None:
    old = replace(store, class_names=("x", "y", "z"))
    old.save(tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    killed(saved, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == before
    asked: list[int] = []
    imported = write_store(source_of(clips_of(store), store, asked.append), tmp_path / "out", overwrite=True)
    assert asked == list(range(17, 24)) and "after clip 17" in imported.notes[0]
    assert bytes_of(tmp_path / "out") == bytes_of(saved)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "saved"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("lost", [1, 40, 400, 4000])
@pytest.mark.parametrize("name", ["keypoints.npy", ".journal"])
def test_what_a_crash_of_the_machine_lost_is_read_again(
    store: SkeletonStore, tmp_path: Path, name: str, lost: int
) -> None:
    def stop(number: int) -> None:
        if number == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(source_of(clips_of(store), store, stop), tmp_path / "out")
    file = tmp_path / ".out.import" / name
    os.truncate(file, max(0, file.stat().st_size - lost))
    with (tmp_path / ".out.import" / ".journal").open("ab") as journal:
        journal.write(b'{"clips": [["torn')
    write_store(source_of(clips_of(store), store), tmp_path / "out")
    store.save(tmp_path / "saved")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "saved")


def interrupt(number: int) -> None:
    if number == 5:
        raise KeyboardInterrupt


def test_an_unfinished_import_of_something_else_is_thrown_away(store: SkeletonStore, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_store(source_of(clips_of(store), store, interrupt), tmp_path / "out", identity={"source": "a"})
    imported = write_store(source_of(clips_of(store), store), tmp_path / "out", identity={"source": "b"})
    assert "thrown away" in imported.notes[0]
    store.save(tmp_path / "saved")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "saved")


def test_nothing_of_a_thrown_away_import_gets_into_the_store(make_store, tmp_path: Path) -> None:
    scored, store = make_store(scores=True), make_store()
    with pytest.raises(KeyboardInterrupt):
        write_store(source_of(clips_of(scored), scored, interrupt), tmp_path / "out")
    assert (tmp_path / ".out.import" / "scores.npy").is_file()
    imported = write_store(source_of(clips_of(store), store), tmp_path / "out")
    assert "thrown away" in imported.notes[0] and imported.store.scores is None
    store.save(tmp_path / "saved")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "saved")


def test_a_store_that_cannot_be_opened_does_not_replace_another(
    store: SkeletonStore, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write_index = bytes_of(saved), SkeletonStore.write_index

    def damaging(self: SkeletonStore, folder: Path) -> None:
        write_index(self, folder)
        os.truncate(folder / "keypoints.npy", 40)

    monkeypatch.setattr(SkeletonStore, "write_index", damaging)
    with pytest.raises(InputError, match=r"damaged: keypoints\.npy is cut off"):
        write_store(source_of(clips_of(store), store), saved, overwrite=True)
    assert bytes_of(saved) == before
    assert [path.name for path in saved.parent.iterdir()] == ["saved"]


def test_two_classes_of_one_name_are_refused_before_anything_is_read(store: SkeletonStore, tmp_path: Path) -> None:
    asked: list[int] = []
    source = replace(source_of(clips_of(store), store, asked.append), class_names=("a", "b", "b"))
    with pytest.raises(InputError, match="two classes have one name\n  given:   'b' for class 1 and for class 2"):
        write_store(source, tmp_path / "out")
    assert not asked and list(tmp_path.iterdir()) == []


def test_an_output_that_a_killed_process_set_aside_comes_back(
    store: SkeletonStore, saved: Path, tmp_path: Path
) -> None:
    before = bytes_of(saved)
    saved.rename(tmp_path / ".saved.old")
    with pytest.raises(InputError, match="exists already"):
        write_store(source_of(clips_of(store), store), saved)
    assert bytes_of(saved) == before
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_two_imports_to_one_output_do_not_meet(store: SkeletonStore, tmp_path: Path) -> None:
    def second(number: int) -> None:
        if number == 3:
            with pytest.raises(InputError, match="another process is writing this output"):
                write_store(source_of(clips_of(store), store), tmp_path / "out")

    assert len(write_store(source_of(clips_of(store), store, second), tmp_path / "out").store) == 24


def broken(clips: list[SkeletonSequence], what: str) -> Clips:
    body = load_layout("kinect20")
    bad = {
        "label": lambda: replace(clips[7], label=3),
        "bodies": lambda: replace(clips[7], keypoints=np.zeros((3, 4, 20, 3)), scores=None),
        "layout": lambda: SkeletonSequence(np.zeros((1, 1, 25, 3)), 0, load_layout("ntu25"), "odd"),
        "name": lambda: SkeletonSequence(np.zeros((1, 1, 20, 3)), 0, body, "x" * 300),
    }
    return [*clips[:7], bad[what](), *clips[8:]]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("label", "label of clip 'clip7' is out of range"),
        ("bodies", "more bodies than its source announced"),
        ("layout", "has another layout"),
        ("name", "name of a clip is too long"),
    ],
)
def test_a_wrong_clip_is_refused_and_nothing_is_left(
    store: SkeletonStore, tmp_path: Path, what: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_store(source_of(broken(clips_of(store), what), store), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_memory_should_not_hold_is_refused_by_name(store: SkeletonStore, tmp_path: Path) -> None:
    crowd = replace(source_of(clips_of(store), store), persons=1 << 40)
    with pytest.raises(InputError, match=rf"clip 'clip0' is too large for a store[^$]*{1 << 40} bodies"):
        write_store(crowd, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_scores_are_in_every_clip_and_finite(make_store, tmp_path: Path) -> None:
    store = make_store(scores=True)
    for scores, message in [
        (None, "has no scores"),
        (np.full((1, 8, 20), np.nan), "scores of the clip 'odd' are not finite"),
    ]:
        odd = SkeletonSequence(np.zeros((1, 8, 20, 3)), 0, store.layout, "odd", scores=scores)
        with pytest.raises(InputError, match=message):
            write_store(source_of([*clips_of(store), odd], store), tmp_path / "out")


@pytest.mark.parametrize(("given", "message"), [(23, "23 clips"), (25, "more clips")])
def test_a_source_that_miscounts_is_refused(store: SkeletonStore, tmp_path: Path, given: int, message: str) -> None:
    clips = [*clips_of(store), store[0]][:given]
    with pytest.raises(InputError, match=f"as many clips as it announced[^$]*{message}"):
        write_store(replace(source_of(clips, store), count=24), tmp_path / "out")


def test_a_source_without_a_usable_clip_is_refused(store: SkeletonStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no clip of the source can be used[^$]*no body"):
        write_store(source_of([LeftOut("a", "no body")], store), tmp_path / "out")


def test_an_unreadable_source_is_not_blamed_on_the_output(store: SkeletonStore, tmp_path: Path) -> None:
    def stop(number: int) -> None:
        raise PermissionError(13, "Permission denied", "clip.txt")

    with pytest.raises(InputError, match=r"source cannot be read[^$]*clip\.txt"):
        write_store(source_of(clips_of(store), store, stop), tmp_path / "out")


def test_a_full_disk_keeps_what_is_there(store: SkeletonStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(InputError, match=r"output cannot be written[^$]*No space left[^$]*same command again"):
        write_store(source_of(clips_of(store), store), tmp_path / "out")
    monkeypatch.undo()
    imported = write_store(source_of(clips_of(store), store), tmp_path / "out")
    assert imported.notes == ("continued after clip 24 of an unfinished import",)


def test_a_link_in_the_place_of_the_draft_is_refused(store: SkeletonStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".out.import").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="a link stands where"):
        write_store(source_of(clips_of(store), store), tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_names_that_no_file_can_hold_are_made_readable(store: SkeletonStore, tmp_path: Path) -> None:
    clips = [replace(store[0], name="caf\udce9")]
    odd = replace(source_of(clips, store), class_names=("a", "b\ud800", "c"))
    written = write_store(odd, tmp_path / "out").store
    assert written.names == ("caf?",) and written.class_names == ("a", "b?", "c")


MEMORY = """
import json, resource, sys
from pathlib import Path
import numpy as np
from stgnn.data import SkeletonSequence
from stgnn.data.readers.source import ClipSource
from stgnn.data.writing import write_store
from stgnn.skeleton.layout import load_layout

body = load_layout("ntu25")
clip = SkeletonSequence(np.ones((2, 300, 25, 3)), 0, body)
source = ClipSource(body, ("a",), 1000, 2, lambda start: (clip for _ in range(start, 1000)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_store(source, Path(sys.argv[1]))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


def test_memory_does_not_grow_with_the_data(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "out")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert (tmp_path / "out" / "keypoints.npy").stat().st_size > 170 << 20
    assert json.loads(result.stdout) < 30 << 10  # kibibytes
