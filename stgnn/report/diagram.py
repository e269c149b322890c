"""An architecture drawn as a diagram: streams, stem, stages of blocks, head; frames and joints shrink downwards."""

from collections.abc import Sequence
from itertools import groupby

from stgnn.errors import InputError
from stgnn.report import svg
from stgnn.report.diagram_parts import (
    BOX,
    GAP,
    HALF,
    LEFT,
    RIGHT,
    STREAM,
    WIDTH,
    Shape,
    arrow,
    caption,
    solid,
    wide_box,
)
from stgnn.report.diagram_sgn import sgn_body
from stgnn.report.units import TIMES
from stgnn.space import DEFAULT_READOUT, Architecture, BaseArchitecture, PlacedBlock, SGNArchitecture

COORDINATES = 3  # C of the input; a body of two dimensions is drawn alike


def block_diagram(architecture: BaseArchitecture, num_joints: int, num_classes: int) -> str:
    """The diagram as a picture of its own, for a notebook or a README.

    Args:
        architecture: What to draw.
        num_joints: Joints of the layout.
        num_classes: Classes of the head, 0 when unknown.

    Returns:
        An SVG document that follows the reader's light or dark theme.
    """
    height, body = diagram_body(architecture, num_joints, num_classes)
    return svg.document(WIDTH, height, label(architecture), body)


def embedded_diagram(architecture: BaseArchitecture, num_joints: int, num_classes: int) -> str:
    """The diagram for a page that already has the style sheet of :func:`stgnn.report.svg.style`."""
    height, body = diagram_body(architecture, num_joints, num_classes)
    return svg.embedded(WIDTH, height, label(architecture), body, "diagram")


def label(architecture: BaseArchitecture) -> str:
    """The diagram in one sentence, for those who do not see it."""
    if not isinstance(architecture, Architecture):
        return str(architecture)
    stages = ", ".join(f"{len(stage.blocks)} of {stage.width} channels" for stage in architecture.stages)
    return f"Network of {architecture.depth} blocks in {len(architecture.stages)} stages: {stages}"


def diagram_body(architecture: BaseArchitecture, num_joints: int, num_classes: int) -> tuple[float, str]:
    """Height and SVG of the diagram, top left at the origin.

    Raises:
        InputError: networks of this kind cannot be drawn.
    """
    if isinstance(architecture, SGNArchitecture):
        return sgn_body(architecture, num_joints, num_classes)
    if not isinstance(architecture, Architecture):
        raise InputError("there is no drawing of this network", given=architecture)
    joints = architecture.joints or num_joints
    y, start = _input(architecture, num_joints)
    parts = [start]
    for stage, group in groupby(architecture.placed_blocks(COORDINATES), key=lambda block: block.stage):
        blocks = [*group]
        shape = Shape(blocks[0].target, blocks[0].frames_left, joints, architecture.frames, num_joints)
        y, part = _stage(y, stage + 1, blocks, shape)
        parts.append(part)
    parts.append(arrow(y))
    mean = architecture.readout == DEFAULT_READOUT
    head = f"{'Mean over frames and joints' if mean else architecture.readout}, then {num_classes or 'all'} classes"
    parts.append(wide_box(y + GAP, "Head", head))
    return y + GAP + BOX + 1, "".join(parts)


def _input(architecture: Architecture, num_joints: int) -> tuple[float, str]:
    """Input, streams, joint pooling and stem, and the y where the first stage starts."""
    names = [name.replace("_", " ") for name in architecture.streams]
    width = (RIGHT - LEFT - 4 * (len(names) - 1)) / len(names)
    middles = [LEFT + index * (width + 4) + width / 2 for index in range(len(names))]
    parts = [caption(14, "Input", f"{architecture.frames} frames {TIMES} {num_joints} joints")]
    for middle, name in zip(middles, names, strict=True):
        parts.append(svg.rect(middle - width / 2, 24, width, STREAM, "box stream", 5))
        parts.append(svg.text(middle, 24 + 16, name, "name", "middle", width - 8, 11))
    shape = Shape(COORDINATES, architecture.frames, num_joints, architecture.frames, num_joints)
    parts.append(solid(shape, 28, 24 + STREAM / 2))
    y: float = 24 + STREAM
    steps = []
    if architecture.joints not in (0, num_joints):
        steps.append(("Joints", f"{num_joints} joints pooled to {architecture.joints}, learned"))
    if architecture.stem:
        summed = "one per stream, summed: " if len(names) > 1 else ""
        steps.append(("Stem", f"{summed}{architecture.stem} channels"))
    for name, detail in steps:
        parts += [arrow(y, middle) for middle in middles]
        parts.append(wide_box(y + GAP, name, detail))
        y += GAP + BOX
        middles = [(LEFT + RIGHT) / 2]
    return y, "".join(parts)


def _stage(y: float, number: int, blocks: Sequence[PlacedBlock], shape: Shape) -> tuple[float, str]:
    parts = [arrow(y, long=20)]
    y += 40
    size = f"{shape.channels} channels {TIMES} {shape.frames} frames {TIMES} {shape.joints} joints"
    parts.append(caption(y - 6, f"Stage {number}", size))
    parts.append(solid(shape, 28, y + BOX / 2))
    for index, block in enumerate(blocks):
        if index:
            parts.append(arrow(y))
            y += GAP
        y, part = _block(y, block)
        parts.append(part)
    return y, "".join(parts)


def _block(y: float, block: PlacedBlock) -> tuple[float, str]:
    """Spatial step, temporal step, attention if any, and the residual connection around them, if any, as a bracket."""
    spec, right = block.spec, LEFT + HALF + 4
    temporal = f"kernel {spec.kernel}" + (f", stride {block.stride}" if block.stride > 1 else "")
    parts = [
        svg.rect(LEFT, y, HALF, BOX, "box spatial", 6),
        svg.rect(right, y, HALF, BOX, "box temporal", 6),
        svg.text(LEFT + 8, y + 17, spec.spatial, "name", room=HALF - 16, size=11),
        svg.text(LEFT + 8, y + 32, spec.activation, "detail", room=HALF - 16, size=10.5),
        svg.text(right + 8, y + 17, spec.temporal, "name", room=HALF - 16, size=11),
        svg.text(right + 8, y + 32, temporal, "detail", room=HALF - 16, size=10.5),
    ]
    height: float = BOX
    if spec.attention != "none":
        parts.append(svg.rect(LEFT, y + BOX + 3, RIGHT - LEFT, STREAM - 4, "box attention", 5))
        parts.append(svg.text((LEFT + RIGHT) / 2, y + BOX + 17, spec.attention, "name", "middle", size=11))
        height += STREAM - 1
    if block.residual:
        bracket = [(RIGHT, y + 6), (RIGHT + 9, y + 6), (RIGHT + 9, y + height - 6), (RIGHT, y + height - 6)]
        parts.append(svg.path(bracket, "residual"))
    return y + height, "".join(parts)
