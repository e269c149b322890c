"""The page about AdaSGN."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnn.report.adaptive import render_adaptive_page, shown_run, write_adaptive_page
from stgnn.report.adaptive_charts import curve_chart, usage_chart
from stgnn.report.adaptive_clips import ChosenClip, clip_svg
from stgnn.report.chart_parts import Size
from stgnn.skeleton import load_layout

NTU = load_layout("ntu25")
ACTIONS = ("small-1", "big-9", "big-25", "skip")


def row(name: str, val: float | None, gflops: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "val": val, "test": 0.5, "gflops": gflops, "macs": gflops * 1e9, "parameters": 10, **more}


def adaptive(name: str, val: float | None, policy: str = "conv") -> dict[str, Any]:
    usage = dict(zip(ACTIONS, (0.5, 0.25, 0.25, 0.0), strict=True))
    by_class = {"<wave>": [1.0, 0, 0, 0], "sit & stand": [0, 0.5, 0.5, 0]}
    return row(name, val, 0.07, policy=policy, alpha=4.0, usage=usage, usage_by_class=by_class, bodies_per_clip=1.2)


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
    assert text.count('class="chart') == 3 and text.count('class="frames"') == 1


def test_the_wide_table_is_scrolled_by_keys_and_has_a_name(summary: dict[str, Any], tmp_path: Path) -> None:
    text = write_adaptive_page(tmp_path / "page.html", summary, []).read_text()
    assert re.findall(r'<div class="scroll"([^>]*)>', text) == [
        ' tabindex="0" role="region" aria-label="Every network"'
    ]


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
    assert body.count("<title>") == 5 and body.count("front-line") == 1


def test_bars_are_divided_by_usage(summary: dict[str, Any]) -> None:
    drawn = usage_chart(summary["adaptive"][0]["usage_by_class"], ACTIONS, width=700)
    widths = [float(value) for value in re.findall(r'width="([\d.]+)" height="14"', drawn)]
    assert len(widths) == 3 and widths[1] == widths[2] == pytest.approx(widths[0] / 2, abs=0.1)


def test_frames_show_the_joints_of_their_action(clip: ChosenClip) -> None:
    cells = clip_svg(clip).split("<g ")[1:]
    assert [cell.count("<circle") for cell in cells] == [25 + 1, 25 + 9, 25 + 25, 25]
    assert [re.search(r">([\w-]+)</text>", cell)[1] for cell in cells] == list(ACTIONS)  # type: ignore[index]


def test_unseen_joints_are_not_drawn() -> None:
    nothing = ChosenClip("a", "b", "b", np.zeros((2, 25, 3)), (0, 2), ACTIONS, NTU)
    assert "<circle" not in clip_svg(nothing) and "nan" not in clip_svg(nothing)
