"""A table of labels: names or numbers, an optional split, and every error names the line."""

from pathlib import Path

import numpy as np
import pytest

from stgnn.data import SkeletonSequence, SkeletonStore
from stgnn.data.readers.labels import label_splits, read_labels
from stgnn.data.readers.source import ClipLabel
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout
from tests.data.readers.mutations import mutate


def table(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder / "labels.csv"


def test_names_become_classes_in_alphabetical_order(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "\ufeffclip,label\nx,wave\n\ny, walk\n"))
    assert labels.class_names == ("walk", "wave")
    assert labels.rows == {"x": ClipLabel(1), "y": ClipLabel(0)}


def test_numbers_stay_and_every_column_is_read_in_any_order(tmp_path: Path) -> None:
    text = 'split,view,subject,label,clip\ntrain,7,ben,2,"a,b"\n,,anna,0,c\n,-1,-1,0,d\n'
    labels = read_labels(table(tmp_path, text))
    assert labels.class_names == ("0", "1", "2")
    unknown = ClipLabel(0, -1, -1, "")
    assert labels.rows == {"a,b": ClipLabel(2, 1, 7, "train"), "c": ClipLabel(0, 0, -1, ""), "d": unknown}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: these are not the columns"),
        ("name,label\nx,1\n", "line 1: these are not the columns"),
        ("clip,label,label\nx,1,1\n", "line 1: these are not the columns"),
        ("clip;label\nx;1\n", "line 1: these are not the columns"),
        ("clip,label\n", "names no clips"),
        ("clip,label\nx,1,2\n", "line 2: wrong number of words"),
        ("clip,label\nx,\n", "line 2: the label is empty"),
        ("clip,label\ny,1\n,1\n", "line 3: the clip is empty"),
        ("clip,label\nx,1\ny,1\nx,2\n", r"line 4: the clip has a line already[^$]*line 2"),
        ("clip,label,split\nx,1,val\n", "line 2: there is no such split"),
        ("clip,label\nx,1\ny,123456\n", "line 3: no class has this number"),
        ('clip,label\nx,"1\n', "line 2: this is not CSV"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_labels(table(tmp_path, text))
    assert "labels.csv" in str(error.value)


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"labels\.csv, line 1: this is no text"):
        read_labels(tmp_path / "labels.csv")


def store_of(names: str) -> SkeletonStore:
    body = load_layout("kinect20")
    clips = [SkeletonSequence(np.zeros((1, 2, 20, 3)), 0, body, name) for name in names]
    return SkeletonStore.from_sequences(clips, ["a"])


def test_the_splits_of_a_table_follow_the_clips_of_the_store(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "clip,label,split\na,0,test\nb,0,train\nc,0,train\nd,0,\n"))
    splits = label_splits(labels)(store_of("dcab"))
    assert {name: indices.tolist() for name, indices in splits.items()} == {"own_train": [1, 3], "own_test": [2]}


def test_a_table_with_one_side_only_has_no_protocol(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "clip,label,split\na,0,train\nb,0,\n"))
    assert label_splits(labels)(store_of("ab")) == {}


def test_damaged_tables_are_read_or_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = "clip,label,subject,split\n" + "".join(f'"a {n}",{n % 3},s{n},train\n' for n in range(20))
    for _ in range(300):
        path = tmp_path / "labels.csv"
        path.write_bytes(mutate(whole.encode(), rng)[0])
        try:
            labels = read_labels(path)
        except InputError as error:
            assert "labels.csv" in str(error)
        else:
            assert all(0 <= row.label < len(labels.class_names) for row in labels.rows.values())
