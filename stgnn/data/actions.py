"""Sixteen actions in eight pairs, each pair alike in everything but one thing that a network must be able to see.

====================================  =========================================================================
pair                                  what tells the two apart
====================================  =========================================================================
wave with the right / left hand       which arm
raise / lower both arms               the direction of time
sit down / stand up                   the direction of time
circle clockwise / counter-clockwise  the direction of turning, the same places being visited
bow then kick / kick then bow         the order of two halves that are alike in themselves
march slowly / fast                   the number of steps in the clip
push / punch                          the right hand: open or closed
point / pinch                         the right hand: still or opening and closing
====================================  =========================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from stgnn.data.body import Array

OPEN, CLOSED = 0.18, 0.02
"""Distance from fingers to thumb in metres."""


@dataclass(frozen=True)
class Course:
    """How a number of bodies go through their action.

    Args:
        progress: From 0 (not begun) to 1 (over) in each frame (B, T).
        amount: How far each body moves, around 1 (B, 1).
        phase: Where in the cycle each body begins, 0 to 1 (B, 1).
        tempo: From 0 (few cycles) to 1 (many cycles) (B, 1).
    """

    progress: Array
    amount: Array
    phase: Array
    tempo: Array

    def cycle(self, fewest: float, most: float) -> Array:
        """Angle in radians of a movement that repeats (B, T)."""
        cycles = fewest + (most - fewest) * self.tempo
        return 2 * np.pi * (cycles * self.progress + self.phase)

    def hold(self, ramp: float = 0.15) -> Array:
        """Quickly from 0 to 1, and back to 0 at the end (B, T)."""
        return _smooth(self.progress / ramp) * _smooth((1 - self.progress) / ramp)

    def hump(self, begin: float, end: float) -> Array:
        """From 0 to 1 and back between two points of the progress (B, T)."""
        inside = np.clip((self.progress - begin) / (end - begin), 0, 1)
        return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * inside))


Movement = Mapping[str, Array]


def _smooth(x: Array) -> Array:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _wave(course: Course, side: str) -> Movement:
    swing = course.hold() * np.sin(course.cycle(1.5, 3.5))
    return {
        f"{side}_arm_out": 1.5 * course.amount * course.hold() + 0.25 * swing,
        f"{side}_elbow": 1.3 * course.hold() + 0.5 * course.amount * swing,
        f"{side}_arm_turn": -1.4 * course.hold(),
    }


def _raise(course: Course, progress: Array) -> Movement:
    height = 2.3 * course.amount * _smooth(progress)
    return {"l_arm": height, "r_arm": height, "l_elbow": 0.2 * height, "r_elbow": 0.2 * height}


def _sit(course: Course, progress: Array) -> Movement:
    depth = course.amount * _smooth(progress)
    lean = 0.5 * np.sin(np.pi * _smooth(progress)) + 0.1 * depth
    legs = {f"{side}_{name}": 1.35 * depth for side in "lr" for name in ("leg", "knee")}
    return {**legs, "bend": lean, "l_arm": 0.5 * depth, "r_arm": 0.5 * depth}


def _circle(course: Course, direction: float) -> Movement:
    turn = direction * course.cycle(1.8, 3.0)
    return {
        "r_arm": course.hold() * (1.35 + 0.45 * course.amount * np.sin(turn)),
        "r_arm_out": course.hold() * 0.45 * course.amount * np.cos(turn),
        "r_elbow": 0.3 * course.hold(),
    }


def _bow_and_kick(course: Course, bow_first: bool) -> Movement:
    first, second = course.hump(0.0, 0.5), course.hump(0.5, 1.0)
    bow, kick = (first, second) if bow_first else (second, first)
    return {"bend": 0.8 * course.amount * bow, "r_leg": 0.9 * course.amount * kick, "r_knee": 0.4 * kick}


def _march(course: Course, fewest: float, most: float) -> Movement:
    turn = course.cycle(fewest, most)
    left, right = np.maximum(np.sin(turn), 0), np.maximum(-np.sin(turn), 0)
    reach = course.amount * course.hold(0.1)
    return {
        "l_leg": 0.9 * reach * left,
        "l_knee": 1.2 * reach * left,
        "r_leg": 0.9 * reach * right,
        "r_knee": 1.2 * reach * right,
        "l_arm": 0.5 * reach * (right - left),
        "r_arm": 0.5 * reach * (left - right),
    }


def _thrust(course: Course, hand: float) -> Movement:
    reach = course.hold() * (0.5 - 0.5 * np.cos(course.cycle(1.0, 2.5)))
    return {
        "r_arm": 0.4 * course.hold() + 1.0 * course.amount * reach,
        "r_elbow": 1.7 * course.hold() - 1.5 * course.amount * reach,
        "r_hand": np.full_like(reach, hand),
    }


def _point(course: Course, pinch: bool) -> Movement:
    arm = {"r_arm": 1.4 * course.amount * course.hold(), "r_elbow": 0.4 * course.hold()}
    if not pinch:
        return arm
    return {**arm, "r_hand": CLOSED + (OPEN - CLOSED) * (0.5 - 0.5 * np.cos(course.cycle(2.0, 3.5)))}


ACTIONS: Mapping[str, Callable[[Course], Movement]] = {
    "wave right hand": lambda course: _wave(course, "r"),
    "wave left hand": lambda course: _wave(course, "l"),
    "raise arms": lambda course: _raise(course, course.progress),
    "lower arms": lambda course: _raise(course, 1 - course.progress),
    "sit down": lambda course: _sit(course, course.progress),
    "stand up": lambda course: _sit(course, 1 - course.progress),
    "circle clockwise": lambda course: _circle(course, 1.0),
    "circle counter-clockwise": lambda course: _circle(course, -1.0),
    "bow then kick": lambda course: _bow_and_kick(course, bow_first=True),
    "kick then bow": lambda course: _bow_and_kick(course, bow_first=False),
    "march slowly": lambda course: _march(course, 1.8, 2.6),
    "march fast": lambda course: _march(course, 3.6, 5.0),
    "push": lambda course: _thrust(course, OPEN),
    "punch": lambda course: _thrust(course, CLOSED),
    "point": lambda course: _point(course, pinch=False),
    "pinch": lambda course: _point(course, pinch=True),
}
"""Movement of each action: what it adds to the controls of the body; a hand that it names, it sets."""
