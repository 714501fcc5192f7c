"""Lights that can change between frames, and what they do to a table."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from xsim_core.config import FrozenModel, Vec3
from xsim_core.geometry import make_se3, se3_to_pos_quat

MAX_LIGHTS = 3
"""SAPIEN 3.0.3's shaders add up three directional lights, and leave out further ones."""


@dataclass(frozen=True)
class ShadowMap:
    """What a light's depth picture covers. Software rendering pays for every texel."""

    half_size_m: float
    """To each side of the light's own place, across its direction."""
    half_depth_m: float
    """To each side along it."""
    texels: int
    """Along each side."""


WORKSPACE_SHADOWS = ShadowMap(half_size_m=0.75, half_depth_m=2.0, texels=512)
"""For the images of policies, which are smaller than this."""
ROOM_SHADOWS = ShadowMap(half_size_m=1.2, half_depth_m=3.0, texels=2048)
"""For pictures as a camera takes them."""


class LightSpec(FrozenModel):
    """The lights of a scene: ambient, and directional lights of which the first casts shadows."""

    ambient_rgb: Vec3 = (0.40, 0.40, 0.40)
    """Radiance from everywhere, a channel each; 1 is white."""
    directions: tuple[Vec3, ...] = ((0.3, 0.5, -1.0), (-0.6, -0.3, -0.8))
    """World directions in which the light travels."""
    colours_rgb: tuple[Vec3, ...] = ((1.35, 1.30, 1.2), (0.5, 0.55, 0.62))
    """Of each directional light, in the same order."""
    has_shadows: bool = True
    """Whether the first directional light casts shadows."""

    @model_validator(mode="after")
    def _a_colour_each(self) -> "LightSpec":
        if len(self.directions) != len(self.colours_rgb):
            raise ValueError(
                f"{len(self.directions)} directions of lights have {len(self.colours_rgb)} "
                "colours; each needs one"
            )
        if len(self.directions) > MAX_LIGHTS:
            raise ValueError(
                f"{len(self.directions)} directional lights: {MAX_LIGHTS} are rendered, so further "
                "ones would not be seen"
            )
        return self


class Lights:
    """The directional lights of one SAPIEN scene; the first one casts shadows."""

    def __init__(
        self,
        scene: Any,
        centre_world: NDArray[np.floating],
        shadow_map: ShadowMap = WORKSPACE_SHADOWS,
    ) -> None:
        self._scene, self._centre = scene, np.asarray(centre_world, float)
        self._shadow_map = shadow_map
        self._lights: list[tuple[Any, Any]] = []
        self._current: LightSpec | None = None

    def set(self, lights: LightSpec) -> None:
        """Light the scene so from the next frame on."""
        import sapien

        if lights == self._current:
            return
        self._current = lights
        self._scene.set_ambient_light(list(lights.ambient_rgb))
        while len(self._lights) < len(lights.directions):
            self._add(casts_shadow=lights.has_shadows and not self._lights)
        for i, (entity, light) in enumerate(self._lights):
            is_used = i < len(lights.directions)
            light.color = list(lights.colours_rgb[i]) if is_used else [0, 0, 0]
            if is_used:
                position, quat = se3_to_pos_quat(shining_along(lights.directions[i], self._centre))
                entity.set_pose(sapien.Pose(list(position), list(quat)))

    def _add(self, *, casts_shadow: bool) -> None:
        import sapien

        entity = sapien.Entity()
        light = sapien.render.RenderDirectionalLightComponent()
        light.shadow = casts_shadow
        shadows = self._shadow_map
        light.shadow_near, light.shadow_far = -shadows.half_depth_m, shadows.half_depth_m
        light.shadow_half_size, light.shadow_map_size = shadows.half_size_m, shadows.texels
        entity.add_component(light)
        self._scene.add_entity(entity)
        self._lights.append((entity, light))


def light_room(scene: Any, lights: LightSpec) -> None:
    """Light a SAPIEN scene for good, with shadows for large pictures."""
    Lights(scene, np.zeros(3), ROOM_SHADOWS).set(lights)


def shining_along(
    direction: tuple[float, float, float], centre_world: NDArray[np.floating]
) -> NDArray[np.float64]:
    """A pose (4, 4) whose +x, along which SAPIEN's lights shine, is ``direction``."""
    x = np.asarray(direction, float) / np.linalg.norm(direction)
    helper = np.array([0, 0, 1.0]) if abs(x[2]) < 0.9 else np.array([0, 1.0, 0])
    y = np.cross(helper, x)
    y /= np.linalg.norm(y)
    return make_se3(np.stack([x, y, np.cross(x, y)], axis=-1), centre_world)


def table_irradiance(lights: LightSpec) -> NDArray[np.float64]:
    """Light (3,) that a horizontal matt surface sends back per unit of albedo (Lambert)."""
    total = np.array(lights.ambient_rgb, dtype=np.float64)
    for direction, colour in zip(lights.directions, lights.colours_rgb, strict=True):
        cosine = max(0.0, -direction[2] / float(np.linalg.norm(direction)))
        total += np.array(colour) * cosine / math.pi
    return total
