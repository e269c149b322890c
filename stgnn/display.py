"""Results as people read them: short tables where a word has something to compare, keys and values for the rest."""

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from stgnn.report import ReportPoint, front_table, markdown_table
from stgnn.report.adaptive import results
from stgnn.report.units import count, lengths_text, milliseconds, percent
from stgnn.space import read_architecture

SPLITS = {"val": "validation", "test": "test"}
SCORES = {"top1": "Top-1", "top5": "Top-5", "mean_class": "Mean class", "calibration_error": "Calibration error"}
SEVERITIES = ("errors", "warnings", "notes")
LISTED_CLASSES = 30  # more fill the screen; the page of the check shows them all
_METRIC = re.compile(rf"({'|'.join(SPLITS)})_(?:(\w+)_)?({'|'.join(SCORES)})")


def shown(word: str, result: Any) -> str:
    """What the word of the command line prints for people."""
    return _SHAPES.get(word, readable)(result).rstrip("\n")


def readable(result: Any, indent: str = "") -> str:
    """Plain data for people: one line for each key."""
    if isinstance(result, Mapping):
        lines = []
        for key, value in result.items():
            nested = isinstance(value, (Mapping, list, tuple)) and len(value) > 0
            text = f"\n{readable(value, indent + '  ')}" if nested else f" {readable(value)}"
            lines.append(f"{indent}{key}:{text}")
        return "\n".join(lines)
    if isinstance(result, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in result):
            return f"\n{indent}--\n".join(readable(item, indent) for item in result)
        return "\n".join(f"{indent}{item}" for item in result)
    return f"{indent}{result:.6g}" if isinstance(result, float) else f"{indent}{result}"


def _training(result: Mapping[str, Any]) -> str:
    metrics: Mapping[str, float] = result.get("metrics", {})
    rows: dict[str, dict[str, str]] = {}
    for name, value in metrics.items():
        if match := _METRIC.fullmatch(name):
            split, network, score = match.groups()
            label = f"{SPLITS[split]}, {network}" if network else SPLITS[split]
            rows.setdefault(label, {})[score] = percent(value)
    cells = [[label, *(row.get(score, "") for score in SCORES)] for label, row in rows.items()]
    others = {name: value for name, value in metrics.items() if not _METRIC.fullmatch(name)}
    return _above({**_without(result, "metrics"), **others}, ["", *SCORES.values()], cells)


def _profile(result: Mapping[str, Any]) -> str:
    models: Mapping[str, Mapping[str, float]] = result.get("holdout", {})
    shares = ("mape", "within_5_percent", "within_10_percent")
    cells = [
        [name, *(percent(one[share]) for share in shares), f"{one['spearman']:.3f}"] for name, one in models.items()
    ]
    headers = ["Held-out networks", "Mean error", "Within 5 %", "Within 10 %", "Rank correlation"]
    return _above(_without(result, "holdout"), headers, cells)


def _above(facts: Mapping[str, Any], headers: list[str], cells: list[list[str]]) -> str:
    """Keys and values above a table that may be empty."""
    return f"{readable(facts)}\n\n{markdown_table(headers, cells)}" if cells else readable(facts)


def _ranked(result: Mapping[str, Any]) -> str:
    from stgnn.report.ranks import rank_cells

    facts = _without(result, "checksum", "orders", "again", "mean_shared", "mean_fine_tuned", "mean_alone", "verdict")
    return f"{_above(facts, *rank_cells(result))}\n{result['verdict']}"


def _found(result: Mapping[str, Any]) -> str:
    lines = [readable(_without(result, "front", "chosen", "chosen_by"))]
    if front := result.get("front"):
        lines += ["", _networks(front)]
    if chosen := result.get("chosen"):
        lines += [f"{_first_words(result)}:" if front else "", _line(chosen)]
    if front and "study" in result and "://" not in result["study"]:  # beside one in a database lies no recipe
        command = shlex.join(["stgnn", "finetune", "--study", result["study"], "--name", result["name"]])
        lines += ["", f"to train its favourites on: {command}"]
    return "\n".join(lines)


def _first_words(result: Mapping[str, Any]) -> str:
    """What the chosen network is, without the reason."""
    return str(result.get("chosen_by", "the knee")).partition(":")[0]


def _extracted(result: Mapping[str, Any]) -> str:
    chosen = _without(result, "output")
    return "\n".join([f"output: {result['output']}", "", _networks([chosen]), _line(chosen)])


