"""Many worlds around the one to deploy into: its walls and its object, all else drawn by seed.

One world is one draw: of a camera's error, of where its lamps stand. What a policy is worth over
worlds is measured over many. What is drawn here is drawn otherwise than for training
(``sim.vision.domain.randomised_domain``): lights come from all sides and their number varies, and a
camera that is off or a sensor that is dark is so for all of a world's episodes.
"""

from typing import Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from xsim_core.config import FrozenModel, Vec3
from xsim_core.render.dressing import Dressing
from xsim_core.render.lights import MAX_LIGHTS, LightSpec
from xsim_core.render.room import ClutterBox
from xsim_core.render.sensor import SensorSpec
from xsim_core.sim.task import Physics
from xsim_core.sim.vision.domain import Domain

from .ground import Ground

MAX_LATENCY_STEPS = 5
"""As ``Physics`` has it."""
MAX_ATTEMPTS = 60
"""Places tried for the things of one world; where none is free, fewer stand there."""
Range = tuple[float, float]
"""Drawn uniformly from the first to the second."""


class WorldSpread(FrozenModel):
    """From what worlds are drawn. All draws are uniform, and one a world."""

    seed: int = Field(default=20_000, ge=0)
    """World ``k`` is drawn from ``(seed, k)``: more worlds leave the first ones as they were."""
    ambient: Range = (0.25, 0.5)
    """Radiance from everywhere; 1 is white."""
    num_lights: tuple[int, int] = (1, 3)
    """Directional lights; the first casts shadows."""
    main_light: Range = (0.9, 1.7)
    """Radiance of the first."""
    other_lights: Range = (0.2, 0.7)
    """Radiance of each other one."""
    shadow: Range = (0.3, 1.0)
    """How dark the main light's shadow is: 1 is a lamp's, 0 none at all, as below a clouded sky.
    With as many lights as can be rendered it is a lamp's."""
    slant_rad: Range = (0.2, 1.0)
    """From the vertical; they come from all sides."""
    light_tint: float = Field(default=0.15, ge=0, lt=1)
    """Half range of each colour channel of all light: white balance and colour together."""
    camera_m: Range = (0.0, 0.015)
    """Length of the camera's error, in any direction."""
    camera_rad: Range = (0.0, 0.02)
    """Angle of its error, about any axis."""
    exposure: Range = (0.8, 1.2)
    """Gain of the sensor."""
    noise_std: Range = (1.0, 5.0)
    """Of the sensor, in grey levels of 255."""
    blur_px: Range = (0.0, 0.7)
    """Of the lens: the standard deviation of what a point becomes, in pixels."""
    table_tint: float = Field(default=0.2, ge=0, lt=1)
    """Half range of each colour channel of the table's top, whose pattern or grain is another."""
    num_things: tuple[int, int] = (0, 3)
    """Things that stand beside and behind the object's path and that nobody has seen before."""
    thing_m: Range = (0.025, 0.06)
    """Their edges."""
    thing_distance_m: Range = (0.11, 0.30)
    """From the path of the object's centre to a thing's nearest point; how far off it may be."""
    friction: Range = (0.2, 0.45)
    """Of object and table."""
    density_kg_m3: Range = (300.0, 800.0)
    """Of the object."""
    action_latency_steps: tuple[int, int] = (0, 2)
    """Control steps between command and execution."""
    action_gain: Range = (0.9, 1.1)
    """Executed over commanded displacement."""
    joint_rad: float = Field(default=0.004, ge=0, le=0.1)
    """Half range of what each joint's encoder is off by: some 4 mm at the gripper."""

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        ranges = {n: cast("Range", value) for n, value in self if isinstance(value, tuple)}
        for name, (low, high) in ranges.items():
            if low > high or low < 0:
                raise ValueError(f"{name}: from {low} to {high} is no range of numbers from 0")
        if self.num_lights[0] < 1:
            raise ValueError("num_lights: a world without lights shows nothing; draw at least 1")
        if self.num_lights[1] > MAX_LIGHTS:
            raise ValueError(f"num_lights: at most {MAX_LIGHTS} are rendered")
        if self.shadow[1] > 1 or self.thing_m[0] < 0.005:
            raise ValueError("shadow is a share, at most 1, and thing_m at least 0.005")
        if min(self.friction[0], self.action_gain[0]) <= 0 or self.density_kg_m3[0] < 10:
            raise ValueError("friction and action_gain must be above 0, density_kg_m3 at least 10")
        if self.slant_rad[1] >= np.pi / 2 or self.action_latency_steps[1] > MAX_LATENCY_STEPS:
            raise ValueError(
                "slant_rad must be below a right angle: lights come from above; and "
                f"action_latency_steps at most {MAX_LATENCY_STEPS}"
            )
        return self

    def draw(self, k: int, ground: Ground) -> Domain:
        """World ``k``: its physics, camera, light, sensor, and what is otherwise on its table.

        Args:
            k: its number.
            ground: where things may stand.
        """
        rng = np.random.default_rng([self.seed, k])
        # What came to be drawn later has a stream of its own: all else stays what it was.
        more = np.random.default_rng([self.seed, k, 0x30])
        lights, offset = self._lights(rng), self._camera(rng)
        gain = rng.uniform(*self.exposure)
        sensor = SensorSpec(
            noise_std=rng.uniform(*self.noise_std),
            gain_range=(gain, gain),
            blur_px=more.uniform(*self.blur_px),
        )
        physics = Physics(
            friction=rng.uniform(*self.friction),
            density_kg_m3=rng.uniform(*self.density_kg_m3),
            action_latency_steps=int(rng.integers(*self.action_latency_steps, endpoint=True)),
            action_gain=rng.uniform(*self.action_gain),
            joint_offset_rad=tuple(more.uniform(-1, 1, 7) * self.joint_rad),  # type: ignore[arg-type]
        )
        return Domain(
            name=f"world {k}",
            physics=physics,
            camera_offset=offset,
            lights=_with_softer_shadow(lights, more.uniform(*self.shadow)),
            sensor=sensor,
            dressing=self._dressing(more, ground),
        )

    def _lights(self, rng: np.random.Generator) -> LightSpec:
        count = int(rng.integers(*self.num_lights, endpoint=True))
        tint = 1 + rng.uniform(-1, 1, 3) * self.light_tint
        azimuth, slant = rng.uniform(-np.pi, np.pi, count), rng.uniform(*self.slant_rad, count)
        level, across = -np.cos(slant), np.sin(slant)
        directions = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), level], axis=-1)
        radiance = rng.uniform(*self.other_lights, count)
        radiance[0] = rng.uniform(*self.main_light)
        return LightSpec(
            ambient_rgb=_vec(tint * rng.uniform(*self.ambient)),
            directions=tuple(_vec(d) for d in directions),
            colours_rgb=tuple(_vec(tint * r) for r in radiance),
        )

    def _dressing(self, rng: np.random.Generator, ground: Ground) -> Dressing:
        tint = 1 + rng.uniform(-1, 1, 3) * self.table_tint
        count, seed = rng.integers(*self.num_things, endpoint=True), rng.integers(2**31)
        things: list[ClutterBox] = []
        for _ in range(MAX_ATTEMPTS):
            if len(things) == count:
                break
            thing, radius = self._thing(rng, ground)
            if ground.is_free(thing.position_m, radius, self.thing_distance_m[0]):
                things.append(thing)
                ground = ground.with_taken(thing.position_m, radius)
        return Dressing(seed=int(seed), table_tint=_vec(tint), things=tuple(things))

    def _thing(self, rng: np.random.Generator, ground: Ground) -> tuple[ClutterBox, float]:
        """A thing somewhere around the path, free or not, and the radius that holds it."""
        size, yaw = rng.uniform(*self.thing_m, 3), rng.uniform(-np.pi, np.pi)
        radius = float(np.hypot(*size[:2])) / 2
        around = ground.path[rng.integers(len(ground.path))]
        away, way = radius + rng.uniform(*self.thing_distance_m), rng.uniform(-np.pi, np.pi)
        x, y = (float(v) for v in around + away * np.array([np.cos(way), np.sin(way)]))
        rgb = _vec(rng.uniform(0.15, 0.9, 3))
        return ClutterBox(position_m=(x, y), size_m=_vec(size), yaw_rad=yaw, rgb=rgb), radius

    def _camera(self, rng: np.random.Generator) -> tuple[float, float, float, float, float, float]:
        axes = rng.standard_normal((2, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        moved = axes[0] * rng.uniform(*self.camera_m)
        return *_vec(moved), *_vec(axes[1] * rng.uniform(*self.camera_rad))


def _with_softer_shadow(lights: LightSpec, shadow: float) -> LightSpec:
    """A part of the main light casts the shadow, the rest of it shines alike and casts none."""
    if len(lights.directions) == MAX_LIGHTS:
        return lights
    main = np.array(lights.colours_rgb[0])
    return lights.model_copy(
        update={
            "directions": (lights.directions[0], *lights.directions),
            "colours_rgb": (
                _vec(main * shadow),
                _vec(main * (1 - shadow)),
                *lights.colours_rgb[1:],
            ),
        }
    )


def _vec(values: NDArray[np.float64]) -> Vec3:
    x, y, z = (float(v) for v in values)
    return x, y, z
