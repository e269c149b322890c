import dataclasses
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from stgnn.report import Landmark, Measured, block_diagram, svg
from stgnn.report.analysis import Check, agreement, pareto_front
from stgnn.report.architectures import genes_of, short, summary
from stgnn.report.chart_parts import Labels, Sign, Size, frame, legend
from stgnn.report.charts import HELD_OUT, latency_chart
from stgnn.report.curves import SHAPES
from stgnn.report.pareto_chart import pareto_chart
from stgnn.report.units import count, milliseconds, percent
from stgnn.space import architecture_names, load_architecture, load_space, read_space


def words(document):
    return [element.text for element in ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", architecture_names())
def test_every_shipped_architecture_is_drawn_with_all_its_blocks(name):
    architecture = load_architecture(name)
    told = words(block_diagram(architecture, 25, 60))
    operators = [block.spatial for stage in architecture.stages for block in stage.blocks]
    assert [word for word in told if word in set(operators)] == operators
    assert "Mean over frames and joints, then 60 classes" in told


@pytest.mark.parametrize(("name", "without"), [("STGCN", 1), ("SGN-like", 0)])
def test_a_residual_path_is_drawn_where_there_is_one(name, without):
    architecture = load_architecture(name)
    assert block_diagram(architecture, 25, 60).count('class="residual"') == architecture.depth - without


def test_a_member_of_the_space_of_sgn_is_drawn_with_all_its_layers():
    told = " ".join(words(block_diagram(read_space("sgn").smallest(), 25, 12)))
    for part in ("25 joints pooled to 1", "Embeddings", "Graph layer 3", "256 features of each frame", "12 classes"):
        assert part in told


def test_a_member_of_the_space_of_sgn_in_words():
    largest = read_space("sgn").largest()
    assert short(largest) == "SGN: joint, 20 frames, all joints, 64\N{EN DASH}128\N{EN DASH}256 channels"
    assert summary(largest)[1:] == ["embedding of 64 channels", "graph layers: 128, 256, 256 channels"]
    assert genes_of(largest)["graph layer 2"] == ["256 channels"]


def test_frames_and_joints_shrink_down_the_diagram():
    architecture = load_space("tiny").smallest()
    told = " ".join(words(block_diagram(architecture, 25, 12)))
    assert f"{architecture.frames} frames × 25 joints" in told  # noqa: RUF001
    assert "25 joints pooled to 9, learned" in told
    assert f"{architecture.frames // 4} frames × 9 joints" in told  # noqa: RUF001


def test_every_number_of_a_drawing_is_finite(make_report):
    body = pareto_chart(make_report(), Size(780, 560)).document()
    assert not re.search(r"nan|inf\b|None", body.split("</style>")[1])


def test_the_band_holds_the_predictions_that_are_counted_as_within_ten_percent():
    checks = [Check(str(i), "", 10.0, 0.1, Measured(ms, ms, ms)) for i, ms in enumerate((9.0, 9.2, 11.05, 11.2, 40))]
    chart = latency_chart(checks, Size(780, 560))
    (path,) = re.findall(r'<path class="band" d="M([^Z"]*)Z?"', chart.body)
    corners = [tuple(map(float, corner.split())) for corner in path.split("L")]

    def inside(check):  # the band is convex: a point inside lies on one side of all edges
        x, y = chart.x(check.predicted_ms), chart.y(check.measured.ms)
        turns = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in pairwise([*corners, corners[0]])]
        return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)

    assert [inside(check) for check in checks] == [False, True, True, False, False]
    assert agreement(checks).within_10_percent == 2 / 5
    assert all(chart.x.start - 0.1 <= x <= chart.x.end + 0.1 for x, _ in corners)
    assert all(chart.y.end - 0.1 <= y <= chart.y.start + 0.1 for _, y in corners)
    assert "within ±10 % of the measurement" in chart.body


def test_the_quietest_moment_lies_on_the_chart_and_on_its_bar():
    chart = latency_chart([Check("a", "", 0.118, 0.0, Measured(0.095, 0.13, 0.16))], Size(780, 560))
    assert chart.y.low <= 0.095 and chart.y(0.095) < chart.y.start
    top, bottom = re.search(r'class="error held" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"', chart.body).groups()
    assert {float(top), float(bottom)} == {round(chart.y(0.095), 1), round(chart.y(0.16), 1)}


def test_names_are_escaped():
    assert "<b>" not in svg.text(0, 0, "<b>&")


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(0.04, 12, True), (0.38, 0.48, True), (0.001, 900, True), (0.5, 0.97, False), (0, 1000, False)],
)
def test_ticks_lie_inside_and_are_neither_few_nor_many(low, high, log):
    ticks = svg.Axis(low, high, 0, 600, log).ticks(8)
    assert 3 <= len(ticks) <= 9
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)


def test_an_axis_maps_its_ends_to_its_pixels():
    axis = svg.Axis(0.1, 10, 50, 250, log=True)
    assert [axis(0.1), axis(1), axis(10)] == pytest.approx([50, 150, 250])


def test_labels_neither_overlap_nor_leave_the_chart():
    labels = Labels((50, 40, 400, 300), [(390, 60), (385, 62)])
    for x, y in ((390, 60), (385, 62), (388, 70)):
        labels.place(x, y, "ST-GCN++")
    boxes = labels.taken
    assert all(left >= 50 and right <= 400 and top >= 40 for left, top, right, _ in boxes)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        (l1, t1, r1, b1), (l2, t2, r2, b2) = boxes[a], boxes[b]
        assert l1 >= r2 or l2 >= r1 or t1 >= b2 or t2 >= b1


