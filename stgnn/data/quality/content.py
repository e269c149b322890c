"""Rules on coordinates: missing bodies and joints, numbers that are none, bodies that stand still or tear apart."""

from collections.abc import Iterator

import numpy as np

from stgnn.data.quality.finding import Finding, counted, share, some
from stgnn.data.quality.scan import Scan
from stgnn.data.store import SkeletonStore

STILL_FRAMES = 8  # a joint that does not move in fewer frames says nothing
LONG = 10.0  # medians of the length, from which on a clip is a long one


def content_findings(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    """What is wrong with coordinates, gravest first."""
    yield from _not_finite(store, scan)
    yield from _nobody(store, scan)
    yield from _lengths(store, scan)
    yield from _joints(store, scan)
    yield from _still(store, scan)
    yield from _jumps(store, scan)


def _not_finite(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    if frames := int(scan.not_finite.sum()):
        yield Finding(
            "error",
            "not_finite",
            frames,
            f"{counted(frames, 'frame holds', 'frames hold')} NaN or infinity.",
            "Replace joints that were not seen by zeros, or leave the clips out.",
            some(store.names, np.flatnonzero(scan.not_finite)),
        )


def _nobody(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    nobody = scan.empty == store.lengths
    if clips := int(nobody.sum()):
        yield Finding(
            "error",
            "clips_without_body",
            clips,
            f"{counted(clips, 'clip shows', 'clips show')} nobody: every coordinate is zero.",
            "Leave them out: no network can tell what they show.",
            some(store.names, np.flatnonzero(nobody)),
        )
    gaps = np.where(nobody, 0, scan.empty)
    if frames := int(gaps.sum()):
        clips = int((gaps > 0).sum())
        yield Finding(
            "warning",
            "frames_all_zero",
            frames,
            f"Every joint is zero in {counted(frames, 'frame')} of {counted(clips, 'clip')}: tracking was lost.",
            "A network sees a body that collapses into the origin. Cut them off or fill them in in the source, and "
            "import it again.",
            some(store.names, np.argsort(-gaps, kind="stable")[:clips]),
        )
    unused = np.flatnonzero(~scan.bodies.any(axis=0))
    if 0 < len(unused) < scan.bodies.shape[1]:
        yield Finding(
            "note",
            "bodies_never_seen",
            len(unused),
            f"Of {scan.bodies.shape[1]} bodies {counted(len(unused), 'is', 'are')} empty in every clip.",
            "Harmless, but the store could be smaller.",
        )


def _lengths(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    if clips := int((store.lengths == 1).sum()):
        yield Finding(
            "warning",
            "clips_of_one_frame",
            clips,
            f"{counted(clips, 'clip has', 'clips have')} a single frame, so no motion.",
            "Leave them out of training, or check how the clips were cut.",
            some(store.names, np.flatnonzero(store.lengths == 1)),
        )
    median = float(np.median(store.lengths))
    long = store.lengths > LONG * median
    if clips := int(long.sum()):
        yield Finding(
            "note",
            "long_clips",
            clips,
            f"{counted(clips, 'clip is', 'clips are')} more than {LONG:.0f} times as long as the "
            f"median of {median:.0f} frames.",
            "Check that they were cut: frames are sampled from the whole clip.",
            some(store.names, np.argsort(-store.lengths, kind="stable")[:clips]),
        )


def _joints(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    names, bodies = store.layout.joints, int(scan.bodies.sum())
    missing = scan.unseen.sum(axis=0)  # (V,)
    never = np.flatnonzero(missing == bodies) if bodies else np.array([], int)
    if len(never):
        yield Finding(
            "warning",
            "joints_never_seen",
            len(never),
            f"{counted(len(never), 'joint of the layout is', 'joints of the layout are')} zero in every frame.",
            "Zero means not seen. If the clips were centred on this joint, import them without centring.",
            some(names, never),
        )
    rest = np.where(missing == bodies, 0, missing)
    if count := int(rest.sum()):
        worst = int(rest.argmax())
        clips = np.flatnonzero(np.where(missing == bodies, 0, scan.unseen).any(axis=1))
        yield Finding(
            "note",
            "joints_missing",
            count,
            f"Of bodies that are seen {counted(count, 'joint is', 'joints are')} zero, "
            f"{share(count, bodies * len(names))} of all; {names[worst]} the most often, in "
            f"{share(rest[worst], bodies)} of the bodies.",
            "Zero means not seen. If they are many, look at what tracked them.",
            some(store.names, clips),
        )


def _still(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    if clips := int(scan.frozen.sum()):
        yield Finding(
            "warning",
            "clips_that_stand_still",
            clips,
            f"{counted(clips, 'clip of several frames repeats', 'clips of several frames repeat')} one frame.",
            "Check the recording: a picture was copied into every frame.",
            some(store.names, np.flatnonzero(scan.frozen)),
        )
    still = scan.still & (scan.shown >= STILL_FRAMES) & ~scan.frozen[:, np.newaxis]
    if clips := int(still.any(axis=1).sum()):
        worst = int(still.sum(axis=0).argmax())
        yield Finding(
            "warning",
            "joints_that_never_move",
            clips,
            f"In {counted(clips, 'clip')} a joint keeps the same coordinates while the body moves; the most often "
            f"{store.layout.joints[worst]}, in {int(still[:, worst].sum())}.",
            "Check whether the joint was tracked; if it was not, write zeros.",
            some(store.names, np.flatnonzero(still.any(axis=1))),
        )


def _jumps(store: SkeletonStore, scan: Scan) -> Iterator[Finding]:
    if clips := int((scan.jumps > 0).sum()):
        steps = int(scan.jumps.sum())
        yield Finding(
            "warning",
            "bones_that_jump",
            clips,
            f"In {counted(clips, 'clip')} a bone changes its length from one frame to the next by more than the mean "
            f"length of all bones ({counted(steps, 'step')}).",
            "Look at the clips: swapped bodies, swapped sides or lost tracking look like this.",
            some(store.names, np.argsort(-scan.jumps, kind="stable")[:clips]),
        )
