"""Predictions averaged clip by clip."""

from pathlib import Path

import numpy as np
import pytest
import torch

from stgnn.commands import fuse as command
from stgnn.data.datamodule import SyntheticDataModule
from stgnn.errors import InputError
from stgnn.tasks.fusion import Predictions, fuse, read_predictions, write_fused
from stgnn.tasks.predictions import write_predictions

CLASSES = ("sit", "wave", "walk")


def stream(rng: np.random.Generator, skill: float = 0.0, clips: int = 60) -> Predictions:
    labels = [CLASSES[number % 3] for number in range(clips)]
    logits = rng.normal(size=(clips, 3))
    logits[np.arange(clips), [CLASSES.index(label) for label in labels]] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    names = tuple(f"clip{number}" for number in range(clips))
    splits = tuple(("train", "val", "test")[number // 3 % 3] for number in range(clips))
    return Predictions(CLASSES, names, splits, tuple(labels), tuple(map(str, range(clips))), probabilities)


def shuffled(one: Predictions, rng: np.random.Generator) -> Predictions:
    order = rng.permutation(len(one.clips))
    picked = [tuple(values[row] for row in order) for values in (one.clips, one.splits, one.labels, one.indices)]
    return Predictions(one.class_names, *picked, one.probabilities[order])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_tables_round_trip(rng: np.random.Generator, tmp_path: Path) -> None:
    one = stream(rng)
    write_fused(one, tmp_path / "a.csv")
    again = read_predictions(tmp_path / "a.csv")
    np.testing.assert_allclose(again.probabilities, one.probabilities, rtol=1e-5)
    assert (again.clips, again.splits, again.labels, again.indices) == (one.clips, one.splits, one.labels, one.indices)


def test_the_order_of_clips_does_not_matter(rng: np.random.Generator) -> None:
    one, other = stream(rng), stream(rng)
    plain, weights = fuse([one, other])
    np.testing.assert_array_equal(plain.probabilities, fuse([one, shuffled(other, rng)])[0].probabilities)
    np.testing.assert_allclose(plain.probabilities, (one.probabilities + other.probabilities) / 2)
    assert weights == [0.5, 0.5]


def test_weights_are_shares_and_the_authors_are_on_logits(rng: np.random.Generator) -> None:
    streams = [stream(rng) for _ in range(3)]
    fused, weights = fuse(streams, [2, 0, 0])
    np.testing.assert_array_equal(fused.probabilities, streams[0].probabilities)
    assert weights == [1.0, 0.0, 0.0]
    fused, weights = fuse(streams, "authors")
    scores = sum(share * np.log(one.probabilities) for share, one in zip((3, 3, 1), streams, strict=True))
    assert (fused.probabilities.argmax(1) == np.asarray(scores).argmax(1)).all()
    np.testing.assert_allclose(fused.probabilities.sum(1), 1)
    assert weights == pytest.approx([3 / 7, 3 / 7, 1 / 7])


def test_fitted_weights_look_at_validation_clips_alone(rng: np.random.Generator) -> None:
    good, bad = stream(rng, skill=3.0), stream(rng)
    fused, weights = fuse([bad, good], "fitted")
    assert weights[1] > weights[0]
    assert (fused.accuracy("val") or 0) >= max(good.accuracy("val") or 0, bad.accuracy("val") or 0)
    test = np.array([split == "test" for split in good.splits])
    twisted = [Predictions(*list(vars(one).values())[:-1], one.probabilities.copy()) for one in (bad, good)]
    for one in twisted:
        one.probabilities[test] = rng.dirichlet(np.ones(3), test.sum())
    assert fuse(twisted, "fitted")[1] == weights


def test_streams_that_do_not_belong_together_are_refused(rng: np.random.Generator) -> None:
    one = stream(rng)
    kept = vars(one)
    for key, value, message in (
        ("class_names", ("a", "b", "c"), "other classes"),
        ("clips", ("other", *one.clips[1:]), "in one of them only"),
        ("labels", ("walk", *one.labels[1:]), "another class"),
        ("splits", ("test", *one.splits[1:]), "another split"),
    ):
        with pytest.raises(InputError, match=message):
            fuse([one, Predictions(**{**kept, key: value})])
    for weights, message in (
        ([1.0], "one weight for each"),
        ("authors", "one weight for each"),
        ("best", "no such weights"),
        ([0.0, 0.0], "finite sum above 0"),
        ([1e308, 1e308], "finite sum above 0"),
        ([-1.0, 1.0], "out of range"),
    ):
        with pytest.raises(InputError, match=message):
            fuse([one, one], weights)
    with pytest.raises(InputError, match="at least two"):
        fuse([one])
    with pytest.raises(InputError, match="there are none"):
        blind = Predictions(**{**kept, "splits": ("test",) * len(one.clips)})
        fuse([blind, blind], "fitted")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a table"),
        ("index,class,a,b\n0,a,0.5,0.5\n", "not a table"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,0.5\n", "line 2 .* not complete"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,x,0.5\n", "no number"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,nan,0.5\n", "between 0 and 1"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,7.5,0.5\n", "between 0 and 1"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,-0.5,0.5\n", "between 0 and 1"),
        ('index,class,clip,split,label,a,b\n0,a,"' + "c" * 140_000, "not a table"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,0,0\n", "line 2: their sum is 0"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,z,0.5,0.5\n", "has no column"),
        ("index,class,clip,split,label,a,b\n0,a,c,val,a,1,0\n1,a,c,val,a,1,0\n", "twice"),
    ],
)
def test_damaged_tables_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_predictions(path)


def test_a_missing_table_is_told_who_writes_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)nowhere.csv.*stgnn predict"):
        read_predictions(tmp_path / "nowhere.csv")


def test_predictions_and_fused_predictions_are_written_alike(rng: np.random.Generator, tmp_path: Path) -> None:
    data = SyntheticDataModule(clips=32)
    probabilities = rng.dirichlet(np.ones(data.num_classes), len(data.store))
    batches = [(torch.arange(len(data.store)), torch.from_numpy(probabilities))]
    write_predictions(batches, data, tmp_path / "one.csv")
    assert b"\r" not in (tmp_path / "one.csv").read_bytes()
    write_fused(read_predictions(tmp_path / "one.csv"), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_the_command_tells_each_and_all(rng: np.random.Generator, tmp_path: Path) -> None:
    for name in ("joint", "bone"):
        write_fused(stream(rng, 1.0), tmp_path / f"{name}.csv")
    told = command([tmp_path / "joint.csv", tmp_path / "bone.csv"], tmp_path / "fused.csv")
    assert set(told["accuracy"]) == {str(tmp_path / "joint.csv"), str(tmp_path / "bone.csv"), "fused"}
    assert read_predictions(tmp_path / "fused.csv").accuracy("test") == told["accuracy"]["fused"]["test"]
    before = (tmp_path / "joint.csv").read_bytes()
    with pytest.raises(InputError, match="replace one of the predictions"):
        command([tmp_path / "joint.csv", tmp_path / "bone.csv"], tmp_path / "." / "joint.csv")
    assert (tmp_path / "joint.csv").read_bytes() == before
    (tmp_path / "saved.csv").write_bytes("\ufeff".encode() + before)  # as a spreadsheet saves it
    assert read_predictions(tmp_path / "saved.csv").clips == read_predictions(tmp_path / "joint.csv").clips
