"""Architectures in words: one short line, a few lines, and the choices that made them."""

from stgnn.report.units import DASH, NARROW
from stgnn.space import Architecture, BaseArchitecture, SGNArchitecture


def short(architecture: BaseArchitecture) -> str:
    """The architecture in a few words, for a line of a table."""
    told = f"{_streams(architecture, '+')}, {architecture.frames} frames, {_joints(architecture)}"
    if isinstance(architecture, SGNArchitecture):
        return f"SGN: {told}, {DASH.join(map(str, (architecture.embedding, *architecture.layers)))} channels"
    if isinstance(architecture, Architecture):
        widths = DASH.join(str(stage.width) for stage in architecture.stages)
        return f"{told}, {architecture.depth} blocks, {widths} channels"
    return str(architecture)


def summary(architecture: BaseArchitecture) -> list[str]:
    """The architecture in one line for the input and one for each stage; blocks of the same operators are counted."""
    lines = [f"{_streams(architecture, ' + ')}, {architecture.frames} frames, {_joints(architecture)}"]
    if isinstance(architecture, SGNArchitecture):
        return [*lines, f"embedding of {architecture.embedding} channels", f"graph layers: {_layers(architecture)}"]
    if isinstance(architecture, Architecture):
        lines[0] += f", stem {architecture.stem}" if architecture.stem else ", no stem"
        return lines + _stages(architecture)
    return [str(architecture)]


def _stages(architecture: Architecture) -> list[str]:
    lines = []
    for stage in architecture.stages:
        kinds: dict[str, int] = {}
        for block in stage.blocks:
            kind = f"{block.spatial}, {block.temporal} {block.kernel}"
            kinds[kind] = kinds.get(kind, 0) + 1
        told = "; ".join(f"{times}{NARROW}of {kind}" if times > 1 else kind for kind, times in kinds.items())
        lines.append(f"{stage.width} channels: {told}")
    return lines


def genes_of(architecture: BaseArchitecture) -> dict[str, list[str]]:
    """The choices that made an architecture, by the name of the gene; those of the blocks of a stage are pooled."""
    genes = {
        "streams": [_streams(architecture, "+")],
        "frames": [f"{architecture.frames} frames"],
        "joints": [_joints(architecture)],
    }
    if isinstance(architecture, SGNArchitecture):
        genes["embedding"] = [f"{architecture.embedding} channels"]
        for number, width in enumerate(architecture.layers, start=1):
            genes[f"graph layer {number}"] = [f"{width} channels"]
    if isinstance(architecture, Architecture):
        genes |= {"stem": [f"{architecture.stem} channels"], **_stage_genes(architecture)}
        genes["readout"] = [architecture.readout]
    return genes


def _stage_genes(architecture: Architecture) -> dict[str, list[str]]:
    genes = {}
    for number, stage in enumerate(architecture.stages, start=1):
        genes[f"stage {number}: depth"] = [f"{len(stage.blocks)} block" + "s" * (len(stage.blocks) > 1)]
        genes[f"stage {number}: width"] = [f"{stage.width} channels"]
        for field in ("spatial", "temporal", "kernel", "activation", "attention"):
            unit = " frames" if field == "kernel" else ""
            genes[f"stage {number}: {field}"] = [f"{getattr(block, field)}{unit}" for block in stage.blocks]
    return genes


def _streams(architecture: BaseArchitecture, between: str) -> str:
    return between.join(name.replace("_", " ") for name in architecture.input_streams)


def _joints(architecture: BaseArchitecture) -> str:
    if architecture.joints == 1:
        return "1 joint"
    return f"{architecture.joints} joints" if architecture.joints else "all joints"


def _layers(choice: SGNArchitecture) -> str:
    return f"{', '.join(map(str, (*choice.layers, choice.features)))} channels"
