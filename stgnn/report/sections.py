"""The parts of the page as HTML: result in words, facts, panel of one network, genes, table. All is escaped here."""

import re
from collections.abc import Mapping, Sequence
from html import escape

from stgnn.report.analysis import Gene
from stgnn.report.architectures import short, summary
from stgnn.report.data import Landmark, Measured, ReportData, ReportPoint
from stgnn.report.diagram import embedded_diagram
from stgnn.report.page import empty, pairs, scroll
from stgnn.report.units import DASH, NARROW, count, milliseconds, percent

CHOSEN = '<span class="tag chosen">chosen</span>'
GENES_SHOWN = 12  # more than a screenful is not read; the rest is one click away


def lead(data: ReportData, front: Sequence[ReportPoint], gain: float | None) -> str:
    """The result in plain words.

    Args:
        data: The trials.
        front: The front of the search.
        gain: Hypervolume relative to random search at equal trials, minus 1; None without random search.
    """
    sentences = []
    if (point := data.chosen_point) is not None:
        measured = f", measured {milliseconds(point.measured.ms)}" if point.measured else ""
        sentences.append(
            f"The chosen network: <strong>{accuracies(point)} at {milliseconds(point.latency_ms)}</strong>"
            f"{measured}, with {count(point.parameters)} parameters and {count(point.macs)} MACs."
        )
    fast, good = front[0], front[-1]
    if len(front) == 1:
        only = "the only network evaluated" if len(data.points) == 1 else "the one network that no other beats"
        alone = f"{percent(fast.accuracy)} at {milliseconds(fast.latency_ms)}"
        sentences.append(f"It is {only}." if point == fast else f"{only.capitalize()}: {alone}.")
    else:
        sentences.append(
            f"The front holds {len(front)} networks, from {percent(fast.accuracy)} at {milliseconds(fast.latency_ms)} "
            f"to {percent(good.accuracy)} at {milliseconds(good.latency_ms)}."
        )
    if gain is not None:
        side = "above" if gain >= 0 else "below"
        sentences.append(f"At equal trials its hypervolume is {percent(abs(gain))} {side} that of random search.")
    return " ".join(sentences)


def accuracies(point: ReportPoint) -> str:
    """The accuracy of a network, and what it comes to where it was fine-tuned."""
    tuned = f" ({percent(point.fine_tuned)} after fine-tuning)" if point.fine_tuned is not None else ""
    return f"{percent(point.accuracy)}{tuned}"


def facts(data: ReportData) -> Mapping[str, str]:
    """Where the numbers come from; what is not known is empty."""
    trials = f"{len(data.points)} searched" + (f", {len(data.random)} at random" if data.random else "")
    classes = f"{len(data.classes)} classes" if data.classes else ""
    return {
        "Device": data.device,
        "Runtime": data.runtime,
        "Data": ", ".join(part for part in (data.data, classes) if part),
        "Supernet": data.supernet,
        "Networks evaluated": trials,
    }


def panel(data: ReportData, key: str, point: ReportPoint, on_front: bool) -> str:
    """One network: its numbers and its blocks."""
    kind, number = key.split("=")
    tags = [CHOSEN] if key == f"trial={data.chosen}" else []
    tags += ['<span class="tag">on the front</span>'] if on_front else []
    tags += [] if point.feasible else ['<span class="tag">breaks a constraint</span>']
    measured = point.measured
    facts = {
        "Accuracy": percent(point.accuracy, point.accuracy_std),
        "After fine-tuning": percent(point.fine_tuned) if point.fine_tuned is not None else "",
        "Predicted latency": milliseconds(point.latency_ms, point.latency_std),
        "Measured latency, quietest moment": milliseconds(measured.ms) if measured else "",
        "10th to 90th percentile of all runs": _range(measured) if measured else "",
        "Multiply-accumulates": f"{count(point.macs)}{NARROW}MACs" if point.macs else "",
        "Parameters": count(point.parameters) if point.parameters else "",
    }
    drawing = embedded_diagram(point.network, data.joints, len(data.classes))
    name = f"Trial {number}" if kind == "trial" else f"Random search, trial {number}"
    digest = f'<p class="digest">Architecture <code>{escape(point.digest)}</code></p>' if point.digest else ""
    return f"<h3>{name} {' '.join(tags)}</h3>{pairs('facts', facts)}{drawing}{digest}"


def _range(measured: Measured) -> str:
    return f"{milliseconds(measured.p10_ms).removesuffix(f'{NARROW}ms')}{DASH}{milliseconds(measured.p90_ms)}"


def tip(key: str, point: ReportPoint) -> str:
    """What the pointer shows: the numbers and the architecture in a few lines."""
    name = key.replace("=", " ").capitalize()
    lines = "".join(f"<li>{escape(line)}</li>" for line in summary(point.network))
    size = f"{count(point.parameters)} parameters, {count(point.macs)} MACs"
    return f"<b>{name}: {accuracies(point)} at {milliseconds(point.latency_ms)}</b><br>{size}<ul>{lines}</ul>"


