"""Whether a track is good enough to learn from: pass, review or fail, and why.

Hours are spent on what a track says, so a person is told before, and a track that cannot be right
is not built from unless somebody says why. The limits stand in ``LIMITS``; what they were
calibrated on stands in docs/results.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .evidence import LOST, OK, Surface, TrackEvidence

Level = Literal["pass", "review", "fail"]


@dataclass(frozen=True)
class Limit:
    """From which value on a person should look, and from which the track is not believed."""

    review: float
    fail: float

    def level(self, value: float) -> Level:
        """What a value amounts to; never better for being larger, and nothing good if it is NaN."""
        return "pass" if value < self.review else "review" if value < self.fail else "fail"


LIMITS = {
    "lost_share": Limit(0.03, 0.15),
    "occluded_share": Limit(0.3, 0.6),
    "unseen_in_motion_s": Limit(0.5, 1.2),
    "speed_m_s": Limit(2.0, 4.0),
    "spin_rad_s": Limit(25.0, 45.0),
    "below_m": Limit(0.01, 0.02),
    "floating_m": Limit(0.015, np.inf),
    "tilt_rad": Limit(np.deg2rad(5), np.inf),
    "passes_apart_m": Limit(0.01, 0.03),
}
"""Hands move things at 1.4 m/s and 26 rad/s at most in the 80 recorded manipulations at hand, two
flips of their symmetric cans aside. Nothing floats for sure: it may stand on something, or be held;
nor is a wall round the box a fault of the track.
"""
LOW_SCORE = 0.55
"""Usual score of ``ok`` frames below which a person should look; ``ok`` itself begins at 0.5."""
REST_S = 0.3
"""Shorter rests may be the end of a motion."""
STEEP_RAD = np.deg2rad(30)
"""A steeper surface is none to stand on: heights above it tell nothing."""


@dataclass(frozen=True)
class Reason:
    """One thing that speaks against a track."""

    level: Level
    sentence: str


@dataclass(frozen=True)
class TrackVerdict:
    """All that speaks against a track, gravest first."""

    reasons: tuple[Reason, ...]

    @property
    def level(self) -> Level:
        """The gravest; pass where there is nothing."""
        return self.reasons[0].level if self.reasons else "pass"

    @property
    def because(self) -> str:
        """The reasons as one clause."""
        return "; ".join(reason.sentence for reason in self.reasons)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for people, where there is something to say."""
        told = {"review": "look at this track before it is learned from", "fail": "it fails"}
        return (f"verdict: {told[self.level]}: {self.because}",) if self.reasons else ()


def judge_track(evidence: TrackEvidence) -> TrackVerdict:
    """Hold a track against what hands, tables and trackers can do."""
    found = [
        *_of_sight(evidence),
        *_of_motion(evidence),
        *(reason for surface in evidence.surfaces for reason in _of_surface(evidence, surface)),
    ]
    grave = [reason for reason in found if reason.level != "pass"]
    return TrackVerdict(tuple(sorted(grave, key=lambda reason: reason.level != "fail")))


def _graded(name: str, value: float, sentence: str) -> Reason:
    return Reason(LIMITS[name].level(value), sentence)


def _of_sight(e: TrackEvidence) -> Iterator[Reason]:
    """How much of the film tells where the object was."""
    lost, covered = float((e.status == LOST).mean()), float((e.status == 1).mean())
    yield _graded("lost_share", lost, f"the object is lost in {100 * lost:.0f} % of the frames")
    yield _graded("occluded_share", covered, f"it is hidden in {100 * covered:.0f} % of the frames")
    begin, length_s = e.longest_s(e.is_moving & ~e.is_seen)
    yield _graded(
        "unseen_in_motion_s",
        length_s,
        f"for {length_s:.1f} s from {begin:.1f} s on it moves unseen: its path there is drawn",
    )
    usual = float(np.median(e.score[e.status == OK])) if (e.status == OK).any() else 0.0
    if not usual >= LOW_SCORE:
        sentence = f"mesh and pictures agree by {usual:.2f} only where it is seen"
        yield Reason("review", f"{sentence} ({LOW_SCORE} and more is usual)")
    if e.passes_apart_m is not None:
        apart_mm = 1000 * e.passes_apart_m
        sentence = f"tracked forward and backward it is {apart_mm:.0f} mm apart (95th percentile)"
        yield _graded("passes_apart_m", e.passes_apart_m, sentence)


def _of_motion(e: TrackEvidence) -> Iterator[Reason]:
    """Whether a hand can have done this."""
    if len(e.segments) == 0:
        yield Reason("fail", "nothing moves")
    speed, spin, time_s = e.steps
    if len(speed) == 0:
        return
    k, j = int(speed.argmax()), int(spin.argmax())
    sentence = f"it moves at {speed[k]:.1f} m/s at {time_s[k]:.1f} s"
    yield _graded("speed_m_s", float(speed[k]), sentence)
    sentence = f"it turns by {spin[j]:.0f} rad/s at {time_s[j]:.1f} s"
    yield _graded("spin_rad_s", float(spin[j]), f"{sentence}, as where a pose flips into its twin")


def _of_surface(e: TrackEvidence, surface: Surface) -> Iterator[Reason]:
    """Whether it goes through what it stands on, or hangs above it at rest."""
    tilt = surface.tilt_rad
    yield _graded(
        "tilt_rad",
        tilt,
        f"{surface.name} is tilted by {np.rad2deg(tilt):.0f}° in the robot's frame: it is no "
        "table, or the camera's pose is wrong",
    )
    if tilt > STEEP_RAD or not e.is_seen.any():
        return
    height = e.heights_m(surface)
    below, at = -float(height[e.is_seen].min()), int(np.where(e.is_seen, height, np.inf).argmin())
    time_s = e.timestamps_s - e.timestamps_s[0]
    sentence = f"it lies {1000 * below:.0f} mm below {surface.name} at {time_s[at]:.1f} s"
    yield _graded("below_m", below, sentence)
    moves = np.flatnonzero(e.is_moving)
    if len(moves) == 0:
        return
    for where, rest in (("start", slice(0, moves[0])), ("end", slice(moves[-1] + 1, None))):
        at_rest = np.flatnonzero(e.is_seen[rest]) + (rest.start or 0)
        if len(at_rest) < 2 or time_s[at_rest[-1]] - time_s[at_rest[0]] < REST_S:
            continue
        floating = float(np.median(height[at_rest]))
        sentence = f"at rest in the {where} it floats {1000 * floating:.0f} mm above {surface.name}"
        yield _graded("floating_m", floating, sentence)
