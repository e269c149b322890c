"""The page about AdaSGN: accuracy against cost, actions by class, and clips with the joints that were chosen."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stgnn.files import remade, write_text
from stgnn.report.adaptive_charts import curve_chart, is_control, policies_of, usage_chart, validated
from stgnn.report.adaptive_clips import ChosenClip, clip_html
from stgnn.report.chart_parts import Size
from stgnn.report.page import both, empty, render, table
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
    heads, rows = results(summary)
    return render(
        "adaptive_page",
        "AdaSGN: accuracy against cost",
        _lead(summary),
        {},
        ("All numbers are also in summary.json, beside this page.",),
        curve=_curve(summary),
        table=table("Every network", heads, {"": rows}, words=("Usage",)),
        usage_name=escape(shown["name"]),
        usage=usage_chart(shown["usage_by_class"], list(shown["usage"])),
        clips=_clips(clips),
    )


def _curve(summary: Mapping[str, Any]) -> str:
    """The curve with its caption, of which only what is drawn is said; a word where there are no validation clips."""
    rows = validated(summary)
    if not rows:
        return empty("No clips were held out for validation: there is no curve to choose by.")
    lines = sum(sum(row.get("policy") == policy for row in rows) > 1 for policy in policies_of(rows))
    joined = "The line joins networks" if lines == 1 else "Each line joins the networks of one policy,"
    line = f"{joined} trained with different weights &alpha; of the efficiency loss. " if lines else ""
    told = (
        f"Up and to the left is better. {line}Accuracies are those of the validation clips, so that a network may be "
        "chosen here; costs of AdaSGN are those of the actions that the test clips took."
    )
    return both(lambda size: curve_chart(summary, size), CURVE, told)


def _clips(clips: Sequence[ChosenClip]) -> str:
    if not clips:
        return empty("No clips were drawn.")
    joints = [name.partition("-")[2] for name in clips[0].names]
    told = "An action is a module size and a number of joints, drawn over the faint full body."
    told += " Thin lines are the smallest module of several." * (len(set(joints)) < len(joints))
    told += " An action without joints leaves the frame out." * ("" in joints)
    return f'<p class="quiet">{told}</p>{"".join(map(_figure, clips))}'


def shown_run(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """The network whose usage is shown: of those with a trained policy the best on the validation clips."""
    rows = [row for row in summary["adaptive"] if not is_control(row)] or summary["adaptive"]
    best: Mapping[str, Any] = max(rows, key=lambda row: row["val"] or 0.0)
    return best


def results(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of every network: its accuracies, its costs and its usage of the actions."""
    rows = [*summary["singles"], *summary["adaptive"]]
    tellers: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "Network": lambda row: row["name"],
        "Validation": lambda row: percent(row["val"]) if row["val"] is not None else "",
        "Test": lambda row: percent(row["test"]),
        "GFLOPs": lambda row: f"{row['gflops']:.3g}" if "gflops" in row else "",
        "MACs": lambda row: count(row["macs"]),
        "Time of a body": lambda row: milliseconds(row["milliseconds"]) if "milliseconds" in row else "",
        "Usage": lambda row: usage_text(row.get("usage", {})),
    }
    columns = {head: [teller(row) for row in rows] for head, teller in tellers.items()}
    told = {head: cells for head, cells in columns.items() if any(cells)}
    return list(told), [list(cells) for cells in zip(*told.values(), strict=True)]


def _lead(summary: Mapping[str, Any]) -> str:
    clips = summary["clips"]
    validation = f" {clips['val']:,} chose the epoch," if clips["val"] else ""
    sizes = f"{clips['train']:,} clips trained,{validation} {clips['test']:,} tested."
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
    return f"<figure><figcaption>{caption}</figcaption>{clip_html(clip)}</figure>"


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
