"""A single model of SGN drawn as a diagram."""

from stgnn.report.diagram_parts import BOX, GAP, Shape, arrow, caption, solid, wide_box
from stgnn.report.units import TIMES
from stgnn.space import SGNArchitecture


def sgn_body(choice: SGNArchitecture, num_joints: int, num_classes: int) -> tuple[float, str]:
    """Height and SVG of the diagram, top left at the origin."""
    joints = choice.joints or num_joints
    steps = []
    if choice.joints not in (0, num_joints):
        steps.append(("Joints", f"{num_joints} joints pooled to {choice.joints}, learned"))
    steps.append(("Embeddings", f"position and velocity, {choice.embedding} channels each, and what a joint is"))
    for number, width in enumerate((*choice.layers, choice.features), start=1):
        steps.append((f"Graph layer {number}", f"{width} channels, graph of its own for every frame"))
    steps.append(("Maximum over the joints", f"{choice.features} features of each frame"))
    steps.append(("Temporal module", f"what a frame is, two convolutions, maximum over {choice.frames} frames"))
    steps.append(("Head", f"{num_classes or 'all'} classes"))
    name = choice.stream.replace("_", " ")
    parts = [caption(14, f"Input: {name}", f"{choice.frames} frames {TIMES} {num_joints} joints")]
    parts.append(solid(Shape(choice.embedding, choice.frames, joints, choice.frames, num_joints), 28, 24 + BOX / 2))
    y: float = 24
    for number, (title, detail) in enumerate(steps):
        if number:
            parts.append(arrow(y))
            y += GAP
        parts.append(wide_box(y, title, detail))
        y += BOX
    return y + 1, "".join(parts)
