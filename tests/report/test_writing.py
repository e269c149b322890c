import base64
import csv
import dataclasses
import gzip
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from stgnn.errors import InputError
from stgnn.report import write_report
from stgnn.report.analysis import pareto_front
from stgnn.report.tables import front_table, markdown_table
from stgnn.space import Architecture

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
VOID = {"meta", "br", "input", "link", "wbr"}


class Balance(HTMLParser):
    """Fails where a tag is closed that is not the last one opened."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def details(html):
    packed = re.search(r'id="details">([^<]*)<', html)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def cases(make_report):
    full = make_report()
    bare = make_report(trials=12, at_random=0, measured=False)
    one = dataclasses.replace(make_report(trials=1, at_random=0, measured=False), chosen=None)
    return {"full": full, "bare": dataclasses.replace(bare, landmarks=(), classes=(), notes=()), "one": one}


@pytest.mark.parametrize("case", ["full", "bare", "one"])
def test_the_page_is_whole_and_needs_nothing_else(make_report, tmp_path, case):
    html = write_report(tmp_path, cases(make_report)[case]).html.read_text(encoding="utf-8")
    Balance(html)
    assert "{{" not in html and "nan" not in html.split("</style>")[1].split('id="details"')[0].lower().split()
    assert not re.search(r"(src|href)=\"?(https?:)?//|url\(|@import", html)


def test_a_search_over_sgn_has_a_page_too(make_report, tmp_path):
    report = write_report(tmp_path, make_report(space="sgn"))
    page = report.html.read_text()
    assert "Graph layer 3" in page and "SGN: joint, 20 frames" in page


def test_every_trial_can_be_selected(make_report, tmp_path):
    data = make_report()
    html = write_report(tmp_path, data).html.read_text(encoding="utf-8")
    packed = details(html)
    assert set(packed) == {f"trial={p.number}" for p in data.points} | {f"random={p.number}" for p in data.random}
    chosen = packed[f"trial={data.chosen}"]
    assert "chosen" in chosen["panel"] and chosen["panel"] in html
    assert html.count('class="ring"') == 2  # one in the wide and one in the narrow drawing


def test_two_reports_of_the_same_data_are_equal(make_report, tmp_path):
    data = make_report(trials=20, at_random=5)
    first, second = (write_report(tmp_path / name, data) for name in ("a", "b"))
    for name in ("html", "csv", "json", "svg"):
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()


def test_hostile_names_stay_text(make_report, tmp_path):
    bad = '</script><img src=x onerror="alert(1)">'
    data = dataclasses.replace(make_report(trials=8, at_random=0), title=bad, device=bad, notes=(bad,), classes=(bad,))
    points = tuple(dataclasses.replace(point, digest=bad) for point in data.points)
    landmarks = (dataclasses.replace(data.landmarks[0], name=bad),)
    html = write_report(tmp_path, dataclasses.replace(data, points=points, landmarks=landmarks)).html.read_text()
    Balance(html)
    assert "<img" not in html and all("<img" not in part["panel"] for part in details(html).values())


def test_the_csv_holds_the_front_and_architectures_that_load(make_report, tmp_path):
    data = make_report()
    with write_report(tmp_path, data).csv.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == [point.number for point in pareto_front(data.points)]
    assert [int(row["trial"]) for row in rows if row["chosen"] == "1"] == [data.chosen]
    assert all(Architecture.from_dict(json.loads(row["architecture"])).digest == row["digest"] for row in rows)


def test_the_json_is_strict_and_complete(make_report, tmp_path):
    data = make_report()
    text = write_report(tmp_path, data).json.read_text(encoding="utf-8")
    report = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert report["chosen"] == data.chosen and len(report["trials"]) == len(data.points)
    assert report["front"] == [point.number for point in pareto_front(data.points)]
    assert len(report["hypervolume_share"]) == len(data.points)


def test_the_picture_is_well_formed(make_report, tmp_path):
    ET.parse(write_report(tmp_path, make_report()).svg)


def test_a_failed_report_leaves_the_last_one_untouched(make_report, tmp_path):
    data = make_report(trials=8, at_random=0, measured=False)
    before = write_report(tmp_path, data).html.read_bytes()
    broken = tuple(dataclasses.replace(point, architecture={"streams": []}) for point in data.points)
    with pytest.raises(InputError):
        write_report(tmp_path, dataclasses.replace(data, points=broken))
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "pareto.csv",
        "pareto.svg",
        "report.html",
        "report.json",
    ]


def test_a_file_in_the_place_of_the_folder_is_refused(make_report, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(tmp_path / "out", make_report(trials=2, at_random=0))


def test_tables_align_numbers_and_escape_bars():
    table = markdown_table(["Network", "Latency"], [["A|B", "1.2 ms"], ["C", "10 ms"]])
    assert table == "| Network | Latency |\n| ------- | ------: |\n| A\\|B    |  1.2 ms |\n| C       |   10 ms |\n"


def test_digests_stand_on_the_left_whatever_they_start_with(make_report):
    point = dataclasses.replace(make_report(trials=1, at_random=0).points[0], digest="123456789012")
    rule = front_table([point]).splitlines()[1].split("|")
    assert rule[1].strip().endswith("-:") and not rule[2].strip().endswith(":")


def test_the_page_says_what_chosen_means(make_report, tmp_path):
    data = dataclasses.replace(make_report(trials=20, at_random=0), chosen_by="by <its> knee")
    html = write_report(tmp_path, data).html.read_text()
    assert "The star is the chosen network, by &lt;its&gt; knee." in html
    row = re.search(rf'<tr data-key="trial={data.chosen}".*?</tr>', html)[0]
    assert '<span class="tag chosen">chosen</span>' in row and html.count("tag chosen") == 2
    unknown = dataclasses.replace(data, chosen=None)
    assert "The star is" not in write_report(tmp_path, unknown).html.read_text()


def test_captions_speak_of_what_is_drawn(make_report, tmp_path):
    both = write_report(tmp_path, make_report(trials=20, at_random=5)).html.read_text()
    alone = write_report(tmp_path, make_report(trials=20, at_random=0)).html.read_text()
    one = write_report(tmp_path, cases(make_report)["one"]).html.read_text()
    assert ["Lines are the fronts" in page for page in (both, alone, one)] == [True, False, False]
    assert ["The line is the front" in page for page in (both, alone, one)] == [False, True, False]
    assert "arrow keys" in alone and "arrow keys" not in one


def test_the_only_network_is_told_once(make_report, tmp_path):
    data = make_report(trials=1, at_random=0, measured=False)
    lead = write_report(tmp_path, data).html.read_text().split('class="lead"')[1].split("</p>")[0]
    assert "It is the only network evaluated." in lead and lead.count("\xa0ms") == 1


def test_a_wide_table_is_scrolled_by_keys_and_has_a_name(make_report, tmp_path):
    html = write_report(tmp_path, make_report(trials=9, at_random=0)).html.read_text()
    assert '<div class="scroll" tabindex="0" role="region" aria-label="Networks that the search found">' in html


def test_the_front_table_shows_measurements_only_where_there_are_some(make_report):
    assert "Measured" in front_table(pareto_front(make_report().points))
    assert "Measured" not in front_table(pareto_front(make_report(trials=9, at_random=0, measured=False).points))


def test_importing_the_report_is_light():
    code = "import sys, stgnn.report; print([n for n in ('torch', 'optuna', 'lightning', 'onnx') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def shown(page, profile):
    """The page as it stands once its script has run."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom"]
    return subprocess.run([*command, page], capture_output=True, text=True, timeout=120).stdout


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_link_to_a_trial_selects_it(make_report, tmp_path):
    page = write_report(tmp_path / "report", make_report(trials=30, at_random=10)).html.as_uri()
    text = shown(f"{page}#random=7", tmp_path / "profile")
    assert 'data-selected="random=7"' in text
    assert "<h3>Random search, trial 7 " in text.split("<script")[0]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_link_to_what_every_object_has_selects_nothing(make_report, tmp_path):
    page = write_report(tmp_path / "report", make_report(trials=30, at_random=10)).html.as_uri()
    text = shown(f"{page}#constructor", tmp_path / "profile")
    assert 'data-ready="yes"' in text and 'data-selected="constructor"' not in text


