"""What is drawn of sparse networks: densities, lottery tickets, families beside a front."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from stgnn.display import shown
from stgnn.errors import InputError
from stgnn.report.chart_parts import Size
from stgnn.report.curves import Curve, curves_chart
from stgnn.report.densities import draw_densities
from stgnn.report.lottery import write_lottery
from stgnn.report.study import report_data
from stgnn.results import keep_family
from stgnn.tasks.lottery import averages
from stgnn.tasks.lottery_plan import METHODS


def words(document: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")]


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for seed in (0, 1):
        found.append({"method": "dense", "seed": seed, "sparsity": 0.0, "remaining": 1.0, "val_top1": 0.8})
        for method in METHODS:
            for sparsity in (0.5, 0.9):
                row = {"method": method, "seed": seed, "sparsity": sparsity, "remaining": 1 - sparsity}
                found.append({**row, "val_top1": 0.795 - 0.1 * seed * (sparsity > 0.5)})
    return found


def test_a_layer_is_a_row_and_the_last_epoch_stands_in_figures(tmp_path: Path) -> None:
    lines = ["epoch,network,layer,kept,total"]
    lines += [f"{epoch},,layer {layer},{100 - epoch},{100 * (layer + 1)}" for epoch in range(60) for layer in range(3)]
    (tmp_path / "densities.csv").write_text("\n".join(lines))
    picture = draw_densities(tmp_path / "densities.csv").read_text()
    told = words(picture)
    assert [one for one in told if one.startswith("layer")] == ["layer 0", "layer 1", "layer 2"]
    assert sum("%" in one for one in told) == 3 and any(one.startswith("41.0") for one in told)
    assert picture.count('class="cell"') == 3 * 40 and "epochs 1 to 60: the stronger the colour" in picture
    assert float(ET.fromstring(picture).attrib["width"]) < 560, "short names leave no empty space"


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    for text in ("", "a,b\n1,2\n", "epoch,network,layer,kept,total\n0,,x,1,0\n"):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(InputError, match="table of densities"):
            draw_densities(tmp_path / "t.csv")


def test_curves_keep_inside_their_chart_and_are_named() -> None:
    curves = [Curve(f"line {n}", tuple((0.1 * (k + 1), 0.5 + 0.1 * n, 0.05) for k in range(5))) for n in range(7)]
    chart = curves_chart(curves, Size(360, 400), ("x (%)", "y (%)"), ("level", 0.99))
    assert [word for word in words(chart.document()) if word.startswith("line")] == [one.name for one in curves]
    numbers = [float(value) for value in re.findall(r'c[xy]="([^"]+)"', chart.body)]
    assert all(0 <= value <= 400 for value in numbers)
    assert not re.search(r"nan|inf\b", chart.document().split("</style>")[1])


def test_the_page_of_an_experiment_says_how_little_is_enough(tmp_path: Path) -> None:
    files = write_lottery(tmp_path, rows(), "Tickets & <more>")
    page = files.html.read_text()
    assert "Tickets &amp; &lt;more&gt;" in page and "50.0" in page.split('class="lead"')[1].split("</p>")[0]
    assert set(METHODS.values()) <= set(words(files.svg.read_text()))
    assert len(files.csv.read_text().splitlines()) == 2 + 2 * len(METHODS)


def test_seeds_are_spoken_of_where_there_are_several(tmp_path: Path) -> None:
    several = write_lottery(tmp_path, rows()).html.read_text()
    assert "standard deviation over 2 seeds" in several and ">Seeds<" in several
    one = write_lottery(tmp_path, [row for row in rows() if row["seed"] == 0]).html.read_text()
    assert "standard deviation" not in one and ">Seeds<" not in one and "one seed only" in one


def test_the_terminal_and_the_page_call_everything_alike(tmp_path: Path) -> None:
    page = write_lottery(tmp_path, rows()).html.read_text()
    printed = shown("lottery", {"rows": averages(rows())}).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed if line.startswith("|")]
    heads, methods = cells[0][1:], [row[0] for row in cells[2:]]
    assert re.findall(r"<th[^>]*>([^<]+)<", page)[: len(heads)] == heads
    assert re.findall(r'<th scope="rowgroup"[^>]*>([^<]+)<', page) == list(dict.fromkeys(methods))
    assert set(methods) == {"dense", *METHODS.values()}


def test_the_wide_table_is_scrolled_by_keys_and_has_a_name(tmp_path: Path) -> None:
    page = write_lottery(tmp_path, rows(), "Tickets").html.read_text()
    assert re.findall(r'<div class="scroll"([^>]*)>', page) == [' tabindex="0" role="region" aria-label="Every point"']


def test_a_family_stands_beside_the_front_of_its_study(study: str) -> None:
    assert report_data(study).landmarks == ()
    member = {"val_top1": 0.6, "latency_ms": {"median_ms": 2.0}, "macs": 5, "parameters": 7}
    keep_family(study, "search", "n.ckpt", "channel", [{"sparsity": 0.0, **member}, {"sparsity": 0.5, **member}])
    (landmark,) = report_data(study).landmarks
    assert (landmark.name, landmark.accuracy, landmark.latency_ms) == ("50\xa0% of channels pruned", 0.6, 2.0)
    assert (landmark.label, landmark.family) == ("50\xa0% pruned", "n.ckpt")
