"""How a room is fitted, meshed and given collision geometry."""

from typing import Literal

from pydantic import Field

from xsim_core.config import FrozenModel, StageConfig, Vec2, Vec3


class SplatTraining(StageConfig):
    """How the Gaussians are fitted."""

    backend: Literal["cpp", "gsplat"] = "cpp"
    """``gsplat`` rasterises on a CUDA device."""
    num_iters: int = Field(default=1500, ge=1)
    """Photos looked at, one an iteration."""
    num_init: int = Field(default=5000, ge=16)
    """Gaussians at the start."""
    max_gaussians: int = Field(default=12000, ge=16)
    """Growth stops here."""
    grow_every: int = Field(default=100, ge=1)
    """Iterations between splitting and pruning, until two thirds of the training."""
    ssim_weight: float = Field(default=0.2, ge=0, le=1)
    """Of the D-SSIM term; L1 has the rest."""
    depth_weight: float = Field(default=0.3, ge=0)
    """Of the relative error at triangulated points; photometry alone leaves a depth bias."""
    depth_truncation: float = Field(default=0.05, gt=0)
    """Relative depth errors beyond are taken for occlusions and ignored."""
    alpha_weight: float = Field(default=0.03, ge=0)
    """Of transparency: a room stops every ray, but without this the background's colour, which is
    the photos' mean, shines through everywhere."""
    spread_weight: float = Field(default=0.4, ge=0)
    """Of the relative standard deviation of depth along each ray: one opaque surface, not a fog."""
    fit_gain: bool = True
    """Fit one gain a photo and channel, for cameras with automatic exposure."""
    seed: int = Field(default=0, ge=0)
    """Of the order of photos, the first Gaussians and splitting."""


class MeshConfig(FrozenModel):
    """Where and how finely the room is meshed."""

    min_m: Vec3 = (-0.15, -0.75, -0.06)
    """Lower corner of the meshed box, world frame."""
    max_m: Vec3 = (1.15, 0.75, 0.45)
    """Upper corner."""
    voxel_m: float = Field(default=0.01, gt=0)
    """Edge of a voxel."""
    truncation_voxels: float = Field(default=4.0, gt=1)
    """Distances are cut off here; thinner walls than twice this merge."""
    max_depth_m: float = Field(default=2.5, gt=0)
    """Farther measurements are left out."""


class CollisionConfig(FrozenModel):
    """The support plane, and which clutter becomes an obstacle."""

    workspace_min_m: Vec2 = (0.30, -0.35)
    """(x, y) corner of the workspace."""
    workspace_max_m: Vec2 = (0.80, 0.35)
    """(x, y) opposite corner."""
    inlier_m: float = Field(default=0.006, gt=0)
    """Distance to the plane that counts as on it."""
    max_tilt_rad: float = Field(default=0.09, gt=0)
    """A steeper support than this fails the scan: the plane is simulated as horizontal."""
    max_height_m: float = Field(default=0.15, gt=0)
    """The support is sought this far around z = 0."""
    clearance_m: float = Field(default=0.02, gt=0)
    """Surface this close above the plane belongs to the plane."""
    min_size_m: float = Field(default=0.02, gt=0)
    """Smaller clusters are noise of the reconstruction."""
    reach_m: float = Field(default=0.30, ge=0)
    """Clusters farther than this around the workspace are ignored."""
    thickness_m: float = Field(default=0.10, gt=0)
    """Of the box below the plane."""
    seed: int = Field(default=0, ge=0)
    """Of RANSAC's plane."""


class SplatConfig(SplatTraining):
    """How a room is reconstructed."""

    image_width: int = Field(default=160, ge=32)
    """Photos are shrunk to this width for training, meshing and the held-out figures."""
    min_psnr_db: float = Field(default=20.0, ge=0)
    """Held-out quality below which the stage fails; the policy would see another room."""
    mesh: MeshConfig = MeshConfig()
    """How rendered depth is fused."""
    collision: CollisionConfig = CollisionConfig()
    """How the table and what stands on it are found."""