CLICK = """<script>
const wait = setInterval(() => {
  if (document.body.dataset.ready !== "yes") return;
  clearInterval(wait);
  const marks = [...document.querySelectorAll("[data-pareto] .mark.tuned")];
  const shown = marks.filter((one) => one.getBoundingClientRect().width).at(-1);
  const mark = shown.getBoundingClientRect();
  const [clientX, clientY] = [mark.x + mark.width / 2, mark.y + mark.height / 2];
  shown.closest(".chart").dispatchEvent(new MouseEvent("click", { clientX, clientY, detail: 1 }));
}, 20);
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_network_is_found_at_its_fine_tuned_accuracy_too(make_report, tmp_path):
    data = make_report(trials=30, at_random=10)
    worst = min((point for point in data.points if point.number != data.chosen), key=lambda point: point.accuracy)
    points = [dataclasses.replace(one, fine_tuned=0.99) if one == worst else one for one in data.points]
    page = write_report(tmp_path / "report", dataclasses.replace(data, points=tuple(points))).html
    page.write_text(page.read_text(encoding="utf-8") + CLICK, encoding="utf-8")
    text = shown(page.as_uri(), tmp_path / "profile")
    assert f'data-selected="trial={worst.number}"' in text
    assert "99.0" in re.search(r'<div class="tip"[^>]*>(.*?)</b>', text)[1]


def test_a_report_that_is_named_like_a_file_is_refused(tmp_path, make_report):
    with pytest.raises(InputError, match="folder") as refused:
        write_report(tmp_path / "front.html", make_report())
    assert refused.value.hint == f"name a folder, such as {tmp_path / 'front'}" and not list(tmp_path.iterdir())
