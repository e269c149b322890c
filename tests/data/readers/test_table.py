"""CSV: clips come back, splits and labels are those of the columns, every wrong line is named by its number."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data.readers.source import ClipLabel, ClipLabels, LeftOut
from stgnn.data.readers.table import read_csv
from stgnn.data.sequence import SkeletonSequence
from stgnn.data.writing import write_store
from stgnn.errors import InputError
from stgnn.skeleton.layout import SkeletonLayout, load_layout
from tests.data.readers.law import check_clips
from tests.data.readers.twin_table import write_csv, write_lines

POINT = SkeletonLayout(name="stick", joints=("low", "high"), bones=((0, 1),), center=0, dimensions=2)
SHORT = "clip,frame,joint,x,y,label"


def test_clips_come_back(tmp_path: Path) -> None:
    path, expected = write_csv(tmp_path, np.random.default_rng(0))
    source = read_csv(path)
    check_clips(source, expected)
    assert source.layout.name == "natops8" and source.class_names == ("go", "stop")
    splits = write_store(source, tmp_path / "out").store.splits
    assert {name: indices.tolist() for name, indices in splits.items()} == {"own_train": [0, 2], "own_test": [1, 3]}


def test_few_columns_are_enough(tmp_path: Path) -> None:
    lines = ["a,7,low,1,2,1", "a,3,1,3,4,1", "", "b,0,0,,,0"]
    write_lines(tmp_path / "t.csv", lines, f"\ufeff{SHORT}")
    source = read_csv(tmp_path / "t.csv", POINT)
    clip, nobody = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and nobody == LeftOut("b", "no body")
    assert clip.keypoints.tolist() == [[[[0, 0], [3, 4]], [[1, 2], [0, 0]]]]  # (M, T, V, C): frame 3, then 7
    assert (clip.label, clip.scores, source.class_names) == (1, None, ("0", "1"))


def test_a_file_without_labels_needs_a_table_and_one_with_labels_refuses_it(tmp_path: Path) -> None:
    table = ClipLabels(("x", "y"), {"a": ClipLabel(1)})
    write_lines(tmp_path / "t.csv", ["a,0,low,1,2", "b,0,low,1,2"], "clip,frame,joint,x,y")
    clip, other = read_csv(tmp_path / "t.csv", POINT, table).clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.label == 1
    assert other == LeftOut("b", "not in the table of labels")
    with pytest.raises(InputError, match="holds no labels"):
        read_csv(tmp_path / "t.csv", POINT)
    write_lines(tmp_path / "t.csv", ["a,0,low,1,2,1"], SHORT)
    with pytest.raises(InputError, match="labels of its own"):
        read_csv(tmp_path / "t.csv", POINT, table)


def test_the_layout_is_found_by_the_names_of_the_joints_or_asked_for(tmp_path: Path) -> None:
    write_lines(tmp_path / "t.csv", ["a,0,low,1,2,1"], SHORT)
    with pytest.raises(InputError, match=r"not known(.|\n)*low(.|\n)*--layout"):
        read_csv(tmp_path / "t.csv")
    with pytest.raises(InputError, match="do not fit the layout 'ntu25'"):
        read_csv(tmp_path / "t.csv", load_layout("ntu25"))
    write_lines(tmp_path / "t.csv", [f"a,0,{joint},1,2,1" for joint in load_layout("natops8").joints], SHORT)
    with pytest.raises(InputError, match=r"do not fit the layout 'natops8'(.|\n)*given:   x, y\n.*3 coordinates"):
        read_csv(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("frames", "uneven"),
    [((0, 1, 2), False), ((7,), False), ((0, 200, 100), False), ((3, 4, 9), True), ((0, 2, 3), True)],
)
def test_gaps_between_frames_are_closed_and_a_note_names_clips_that_step_unevenly(
    frames: tuple[int, ...], uneven: bool, tmp_path: Path
) -> None:
    lines = [f"{clip},{frame},low,{frame + 1},2,1" for clip in "ab" for frame in (frames if clip == "b" else (0, 1))]
    write_lines(tmp_path / "t.csv", lines, SHORT)
    source = read_csv(tmp_path / "t.csv", POINT)
    _, clip = source.clips(0)
    assert isinstance(clip, SkeletonSequence)
    assert clip.keypoints[0, :, 0, 0].tolist() == [frame + 1 for frame in sorted(frames)]
    assert len(source.notes) == uneven and all("those of the clip 'b' leave gaps" in note for note in source.notes)


def test_clips_that_are_left_out_have_no_note(tmp_path: Path) -> None:
    lines = [f"{clip},{frame},low,1,2" for clip in "abc" for frame in (0, 1, 5)]
    write_lines(tmp_path / "t.csv", lines, "clip,frame,joint,x,y")
    (note,) = read_csv(tmp_path / "t.csv", POINT, ClipLabels(("x",), {"b": ClipLabel(0), "c": ClipLabel(0)})).notes
    assert "2 clips ('b', ...)" in note


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a,0,low,1,2,1", "a,1,foot,1,2,1"], "line 3: 'stick' has no such joint"),
        (["a,0,low,1,2,1", "a,0,0,1,2,1"], "line 3: the clip has this joint of this frame already"),
        (["a,0,low,1,2,1", "a,1,low,one,2,1"], "line 3: x is no number"),
        (["a,0,low,1,2,1", "a,1,low,1,,1"], "line 3: a joint has only some of its coordinates"),
        (["a,0,low,1,2,1", "a,1.5,low,1,2,1"], "line 3: the frame is no number"),
        (["a,0,low,1,2,1", "a,1,low,1,2,0"], "line 3: a clip has one label"),
        (["a,0,low,1,2,1", "a,1,low,1,2"], "line 3: wrong number of words"),
        (["a,0,low,1,2,1", "b,0,low,1,2,1", "a,1,low,1,2,1"], "line 4: the lines of a clip do not stand together"),
        (["a,0,low,1,2,1", 'a,1,"low,1,2,1'], "line 3: this is not CSV"),
        (["a,0,low,1,2,"], "line 2: the label is empty"),
        (["a,0,low,1,2,1", "a,1,low,nan,2,1"], "NaN or infinity in frame 1, joint 0"),
        (["a,0,low,1,2,1", f"a,1,low,{'1' * 70000},2,1"], "line 3: too long"),
        ([], "no lines below its first"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, lines: list[str], message: str) -> None:
    write_lines(tmp_path / "t.csv", lines, SHORT)
    with pytest.raises(InputError, match=message):
        list(read_csv(tmp_path / "t.csv", POINT).clips(0))


def test_wrong_columns_text_and_persons_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_lines(path, ["a,0,low,1,2,1"], "clip,frame,joint,x,y,lable")
    with pytest.raises(InputError, match=r"line 1: these are not the columns(.|\n)*lable"):
        read_csv(path, POINT)
    write_lines(path, [f"a,0,{person},low,1,2,1" for person in range(17)], "clip,frame,person,joint,x,y,label")
    with pytest.raises(InputError, match="line 18: too many persons"):
        read_csv(path, POINT)
    path.write_bytes(b"clip,frame,joint,x,y,label\n\xff\n")
    with pytest.raises(InputError, match="line 2: this is no text"):
        read_csv(path, POINT)
    with pytest.raises(InputError, match="cannot be read"):
        read_csv(tmp_path / "missing.csv", POINT)
