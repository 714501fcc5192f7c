"""The review_track stage: the track as a person left it, verified as every other is."""

import numpy as np

from xsim_core.artifacts import Capture, ObjectTrack, TrackReview
from xsim_core.errors import BadInputError
from xsim_core.geometry.arrays import SE3
from xsim_core.pose_track.config import PoseTrackConfig
from xsim_core.pose_track.finish import finish
from xsim_core.pose_track.world_track import Filmed
from xsim_core.storage import ArtifactWriter, OpenArtifact

from .config import ReviewConfig
from .track_again import raw_of, track_again, with_cuts


def review_track(
    capture: OpenArtifact[Capture],
    track: OpenArtifact[ObjectTrack],
    *,
    config: ReviewConfig,
    out: ArtifactWriter,
) -> ObjectTrack:
    """Carry out what a person decided, and judge what came of it once more.

    Raises:
        BadInputError: when the track is of another film, a frame does not exist, or mesh and
            pictures do not agree with a pose that was set.
        QualityGateError: when too little is left of the track.
    """
    settings = settings_of(track)
    check_pair(capture, track)
    filmed = Filmed.of(capture, settings)
    keys: dict[int, SE3] = {key.frame: np.array(key.T_cam_object) for key in config.key_poses}
    raw = track_again(raw_of(track), keys, filmed, settings, out.progress)
    raw = with_cuts(raw, config.cuts)
    before = track.summary
    made = finish(
        raw, _told(config), capture, filmed, backend=before.backend, config=settings, out=out
    )
    review = TrackReview(
        author=config.author,
        note=config.note,
        key_frames=tuple(sorted(keys)),
        cuts=config.cuts,
        verdict_before=before.verdict,
    )
    figures = ("first_pose_quality", "runner_up_margin", "runner_up_distance_m")
    kept = {name: getattr(before, name) for name in figures}
    return made.model_copy(update={"review": review, **kept})


def settings_of(track: OpenArtifact[ObjectTrack]) -> PoseTrackConfig:
    """By which the track was made.

    Raises:
        BadInputError: when it was not made by ``pose_track``.
    """
    if track.manifest.stage != "pose_track":
        raise BadInputError(
            f"{track.ref} was made by '{track.manifest.stage}': a review is of what pose_track made"
        )
    return PoseTrackConfig.model_validate(track.manifest.config)


def decided_on(
    track: OpenArtifact[ObjectTrack], reviewed: OpenArtifact[ObjectTrack] | None
) -> ReviewConfig | None:
    """What was decided on a track before; None where the review is none, or of another track."""
    if reviewed is None or reviewed.manifest.stage != "review_track":
        return None
    if reviewed.manifest.inputs.get("track") != track.ref:
        return None
    return ReviewConfig.model_validate(reviewed.manifest.config)


def check_pair(capture: OpenArtifact[Capture], track: OpenArtifact[ObjectTrack]) -> None:
    """Refuse a track of another capture.

    Raises:
        BadInputError: when it is.
    """
    of = track.manifest.inputs.get("capture")
    if of != capture.ref:
        raise BadInputError(f"{track.ref} is the track of {of}, not of {capture.ref}")


def _told(config: ReviewConfig) -> tuple[str, ...]:
    done: list[str] = []
    if config.key_poses:
        frames = ", ".join(str(frame) for frame in sorted(key.frame for key in config.key_poses))
        done.append(f"set the pose in frame {frames}, and the film was tracked again from there")
    if config.cuts:
        cuts = ", ".join(f"{a}–{b}" if b > a else str(a) for a, b in config.cuts)
        done.append(f"cut frames {cuts}")
    what = " and ".join(done) if done else "accepted the track as it is"
    before = (f"reviewed before: {said.author}: {said.note}" for said in config.before)
    return f"reviewed: {config.author} {what}: {config.note}", *before
