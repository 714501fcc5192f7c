"""What a person must know about a track: when the object was lost, which frames tell nothing."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import QualityGateError
from xsim_core.film.contacts import Contacts
from xsim_core.tracking import INTERPOLATED, LOST, OK, STATUS_NAMES

from .config import PoseTrackConfig

MAX_TOLD = 5
NEAR_TWIN = 0.02
"""A pose that fits worse by less than this cannot be told from the first one."""
Floats = NDArray[np.floating]


def check_ok_share(
    status: NDArray[np.int8], is_repeat: NDArray[np.bool_], config: PoseTrackConfig
) -> None:
    """Refuse a track of which too little is sure.

    Frames that repeat the one before and lie in a short gap count neither way: a film in which
    every frame comes twice is as good as one in which it comes once.

    Raises:
        QualityGateError: when too few frames are ok.
    """
    counted = ~(is_repeat & (status == INTERPOLATED))
    share = float((status == OK).sum()) / max(1, int(counted.sum()))
    if share >= config.min_ok_share:
        return
    counts = np.bincount(status, minlength=LOST + 1)
    detail = ", ".join(f"{STATUS_NAMES[k]} {c}" for k, c in enumerate(counts) if c)
    repeated = f" {int(is_repeat.sum())} of them repeat the one before." if is_repeat.any() else ""
    raise QualityGateError(
        f"the object was tracked in {100 * share:.0f} % of {int(counted.sum())} frames ({detail}); "
        f"min_ok_share asks for {100 * config.min_ok_share:.0f} %.{repeated} The hand may hide it "
        "for long, or the mesh may not be this object's."
    )


def notes_on(
    status: NDArray[np.int8], is_repeat: NDArray[np.bool_], timestamps_s: Floats
) -> tuple[str, ...]:
    """Sentences on frames whose pose was not measured, with times from the film's start."""
    time_s = timestamps_s - timestamps_s[0]

    def told(flags: NDArray[np.bool_], sentence: Callable[[str, str], str]) -> list[str]:
        if not flags.any():
            return []
        number, total = int(flags.sum()), len(flags)
        return [sentence(f"{number} of {total} frames", _when(flags, time_s))]

    return (
        *told(
            status == LOST,
            lambda frames, when: (
                f"the object is lost in {frames} ({when}): their poses are drawn "
                "between those before and after, and nothing measured speaks for them"
            ),
        ),
        *told(
            status == INTERPOLATED,
            lambda frames, when: f"the pose of {frames} is interpolated ({when})",
        ),
        *told(
            is_repeat,
            lambda frames, when: (
                f"{frames} repeat the one before ({when}): the camera or its "
                "driver stood still, and they count as not seen"
            ),
        ),
    )


def notes_on_motion(num_segments: int) -> tuple[str, ...]:
    """A sentence on a film that has nothing to teach."""
    sentence = (
        "nothing moves: the object stays where it is through the whole film, and there is no "
        "motion for a robot to learn. Was another object moved than the mesh's, or the film cut?"
    )
    return () if num_segments else (sentence,)


def contact_times(
    touches: NDArray[np.int64], timestamps_s: Floats
) -> tuple[tuple[float, float], ...]:
    """First and last moment of each contact (c, 2), seconds from the film's start."""
    times_s = np.asarray(timestamps_s) - timestamps_s[0]
    return tuple((round(float(times_s[a]), 3), round(float(times_s[b]), 3)) for a, b in touches)


def notes_on_contacts(
    contacts: Contacts | None, segments: NDArray[np.int64], timestamps_s: Floats
) -> tuple[str, ...]:
    """A sentence where the object moves and nothing is seen that touches it."""
    if contacts is None:
        return ()
    touches, times_s = contacts.touches, np.asarray(timestamps_s) - timestamps_s[0]
    alone = [
        f"{times_s[a]:.2f}–{times_s[b]:.2f} s"
        for a, b in segments
        if not any(first <= b and last >= a for first, last in touches)
    ]
    if not alone:
        return ()
    sentence = (
        f"the object moves while nothing is seen that touches it ({', '.join(alone[:MAX_TOLD])}): "
        "what moves it has no depth, is hidden, or the track is not the object's"
    )
    return (sentence,)


def notes_on_first_pose(figures: Floats) -> tuple[str, ...]:
    """A sentence when another pose fits the first frame as well; ``FirstPose.figures`` (5,)."""
    _, margin, distance_m, surface_m, angle_rad = figures.tolist()
    if not margin < NEAR_TWIN:
        return ()
    sentence = (
        f"in the first frame another pose fits as well ({margin:.3f} less), turned by "
        f"{np.rad2deg(angle_rad):.0f}° and {1000 * distance_m:.0f} mm away (ADD); the two surfaces "
        f"lie {1000 * surface_m:.1f} mm apart: for a symmetric object that is no fault, for "
        "another bring a mesh with its colours"
    )
    return (sentence,)


def notes_on_unused(track_frame: str | None) -> tuple[str, ...]:
    """A sentence when the capture brings a track, and another backend made this one."""
    sentence = "the capture brings a track, which was not looked at: pose_track.backend=file does"
    return () if track_frame is None else (sentence,)


def _when(flags: NDArray[np.bool_], time_s: Floats) -> str:
    """Stretches of flagged frames, as times."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    stretches = [(time_s[a], time_s[b - 1]) for a, b in edges.reshape(-1, 2)]
    named = [f"{a:.2f} s" if a == b else f"{a:.2f}–{b:.2f} s" for a, b in stretches[:MAX_TOLD]]
    more = len(stretches) - MAX_TOLD
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
