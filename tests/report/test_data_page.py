"""The page about a data set: everything inside, findings first, clips whose places the script unpacks."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from stgnn.data import SkeletonStore, SyntheticActions
from stgnn.data.quality.summary import check_store
from stgnn.report import svg
from stgnn.report.bodies import bones_by_color, placed
from stgnn.report.chart_parts import Size
from stgnn.report.data_charts import lengths_chart, ranges_chart
from stgnn.report.data_clips import FRAMES, GRID, SHOWN, figures, packed
from stgnn.report.data_page import render_data_page, write_data_page
from stgnn.skeleton.layout import load_layout


@pytest.fixture(scope="module")
def store() -> SkeletonStore:
    """64 clips, one of them with nobody in it, one with a gap."""
    made = SyntheticActions(clips=64, subjects=4, second=0.3).store()
    points = made.keypoints.copy()
    train, test = made.split("xsub")
    points[made.offsets[test[0]] : made.offsets[test[0] + 1]] = 0
    points[made.offsets[train[1]] : made.offsets[train[1]] + 3] = 0
    return replace(made, keypoints=points)


@pytest.fixture(scope="module")
def summary(store: SkeletonStore) -> dict[str, Any]:
    return check_store(store)


def test_the_page_is_one_file_that_loads_nothing(
    store: SkeletonStore, summary: Mapping[str, Any], tmp_path: Path
) -> None:
    path = write_data_page(tmp_path / "pages", store, summary)
    assert path == tmp_path / "pages" / "data.html" and [file.name for file in path.parent.iterdir()] == ["data.html"]
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=|url\(|@import|https?://(?!www\.w3\.org)""", text)
    assert "{{" not in text and write_data_page(tmp_path / "own.html", store, summary) == tmp_path / "own.html"


