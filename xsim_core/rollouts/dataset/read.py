"""Rollouts in a LeRobot dataset: the part that runs in ``apart``'s process."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsim_core.errors import BadInputError
from xsim_core.files.windows import empty, let_go
from xsim_core.geometry import PinholeCamera
from xsim_core.importers.config import Picks
from xsim_core.importers.lerobot.choose import COUNTERS, choose
from xsim_core.importers.lerobot.layout import Feature, Layout, read_layout
from xsim_core.importers.lerobot.pictures import read_pictures
from xsim_core.robots.sight import PolicySight, check_place
from xsim_core.rollouts.picks import RolloutPicks
from xsim_core.sim.task import TaskSpec

from .columns import DEPTHS, OUTCOMES, SEED, TIME, depth, outcomes, picture_times, seeds
from .numbers import RobotNumbers, read_numbers
from .sidecar import MEND, Sidecar

Arrays = dict[str, NDArray[Any]]
FRONT, WIDE = "observation.images.front", "observation.images.wide"


def read_dataset(folder: Path, options: Mapping[str, Any]) -> tuple[Arrays, dict[str, Any]]:
    """Check that a dataset fits, and what is picked of it: arrays of ``RobotEpisodes`` by name.

    Args:
        folder: holds ``meta/info.json``.
        options: as ``Read.of_dataset`` in ``apart`` gives them.

    Raises:
        BadInputError: for another task, robot or camera, and where something is lacking.
    """
    picks, task = (
        RolloutPicks.model_validate(options["picks"]),
        TaskSpec.model_validate(options["task"]),
    )
    height, width = options["image_hw"]
    view = PinholeCamera(width, height, np.array(options["K"]))
    layout, told, notes = read_layout(folder), Sidecar.read(folder), list[str]()
    T_world_cam = _placed(layout, told, task, np.array(options["T_world_cam"]))
    wide = _camera(layout, told, picks)
    numbers = read_numbers(layout, picks, wide.name, task, notes)
    pictures, K = _pictures(layout, told, numbers, view, notes)
    hw = pictures["wide_rgb"].shape[1:3]
    measured = depth(layout, numbers.rows, picks.depth, (int(hw[0]), int(hw[1])), notes)
    arrays: Arrays = {"state": numbers.state, "action": numbers.action, "K": K, **pictures}
    arrays |= {"episode_ends": numbers.rows.episode_ends, "T_world_cam": T_world_cam}
    more = {
        "qpos": numbers.qpos,
        "wide_depth_mm": measured,
        "time_s": picture_times(layout, numbers.rows),
        "outcome": outcomes(layout, numbers.rows, picks.outcome, notes),
    }
    arrays |= {name: values for name, values in more.items() if values is not None}
    own = seeds(layout, numbers.rows, notes)
    notes += _said(layout, told, numbers, picks, options["policy"])
    return arrays, {"seeds": own, "notes": notes}


def read_policy(folder: Path, options: Mapping[str, Any]) -> tuple[Arrays, dict[str, str]]:
    """Who acted, where the dataset says so."""
    return {}, {"policy": Sidecar.read(folder).policy}


def _placed(
    layout: Layout, told: Sidecar, task: TaskSpec, T_world_policy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(4, 4) where the camera stood, near where the policy looks from."""
    if told.K is None or told.T_world_cam is None:
        raise BadInputError(f"{layout.folder} does not say where its camera stood. {MEND}")
    if told.task not in ("", task.name):
        raise BadInputError(
            f"{layout.folder} is of task '{told.task}', not '{task.name}'. Name a policy or a run "
            "of its own task."
        )
    try:
        check_place(told.T_world_cam, T_world_policy)
    except BadInputError as error:
        raise BadInputError(f"{layout.folder}: {error}") from error
    return told.T_world_cam


def _camera(layout: Layout, told: Sidecar, picks: RolloutPicks) -> Feature:
    """The one with the larger pictures where X-Sim wrote two, else the one that is picked."""
    if told.K_wide is not None and not picks.camera and {FRONT, WIDE} <= layout.features.keys():
        return layout.features[WIDE]
    seen = {n: of for n, of in layout.features.items() if n not in (*DEPTHS, picks.depth)}
    return choose(
        replace(layout, features=seen), Picks(camera=picks.camera, state=(), action=())
    ).camera


