"""The pose_track stage: the object's motion in the robot-base frame, from the capture's video."""

import time

from xsim_core.artifacts import Capture, ObjectTrack
from xsim_core.film.camera_path import CameraPath
from xsim_core.film.frames import Video
from xsim_core.geometry import TexturedMesh
from xsim_core.storage import ArtifactWriter, OpenArtifact

from . import _cpu, _file, _foundationpose
from .config import PoseTrackConfig
from .finish import finish
from .raw_track import RawTrack
from .told import notes_on_unused
from .world_track import Filmed

REPORT_EVERY_S = 0.5


def track_object(
    capture: OpenArtifact[Capture], *, config: PoseTrackConfig, out: ArtifactWriter
) -> ObjectTrack:
    """Follow the capture's object through its video and bring the motion to the world frame.

    Raises:
        BadInputError: for a video without depth, a mesh of the wrong size, an object that is not
            in its box, or a board that is never seen.
        QualityGateError: when the board fits badly or the object is lost too often.
    """
    filmed = Filmed.of(capture, config)
    raw, notes = _run_backend(capture, filmed.video, filmed.mesh, filmed.path, config, out)
    return finish(raw, notes, capture, filmed, backend=config.backend, config=config, out=out)


def _run_backend(
    capture: OpenArtifact[Capture],
    video: Video,
    mesh: TexturedMesh,
    path: CameraPath,
    config: PoseTrackConfig,
    out: ArtifactWriter,
) -> tuple[RawTrack, tuple[str, ...]]:
    summary, last = capture.summary, [0.0]
    notes = notes_on_unused(summary.track_frame)

    def report(fraction: float, figures: dict[str, float]) -> None:
        if time.monotonic() - last[0] >= REPORT_EVERY_S:
            last[0] = time.monotonic()
            out.progress(0.9 * fraction, figures)

    match config.backend:
        case "reference":  # The name that fingerprints hold; it is no oracle.
            made = _cpu.track_video(
                video, mesh, summary, config=config, scratch=out.scratch(), report=report
            )
            return made, notes
        case "foundationpose":
            made, said = _foundationpose.track_video(
                video, mesh, summary, config=config, scratch=out.scratch(), report=report
            )
            return made, (*notes, *said)
        case "file":
            given = _file.open_given(capture)
            return _file.track_video(
                given, video, mesh, summary, path, config=config, report=report
            )
