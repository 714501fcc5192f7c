"""A domain: physics, camera, light and sensor, and how far each strays between episodes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from xsim_core.config import FrozenModel, Vec3
from xsim_core.geometry import make_se3, so3_exp
from xsim_core.render.dressing import Dressing
from xsim_core.render.lights import LightSpec
from xsim_core.render.sensor import SensorSpec
from xsim_core.sim.task import Physics

from .backdrop import Backdrop, BackdropRandomisation


class CameraRandomisation(FrozenModel):
    """Uniform error of the camera's pose, in the camera's own frame, drawn once an episode."""

    translation_m: float = Field(default=0.0, ge=0)
    """Half range along each axis."""
    rotation_rad: float = Field(default=0.0, ge=0)
    """Half range about each axis."""

    def draw(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """``T_nominal_cam`` (4, 4)."""
        t = rng.uniform(-1, 1, size=3) * self.translation_m
        return make_se3(so3_exp(rng.uniform(-1, 1, size=3) * self.rotation_rad), t)


class LightRandomisation(FrozenModel):
    """How light strays around the domain's own."""

    gain: float = Field(default=0.0, ge=0, lt=1)
    """Half range of the brightness of each light."""
    tint: float = Field(default=0.0, ge=0, lt=1)
    """Half range of each colour channel: warm evenings, cool mornings."""
    direction_rad: float = Field(default=0.0, ge=0)
    """Half range of the rotation of all lights about each axis."""

    def draw(self, base: LightSpec, rng: np.random.Generator) -> LightSpec:
        """The lights of one episode."""
        tint = 1 + rng.uniform(-1, 1, size=3) * self.tint
        R = so3_exp(rng.uniform(-1, 1, size=3) * self.direction_rad * [0.5, 0.5, 1.5])
        gains = 1 + rng.uniform(-1, 1, size=1 + len(base.directions)) * self.gain
        colours = [np.array(c) * tint * g for c, g in zip(base.colours_rgb, gains[1:], strict=True)]
        return LightSpec(
            ambient_rgb=_vec(np.array(base.ambient_rgb) * tint * gains[0]),
            directions=tuple(_vec(R @ np.array(d)) for d in base.directions),
            colours_rgb=tuple(_vec(c) for c in colours),
            has_shadows=base.has_shadows,
        )


class Domain(FrozenModel):
    """Where episodes take place. The defaults are a simulation without any randomisation."""

    name: str = "sim"
    """As evaluations and pictures call it."""
    physics: Physics | None = None
    """The task's own when None."""
    camera: CameraRandomisation = CameraRandomisation()
    """How far the camera strays between episodes."""
    camera_offset: tuple[float, float, float, float, float, float] = (0, 0, 0, 0, 0, 0)
    """Fixed error of the nominal camera, in its frame: translation (m), rotation vector (rad)."""
    lights: LightSpec = LightSpec()
    """The lights around which they stray."""
    light: LightRandomisation = LightRandomisation()
    """How far they stray between episodes."""
    sensor: SensorSpec = SensorSpec()
    """Noise, blur, exposure and white balance."""
    backdrop: BackdropRandomisation | None = Field(default=None, exclude_if=lambda v: v is None)
    """How far the reconstructed table strays between episodes; None: it is as it was filmed."""
    dressing: Dressing | None = Field(default=None, exclude_if=lambda v: v is None)
    """What is new in the room. Only the true room can be dressed: a splat is as it was filmed."""

    def draw(self, seed: int, T_world_cam: NDArray[np.floating]) -> "EpisodeDraw":
        """What one episode looks like; the seed decides all of it.

        Args:
            seed: of the episode.
            T_world_cam: (4, 4) the nominal camera.
        """
        rng = np.random.default_rng([seed, 0xD0])
        offset = np.array(self.camera_offset)
        T = T_world_cam @ make_se3(so3_exp(offset[3:]), offset[:3]) @ self.camera.draw(rng)
        lights = self.light.draw(self.lights, rng)
        table = self.backdrop.draw(seed) if self.backdrop is not None else None
        return EpisodeDraw(T, lights, self.sensor.draw_gain(rng), rng, table)


def randomised_domain(physics: Physics | None = None) -> Domain:
    """The domain in which students learn: camera, light, colour and noise stray widely."""
    return Domain(
        name="randomised",
        physics=physics,
        camera=CameraRandomisation(translation_m=0.015, rotation_rad=0.012),
        light=LightRandomisation(gain=0.3, tint=0.1, direction_rad=0.4),
        sensor=SensorSpec(noise_std=3.0, gain_range=(0.85, 1.15), white_balance=0.06),
    )


@dataclass(frozen=True)
class EpisodeDraw:
    """Camera, light and sensor of one episode."""

    T_world_cam: NDArray[np.float64]
    """(4, 4) where the camera really is."""
    lights: LightSpec
    gain: NDArray[np.float32]
    """(3,) channel gains of the sensor."""
    rng: np.random.Generator
    """For the noise of each frame."""
    backdrop: Backdrop | None = None
    """The table's colours; as it was filmed when None."""


def _vec(values: NDArray[np.float64]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return x, y, z