def _pictures(
    layout: Layout, told: Sidecar, numbers: RobotNumbers, view: PinholeCamera, notes: list[str]
) -> tuple[Arrays, NDArray[np.float64]]:
    """``wide_rgb`` and what the policy saw, and (3, 3) of the former."""
    camera = numbers.chosen.camera
    wide = _all_of(layout, numbers, camera, notes)
    has_both = camera.name == WIDE and told.K_wide is not None and FRONT in layout.features
    K = told.K_wide if has_both else told.K
    assert K is not None
    eye = PinholeCamera(wide.shape[2], wide.shape[1], K)
    if has_both and _is_view(layout.features[FRONT], told.K, view):
        front = _all_of(layout, numbers, layout.features[FRONT], notes)
        return {"wide_rgb": wide, "rgb": front}, K
    if _is_view(camera, K, view):
        return {"wide_rgb": wide, "rgb": wide}, K
    try:
        sight = PolicySight(eye, view)
    except BadInputError as error:
        raise BadInputError(f"{layout.folder}: {error}") from error
    rgb = empty((len(wide), view.height, view.width, 3), np.uint8)
    for i, picture in enumerate(wide):
        rgb[i] = sight.image(np.asarray(picture))
        let_go(rgb)
    notes.append("what the policy saw is cut anew from the camera's picture")
    return {"wide_rgb": wide, "rgb": rgb}, K


def _is_view(camera: Feature, K: NDArray[np.float64] | None, view: PinholeCamera) -> bool:
    """Whether a camera's pictures are the policy's own."""
    same = K is not None and np.allclose(K, view.K, rtol=1e-6)
    return bool(same) and _size(camera) == (view.height, view.width)


def _size(camera: Feature) -> tuple[int, int]:
    """Height and width by ``info.json``, which some write with the channels first.

    Raises:
        BadInputError: where it says none.
    """
    shape = camera.shape[1:] if camera.shape[:1] == (3,) else camera.shape[:2]
    if len(shape) != 2:
        raise BadInputError(f"info.json says no size of the pictures of {camera.name}.")
    return shape[0], shape[1]


def _all_of(
    layout: Layout, numbers: RobotNumbers, camera: Feature, notes: list[str]
) -> NDArray[np.uint8]:
    """(n, h, w, 3) as they are."""
    chosen = replace(numbers.chosen, camera=camera)
    rgb, given_hw = read_pictures(layout, chosen, numbers.rows, _size(camera), notes)
    if rgb.shape[1:3] != given_hw:
        raise BadInputError(
            f"{layout.folder}: info.json says {_size(camera)[1]}x{_size(camera)[0]} of "
            f"{camera.name}, its pictures are {given_hw[1]}x{given_hw[0]}, and nothing says of "
            "which its camera's K is. Write the dataset again."
        )
    notes.append(f"pictures: {camera.name}")
    return rgb


def _said(
    layout: Layout, told: Sidecar, numbers: RobotNumbers, picks: RolloutPicks, policy: str
) -> list[str]:
    """Whose rollouts they are, and what of the dataset is left."""
    words, notes = "; ".join(numbers.rows.instructions), list[str]()
    if not told.task:
        notes.append(f"nothing but its instruction says of which task it is: '{words}'")
    if not told.policy:
        notes.append("nothing says which policy acted")
    elif told.policy != policy:
        notes.append(f"recorded with another policy than {policy}: {told.policy}")
    used = {n.feature.name for n in (*numbers.chosen.state, *numbers.chosen.action)}
    used |= {numbers.chosen.camera.name, FRONT if told.K_wide is not None else "", SEED, TIME}
    used |= {picks.outcome, picks.depth, *OUTCOMES, *DEPTHS, *COUNTERS}
    if left := [name for name in layout.features if name not in used]:
        notes.append(f"left: {', '.join(left)}")
    return notes
