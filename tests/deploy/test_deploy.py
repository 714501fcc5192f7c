"""xsim_core/deploy: what the robot records of itself, and nothing of the world's truth."""

import numpy as np
import pytest

from tests.evaluate.fixtures import TINY, make_student, make_world
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import RealRollouts
from xsim_core.deploy import DeployConfig
from xsim_core.errors import BadInputError
from xsim_core.stage import run_stage
from xsim_core.stages import DEPLOY
from xsim_core.storage import ArtifactStore, Runtime
from xsim_core.world import RGBD_HW, read_rollouts


@pytest.mark.vulkan
def test_a_student_acts_once_for_each_seed_and_nobody_says_who_succeeded(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    given = {
        "student": make_student(store), "sim": make_sim(store, horizon=2),
        "world": make_world(store),
    }  # fmt: skip
    runtime = Runtime(num_workers=0)
    ref = run_stage(DEPLOY, DeployConfig(num_rollouts=2, seed=7), store, given, runtime=runtime)
    made = store.open(ref, RealRollouts)
    assert (made.summary.num_episodes, made.summary.num_steps) == (2, 4)
    assert made.array("seeds").tolist() == [7, 8]
    assert "outcome" not in made.array_names
    assert made.file_names == ("rollouts.png",)
    episodes = read_rollouts(made)
    assert episodes.rgb.shape[1:3] == TINY.image_hw
    assert episodes.wide_depth_mm.shape == (4, *RGBD_HW)
    assert (np.median(episodes.wide_depth_mm, axis=(1, 2)) > 300).all()
    np.testing.assert_array_equal(
        episodes.T_world_cam, store.open(given["sim"]).array("T_world_cam")
    )


def test_a_student_of_another_task_is_refused():
    store = ArtifactStore("memory://")
    given = {
        "student": make_student(store), "sim": make_sim(store, "pick_place", pick=True),
        "world": make_world(store),
    }  # fmt: skip
    with pytest.raises(BadInputError, match="was made for task 'push_block'"):
        run_stage(DEPLOY, DeployConfig(), store, given)
