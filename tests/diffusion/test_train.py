from functools import partial

import numpy as np
import pytest

from tests.evaluate.fixtures import make_teacher
from tests.policies.toy import rollout, toy_episodes
from tests.sim.fixtures import make_sim
from xsim_core.artifacts import EpisodeDataset, SimWorld, StudentPolicy, TeacherPolicy
from xsim_core.diffusion import DiffusionConfig, train_student
from xsim_core.diffusion.config import DaggerConfig
from xsim_core.errors import BadInputError
from xsim_core.policies import (
    AugmentConfig,
    ClosedLoopStudent,
    Episodes,
    OptimConfig,
    Student,
    StudentArchitecture,
)
from xsim_core.stage import Stage, run_stage
from xsim_core.storage import ArtifactStore, Runtime

STAGE = Stage(
    name="diffusion",
    version=1,
    run=train_student,
    config=DiffusionConfig,
    inputs={"dataset": EpisodeDataset, "sim": SimWorld, "teacher": TeacherPolicy},
    output=StudentPolicy,
    optional=frozenset({"teacher"}),
)
# One thread and no process: torch's threads spin where another test has the other core (57 s of CPU
# time instead of 8, measured). tests/test_end_to_end.py has the stage try its student in processes.
run_here = partial(run_stage, runtime=Runtime(num_workers=0))
TINY = StudentArchitecture(
    channels=(8, 16, 16), embed_dim=64, denoiser_width=64, denoiser_blocks=2, head_channels=8
)


def random_episodes(num_episodes):
    """Of the demo's shapes."""
    rng, n = np.random.default_rng(0), 10 * num_episodes
    state = rng.normal([0.5, -0.1, 0.05, 0, 1, 0], 0.02, (n, 6)).astype(np.float32)
    rgb = rng.integers(0, 256, (n, 72, 96, 3), dtype=np.uint8)
    action = rng.uniform(-1, 1, (n, 3)).astype(np.float32)
    return Episodes(rgb, state, action, np.arange(1, num_episodes + 1) * 10)


def toy_dataset(store, num_episodes=120, task="push_block", episodes=None):
    episodes = episodes or toy_episodes(num_episodes, rng=np.random.default_rng(0))
    n = len(episodes.action)
    out = store.begin("episode_dataset", "d" * 24)
    out.write_all(
        {
            "observation.images.front": episodes.rgb,
            "observation.state": episodes.state,
            "action": episodes.action,
            "episode_ends": episodes.episode_ends,
            "env_states": np.zeros((n, 16), np.float32),
            "T_world_cam": np.tile(np.eye(4, dtype=np.float32), (num_episodes, 1, 1)),
            "K": np.eye(3, dtype=np.float32),
        }
    )
    summary = EpisodeDataset(
        task=task,
        num_episodes=num_episodes,
        num_steps=n,
        num_attempts=num_episodes,
        image_hw=episodes.rgb.shape[1:3],
        fps=10.0,
    )
    return store.commit(
        out, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )


def config(**changes):
    fields = {
        "architecture": TINY, "num_eval_episodes": 0,
        # A shift would move the dot against the (invisible) point, and light hide it.
        "augment": AugmentConfig(shift_px=0, light=None),
        "optim": OptimConfig(num_steps=250, learning_rate=3e-3, warmup_steps=20),
    }  # fmt: skip
    return DiffusionConfig(**(fields | changes))


@pytest.fixture
def store(tmp_path):
    return ArtifactStore((tmp_path / "store").as_uri())


def inputs(store, **kwargs):
    return {"dataset": toy_dataset(store, **kwargs), "sim": make_sim(store)}


def test_the_stage_trains_a_student_that_acts(store):
    seen = []
    ref = run_here(
        STAGE, config(), store, inputs(store), progress=lambda f, figures: seen.append((f, figures))
    )
    policy = store.open(ref, StudentPolicy)
    assert policy.summary.num_train_steps == 250
    assert policy.summary.final_loss < 0.1
    assert "loss.png" in policy.file_names
    assert [f for f, _ in seen] == sorted(f for f, _ in seen)
    assert {"loss", "steps_per_s"} <= set(seen[-1][1])
    distance = rollout(ClosedLoopStudent(Student.read(policy)), list(range(100, 120)))
    assert (distance < 0.2).mean() >= 0.8, distance


