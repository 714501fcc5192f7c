"""Whether the track is good enough to spend hours on."""

from xsim_core.artifacts import ObjectTrack
from xsim_core.errors import QualityGateError
from xsim_core.storage import OpenArtifact
from xsim_core.verdicts import judge_track
from xsim_core.verdicts.evidence import TrackEvidence, table

from .config import BuildSimConfig


def check_track(
    track: OpenArtifact[ObjectTrack], table_height_m: float, config: BuildSimConfig
) -> tuple[str, ...]:
    """Judge the track once more, on the room's table too; what people should know of it.

    Raises:
        QualityGateError: when it fails, nobody reviewed it, and ``config.accept_track`` does not
            say why to take it.
    """
    verdict = judge_track(TrackEvidence.of(track, table(table_height_m)))
    if verdict.level != "fail":
        return tuple(f"the object's track: {reason.sentence}" for reason in verdict.reasons)
    said = config.accept_track.strip()
    if (review := track.summary.review) is not None:
        said = said or f"{review.author}: {review.note}"
    if not said:
        raise QualityGateError(
            f"the object's track fails: {verdict.because}. Look at overlay.mp4 and trajectory.png "
            "of the stage pose_track, in the run's report. 'xsim track review RUN' shows it in the "
            "browser, to be cut, corrected or accepted. Or film again with the object in sight, or "
            "bring other poses as `track:` (pose_track.backend=file). To build from it as it is, "
            "say why and who you are: --set build_sim.accept_track='…'"
        )
    return ((f"the object's track fails ({verdict.because}) and was taken all the same: {said}"),)
