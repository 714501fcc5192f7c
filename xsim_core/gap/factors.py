"""What simulation and world differ in, and places that are the one in this, the other in that.

A place is all that a policy's episodes depend on beside the policy and the task. A factor takes one
thing of it, and each field of a place belongs to one factor alone: with none of them a place is the
simulation that ``evaluate`` tries students in, with all of them the world to the bit.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

from xsim_core.sim.assets import SimAssets
from xsim_core.sim.open import OpenSimWorld
from xsim_core.sim.vision.backgrounds import Background, RoomBackground
from xsim_core.sim.vision.domain import Domain
from xsim_core.world import Ground, OpenWorld, check_object_frame, world_assets

from .config import FACTOR_NAMES, FactorName, GapRungConfig

RUNG = "rung"
"""What the domain of every rung is called: its name is nothing in which it differs."""


@dataclass(frozen=True)
class Place:
    """Where episodes take place."""

    assets: SimAssets
    background: Background
    domains: tuple[Domain, ...]
    """One an environment; a single one is that of all."""


Change = Callable[[Place, Place], Place]
"""``change(here, there)``: here, with one thing as it is there."""


def _background(here: Place, there: Place) -> Place:
    return replace(here, background=there.background)


def _assets(*names: str) -> Change:
    def change(here: Place, there: Place) -> Place:
        return replace(here, assets=_taken(here.assets, there.assets, (), names))

    return change


def _domains(names: tuple[str, ...], *, of: str = "") -> Change:
    """Fields of every domain, or of a part of it such as its sensor."""
    path = (of,) if of else ()

    def change(here: Place, there: Place) -> Place:
        pairs = zip(here.domains, there.domains, strict=True)
        return replace(here, domains=tuple(_taken(a, b, path, names) for a, b in pairs))

    return change


def _taken(here: Any, there: Any, path: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """``here`` with the fields of these names, below the path, as they are in ``there``."""
    if path:
        inner = _taken(getattr(here, path[0]), getattr(there, path[0]), path[1:], names)
        return here.model_copy(update={path[0]: inner})
    return here.model_copy(update={name: getattr(there, name) for name in names})


def _both(first: Change, second: Change) -> Change:
    return lambda here, there: second(first(here, there), there)


FACTORS: Mapping[FactorName, Change] = {
    "room": _both(_background, _domains(("dressing",))),
    "object": _assets("visual_glb"),
    "lights": _domains(("lights", "light")),
    "exposure": _domains(("gain_range", "white_balance"), of="sensor"),
    "noise": _domains(("noise_std", "depth_noise_m", "blur_px"), of="sensor"),
    "camera": _both(_domains(("camera", "camera_offset")), _assets("T_world_cam")),
    "table": _assets("scene_objs", "table_height_m", "T_world_object_start"),
    "friction": _domains(("friction",), of="physics"),
    "mass": _domains(("density_kg_m3",), of="physics"),
    "latency": _domains(("action_latency_steps",), of="physics"),
    "gain": _domains(("action_gain",), of="physics"),
    "joints": _domains(("joint_offset_rad",), of="physics"),
}
"""What each takes from the other place."""


def place_with(factors: Iterable[FactorName], here: Place, there: Place) -> Place:
    """Here, with these factors as they are there."""
    return reduce(lambda place, name: FACTORS[name](place, there), factors, here)


def differing(here: Place, there: Place) -> tuple[FactorName, ...]:
    """The factors in which two places differ, in the ladder's order."""
    return tuple(name for name in FACTOR_NAMES if place_with((name,), here, there) != here)


def both_places(
    sim: OpenSimWorld, world: OpenWorld, config: GapRungConfig, folder: Path
) -> tuple[Place, Place]:
    """The simulation, and the world to deploy into or as many drawn worlds as are asked for.

    Args:
        sim: the reconstruction.
        world: the world to deploy into; drawn worlds have its room and its object.
        config: the simulation's domain, and which worlds.
        folder: where to write the world's object.
    """
    ground = Ground.of(sim.assets, world.spec.room)
    worlds = (config.worlds.draw(k, ground) for k in range(config.num_worlds))
    drawn = list(worlds) or [world.spec.domain]
    physics = {"physics": config.domain.physics or sim.task.physics, "name": RUNG}
    here = Place(
        sim.assets, sim.background, (config.domain.model_copy(update=physics),) * len(drawn)
    )
    there = Place(
        _world_assets(sim, world, folder),
        RoomBackground(room=world.spec.room),
        tuple(domain.model_copy(update={"name": RUNG}) for domain in drawn),
    )
    return here, there


def _world_assets(sim: OpenSimWorld, world: OpenWorld, folder: Path) -> SimAssets:
    check_object_frame(sim.mesh_from)
    assets = world_assets(world, sim.assets, folder)
    # An object that looks the same is the same, wherever its file lies.
    is_alike = assets.visual_glb.read_bytes() == sim.assets.visual_glb.read_bytes()
    return assets.model_copy(update={"visual_glb": sim.assets.visual_glb}) if is_alike else assets