def test_an_interrupted_training_goes_on(store, monkeypatch):
    from xsim_core.policies import fitting

    monkeypatch.setattr(fitting, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(fitting, "SAVES_APART", 0.0)
    monkeypatch.setattr(fitting, "REPORT_EVERY_S", 0.0)
    short = config(optim=OptimConfig(num_steps=12, warmup_steps=2))
    refs = inputs(store, num_episodes=10)

    def interrupt(fraction, figures):
        if figures["step"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_here(STAGE, short, store, refs, progress=interrupt)
    steps = []
    ref = run_here(STAGE, short, store, refs, progress=lambda f, x: steps.append(x["step"]))
    assert min(steps) > 1
    resumed = store.open(ref, StudentPolicy)

    other = ArtifactStore(store.url + "-other")
    again = run_here(STAGE, short, other, inputs(other, num_episodes=10))
    unbroken = other.open(again, StudentPolicy)
    for name, value in unbroken.arrays("weights").items():
        np.testing.assert_allclose(resumed.arrays("weights")[name], value, atol=1e-5)


def test_a_dataset_of_another_task_is_refused(store):
    refs = inputs(store, num_episodes=2, task="pick_place")
    with pytest.raises(BadInputError, match="pick_place"):
        run_here(STAGE, config(), store, refs)


@pytest.mark.vulkan
def test_the_student_is_tried_in_simulation(store):
    refs = inputs(store, num_episodes=3, episodes=random_episodes(3))
    short = config(
        num_eval_episodes=2, optim=OptimConfig(num_steps=3, batch_size=8, warmup_steps=2)
    )
    seen = []
    ref = run_here(STAGE, short, store, refs, progress=lambda f, figures: seen.append(figures))
    policy = store.open(ref, StudentPolicy)
    figures = policy.summary.figures
    assert figures["sim_trials"] == 2
    assert 0 <= figures["sim_success_low"] <= figures["sim_success"] <= figures["sim_success_high"]
    assert {"film.png", "film.gif", "loss.png"} <= set(policy.file_names)
    assert "sim_success" in seen[-1]


def test_rounds_without_a_teacher_or_with_another_ones_are_refused(store):
    refs = inputs(store, num_episodes=2)
    asking = config(dagger=DaggerConfig(after=(0.5,)))
    with pytest.raises(BadInputError, match=r"no teacher was given.*diffusion.dagger=null"):
        run_stage(STAGE, asking, store, refs)
    refs["teacher"] = make_teacher(store)
    pick = ArtifactStore(store.url + "-pick")
    refs = {"sim": make_sim(pick, "pick_place", pick=True), "teacher": make_teacher(pick)}
    refs["dataset"] = toy_dataset(pick, num_episodes=2, task="pick_place")
    with pytest.raises(BadInputError, match=r"teacher.*task 'push_block'"):
        run_stage(STAGE, asking, pick, refs)


@pytest.mark.vulkan
def test_the_student_is_sent_out_and_learns_from_it(store):
    refs = {
        "dataset": toy_dataset(store, 3, episodes=random_episodes(3)),
        "sim": make_sim(store, horizon=6),
        "teacher": make_teacher(store),
    }
    short = config(
        optim=OptimConfig(num_steps=4, batch_size=8, warmup_steps=2),
        dagger=DaggerConfig(after=(0.25, 0.75), num_episodes=2, share=0.5),
    )
    seen = []
    ref = run_stage(STAGE, short, store, refs, progress=lambda f, figures: seen.append(figures))
    policy = store.open(ref, StudentPolicy)
    figures = policy.summary.figures
    assert figures["dagger_rows"] == 2 * 2 * 2
    told = {"dagger_success_1", "dagger_success_2", "dagger_miss_1", "dagger_miss_after"}
    assert told <= set(figures)
    assert {"dagger.png", "loss.png"} <= set(policy.file_names)
    assert "dagger_success_2" in seen[-1]
    assert policy.summary.num_train_steps == 4
