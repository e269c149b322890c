"""Bodies as lines on a page: seen from the front, fitted into a square, with the colours of their sides."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from stgnn.report import svg
from stgnn.skeleton.draw import front
from stgnn.skeleton.layout import SkeletonLayout

MARGIN = 0.05  # on each side of the square

Points = npt.NDArray[np.float64]


def placed(points: npt.ArrayLike, layout: SkeletonLayout) -> Points:
    """The poses of one clip from the front, upright, in one scale.

    Args:
        points: Poses (..., V, C); a joint whose coordinates are zero or no numbers is not seen.
        layout: Their layout.

    Returns:
        Places in the unit square (..., V, 2), y down; NaN where a joint is not seen.
    """
    poses = np.asarray(points, dtype=np.float64)
    seen = (poses != 0).any(axis=-1) & np.isfinite(poses).all(axis=-1)
    flat = front(poses, layout)
    if not seen.any():
        return np.full_like(flat, np.nan)
    low, high = np.quantile(flat[seen], (0.005, 0.995), axis=0)  # one wild joint does not shrink the rest to a dot
    unit = max(float((high - low).max()), 1e-9) / (1 - 2 * MARGIN)
    fitted = np.clip(0.5 + (flat - (low + high) / 2) / unit, 0, 1)
    return np.where(seen[..., np.newaxis], fitted, np.nan)


def limbs(bodies: Iterable[Points], bones: Iterable[tuple[int, int]], css: str = "limb") -> str:
    """The bones of bodies (V, 2) whose ends are seen, as one path; empty when there are none."""
    pairs = [*bones]
    ends = [(body[a], body[b]) for body in bodies for a, b in pairs if np.isfinite(body[[a, b]]).all()]
    lines = "".join(f"M{svg.num(x)} {svg.num(y)}L{svg.num(u)} {svg.num(v)}" for (x, y), (u, v) in ends)
    return f'<path class="{css}" d="{lines}"/>'


def bones_by_color(layout: SkeletonLayout) -> dict[str, list[tuple[int, int]]]:
    """Bones by the class of their colour: left, right and middle, or of a body without sides its parts.

    A bone belongs to the side, or the part, of the joint that it ends in.
    """
    known = {left: "left" for left, _ in layout.symmetry} | {right: "right" for _, right in layout.symmetry}
    if not known:
        parts = [joints for _, joints in layout.parts] if layout.num_joints > 1 else []
        known = {joint: svg.color(number) for number, joints in enumerate(parts) for joint in joints}
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for parent, child in layout.bones:
        found[known.get(child, "middle")].append((parent, child))
    return dict(found)
