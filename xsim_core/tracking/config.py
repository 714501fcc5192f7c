"""Settings of the object tracker."""

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from xsim_core.config import FrozenModel

Engine = Literal["cpp", "reference"]
"""Who computes the tracker's inner loop: the compiled kernel, or the NumPy it is compared with."""


class TrackerConfig(FrozenModel):
    """How the object is followed. The defaults suit hand-sized objects at 0.4 to 1.5 m."""

    engine: Engine = "cpp"
    """``cpp`` is compiled on first use; ``reference`` is the same in NumPy, and slower."""
    depth_sigma_m: float = 0.0015
    """Depth noise at 0.4 m."""
    depth_sigma_growth: float = 0.0019
    """Depth noise grows as ``depth_sigma_m + growth * (z - 0.4 m)^2`` (RealSense D4xx)."""
    occlusion_m: float = 0.012
    """Measured this far in front of the surface is an occluder."""
    background_m: float = 0.015
    """Measured this far behind the surface speaks against the pose."""
    max_object_px: int = 90
    """Frames are downscaled until the object spans at most this many pixels."""
    rounds: tuple[tuple[float, int], ...] = (
        (0.04, 10),
        (0.03, 8),
        (0.02, 6),
        (0.015, 5),
        (0.01, 4),
        (0.01, 4),
    )
    """Gauss-Newton steps: depth gate in metres, half length of the contour's search lines in px."""
    use_region: bool = True
    """Use colour histograms along the contour."""
    use_texture: bool = True
    """Use the texture's brightness pattern."""
    texture_weight: float = 0.3
    """Information of one textured pixel against one depth pixel: neighbours are correlated."""
    region_weight: float = 1.0
    """Information of one contour line."""
    ok_score: float = 0.5
    """A pose with a score below is lost."""
    ok_ratio: float = 0.65
    """Nor may the score fall below this share of what the latest good frames had."""
    min_visible_fraction: float = 0.2
    """Below this visible share a pose counts as occluded."""
    retry_ratio: float = 0.8
    """A fit below this share of the latest good frames' triggers more hypotheses."""
    relocalise_every_s: float = 0.33
    """Between searches of all directions while the object is lost, the first of them in the second
    lost frame; 0 is never."""
    relocalise_ratio: float = 0.8
    """A pose found elsewhere, or after the object was out of sight, must look and score at least
    this share of what the latest good frames did."""
    max_unseen_s: float = 0.3
    """After a longer time without a good frame the object counts as out of sight."""
    max_speed_m_s: float = 3.0
    """No hand moves the object faster."""
    min_init_score: float = 0.5
    """Initialisation with a lower score fails."""
    seed: int = 0
    """Of FoundationPose's hypotheses; the tracker on the CPU draws nothing at random."""

    @model_serializer(mode="wrap")
    def _without_usual_engine(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Both engines mean the same, so tracks from before there were two keep their names."""
        fields: dict[str, Any] = handler(self)
        return {k: v for k, v in fields.items() if k != "engine" or v == "reference"}


class SmoothingConfig(FrozenModel):
    """Local polynomial smoothing of positions and of rotation vectors."""

    half_window_s: float = 0.2
    """Frames up to this far before and after are fitted."""
    degree: int = 2
    """Of the local polynomial; 2 keeps accelerations."""
    occluded_weight: float = 0.3
    """Weight of an occluded frame against a visible one, on top of its score."""
    max_gap_s: float = 1.0
    """Longer gaps stay lost, though they get a pose."""


class SegmentConfig(FrozenModel):
    """Hysteresis on speed: motion starts above the high threshold and ends below the low one."""

    start_speed_m_s: float = 0.04
    """Linear speed at which a motion starts."""
    stop_speed_m_s: float = 0.015
    """Linear speed at which a motion ends."""
    start_speed_rad_s: float = 0.5
    """Angular speed at which a motion starts."""
    stop_speed_rad_s: float = 0.2
    """Angular speed at which a motion ends."""
    min_duration_s: float = 0.2
    """Shorter motions are noise."""
    max_pause_s: float = 0.25
    """Shorter pauses belong to the motion."""
    min_travel_m: float = 0.01
    """Motions that end this near to where they started, and turn little, are noise."""
    min_turn_rad: float = 0.12
    """See ``min_travel_m``."""
