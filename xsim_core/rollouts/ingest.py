"""The ``ingest_rollouts`` stage: what a robot recorded becomes ``RealRollouts``.

Recordings of ``xsim robot run``, or a LeRobot dataset.

What the policy saw is cut anew from the camera's picture, for the student that is given: so
rollouts of one policy serve another one of the same task, robot and camera.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xsim_core.artifacts import RealRollouts, SimWorld, StudentPolicy
from xsim_core.geometry import PinholeCamera
from xsim_core.pictures import film_strip, png_bytes
from xsim_core.policies.config import StudentArchitecture
from xsim_core.sim.open import check_same_task, open_sim_world
from xsim_core.sim.vision.rendering import policy_camera
from xsim_core.storage import ArtifactWriter, OpenArtifact
from xsim_core.world import RobotEpisodes, write_rollouts

from .apart import Read
from .config import IngestRolloutsConfig
from .read import Fits

NUM_SHOWN = 6


def ingest_rollouts(
    student: OpenArtifact[StudentPolicy],
    sim: OpenArtifact[SimWorld],
    *,
    config: IngestRolloutsConfig,
    out: ArtifactWriter,
) -> RealRollouts:
    """Read recordings in a process with limits, check that they fit, write what is whole of them.

    Raises:
        BadInputError: for recordings of another task, robot or camera, and where nothing is left.
    """
    check_same_task(student, sim)
    config.check_unchanged()
    here = open_sim_world(sim, out.scratch() / "sim")
    architecture = StudentArchitecture.model_validate(student.summary.architecture)
    view = policy_camera(here.assets, architecture.image_hw)
    fits = Fits(here.task, np.array(here.assets.T_world_cam))
    with TemporaryDirectory(dir=out.scratch()) as place:
        read = _read(Path(place), config, fits, view, str(student.ref))
        out.add_file("rollouts.png", _picture(read.episodes))
        return write_rollouts(
            out,
            read.episodes,
            task=here.task.name,
            seeds=read.seeds,
            outcome=read.outcome,
            notes=read.notes,
        )


def _read(
    place: Path, config: IngestRolloutsConfig, fits: Fits, view: PinholeCamera, policy: str
) -> Read:
    if config.dataset is None:
        return Read.of(place, config.sources, fits, view, policy=policy)
    folder, picks = config.sources[0], config.dataset
    return Read.of_dataset(place, folder, fits, view, picks=picks, policy=policy)


def _picture(episodes: RobotEpisodes) -> bytes:
    shown = [
        np.array(episodes.rgb[episodes.episode(i)]) for i in range(min(NUM_SHOWN, len(episodes)))
    ]
    return png_bytes(film_strip(shown))
