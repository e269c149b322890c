"""What all pages are made of."""

from stgnn.report.page import both, fill, render, table


def test_parts_are_not_searched_for_names() -> None:
    assert fill("{{a}}-{{b}}", a="{{b}}", b="1") == "{{b}}-1"


def test_what_a_page_does_not_have_leaves_no_trace() -> None:
    bare = render("lottery_page", "<T>", "", {"A": ""}, chart="", table="", spread="")
    assert bare.count("&lt;T&gt;") == 2 and "<T>" not in bare
    assert not any(mark in bare for mark in ('class="lead"', "<dl", "<footer", "<script", "{{"))
    full = render("lottery_page", "T", "said", {"A": "1<2"}, ["note"], chart="", table="", spread="")
    assert '<p class="lead">said</p>' in full and "<dt>A</dt><dd>1&lt;2</dd>" in full and "<p>note</p>" in full


def test_rows_stand_under_the_name_of_their_group() -> None:
    told = table("All", ["Name", "Value", "Why"], {"": [["a", "1", "x"]], "B & C": [["<d>", "2", "y"]]}, words=("Why",))
    assert told.count("<tbody>") == 2 and told.count('scope="rowgroup"') == 1 and "B &amp; C" in told
    assert '<th scope="row">&lt;d&gt;</th><td class="number">2</td><td class="long">y</td>' in told


def test_a_caption_without_sentences_is_none() -> None:
    assert both(lambda size: None, {}) == "" and "<figcaption>a.<" in both(lambda size: None, {}, "a.")  # type: ignore[arg-type,return-value]
