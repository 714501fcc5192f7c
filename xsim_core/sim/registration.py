"""Worlds as environments that are made by their name alone."""

from mani_skill.utils.registration import REGISTERED_ENVS, register_env

from xsim_core.errors import BadInputError

from .maniskill import ENV_ID, XSimObjectTrackEnv
from .open import OpenSimWorld


def register_world(world: OpenSimWorld, env_id: str) -> str:
    """Make a world known to gymnasium by a name, as ManiSkill's own tasks are.

    ``gymnasium.make(env_id)`` then needs no assets, and its episodes end at the task's horizon:
    what takes an environment by its name alone, such as ManiSkill's PPO example, takes this one.

    Args:
        world: whose files stay where they are.
        env_id: such as ``Push-v1``; of this process. An earlier world of this name is replaced.

    Returns:
        The name.

    Raises:
        BadInputError: when the name is that of a task of ManiSkill's.
    """
    known = REGISTERED_ENVS.get(env_id)
    if known is not None and not (known.cls is XSimObjectTrackEnv and env_id != ENV_ID):
        raise BadInputError(
            f"'{env_id}' is an environment already ({known.cls.__name__}). Give another name."
        )
    register_env(
        env_id,
        max_episode_steps=world.task.horizon,
        override=known is not None,
        assets=world.assets.model_dump(mode="json"),
        task=world.task.model_dump(mode="json"),
    )(XSimObjectTrackEnv)
    return env_id
