"""Artifacts: small frozen summaries of payloads that lie beside them in Zarr groups."""

from .base import Artifact, ArtifactRef, Manifest, ObjectRecord
from .kinds import (
    KINDS,
    Capture,
    EpisodeDataset,
    EpisodeShard,
    Evaluation,
    GroundTruth,
    ObjectTrack,
    PosedImages,
    RealRollouts,
    RealWorld,
    SplatScene,
    StudentPolicy,
    TeacherPolicy,
    TeacherRollouts,
)
from .schema import ArraySpec, check_arrays

__all__ = [
    "KINDS",
    "ArraySpec",
    "Artifact",
    "ArtifactRef",
    "Capture",
    "EpisodeDataset",
    "EpisodeShard",
    "Evaluation",
    "GroundTruth",
    "Manifest",
    "ObjectRecord",
    "ObjectTrack",
    "PosedImages",
    "RealRollouts",
    "RealWorld",
    "SplatScene",
    "StudentPolicy",
    "TeacherPolicy",
    "TeacherRollouts",
    "check_arrays",
]
