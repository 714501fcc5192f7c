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
        QualityGateError: when it fails, and ``config.accept_track`` does not say why to take it.
    """
    verdict = judge_track(TrackEvidence.of(track, table(table_height_m)))
    if verdict.level != "fail":
        return tuple(f"the object's track: {reason.sentence}" for reason in verdict.reasons)
    if not config.accept_track.strip():
        raise QualityGateError(
            f"the object's track fails: {verdict.because}. Look at overlay.mp4 and trajectory.png "
            "of the stage pose_track, in the run's report. Film again with the object in sight, or "
            "mend the poses and bring them as `track:` (pose_track.backend=file). To build from it "
            "as it is, say why and who you are: --set build_sim.accept_track='…'"
        )
    return (
        (
            f"the object's track fails ({verdict.because}) and was taken all the same: "
            f"{config.accept_track.strip()}"
        ),
    )
