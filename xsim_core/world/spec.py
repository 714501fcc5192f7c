"""What the world to deploy into is made of. Policies and stages never see this."""

from pydantic import Field

from xsim_core.config import FrozenModel, Vec3
from xsim_core.render.lights import LightSpec
from xsim_core.render.room import RoomSpec
from xsim_core.render.sensor import SensorSpec
from xsim_core.sim.task import Physics
from xsim_core.sim.vision.domain import Domain

Row4 = tuple[float, float, float, float]


class WorldSpec(FrozenModel):
    """The true room with other lights, paint, camera pose, noise, friction and latency."""

    name: str
    room: RoomSpec = RoomSpec()
    lights: LightSpec = LightSpec()
    T_world_cam: tuple[Row4, Row4, Row4, Row4] | None = None
    """The video camera's true pose; the robot's own calibration of it when None."""
    camera_error_m: float = Field(default=0.0, ge=0)
    """How far the camera was moved since the video: its length, in a direction of the seed's."""
    camera_error_rad: float = Field(default=0.0, ge=0)
    """By how much it was turned, about an axis of the seed's."""
    seed: int = 0
    noise_std: float = Field(default=2.0, ge=0)
    """Colour noise in grey levels."""
    depth_noise_m: float = Field(default=0.0012, ge=0)
    """Standard deviation at one metre."""
    friction: float = Field(default=0.35, gt=0)
    density_kg_m3: float = Field(default=500.0, gt=0)
    action_latency_steps: int = Field(default=0, ge=0, le=5)
    action_gain: float = Field(default=1.0, gt=0)
    object_tint: Vec3 = (1.0, 1.0, 1.0)
    """Factor on the object's texture."""

    @property
    def domain(self) -> Domain:
        """Physics, camera, light and sensor of this world."""
        return Domain(
            name=self.name,
            physics=Physics(
                friction=self.friction,
                density_kg_m3=self.density_kg_m3,
                action_latency_steps=self.action_latency_steps,
                action_gain=self.action_gain,
            ),
            camera_offset=self._camera_offset(),
            lights=self.lights,
            sensor=SensorSpec(noise_std=self.noise_std, depth_noise_m=self.depth_noise_m),
        )

    def _camera_offset(self) -> tuple[float, float, float, float, float, float]:
        import numpy as np

        directions = np.random.default_rng([self.seed, 0xCA]).standard_normal((2, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        t, r = directions[0] * self.camera_error_m, directions[1] * self.camera_error_rad
        return (*(float(v) for v in t), *(float(v) for v in r))  # type: ignore[return-value]
