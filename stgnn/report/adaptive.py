"""The page about AdaSGN: accuracy against cost, actions by class, and clips with the joints that were chosen."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stgnn.files import remade, write_text
from stgnn.report.adaptive_charts import curve_chart, is_control, policies_of, usage_chart, validated
from stgnn.report.adaptive_clips import ChosenClip, clip_svg
from stgnn.report.chart_parts import Size
from stgnn.report.page import fill, resource
from stgnn.report.units import count, milliseconds, percent, usage_text

if TYPE_CHECKING:
    from stgnn.data.datamodule import SkeletonDataModule

CURVE = {"wide": Size(780, 460), "narrow": Size(360, 380, left=54, right=18)}
CLIPS = 6  # that are drawn


def write_adaptive_page(output: str | Path, summary: Mapping[str, Any], clips: Sequence[ChosenClip] = ()) -> Path:
    """Write the page as one file that needs nothing else.

    Args:
        output: The HTML file.
        summary: What the two-stage training says (``summary.json``).
        clips: Clips to draw.

    Returns:
        The file.

    Raises:
        InputError: it cannot be written.
    """
    write_text(output, render_adaptive_page(summary, clips))
    return Path(output)


def render_adaptive_page(summary: Mapping[str, Any], clips: Sequence[ChosenClip] = ()) -> str:
    """The page as HTML; see :func:`write_adaptive_page`."""
    shown = shown_run(summary)
    return fill(
        resource("adaptive_page.html"),
        style=resource("chart.css") + resource("page.css"),
        lead=_lead(summary),
        curve=_curve(summary),
        table=results_table(summary),
        usage_name=escape(shown["name"]),
        usage=usage_chart(shown["usage_by_class"], list(shown["usage"])),
        clips="".join(_figure(clip) for clip in clips) or '<p class="empty">No clips were drawn.</p>',
    )


def _curve(summary: Mapping[str, Any]) -> str:
    """The curve with its caption; a word instead where there are no validation clips."""
    if not (rows := validated(summary)):
        return '<p class="empty">No clips were held out for validation: there is no curve to choose by.</p>'
    charts = "".join(curve_chart(summary, size).embedded(css) for css, size in CURVE.items())
    line = "Each line joins the networks of one policy" if len(policies_of(rows)) > 1 else "The line joins networks"
    told = (
        f"Up and to the left is better. {line}, trained with different weights &alpha; of the efficiency loss. "
        "Accuracies are those of the validation clips, so that &alpha; may be chosen here; costs are those of the "
        "actions that the test clips took."
    )
    return f"{charts}<figcaption>{told}</figcaption>"


def shown_run(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """The network whose usage is shown: of those with a trained policy the best on the validation clips."""
    rows = [row for row in summary["adaptive"] if not is_control(row)] or summary["adaptive"]
    best: Mapping[str, Any] = max(rows, key=lambda row: row["val"] or 0.0)
    return best


def results_table(summary: Mapping[str, Any]) -> str:
    """Every network with its accuracies, its costs and its usage of the actions."""
    rows = [*summary["singles"], *summary["adaptive"]]
    timed = any("milliseconds" in row for row in rows)
    heads = ["Network", "Validation", "Test", "GFLOPs", "MACs", *["ms of a body"] * timed, "Usage"]
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _cells(row, timed))}</tr>" for row in rows)
    return (
        f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>{lines}</tbody></table>"
    )


def _cells(row: Mapping[str, Any], timed: bool) -> list[str]:
    usage = usage_text(row.get("usage", {}))
    time = [milliseconds(row["milliseconds"]) if "milliseconds" in row else ""] if timed else []
    gflops = f"{row['gflops']:.3g}" if "gflops" in row else ""
    validation = "" if row["val"] is None else percent(row["val"])
    return [escape(row["name"]), validation, percent(row["test"]), gflops, count(row["macs"]), *time, escape(usage)]


def _lead(summary: Mapping[str, Any]) -> str:
    clips = summary["clips"]
    sizes = f"{clips['train']:,} clips trained, {clips['val']:,} chose the epoch, {clips['test']:,} tested."
    best = shown_run(summary)
    text = f"{sizes} Costs are those of one real body; empty bodies are not computed."
    if not summary["singles"]:
        return text
    single = max(summary["singles"], key=lambda row: row["macs"])
    ratio = best["macs"] / single["macs"]
    return (
        f"{text} <strong>{escape(best['name'])}: {percent(best['test'])} at {percent(ratio)} of the "
        f"multiply-accumulates of {escape(single['name'])}, which reaches {percent(single['test'])}.</strong>"
    )


def _figure(clip: ChosenClip) -> str:
    verdict = "" if clip.said == clip.label else f", taken for {clip.said}"
    caption = f"<b>{escape(clip.label)}</b>{escape(verdict)} ({escape(clip.name)})"
    return f"<figure>{clip_svg(clip)}<figcaption>{caption}</figcaption></figure>"


def drawn_clips(summary: Mapping[str, Any], output: Path, data: "SkeletonDataModule") -> list[ChosenClip]:
    """Clips of the test split, of different classes, as the shown network decides on their first body.

    Args:
        summary: What the two-stage training says.
        output: Its folder.
        data: Its data.
    """
    import torch

    from stgnn.networks import AdaSGN, load_model
    from stgnn.tasks.stage import RESULT

    folder = output / str(shown_run(summary)["name"])
    with remade(folder / RESULT):
        network = load_model(folder / "adasgn.ckpt").module
    if not isinstance(network, AdaSGN) or network.policy.fuses or network.policy.draws:
        return []
    test = data.splits()["test"]
    labels = data.store.labels[test]
    first = [int(test[labels == label][0]) for label in sorted(set(labels.tolist()))][:CLIPS]
    batch = data.clips().gather(torch.tensor(first), network.frames)
    with torch.no_grad():
        decided = network.grouped(batch.bodies)
    chosen = []
    for number, clip in enumerate(first):
        body = int((batch.clip == number).nonzero()[0])
        chosen.append(
            ChosenClip(
                data.store.names[clip],
                data.class_names[int(batch.label[number])],
                data.class_names[int(decided.logits[batch.clip == number].mean(dim=0).argmax())],
                batch.bodies[body].double().numpy(),
                decided.actions[body].argmax(dim=-1).tolist(),
                network.actions,
                network.layout,
            )
        )
    return chosen
