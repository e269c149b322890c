"""Rules on the body: coordinates that are no metres, clips of another unit, joints that the layout names wrongly."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from stgnn.data.quality.finding import Finding, counted, some
from stgnn.data.quality.scan import Scan
from stgnn.data.store import SkeletonStore
from stgnn.skeleton.layout import SkeletonLayout

METRES = (0.005, 1.0)  # mean length of a bone, from a small hand to a tall body
MILLIMETRES = (5.0, 1000.0)
PIXELS = 2.0  # mean length of a bone in 2-D from which on the unit can only be the pixel
OTHER_SIZE = {2: 20.0, 3: 4.0}  # factor between bones of a clip and of the set; in a picture people are near and far
FAR = 0.1  # share of the way from the best tree to a random one, for the lengths of the bones
LOOSE = 0.2  # and for how much they change; the bones of a true layout come to 0.03 on every set that was tried
POINTS_DOWN = 0.3  # cosine of the angle between the trunk and the legs; about -0.9 of a body that stands
FRAMES = 500  # looked at for the distances between joints

Matrix = npt.NDArray[np.float64]


def unit_findings(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    """What contradicts the unit or the layout.

    * Three coordinates are metres when the mean bone is 0.005 to 1 long, and look like millimetres from 5 on.
    * Two coordinates are pixels when the mean bone is longer than 2.
    * A third coordinate that stays between 0 and 1 beside pixels is a score.
    * A clip is of another unit when its bones are 4 times as long as the median clip's, or as short (20 times in 2-D).
    * The layout does not fit when its bones, taken together, are longer than the shortest tree over the joints and
      change their length more than those of the most rigid one; or when its trunk points to its legs.
    """
    sizes = scan.bone[np.isfinite(scan.bone) & (scan.bone > 0)]
    if len(sizes) == 0:
        return
    size = float(np.median(sizes))
    yield from _unit(store, scan, size)
    yield from _other_sizes(store, scan, size)
    yield from _layout(store)


def _unit(store: SkeletonStore, scan: Scan, size: float) -> Iterator[Finding]:
    if store.layout.dimensions == 2:
        if size > PIXELS:
            what = f"Coordinates are pixels: the mean bone is {size:.3g} long."
            action = "Import again with --image_size '[WIDTH, HEIGHT]', so that clips of different cameras compare."
            yield Finding("warning", "unit_is_pixel", len(store), what, action)
        return
    if size > PIXELS and np.nanmin(scan.low[:, 2]) >= 0 and np.nanmax(scan.high[:, 2]) <= 1:
        what = "The third coordinate stays between 0 and 1 beside pixels: it is a score."
        action = "Import with a layout of two coordinates, and the third as scores."
        yield Finding("error", "score_as_coordinate", len(store), what, action)
    elif MILLIMETRES[0] <= size <= MILLIMETRES[1]:
        what = f"Coordinates look like millimetres: the mean bone is {size:.3g} long."
        action = "Divide by 1000: augmentation and the shipped networks expect metres."
        yield Finding("warning", "unit_is_millimetre", len(store), what, action)
    elif not METRES[0] <= size <= METRES[1]:
        what = f"Coordinates are no metres: the mean bone is {size:.3g} long."
        action = "Say in which unit they are, and scale them to metres if you can."
        yield Finding("warning", "unit_unknown", len(store), what, action)


def _other_sizes(store: SkeletonStore, scan: Scan, size: float) -> Iterator[Finding]:
    factor = OTHER_SIZE[store.layout.dimensions]
    ratio = np.where(scan.bone > 0, scan.bone, size) / size
    other = (ratio > factor) | (ratio < 1 / factor)
    if clips := int(other.sum()):
        yield Finding(
            "error",
            "clips_of_another_unit",
            clips,
            f"In {counted(clips, 'clip')} bones are over {factor:.0f} times as long, or as short, as in the others.",
            "Bring all clips to one unit, or leave these out.",
            some(store.names, np.flatnonzero(other)),
        )


def _layout(store: SkeletonStore) -> Iterator[Finding]:
    bones = np.array(store.layout.bones, dtype=np.intp).reshape(-1, 2)
    poses = _sample(store)
    distances = _distances(poses)
    action = "Compare the order of the joints in the source with the layout (stgnn list layouts)."
    if len(bones) >= 3 and distances is not None:
        far, loose = (_misfit(matrix, bones) for matrix in distances)
        if far > FAR and loose > LOOSE:
            what = f"The bones of {store.layout.name} join joints that are far apart and move against each other."
            yield Finding("error", "layout_does_not_fit", store.layout.num_joints, what, action)
    if _trunk_to_legs(poses, store.layout) > POINTS_DOWN:
        what = f"By {store.layout.name} the trunk points from the hips towards the feet."
        yield Finding("error", "trunk_points_down", store.layout.num_joints, what, action)


def _sample(store: SkeletonStore) -> Matrix:
    """Bodies (B, V, C) of some frames, evenly spread; zero where NaN stands."""
    chosen = np.unique(np.linspace(0, len(store.keypoints) - 1, FRAMES).astype(np.int64))
    frames = np.nan_to_num(store.keypoints[chosen].astype(np.float64), posinf=0, neginf=0)
    bodies: Matrix = frames.reshape(-1, *frames.shape[2:])  # (F, M, V, C) -> (F M, V, C)
    return bodies


def _distances(poses: Matrix) -> tuple[Matrix, Matrix] | None:
    """Mean and standard deviation of the distance of each two joints (V, V); None where two are never seen together."""
    seen = np.asarray(poses.any(axis=-1))  # (B, V)
    both = seen[:, :, np.newaxis] & seen[:, np.newaxis]
    times = both.sum(axis=0)
    if not times.all():
        return None
    gaps = np.linalg.norm(poses[:, :, np.newaxis] - poses[:, np.newaxis], axis=-1) * both
    mean = gaps.sum(axis=0) / times
    return mean, np.sqrt(np.maximum((gaps * gaps).sum(axis=0) / times - mean * mean, 0))


def _misfit(matrix: Matrix, bones: npt.NDArray[np.intp]) -> float:
    """Where the sum over the bones lies between that of the best tree (0) and that of a random one (1)."""
    best = _shortest_tree(matrix)
    random = float(matrix[np.triu_indices(len(matrix), 1)].mean()) * len(bones)
    declared = float(matrix[bones[:, 0], bones[:, 1]].sum())
    return (declared - best) / (random - best) if random > best else 0.0


def _trunk_to_legs(poses: Matrix, layout: SkeletonLayout) -> float:
    """Median cosine of the angle between the trunk and the way from the hips to the legs; -1 where there is neither."""
    legs = [joint for name, joints in layout.parts if "leg" in name for joint in joints]
    if layout.spine is None or not legs:
        return -1.0
    chosen = [*layout.spine, *legs]
    known = poses[(poses[:, chosen] != 0).any(axis=-1).all(axis=-1)]
    hips = known[:, layout.spine[0]]
    up, down = known[:, layout.spine[1]] - hips, known[:, legs].mean(axis=1) - hips
    product = np.linalg.norm(up, axis=-1) * np.linalg.norm(down, axis=-1)
    return float(np.median((up * down).sum(axis=-1) / np.maximum(product, 1e-9))) if len(known) else -1.0


def _shortest_tree(distances: Matrix) -> float:
    """Length of the minimum spanning tree, joint by joint (Prim)."""
    near, total = distances[0].copy(), 0.0
    near[0] = np.inf
    inside = np.arange(len(distances)) == 0
    for _ in range(len(distances) - 1):
        joint = int(near.argmin())
        total += float(near[joint])
        inside[joint] = True
        near = np.where(inside, np.inf, np.minimum(near, distances[joint]))
    return total
