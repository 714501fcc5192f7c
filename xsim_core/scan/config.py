"""How photos become poses."""

from pydantic import Field

from xsim_core.config import StageConfig


class ScanConfig(StageConfig):
    """How photos become poses."""

    max_num_features: int = 2048
    """SIFT features a photo."""
    intrinsics: tuple[float, float, float, float] | None = None
    """Known (fx, fy, cx, cy) in pixels; None estimates a focal length and one radial term."""
    min_photos: int = 8
    """With fewer there is nothing to triangulate from; 30 and more are better."""
    min_registered: float = 0.6
    """Share of the photos that must be registered."""
    max_reprojection_px: float = 2.0
    """Gate on the mean distance between points' projections and their pixels."""
    max_board_rms_mm: float = 3.0
    """Gate on the distance between triangulated and printed board corners."""
    min_board_images: int = 3
    """Photos in which the board must be seen."""
    held_out_every: int = 8
    """Every n-th photo is kept for measuring the splat and never trained on."""
    timeout_s: float = 900.0
    """Structure from motion is given up after this time."""
    seed: int = Field(default=0, ge=0)
    """Of RANSAC in verification and mapping."""
