"""MediaPipe: every way to write landmarks down gives the same clip, damage is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.data.readers.mediapipe import read_mediapipe
from stgnn.data.readers.source import LeftOut
from stgnn.data.sequence import SkeletonSequence
from stgnn.errors import InputError
from tests.data.readers.law import check_clips
from tests.data.readers.twin_mediapipe import landmarks, write_entries, write_mediapipe

JOINTS = np.random.default_rng(0).normal(size=(33, 4)).astype(np.float32)
HAND = JOINTS[:21, :3]


def test_clips_come_back(tmp_path: Path) -> None:
    path, expected = write_mediapipe(tmp_path, np.random.default_rng(0))
    source = read_mediapipe(path)
    check_clips(source, expected)
    assert source.layout.name == "mediapipe33" and "metres" in source.notes[0]


@pytest.mark.parametrize(
    "entry",
    [
        landmarks(JOINTS),
        JOINTS.tolist(),
        [JOINTS.tolist()],
        [landmarks(JOINTS)],
        {"landmarks": [landmarks(JOINTS)]},
        {"poseLandmarks": {"landmark": landmarks(JOINTS)}, "timestamp": 3},
    ],
)
def test_every_way_to_write_landmarks_is_read(tmp_path: Path, entry: Any) -> None:
    empty = {**entry, **dict.fromkeys(key for key in entry if "andmark" in key)} if isinstance(entry, dict) else None
    write_entries(tmp_path / "a" / "b.json", [entry, empty])
    (clip,) = read_mediapipe(tmp_path).clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.scores is not None
    np.testing.assert_array_equal(clip.keypoints[0, 0], JOINTS[:, :3])
    np.testing.assert_array_equal(clip.scores[0, 0], JOINTS[:, 3])
    assert not clip.keypoints[0, 1].any()


def test_hands_have_no_visibility(tmp_path: Path) -> None:
    write_entries(tmp_path / "a" / "b.jsonl", [{"hand_world_landmarks": [landmarks(HAND)]}])
    write_entries(tmp_path / "a" / "c.json", [None, []])
    source = read_mediapipe(tmp_path)
    clip, nobody = source.clips(0)
    assert isinstance(clip, SkeletonSequence) and clip.scores is None and not source.scored
    assert source.layout.name == "hand21" and nobody == LeftOut("a/c", "no body")


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([landmarks(HAND)], r"not like those of the first frame(.|\n)*\(33, 4\)"),
        ([{"pose_landmarks": landmarks(JOINTS)}], "one kind of landmarks"),
        ([{"pose": landmarks(JOINTS)}], "not of landmarks"),
        ([3], "not of landmarks"),
        ([[{"x": 1, "y": 2}]], "without all of its numbers"),
        ([[[1, 2, float("nan")]]], "finite"),
        ([[[1, 2]]], "not of landmarks"),
    ],
)
def test_frames_that_do_not_fit_are_refused(tmp_path: Path, entries: list[Any], message: str) -> None:
    write_entries(tmp_path / "a" / "b.json", [landmarks(JOINTS)])
    write_entries(tmp_path / "a" / "wrong.json", [landmarks(JOINTS), *entries])
    with pytest.raises(InputError, match=message) as error:
        list(read_mediapipe(tmp_path).clips(1))
    assert "wrong.json, frame 1" in str(error.value)


def test_damaged_files_are_refused_with_their_line(tmp_path: Path) -> None:
    write_entries(tmp_path / "a" / "a.jsonl", [landmarks(JOINTS), landmarks(JOINTS)])
    text = (tmp_path / "a" / "a.jsonl").read_text()
    (tmp_path / "a" / "b.jsonl").write_text(text[:-20])
    with pytest.raises(InputError, match=r"b\.jsonl, line 2"):
        list(read_mediapipe(tmp_path).clips(1))
    (tmp_path / "a" / "c.json").write_text("{}")
    with pytest.raises(InputError, match=r"c\.json"):
        list(read_mediapipe(tmp_path).clips(2))