def test_the_button_says_what_it_does_by_its_label_alone(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    text = render_data_page(store, summary)
    assert '<button type="button" id="play" hidden>Pause</button>' in text and "aria-pressed" not in text


def test_findings_come_before_everything_else(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    text = render_data_page(store, summary)
    places = [text.index(f'id="{name}"') for name in ("findings", "clips", "ranges")]
    assert places == sorted(places)
    for finding in summary["findings"]:
        assert finding["code"] in text and finding["what"] in text and finding["action"] in text
    assert "1 error, 1 warning and" in text


def test_a_store_without_findings_says_so(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    clean = {**summary, "findings": [], "errors": 0, "warnings": 0, "notes": 0}
    text = render_data_page(store, clean)
    assert "nothing was found" in text and "Nothing to complain about" in text


def test_names_cannot_break_out_of_the_page(store: SkeletonStore) -> None:
    evil = "</script><script>alert(1)</script>\"'"
    named = replace(store, names=tuple(f"{evil}{i}" for i in range(64)), class_names=(evil, *store.class_names[1:]))
    text = render_data_page(named, check_store(named))
    assert text.count("<script") == 2 and "alert(1)</script>" not in text


def test_clips_that_findings_name_are_shown_first(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    drawn = figures(store, summary)
    train, test = store.split("xsub")
    assert len(drawn) == SHOWN and len({figure.clip for figure in drawn}) == SHOWN
    assert (drawn[0].clip, drawn[0].reason) == (train[1], "frames_all_zero")
    assert test[0] not in [figure.clip for figure in drawn]  # there is nobody to draw
    assert all(figure.points.shape[0] <= FRAMES for figure in drawn)


def test_figures_stand_upright_and_keep_proportions(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    layout = store.layout
    for figure in figures(store, summary)[1:]:
        frame = figure.points[len(figure.points) // 2, 0].astype(float)
        head, foot = (frame[layout.joints.index(joint)] for joint in ("head", "left_ankle"))
        assert frame.max() <= GRID
        if head.any() and foot.any():
            assert head[1] < foot[1]  # y points down on a page
    first = figures(store, summary)[1]
    frames = store.offsets[first.clip] + np.linspace(0, store.lengths[first.clip] - 1, len(first.points)).astype(int)
    points = store.keypoints[frames[0], 0][:, :2]
    both = (points != 0).any(axis=1) & (first.points[0, 0] % (GRID - 1) > 1).all(axis=1)  # not at the border
    real, drawn = points[both], first.points[0, 0][both].astype(float)
    ratios = np.ptp(drawn, axis=0) / np.ptp(real, axis=0)
    assert np.isclose(ratios[0], ratios[1], rtol=0.02)


def test_packed_places_come_back(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    drawn = figures(store, summary)
    told = json.loads(json.dumps(packed(store, drawn)))
    for figure, clip in zip(drawn, told["clips"], strict=True):
        places = np.frombuffer(base64.b64decode(clip["points"]), "<u2")
        assert np.array_equal(places.reshape(clip["frames"], clip["persons"], told["joints"], 2), figure.points)
    bones = [tuple(bone) for side in told["bones"].values() for bone in side]
    assert sorted(bones) == sorted(store.layout.bones)


@pytest.mark.parametrize("layout", ["coco17", "hand21", "ntu25"])
def test_other_bodies_make_a_page_too(layout: str) -> None:
    body = load_layout(layout)
    rng = np.random.default_rng(0)
    lengths = np.array([1, 5, 70])
    store = SkeletonStore(
        keypoints=rng.normal(size=(76, 3, body.num_joints, body.dimensions)).astype(np.float32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=np.array([0, 1, 1]),
        class_names=("a", "b"),
        layout=body,
        names=("x", "y", "z"),
        subjects=np.full(3, -1),
        views=np.full(3, -1),
    )
    assert "not known" in render_data_page(store, check_store(store))


def test_charts_are_well_formed_and_count_every_clip(store: SkeletonStore) -> None:
    lengths = np.concatenate([store.lengths, [5000]])
    chart = lengths_chart(lengths, Size(580, 330))
    titles = re.findall(r"<title>(.*?)</title>", chart.body)
    assert sum(int(title.split(": ")[1].split()[0]) for title in titles) == len(lengths)
    assert "to 5000 frames" in titles[-1]
    ElementTree.fromstring(chart.document())
    ranges = ElementTree.fromstring(ranges_chart(store, 1180))
    whole = [path for path in ranges.iter("path") if path.get("class") == "whole"]
    assert len(whole) == 25 * 3


def of_lengths(lengths: list[int], layout: str = "hand21") -> SkeletonStore:
    body = load_layout(layout)
    points = np.random.default_rng(0).normal(size=(sum(lengths), 1, body.num_joints, body.dimensions))
    return SkeletonStore(
        keypoints=points.astype(np.float32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        labels=np.zeros(len(lengths), dtype=np.int64),
        class_names=("a",),
        layout=body,
        names=tuple(f"clip {number}" for number in range(len(lengths))),
        subjects=np.full(len(lengths), -1),
        views=np.full(len(lengths), -1),
    )


def test_one_length_for_all_is_a_sentence_and_no_chart() -> None:
    store = of_lengths([51] * 4)
    page = render_data_page(store, check_store(store))
    assert "Every clip has 51 frames." in page and "<dd>51</dd>" in page
    assert 'class="column"' not in page and "longest hundredth" not in page


def test_bars_of_one_length_stand_above_it_and_nothing_is_said_of_a_bar_that_is_not_cut() -> None:
    chart = lengths_chart(np.array([50, 51, 51, 52]), Size(580, 330))
    columns = re.findall(r'<rect class="column" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', chart.body)
    middles = [float(left) + float(width) / 2 for left, width in columns]
    assert middles == pytest.approx([chart.x(50), chart.x(51), chart.x(52)], abs=0.2)
    ticks = re.findall(r'text-anchor="middle">([\d.]+)<', chart.body)
    assert ticks == ["50", "51", "52"]
    store = of_lengths([50, 51, 51, 52])
    assert "longest hundredth" not in render_data_page(store, check_store(store))
    store = of_lengths([50, 51] * 100 + [900])
    assert "longest hundredth" in render_data_page(store, check_store(store))


def test_every_coordinate_has_three_values_below_it_also_where_it_is_narrow() -> None:
    drawn = ElementTree.fromstring(ranges_chart(of_lengths([9, 9]), 360))
    told = [one.text for one in drawn.iter("text") if re.fullmatch(r"-?[\d.]+", one.text or "")]
    assert len(told) >= 3 * 3


def test_the_caption_speaks_of_findings_that_name_clips(store: SkeletonStore, summary: Mapping[str, Any]) -> None:
    assert "clips that a finding names come first" in render_data_page(store, summary)
    clean = {**summary, "findings": []}
    assert "clips that a finding names" not in render_data_page(store, clean)


def test_a_body_without_sides_has_colours_of_its_parts() -> None:
    assert set(bones_by_color(load_layout("ntu25"))) == {"left", "right", "middle"}
    hand = load_layout("hand21")
    found = bones_by_color(hand)
    assert len(found) == len(hand.parts) - 1 and sum(map(len, found.values())) == len(hand.bones)


def test_one_wild_joint_and_unseen_ones_do_not_spoil_the_others() -> None:
    layout = load_layout("ntu25")
    points = np.random.default_rng(0).normal(size=(20, 25, 3))
    points[3, 4], points[5, 6], points[7, 8] = 1e6, 0, np.nan
    flat = placed(points, layout)
    assert np.isnan(flat[5, 6]).all() and np.isnan(flat[7, 8]).all() and np.isnan(flat).sum() == 4
    assert np.nanmin(flat) >= 0 and np.nanmax(flat) <= 1 and np.nanstd(flat) > 0.1


def test_a_linear_axis_reaches_below_zero() -> None:
    axis = svg.Axis(-2, 2, 0, 100)
    assert [axis(value) for value in (-2, -1, 0, 2, 9)] == [0, 25, 50, 100, 100]
