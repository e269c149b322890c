"""`SyntheticActions`: a data set of a moving 25-joint body, made from a seed in a second or two, with no download.

The actions come in pairs (`stgnn.data.actions`) that ask for more of a network than the place of a limb: joints that
coarse bodies merge, the direction of time, the order of events, tempo. Around them lie the nuisances of real data: the
view, body proportions, habits of a subject, speed, sensor noise, joints that were not seen, empty bodies.
"""

from dataclasses import dataclass

import numpy as np

from stgnn.data.actions import ACTIONS, CLOSED, OPEN, Course
from stgnn.data.body import BONES, CONTROLS, Array, positions
from stgnn.data.store import SkeletonStore
from stgnn.data.validation import IntArray
from stgnn.errors import InputError
from stgnn.skeleton.layout import load_layout

TEST_SHARE = 4
"""Every fourth subject is a test subject."""
HABIT, IDLE = 0.07, 0.06
"""How a body stands about, in radians: the spread of its rest from subject to subject and again from clip to clip, and
the amplitude of its idle movement."""
AWAY, BENT = 0.15, 0.2
"""How far arms at rest hang from the body, and how far elbows are bent, in radians."""
SIZE, LIMB = 0.15, 0.1
"""How much subjects differ in size, and each bone beyond that, as shares to either side."""
STAGE = (-0.5, -1.0, 2.5), (0.5, -0.8, 4.0)
"""Two corners of the box in which feet stand, in metres from a camera at the height of the hips."""


