"""The kinds of artifact that stages exchange, and the arrays each payload holds."""

from xsim_core.artifacts.base import Artifact

from .captures import Capture, GroundTruth, RealWorld
from .episodes import EpisodeDataset, EpisodeShard, RealRollouts, TeacherRollouts
from .evaluation import Evaluation, GapRung, SuccessRate as SuccessRate
from .policies import StudentPolicy, TeacherPolicy
from .reconstruction import (
    ObjectTrack,
    PosedImages,
    SplatScene,
    TrackReview as TrackReview,
)
from .simulation import SimWorld

KINDS: dict[str, type[Artifact]] = {
    k.kind: k
    for k in (
        Capture,
        GroundTruth,
        RealWorld,
        PosedImages,
        SplatScene,
        ObjectTrack,
        SimWorld,
        TeacherPolicy,
        TeacherRollouts,
        EpisodeShard,
        EpisodeDataset,
        StudentPolicy,
        RealRollouts,
        Evaluation,
        GapRung,
    )
}