def test_numbers_are_written_with_their_units():
    assert percent(0.9312, 0.008).split() == ["93.1", "±", "0.8", "%"]
    assert [milliseconds(v).split() for v in (0.0412, 0.412, 4.12, 41.2, 412)] == [
        [told, "ms"] for told in ("0.0412", "0.412", "4.12", "41.2", "412")
    ]
    assert [count(v).split() for v in (999, 41_234, 999_999, 3.14e6, 2e9)] == [
        ["999"], ["41.2", "k"], ["1.00", "M"], ["3.14", "M"], ["2.00", "G"]
    ]  # fmt: skip


def test_a_chosen_network_off_the_front_is_still_a_star(make_report):
    data = make_report(trials=30, at_random=0)
    front = {point.number for point in pareto_front(data.points)}
    chosen = next(point.number for point in data.points if point.number not in front)
    body = pareto_chart(dataclasses.replace(data, chosen=chosen), Size(780, 560)).body
    assert f'href="#trial={chosen}"' in body and body.count("mark chosen") == 2  # the star and its legend


def test_a_front_of_one_point_has_a_mark_but_no_line(make_report):
    data = dataclasses.replace(make_report(trials=1, at_random=0, measured=False), landmarks=(), chosen=None)
    body = pareto_chart(data, Size(360, 400)).body
    assert "front-line" not in body and 'href="#trial=0"' in body


def test_every_curve_of_five_has_a_shape_of_its_own():
    marks = {svg.marker(shape, 50.0, 50.0, 4.0, "mark") for shape in SHAPES}
    assert len(marks) == len(SHAPES) == 5
    square = svg.marker("square", 0.0, 0.0, 4.0, "mark")
    corners = [abs(float(number)) for number in re.findall(r"-?\d+\.?\d*", square.split('d="')[1])]
    assert len(corners) == 8 and len(set(corners)) == 1, "it lies on a side"


@pytest.mark.parametrize("width", [300, 360, 780])
def test_a_legend_stays_inside_its_chart(width):
    signs = [Sign("x" * length) for length in (6, 13, 29, 50)]
    drawn, size = legend(signs, Size(width, 400, left=54))
    for place, rest in re.findall(r'<text x="([\d.]+)"([^<]*<)', drawn):
        told = re.search(r"x+(?=<)", rest)[0]
        long = float(found[1]) if (found := re.search(r'textLength="([\d.]+)"', rest)) else len(told) * svg.LETTER * 12
        assert float(place) + long <= width
    rows = {y for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)"', drawn)}
    assert size.top == Size(width, 400).top + 17 * (len(rows) - 1), "the plot makes room for every line"


def test_held_out_networks_have_a_sign_of_their_own():
    held = Check("a", "", 0.1, 0.0, Measured(0.1, 0.1, 0.1))
    found = dataclasses.replace(held, key="trial=1")
    drawings = [latency_chart(checks, Size(360, 340)).body for checks in ([held, found], [found])]
    assert [HELD_OUT.name in body for body in drawings] == [True, False]
    assert all("within ±10 % of the measurement" in body for body in drawings)


def test_whole_things_are_counted_in_whole_numbers():
    assert svg.Axis(50.5, 51.5, 0, 300, whole=True).ticks(8) == [51]
    assert svg.Axis(0, 2, 0, 300, whole=True).ticks(8) == [0, 1, 2]


@pytest.mark.parametrize(("low", "high"), [(0.01, 0.4), (0.001, 900), (3, 100)])
def test_values_below_an_axis_do_not_run_into_each_other(low, high):
    x, y = Size(360, 300, left=54, right=18).axes((low, high), (0, 1), log_x=True)
    drawn = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">([\d.,]+)<', frame(x, y, ("", "")))
    boxes = [(float(place) - len(told) * 3.6, float(place) + len(told) * 3.6) for place, told in drawn]
    assert len(boxes) >= 3 and all(before[1] < after[0] for before, after in pairwise(boxes))


def test_a_drawing_without_links_is_one_image():
    assert 'role="img"' in svg.embedded(10, 10, "a & b", "<path/>") and "a &amp; b" in svg.embedded(1, 1, "a & b", "")
    assert 'role="group"' in svg.embedded(10, 10, "a", '<a href="#b">c</a>')


def test_members_of_a_family_are_joined_by_a_line(make_report):
    data = make_report(trials=12, at_random=0)
    member = Landmark("half of it", 0.8, 1.0, label="half", family="a.ckpt")
    family = (member, dataclasses.replace(member, latency_ms=2.0), dataclasses.replace(member, family="b.ckpt"))
    body = pareto_chart(dataclasses.replace(data, landmarks=family), Size(780, 560)).body
    assert [line.count("L") for line in re.findall(r'class="family" d="([^"]+)"', body)] == [1]
    assert ">pruned network<" in body and ">known network<" not in body
    assert body.count(">half<") == 3 and "half of it" not in body


def test_the_style_of_a_picture_stays_inside_it():
    selectors = [line.split("{")[0].strip() for line in svg.style().splitlines() if "{" in line and "@" not in line]
    assert len(selectors) > 40 and all(
        part.strip().startswith((".stgnn", "svg.stgnn")) for one in selectors for part in one.split(",")
    )


def test_the_legend_names_no_mark_that_is_not_drawn(make_report):
    data = make_report()  # only the chosen network is fine-tuned, and it is a star
    other = next(point for point in data.points if point.number != data.chosen)
    more = dataclasses.replace(
        data, points=tuple(dataclasses.replace(p, fine_tuned=0.9) if p == other else p for p in data.points)
    )
    assert "fine-tuned" not in words(pareto_chart(data, Size(800, 460)).document())
    assert "fine-tuned" in words(pareto_chart(more, Size(800, 460)).document())
