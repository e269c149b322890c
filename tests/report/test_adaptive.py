"""The page about AdaSGN."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.errors import InputError
from stgnn.report.adaptive import render_adaptive_page, shown_run, write_adaptive_page
from stgnn.report.adaptive_charts import ALPHA, counting, curve_chart, usage_chart
from stgnn.report.adaptive_clips import ChosenClip, clip_html, clip_svg
from stgnn.report.chart_parts import Size
from stgnn.skeleton import load_layout

NTU = load_layout("ntu25")
ACTIONS = ("small-1", "big-9", "big-25", "skip")


def row(name: str, val: float | None, gflops: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "val": val, "test": 0.5, "gflops": gflops, "macs": gflops * 2e9, "parameters": 10, **more}


def adaptive(name: str, val: float | None, policy: str = "conv", gflops: float = 0.07) -> dict[str, Any]:
    usage = dict(zip(ACTIONS, (0.5, 0.25, 0.25, 0.0), strict=True))
    by_class = {"<wave>": [1.0, 0, 0, 0], "sit & stand": [0, 0.5, 0.5, 0]}
    return row(name, val, gflops, policy=policy, alpha=4.0, usage=usage, usage_by_class=by_class, bodies_per_clip=1.2)


@pytest.fixture
def summary() -> dict[str, Any]:
    return {
        "stream": "joint",
        "clips": {"train": 10, "val": 3, "test": 4},
        "singles": [row("small-1", 0.4, 0.01), row("big-25", 0.6, 0.16)],
        "adaptive": [adaptive("a", 0.5), adaptive("b", 0.7), adaptive("fuse", 0.9, "fuse")],
    }


@pytest.fixture
def clip() -> ChosenClip:
    rng = np.random.default_rng(0)
    return ChosenClip("clip<1>", "<wave>", "sit", rng.normal(size=(4, 25, 3)), (0, 1, 2, 3), ACTIONS, NTU)


def test_the_page_holds_everything_and_escapes(summary: dict[str, Any], clip: ChosenClip, tmp_path: Path) -> None:
    text = write_adaptive_page(tmp_path / "page.html", summary, [clip]).read_text()
    assert "{{" not in text and "<wave>" not in text and "&lt;wave&gt;" in text and "clip&lt;1&gt;" in text
    assert not re.search(r'(src|href)="http', text)
    assert text.count('class="chart') == 2 and text.count('class="frames"') == 1 and text.count('class="bars"') == 1


def test_the_wide_table_is_scrolled_by_keys_and_has_a_name(summary: dict[str, Any], tmp_path: Path) -> None:
    text = write_adaptive_page(tmp_path / "page.html", summary, []).read_text()
    assert re.findall(r'<div class="scroll"([^>]*)>', text) == [
        ' tabindex="0" role="region" aria-label="Every network"'
    ]
    assert text.count('<td class="long">') == 5 and '<th scope="row">big-25</th><td class="number">60.0' in text


def test_the_shown_network_is_the_best_that_chooses_by_validation(summary: dict[str, Any]) -> None:
    assert shown_run(summary)["name"] == "b"
    only = {**summary, "adaptive": summary["adaptive"][2:]}
    assert shown_run(only)["name"] == "fuse"


def test_a_page_without_singles_validation_and_authors_counting(summary: dict[str, Any]) -> None:
    bare = adaptive("a", None, "lstm")
    del bare["gflops"]
    assert "No clips were drawn" in render_adaptive_page({**summary, "singles": [], "adaptive": [bare]})


def test_every_network_is_in_the_curve(summary: dict[str, Any]) -> None:
    body = curve_chart(summary, Size(600, 400)).body
    assert body.count("<title>") == 5 and len(lines(body)) == 1
    assert [name in body for name in (f">{ALPHA} 4<", ">AdaSGN<", ">conv", ">control<", ">SGN, one model<")] == [
        1,
        1,
        0,
        1,
        1,
    ]


def lines(body: str) -> list[tuple[str, int]]:
    """Colour and number of points of every line."""
    found = re.findall(r'<g class="(c\d)"><path class="curve" d="([^"]+)"', body)
    return [(color, points.count("L") + 1) for color, points in found]


def test_the_curve_is_of_the_validation_clips_and_the_table_holds_both(summary: dict[str, Any]) -> None:
    for one in (*summary["singles"], *summary["adaptive"]):
        one["test"] = 0.123
    chart = curve_chart(summary, Size(600, 400))
    assert chart.y.low > 0.3 and "12.3" not in chart.body and ">Accuracy on validation clips (%)<" in chart.body
    assert re.findall(r"b: ([\d.]+)", chart.body) == ["70.0"]
    page = render_adaptive_page(summary)
    assert "Accuracies are those of the validation clips" in page and page.count(">12.3") == 5


def test_without_validation_there_is_nothing_to_choose_by(summary: dict[str, Any]) -> None:
    for one in (*summary["singles"], *summary["adaptive"]):
        one["val"] = None
    with pytest.raises(InputError, match="nothing to choose by"):
        curve_chart(summary, Size(600, 400))
    summary["clips"]["val"] = 0
    page = render_adaptive_page(summary)
    assert (
        "10 clips trained, 4 tested." in page
        and "No clips were held out for validation" in page
        and "<figcaption>" not in page
    )


def test_every_policy_has_a_line_and_names_of_its_own(summary: dict[str, Any]) -> None:
    summary["adaptive"] += [adaptive(name, 0.6, "lstm", cost) for name, cost in (("c", 0.05), ("d", 0.06), ("e", 0.08))]
    body = curve_chart(summary, Size(600, 400)).body
    assert [points for _, points in lines(body)] == [2, 3] and len({color for color, _ in lines(body)}) == 2
    assert body.count(f">conv {ALPHA} 4<") == 2 and body.count(f">lstm {ALPHA} 4<") == 3
    assert ">AdaSGN, conv<" in body and ">AdaSGN, lstm<" in body


def test_one_axis_holds_one_counting(summary: dict[str, Any]) -> None:
    assert counting(summary["adaptive"])[0] == "GFLOPs"
    assert "0.07 GFLOPs" in curve_chart(summary, Size(600, 400)).body
    summary["adaptive"].append(adaptive("c", 0.6, "lstm"))
    del summary["adaptive"][-1]["gflops"]
    chart = curve_chart(summary, Size(600, 400))
    assert "GFLOPs" not in chart.body and chart.body.count("140 M MACs") == 4 and ">MACs of a body" in chart.body
    assert chart.x.low > 15, "every cost is in million MACs"


def test_a_long_legend_takes_room_from_the_plot(summary: dict[str, Any]) -> None:
    wide, narrow = (curve_chart(summary, Size(width, 380, left=54, right=18)) for width in (780, 300))
    assert narrow.size.top == wide.size.top + 17 and narrow.y.end == wide.y.end + 17


def test_what_is_not_in_the_curve_is_not_spoken_of(summary: dict[str, Any]) -> None:
    one = {**summary, "adaptive": summary["adaptive"][:1]}
    page = render_adaptive_page(one)
    assert "joins" not in page and "&alpha;" not in page and not lines(curve_chart(one, Size(600, 400)).body)
    assert "The line joins networks" in render_adaptive_page(summary)
    summary["adaptive"] += [adaptive(name, 0.6, "lstm", cost) for name, cost in (("c", 0.05), ("d", 0.06))]
    assert "Each line joins the networks of one policy" in render_adaptive_page(summary)


def test_what_the_clips_do_not_show_is_not_spoken_of(summary: dict[str, Any], clip: ChosenClip) -> None:
    page = render_adaptive_page(summary, [replace(clip, names=("small-9", "big-9", "big-25", "skip"))])
    assert "leaves the frame out" in page and "Thin lines" in page
    plain = replace(clip, names=("big-1", "big-9"), actions=(0, 1, 1, 0))
    page = render_adaptive_page(summary, [plain])
    assert "leaves the frame out" not in page and "Thin lines" not in page


def test_bars_are_divided_by_usage(summary: dict[str, Any]) -> None:
    drawn = usage_chart(summary["adaptive"][0]["usage_by_class"], ACTIONS)
    assert re.findall(r'class="(c\d|nothing)" style="--share:([\d.]+)"', drawn) == [
        ("c0", "100.0"),
        ("c1", "50.0"),
        ("c2", "50.0"),
    ]
    assert re.findall(r'aria-label="(.*?)"', drawn.replace("\xa0", " "))[1:] == [
        "small-1 100.0 %",
        "big-9 50.0 %, big-25 50.0 %",
    ]
    assert '<li><i class="nothing"></i>skip</li>' in drawn


def test_frames_show_the_joints_of_their_action(clip: ChosenClip) -> None:
    cells = clip_svg(clip).split("<g transform")[2:]  # the first is the margin
    assert [cell.count("h0") for cell in cells] == [25 + 1, 25 + 9, 25 + 25, 25]
    assert [re.search(r">([\w-]+)</text>", cell)[1] for cell in cells] == list(ACTIONS)  # type: ignore[index]


def test_frames_of_a_page_find_their_places_in_any_width(clip: ChosenClip) -> None:
    drawn = clip_html(clip)
    assert re.findall(r"</svg>([\w-]+)</div>", drawn) == list(ACTIONS) and "width=" not in drawn
    assert "frames: 1 small-1, 1 big-9, 1 big-25, 1 skip" in drawn


def test_unseen_joints_are_not_drawn() -> None:
    nothing = ChosenClip("a", "b", "b", np.zeros((2, 25, 3)), (0, 2), ACTIONS, NTU)
    drawn = clip_html(nothing)
    assert "h0" not in drawn and "nan" not in drawn and 'd="M' not in drawn
