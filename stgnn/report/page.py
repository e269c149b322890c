"""What all pages are made of: one HTML file with everything in it, from the template files beside this module."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from stgnn.report.chart_parts import Size
from stgnn.report.charts import Chart


def render(name: str, title: str, lead: str, facts: Mapping[str, str], footer: Iterable[str] = (), **parts: str) -> str:
    """A page that needs nothing else: styles, script, drawings and data are inside.

    Args:
        name: Of the template files: ``name.html`` holds the sections, ``name.css`` and ``name.js`` what only they need.
        title: Heading.
        lead: The result in words, as HTML.
        facts: Where the numbers come from; what is empty is left out.
        footer: Sentences at the end.
        parts: HTML for the names in double braces.
    """
    script = resource(f"{name}.js")
    notes = "".join(f"<p>{escape(note)}</p>" for note in footer)
    return fill(
        resource("page.html"),
        title=escape(title),
        style=resource("chart.css") + resource("page.css") + resource(f"{name}.css"),
        lead=f'<p class="lead">{lead}</p>' if lead else "",
        facts=pairs("strip", facts),
        body=fill(resource(f"{name}.html"), **parts),
        footer=f"<footer>{notes}</footer>" if notes else "",
        script=f"<script>{script}</script>" if script else "",
    )


def fill(template: str, **parts: str) -> str:
    """Put each part in the place of its name in double braces; the parts themselves are not searched."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def resource(name: str) -> str:
    """The content of a template file beside this module; nothing where a page has no such file."""
    file = files("stgnn.report") / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def safe_json(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def both(draw: Callable[[Size], Chart], sizes: Mapping[str, Size], caption: str = "") -> str:
    """A chart drawn wide and drawn narrow for a phone, of which the style sheet shows one, and a caption, as HTML."""
    drawings = "".join(draw(size).embedded(css) for css, size in sizes.items())
    return f"{drawings}<figcaption>{caption}</figcaption>" if caption else drawings


def empty(told: str) -> str:
    """A sentence in the place of what is not there."""
    return f'<p class="empty">{told}</p>'


def pairs(css: str, facts: Mapping[str, str]) -> str:
    """Names with their values; a value that is empty is left out."""
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items() if v)
    return f'<dl class="{css}">{items}</dl>' if items else ""


def scroll(label: str, content: str, css: str = "scroll") -> str:
    """A box that scrolls, also by keys, and shows by its shadows that it does."""
    return f'<div class="{css}" tabindex="0" role="region" aria-label="{escape(label)}">{content}</div>'


def table(
    label: str, heads: Sequence[str], groups: Mapping[str, Sequence[Sequence[str]]], words: Collection[str] = ()
) -> str:
    """A table with the name of each row in front.

    Args:
        label: What the table holds, for those who do not see it.
        heads: Names of the columns.
        groups: Rows under a name of their own; the name is not shown where it is empty.
        words: The columns of words, which stand on the left and may break; the others hold numbers.
    """
    css = [f' class="{"long" if head in words else "number"}"' for head in heads[1:]]

    def line(cells: Sequence[str], scope: str, tag: str) -> str:
        rest = "".join(f"<{tag}{one}>{escape(cell)}</{tag}>" for cell, one in zip(cells[1:], css, strict=True))
        return f'<tr><th scope="{scope}">{escape(cells[0])}</th>{rest}</tr>'

    bodies = []
    for group, rows in groups.items():
        title = f'<tr><th scope="rowgroup" colspan="{len(heads)}">{escape(group)}</th></tr>' if group else ""
        bodies.append(f"<tbody>{title}{''.join(line(row, 'row', 'td') for row in rows)}</tbody>")
    head = f"<thead>{line(heads, 'col', 'th')}</thead>"
    return scroll(label, f'<table class="list">{head}{"".join(bodies)}</table>')


def bar_rows(label: str, rows: Iterable[tuple[str, str]]) -> str:
    """Names with what is drawn beside each, as HTML of table cells, in a box that scrolls."""
    lines = "".join(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>' for name, cells in rows)
    return scroll(label, f"<table>{lines}</table>", "bars")
