from dataclasses import dataclass

from xsim_core.tracking.config import TrackerConfig
from xsim_core.tracking.experience import NUM_RECENT, Experience

CONFIG = TrackerConfig()


@dataclass
class Seen:
    """What is asked of a verdict."""

    fit: float = 0.8
    score: float = 0.9
    likeness: float = 0.7
    visible_fraction: float = 1.0


def used_to(*seen):
    experience = Experience(CONFIG)
    for verdict in seen:
        experience.add(verdict)
    return experience


def test_before_the_first_good_frame_the_fixed_bounds_hold():
    experience = used_to()
    assert not experience.is_any
    assert experience.usual_fit == 1.0
    assert experience.is_sure(Seen(score=CONFIG.ok_score))
    assert not experience.is_sure(Seen(score=CONFIG.ok_score - 0.01))


def test_the_usual_is_the_median_of_the_latest_frames_alone():
    experience = used_to(*[Seen(fit=0.1)] * 30, *[Seen(fit=0.8)] * (NUM_RECENT - 1), Seen(fit=0.0))
    assert experience.usual_fit == 0.8
    assert used_to(*[Seen(fit=0.8)] * 30, *[Seen(fit=0.1)] * NUM_RECENT).usual_fit == 0.1


def test_a_pose_is_measured_by_what_was_usual():
    experience = used_to(*[Seen()] * 5)
    enough = CONFIG.ok_ratio * 0.9
    assert enough > CONFIG.ok_score
    assert experience.is_sure(Seen(score=enough + 0.01))
    assert not experience.is_sure(Seen(score=enough - 0.01))
    assert experience.is_poor(Seen(fit=CONFIG.retry_ratio * 0.8 - 0.01))
    assert not experience.is_poor(Seen(fit=CONFIG.retry_ratio * 0.8 + 0.01))


def test_a_pose_found_elsewhere_must_convince_in_each_way():
    experience = used_to(*[Seen()] * 5)
    share = CONFIG.relocalise_ratio
    assert experience.is_convincing(Seen(score=share * 0.9 + 0.01, likeness=share * 0.7 + 0.01))
    assert not experience.is_convincing(Seen(score=share * 0.9 - 0.01))
    assert not experience.is_convincing(Seen(likeness=share * 0.7 - 0.01))
    assert not experience.is_convincing(Seen(visible_fraction=CONFIG.min_visible_fraction - 0.01))