def _fine_tuned(result: Mapping[str, Any]) -> str:
    front = {row["digest"] for row in result["front"]}
    cells = []
    for row in result["rows"]:
        shares = [percent(row["accuracy"], row["accuracy_std"]), percent(row["fine_tuned"])]
        sizes = [milliseconds(row["latency_ms"], row["latency_std"]), count(row["macs"]), count(row["parameters"])]
        cells.append([str(row["number"]), row["digest"], *shares, *sizes, "yes" if row["digest"] in front else ""])
    headers = ["Trial", "Digest", "Inherited", "Fine-tuned", "Predicted latency", "MACs", "Parameters", "Front"]
    table = markdown_table(headers, cells, ("Digest", "Front"))
    facts = readable(_without(result, "rows", "front", "chosen", "chosen_by"))
    return "\n".join([facts, "", table, f"{_first_words(result)}:", _line(result["chosen"])])


def _stores(result: list[Mapping[str, Any]]) -> str:
    if not result:
        return "no stores in this folder; stgnn data import writes them"
    return markdown_table(["Store", "Layout", "Clips", "Classes"], [list(row.values()) for row in result], ("Store",))


def _checked(result: Mapping[str, Any]) -> str:
    """Sizes, classes, remarks and findings, the gravest first; what there is none of takes no room."""
    classes = [[*map(str, row)] for row in result["classes"].items()]
    counts = [f"{result[many]} {many.removesuffix('s') if result[many] == 1 else many}" for many in SEVERITIES]
    paragraphs = [
        readable(_sizes(result)),
        markdown_table(["Class", "Clips"], classes).rstrip() if len(classes) <= LISTED_CLASSES else "",
        "\n".join(_remarks(result)),
        "\n".join(map(_finding, result["findings"])),
        ", ".join(counts),
    ]
    return "\n\n".join(filter(None, paragraphs))


def _sizes(result: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {
        "clips": f"{result['clips']}, {result['frames']} frames ({lengths_text(result['lengths'])} in a clip)",
        "bodies": f"{result['persons']} in a clip at most; {result['bodies_empty']} places for a body are empty",
        "layout": f"{result['layout']}: {result['joints']} joints of {result['coordinates']} coordinates",
        "splits": ", ".join(f"{name} {count}" for name, count in result["splits"].items()) or "none",
        "subjects": len(result["subjects"]) or "unknown",
    }
    if "page" in result:
        sizes["page"] = result["page"]
    if len(counts := result["classes"]) > LISTED_CLASSES:
        sizes["classes"] = f"{len(counts)} of {min(counts.values())} to {max(counts.values())} clips"
    return sizes


def _remarks(result: Mapping[str, Any]) -> list[str]:
    left_out = [f"left out: {count} clips, {reason}" for reason, count in result.get("left_out", {}).items()]
    return left_out + [f"remark: {remark}" for remark in result.get("remarks", ())]


def _finding(finding: Mapping[str, Any]) -> str:
    examples = f" For example {', '.join(finding['examples'][:3])}." if finding["examples"] else ""
    return f"{finding['severity']}: {finding['what']}{examples}\n  -> {finding['action']}"


def _quickstart(result: Mapping[str, Any]) -> str:
    return readable({**result, "chosen": _without(result["chosen"], "architecture")})


def _adaptive(result: Mapping[str, Any]) -> str:
    return _above(_without(result, "singles", "adaptive"), *results(result))


def _family(result: Mapping[str, Any]) -> str:
    whole = result["rows"][0]["latency_ms"]["quiet_ms"]
    cells = []
    for row in result["rows"]:
        time = row["latency_ms"]["quiet_ms"]
        sizes = [count(row["parameters"]), percent(row["not_zero"]), count(row["macs"]), str(row["bytes"])]
        cells.append([row["name"], percent(row["val_top1"]), *sizes, milliseconds(time), f"{whole / time:.2f}"])
    headers = ["Network", "Validation", "Parameters", "Not zero", "MACs", "Bytes", "Measured", "Times faster"]
    return _above(_without(result, "rows"), headers, cells)


def _lottery(result: Mapping[str, Any]) -> str:
    from stgnn.report.lottery import lottery_cells

    return _above(_without(result, "rows"), *lottery_cells(result["rows"]))


def _listed(result: Mapping[str, str]) -> str:
    width = max(map(len, result), default=0) + 2
    return "\n".join(f"{name:<{width}}{text}".rstrip() for name, text in result.items())


def _networks(rows: list[Mapping[str, Any]]) -> str:
    return front_table([ReportPoint(**row) for row in rows])


def _line(row: Mapping[str, Any]) -> str:
    """One network in one line."""
    return f"trial {row['number']}, {row['digest']}: {read_architecture(row['architecture'])}"


def _without(result: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in names}


_SHAPES: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("fit", "validate", "test", "predict"), _training),
    "quickstart": _quickstart,
    "adasgn": _adaptive,
    "sparsify": _family,
    "lottery": _lottery,
    "data list": _stores,
    "list": _listed,
    "data import": _checked,
    "data check": _checked,
    "profile": _profile,
    "rank": _ranked,
    "search": _found,
    "report": _found,
    "finetune": _fine_tuned,
    "extract": _extracted,
}
