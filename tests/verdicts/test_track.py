"""xsim_core/verdicts/track.py: what each fault of a track amounts to, and how it is said."""

from dataclasses import replace

import numpy as np
import pytest

from xsim_core.geometry import make_se3, so3_exp
from xsim_core.verdicts import judge_track
from xsim_core.verdicts.evidence import Surface, TrackEvidence, table

N, HZ = 90, 30
HALF = np.array([0.05, 0.03, 0.025])
CORNERS = HALF * [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]


def evidence(**changes):
    """A box that rests on the table, is pushed 16 cm in a second, and rests."""
    share = np.clip(np.arange(N) / HZ - 1, 0, 1)
    s = share**3 * (10 - 15 * share + 6 * share**2)
    position = np.stack([0.5 + 0.16 * s, 0 * s, np.full(N, HALF[2])], axis=-1)
    return TrackEvidence(
        **{
            "T_world_object": make_se3(np.eye(3), position),
            "status": np.zeros(N, np.int8),
            "score": np.full(N, 0.85),
            "timestamps_s": 7 + np.arange(N) / HZ,
            "segments": np.array([[32, 57]]),
            "vertices": CORNERS,
            "surfaces": (table(0.0),),
            **changes,
        }
    )


def lost(frames):
    status = np.zeros(N, np.int8)
    status[frames] = 3
    return evidence(status=status)


def shifted(z_m, frames=slice(None)):
    T = evidence().T_world_object.copy()
    T[frames, 2, 3] += z_m
    return evidence(T_world_object=T)


def turned(angle_rad, frames):
    T = evidence().T_world_object.copy()
    T[frames, :3, :3] = so3_exp([0, 0, angle_rad])
    return evidence(T_world_object=T)


def moved_at(speed_m_s):
    """It is where it was, and a frame later as far away as that speed brings it."""
    T = evidence().T_world_object.copy()
    T[45:, 1, 3] += speed_m_s / HZ
    return evidence(T_world_object=T)


def tilted(degrees):
    a = np.deg2rad(degrees)
    return evidence(surfaces=(Surface("the ground", (np.sin(a), 0, np.cos(a)), -1.0),))


CASES = {
    "as it should be": (evidence(), "pass", ()),
    "two frames lost": (lost([3, 50]), "pass", ()),
    "five frames lost": (lost(range(5)), "review", ("lost in 6 %",)),
    "a fifth of the frames lost": (lost(range(60, 78)), "fail", ("lost in 20 %",)),
    "16 frames of the move drawn": (
        evidence(status=np.where((np.arange(N) > 33) & (np.arange(N) < 50), 2, 0)),
        "review",
        ("for 0.6 s from 1.1 s on it moves unseen",),
    ),
    "a third hidden": (evidence(status=(np.arange(N) < 31) * 1), "review", ("hidden in 34 %",)),
    "little agrees": (evidence(score=np.full(N, 0.52)), "review", ("agree by 0.52 only",)),
    "5 mm in the table": (shifted(-0.005), "pass", ()),
    "12 mm in the table": (shifted(-0.012), "review", ("12 mm below the room's table",)),
    "30 mm under the table": (shifted(-0.03), "fail", ("30 mm below the room's table",)),
    "30 mm under for five frames": (
        shifted(-0.03, slice(40, 45)),
        "fail",
        ("below the room's table at 1.3 s",),
    ),
    "a single frame under": (shifted(-0.03, slice(40, 41)), "pass", ()),
    "30 mm above all along": (
        shifted(0.03),
        "review",
        ("in the start it floats 30 mm", "in the end it floats 30 mm"),
    ),
    "lifted": (shifted(0.05, slice(33, 57)), "pass", ()),
    "held up at the end": (shifted(0.05, slice(57, None)), "review", ("in the end it floats 50",)),
    "1.9 m/s": (moved_at(1.6), "pass", ()),
    "2.6 m/s": (moved_at(2.6), "review", ("it moves at 2.6 m/s at 1.5 s",)),
    "a jump of 20 cm": (moved_at(6.0), "fail", ("it moves at 6.0 m/s",)),
    "a flip": (turned(3.1, slice(40, None)), "fail", ("turns by 93 rad/s at 1.3 s",)),
    "turned in a hurry": (turned(0.5, slice(40, None)), "pass", ()),
    "nothing moves": (evidence(segments=np.zeros((0, 2), int)), "fail", ("nothing moves",)),
    "a wall": (tilted(80), "review", ("tilted by 80°",)),
    "passes agree": (evidence(passes_apart_m=0.004), "pass", ()),
    "passes 15 mm apart": (evidence(passes_apart_m=0.015), "review", ("15 mm apart",)),
    "passes 40 mm apart": (evidence(passes_apart_m=0.04), "fail", ("40 mm apart",)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_has_its_verdict_and_its_words(name):
    given, level, words = CASES[name]
    verdict = judge_track(given)
    assert (verdict.level, len(verdict.reasons)) == (level, len(words))
    assert all(w in r.sentence for w, r in zip(words, verdict.reasons, strict=True))


@pytest.mark.parametrize(("degrees", "told"), [(4, []), (10, ["review"]), (25, ["review"])])
def test_a_table_is_level_in_the_robots_frame(degrees, told):
    reasons = judge_track(tilted(degrees)).reasons
    assert [r.level for r in reasons if f"tilted by {degrees}°" in r.sentence] == told


def test_the_gravest_comes_first_and_people_are_told():
    both = replace(shifted(-0.03), passes_apart_m=0.015)
    verdict = judge_track(both)
    assert [reason.level for reason in verdict.reasons] == ["fail", "review"]
    (note,) = verdict.notes
    assert note.startswith("verdict: it fails: it lies 30 mm below the room's table")
    assert judge_track(evidence()).notes == ()


def test_a_film_whose_frames_were_all_lost_is_judged_too():
    verdict = judge_track(evidence(status=np.full(N, 3)))
    assert verdict.level == "fail"


def test_what_is_no_number_is_never_good():
    T = evidence().T_world_object.copy()
    T[40, 0, 3] = np.nan
    assert judge_track(evidence(T_world_object=T)).level == "fail"
    assert judge_track(evidence(passes_apart_m=float("nan"))).level == "fail"
    assert judge_track(evidence(score=np.full(N, np.nan))).level == "review"