@dataclass(frozen=True)
class SyntheticActions:
    """A data set of 16 actions, a pure function of its arguments.

    Args:
        clips: Number of clips, spread evenly over actions and subjects.
        seed: Another seed, modulo 2**32, another data set of the same kind.
        subjects: Number of subjects; protocol `xsub` tests on every fourth.
        min_frames: Fewest frames of a clip.
        max_frames: Most frames of a clip.
        view: Largest turn of the body about the vertical axis, radians to either side.
        variation: How much subjects and clips differ in proportions, posture, idle movement and amplitude; 1 is normal.
        noise: Standard deviation of the sensor noise, metres.
        missing: Probability that a joint is lost (exactly zero) for a part of a clip.
        second: Share of clips in which a second person does the same; otherwise the second body is empty.

    Raises:
        InputError: an argument out of range.
    """

    clips: int = 1200
    seed: int = 0
    subjects: int = 16
    min_frames: int = 30
    max_frames: int = 80
    view: float = 0.8
    variation: float = 1.0
    noise: float = 0.02
    missing: float = 0.05
    second: float = 0.1

    def __post_init__(self) -> None:
        ranges = {
            "clips": (len(ACTIONS), 10**6),
            "subjects": (TEST_SHARE, 10**4),
            "min_frames": (1, self.max_frames),
            "view": (0, np.inf),
            "variation": (0, np.inf),
            "noise": (0, np.inf),
            "missing": (0, 1),
            "second": (0, 1),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} is out of range", given=getattr(self, name), allowed=f"{low} to {high}")

    def store(self) -> SkeletonStore:
        """The data set, in memory."""
        rng = np.random.default_rng(self.seed % 2**32)
        index = np.arange(self.clips)
        labels, subjects = index % len(ACTIONS), index // len(ACTIONS) % self.subjects
        lengths = rng.integers(self.min_frames, self.max_frames + 1, self.clips)
        bodies = np.concatenate([index, np.flatnonzero(rng.random(self.clips) < self.second)])
        points = self._bodies(rng, labels[bodies], subjects[bodies], lengths[bodies])
        clips = np.zeros((self.clips, self.max_frames, 2, 25, 3), dtype=np.float32)
        clips[:, :, 0] = points[: self.clips]
        clips[bodies[self.clips :], :, 1] = points[self.clips :]
        tested = subjects % TEST_SHARE == TEST_SHARE - 1
        return SkeletonStore(
            keypoints=clips[np.arange(self.max_frames) < lengths[:, np.newaxis]],
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            labels=labels,
            class_names=tuple(ACTIONS),
            layout=load_layout("ntu25"),
            names=tuple(f"synthetic{number:06d}" for number in index),
            subjects=subjects,
            views=np.full(self.clips, -1),
            splits={"xsub_train": np.flatnonzero(~tested), "xsub_test": np.flatnonzero(tested)},
        )

    def _bodies(self, rng: np.random.Generator, labels: IntArray, subjects: IntArray, lengths: IntArray) -> Array:
        """Bodies (B, T, 25, 3) as a camera sees them; frames behind the length of a clip are of no meaning."""
        shape = (len(labels), self.max_frames)
        controls = self._posture(rng, subjects, shape)
        course = self._course(rng, subjects, lengths, shape)
        for label, movement in enumerate(ACTIONS.values()):
            chosen = np.flatnonzero(labels == label)
            part = Course(course.progress[chosen], course.amount[chosen], course.phase[chosen], course.tempo[chosen])
            for name, values in movement(part).items():
                # A hand is set, not added to: how open it is may be all that tells two actions apart.
                controls[name][chosen] = values if name.endswith("_hand") else controls[name][chosen] + values
        points = positions(controls, self._proportions(rng, subjects))
        return self._observe(rng, points, lengths)

    def _posture(self, rng: np.random.Generator, subjects: IntArray, shape: tuple[int, int]) -> dict[str, Array]:
        """Controls (B, T) of a body that stands about: habits of the subject, of the day, and idle movement."""
        habits, days = (rng.normal(0, HABIT, (count, len(CONTROLS))) for count in (self.subjects, shape[0]))
        rest = self.variation * (habits[subjects] + days)
        time = np.linspace(0, 1, shape[1])
        speed, phase = rng.uniform(0.5, 4, (2, *rest.shape, 1)) * [[[[1]]], [[[2 * np.pi]]]]
        idle = self.variation * IDLE * np.sin(2 * np.pi * speed * time + phase)
        controls = {name: (rest[:, i, None] + idle[:, i]).astype(np.float32) for i, name in enumerate(CONTROLS)}
        controls["lift"][:] = 0
        for side in "lr":
            controls[f"{side}_arm_out"] += AWAY
            controls[f"{side}_elbow"] += BENT
            controls[f"{side}_hand"][:] = rng.uniform(CLOSED, OPEN, (shape[0], 1))
        return controls

    def _course(
        self, rng: np.random.Generator, subjects: IntArray, lengths: IntArray, shape: tuple[int, int]
    ) -> Course:
        """When the action begins and ends, how evenly it runs, how far it goes."""
        count = (shape[0], 1)
        begin, end, bend = rng.uniform(0, 0.15, count), rng.uniform(0.85, 1, count), rng.uniform(-0.4, 0.4, count)
        time = (np.arange(shape[1]) + 0.5) / lengths[:, np.newaxis]
        progress = np.clip((time - begin) / (end - begin), 0, 1) ** np.exp(bend)
        amount = rng.uniform(-0.15, 0.15, self.subjects)[subjects, None] + rng.uniform(-0.2, 0.2, count)
        fields = (progress, 1 + self.variation * amount, rng.random(count), rng.random(count))
        return Course(*(field.astype(np.float32) for field in fields))

    def _proportions(self, rng: np.random.Generator, subjects: IntArray) -> dict[str, Array]:
        """Lengths of the bones (B,) in metres: a size for each subject, and some freedom for each bone."""
        size = 1 + self.variation * rng.uniform(-SIZE, SIZE, self.subjects)
        bones = {}
        for name, length in BONES.items():
            own = length * size * (1 + self.variation * rng.uniform(-LIMB, LIMB, self.subjects))
            bones[name] = own[subjects].astype(np.float32)
        return bones

    def _observe(self, rng: np.random.Generator, points: Array, lengths: IntArray) -> Array:
        """Turn the bodies, set them before the camera, add noise and lose joints."""
        count, frames, joints, _ = points.shape
        angle = np.pi + rng.uniform(-self.view, self.view, (count, 1, 1))
        cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        x, y, z = np.moveaxis(points, -1, 0)
        place = rng.uniform(*STAGE, (count, 1, 1, 3)).astype(np.float32)
        seen = np.stack([cosine * x + sine * z, y, cosine * z - sine * x], axis=-1) + place
        seen += self.noise * rng.standard_normal(seen.shape, dtype=np.float32)
        lost = rng.random((count, 1, joints)) < self.missing
        first = rng.random((count, 1, joints)) * lengths[:, None, None]
        span = rng.uniform(0.1, 0.5, (count, 1, joints)) * lengths[:, None, None]
        time = np.arange(frames)[np.newaxis, :, np.newaxis]
        seen[lost & (time >= first) & (time < first + span)] = 0
        return seen
