import numpy as np
import pytest

from tests.sim.fixtures import make_sim
from xsim_core.artifacts import SimWorld, TeacherPolicy
from xsim_core.errors import QualityGateError
from xsim_core.policies.teacher import load_teacher
from xsim_core.ppo import PPOConfig, train_teacher
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore, Runtime

PPO = Stage(
    name="ppo",
    version=1,
    run=train_teacher,
    config=PPOConfig,
    inputs={"sim": SimWorld},
    output=TeacherPolicy,
)
TINY = {
    "num_env_steps": 48,
    "num_envs": 2,
    "num_steps": 6,
    "eval_every": 2,
    "num_eval_episodes": 3,
}


def run(store, config, **more):
    inputs = {"sim": make_sim(store, horizon=6)}
    return run_stage(PPO, config, store, inputs, runtime=Runtime(num_workers=0), **more)


def test_a_short_training_leaves_a_usable_teacher():
    store = ArtifactStore("memory://")
    seen = []
    ref = run(store, PPOConfig(**TINY), progress=lambda f, figures: seen.append(f))
    teacher = store.open(ref, TeacherPolicy)
    assert teacher.summary.num_env_steps == 48
    assert teacher.summary.num_eval_episodes == 3
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert set(teacher.file_names) == {"learning_curve.png", "paths_top_view.png"}
    obs_dim = len(teacher.array("obs_mean"))
    assert load_teacher(teacher).act(np.zeros((4, obs_dim))).shape == (4, 3)
    assert len(teacher.array("curve/train_reward")) == 4


def test_training_resumes_after_an_interruption():
    store = ArtifactStore("memory://")
    config = PPOConfig(**TINY)

    def interrupt(fraction, figures):
        if "eval_success" in figures and figures["env_steps"] < 40:
            interrupt.at = figures["env_steps"]
        elif hasattr(interrupt, "at"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(store, config, progress=interrupt)
    seen = []
    run(store, config, progress=lambda fraction, figures: seen.append(figures["env_steps"]))
    assert seen[0] == interrupt.at + 12, "it went on from the checkpoint"
    assert seen[-1] == 48


def test_the_quality_gate_names_the_mend():
    store = ArtifactStore("memory://")
    with pytest.raises(QualityGateError, match="num_env_steps"):
        run(store, PPOConfig(**TINY, min_success=0.9))


def test_an_interrupted_training_comes_to_the_same_teacher():
    """PhysX, the episodes' streams and the noise go on from the checkpoint to the bit."""
    config = PPOConfig(**TINY | {"num_env_steps": 96})

    def interrupt(fraction, figures):
        if figures["env_steps"] == 60:  # An iteration behind the second of four checkpoints.
            raise KeyboardInterrupt

    whole, cut = ArtifactStore("memory://"), ArtifactStore("memory://")
    with pytest.raises(KeyboardInterrupt):
        run(cut, config, progress=interrupt)
    seen = []
    again = run(cut, config, progress=lambda fraction, figures: seen.append(figures["env_steps"]))
    assert seen[0] == 60, "it went on from the checkpoint at 48"
    one, other = whole.open(run(whole, config), TeacherPolicy), cut.open(again, TeacherPolicy)
    assert set(one.array_names) == set(other.array_names)
    for name in one.array_names:
        if name != "curve/steps_per_s":
            np.testing.assert_array_equal(one.array(name), other.array(name), err_msg=name)