def genes(found: Sequence[Gene], on_front: int, evaluated: int) -> str:
    """What sets the front apart: clear differences first, the rest folded away."""
    if on_front < 3:
        size = "one network" if on_front == 1 else "two networks"
        return empty(f"A front of {size} is too small to tell what good networks have in common.")
    clear = [gene for gene in found if gene.clear][:GENES_SHOWN]
    rest = [gene for gene in found if gene not in clear]
    intro = (
        f'Share of each choice among the <span class="key bar front"></span>{on_front} networks on the front and among '
        f'<span class="key bar all"></span>all {evaluated} evaluated, the largest differences first.'
    )
    if not clear:
        intro += f" None is larger than chance would make it on a front of {on_front}."
    shown = f'<div class="genes">{"".join(map(_gene, clear))}</div>' if clear else ""
    told = f"{len(rest)} more genes with smaller differences" if clear else f"All {len(rest)} genes"
    more = f'<div class="genes">{"".join(map(_gene, rest))}</div>'
    folded = f"<details><summary>{told}</summary>{more}</details>" if rest else ""
    return f'<p class="quiet">{intro}</p>{shown}{folded}'


def _gene(gene: Gene) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_breakable(choice)}</th><td>'
        f'<i class="bar front" style="--share:{100 * front:.1f}"></i>'
        f'<i class="bar all" style="--share:{100 * share:.1f}"></i>'
        f'</td><td class="share"><b>{100 * front:.0f}{NARROW}%</b> / {100 * share:.0f}{NARROW}%</td></tr>'
        for choice, front, share in gene.choices
    )
    return f'<div class="gene"><h3>{escape(gene.name.capitalize())}</h3><table>{rows}</table></div>'


def _breakable(name: str) -> str:
    """A long name may break before its capitals, and nowhere else."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", escape(name.replace("_", " ")))


def table(data: ReportData, listed: Sequence[ReportPoint], selected: str) -> str:
    """Networks as a table that the page's script can sort; known networks stand below it."""
    measured = any(point.measured for point in listed)
    tuned = any(point.fine_tuned is not None for point in listed)
    heads = ["Trial", "Accuracy (%)"] + ["Fine-tuned (%)"] * tuned + ["Predicted (ms)"] + ["Measured (ms)"] * measured
    heads += ["MACs", "Parameters"]
    order = {"Predicted (ms)": "ascending"}
    head = "".join(
        f'<th scope="col" class="{"name" if name == "Trial" else "number"}" aria-sort="{order.get(name, "none")}">'
        f'<button type="button">{name}</button></th>'
        for name in heads
    )
    rows = []
    for point in listed:
        key = f"trial={point.number}"
        cells = [_share(point.accuracy, point.accuracy_std)]
        cells += [_share(point.fine_tuned)] * tuned + [_time(point.latency_ms, point.latency_std)]
        cells += [_time(point.measured.ms if point.measured else None)] * measured
        cells += [(point.macs, count(point.macs)), (point.parameters, count(point.parameters))]
        values = "".join(f'<td class="number" data-value="{value}">{told}</td>' for value, told in cells)
        told = escape(short(point.network))
        row = ' class="selected"' if key == selected else ""
        link = f'<a href="#{key}">{point.number}</a>{" " + CHOSEN if point.number == data.chosen else ""}'
        name = f'<th scope="row" data-value="{point.number}">{link}</th>'
        rows.append(f'<tr data-key="{key}"{row}>{name}{values}<td class="long">{told}</td></tr>')
    foot = "".join(_landmark(landmark, tuned, measured) for landmark in data.landmarks)
    return scroll(
        "Networks that the search found",
        f'<table class="list"><thead><tr>{head}<th scope="col" class="long">Architecture</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>{f'<tfoot>{foot}</tfoot>' if foot else ''}</table>",
    )


def _landmark(landmark: Landmark, tuned: bool, measured: bool) -> str:
    """A network to compare with: its latency stands in the predicted column unless something was measured."""
    cells = [_share(landmark.accuracy)[1], *[""] * tuned, _time(landmark.latency_ms)[1], *[""] * measured]
    cells += [count(value) if value else "" for value in (landmark.macs, landmark.parameters)]
    values = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    what = f"pruned from {landmark.family}" if landmark.family else "known network, for comparison"
    return f'<tr><th scope="row">{escape(landmark.name)}</th>{values}<td class="long">{escape(what)}</td></tr>'


def _share(value: float | None, std: float = 0.0) -> tuple[float, str]:
    return (-1, "") if value is None else (value, percent(value, std).removesuffix(f"{NARROW}%"))


def _time(value: float | None, std: float = 0.0) -> tuple[float, str]:
    return (-1, "") if value is None else (value, milliseconds(value, std).removesuffix(f"{NARROW}ms"))
