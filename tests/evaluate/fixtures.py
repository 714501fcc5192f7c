"""Untrained policies, a world, photos and truth around the fixture scene."""

import numpy as np

from tests.sim.fixtures import block_mesh, commit, default_T_world_cam, push_path
from xsim_core.artifacts import (
    EpisodeDataset,
    GroundTruth,
    PosedImages,
    RealRollouts,
    RealWorld,
    StudentPolicy,
    TeacherPolicy,
)
from xsim_core.geometry import look_at
from xsim_core.policies import MinMaxNormalizer, Student, StudentArchitecture
from xsim_core.policies.fitting import new_net
from xsim_core.policies.teacher import ActorCritic, RunningNormaliser, teacher_arrays
from xsim_core.world import WorldSpec, spec_to_json, write_rollouts

TINY = StudentArchitecture(
    channels=(8, 8, 16), embed_dim=32, denoiser_width=32, denoiser_blocks=1, head_channels=4
)
OBS_DIM = 32


def make_teacher(store):
    net = ActorCritic(OBS_DIM, 3, (16,), seed=0)
    arrays = teacher_arrays(net, RunningNormaliser(OBS_DIM))
    summary = TeacherPolicy(
        task="push_block",
        num_env_steps=0,
        success_rate=0.0,
        num_eval_episodes=1,
        reached_threshold=False,
    )
    return commit(store, summary, arrays | {"curve/return": np.zeros(2)}, name="teacher")


def make_student(store, *, seed=0, inputs=None, architecture=TINY):
    state = MinMaxNormalizer.fit(np.array([[0.4, -0.2, 0, -1, -1, 0], [0.6, 0.1, 0.1, 1, 1, 1]]))
    action = MinMaxNormalizer.fit(np.array([[-1.0] * 3, [1.0] * 3]))
    out = store.begin("student_policy", f"{seed:024x}")
    Student(new_net(architecture, seed=seed), state, action).write(out)
    out.write("curve/loss", np.zeros(2))
    summary = StudentPolicy(
        task="push_block",
        is_calibrated=False,
        architecture=architecture.model_dump(mode="json"),
        num_train_steps=1,
        final_loss=1.0,
    )
    made = {"stage": "test", "stage_version": 1, "config": {}, "provenance": {}}
    return store.commit(out, summary, inputs=inputs or {}, **made)


def make_dataset(store, *, num_episodes=3):
    rng, n = np.random.default_rng(0), 10 * num_episodes
    arrays = {
        "observation.images.front": rng.integers(0, 256, (n, 72, 96, 3), dtype=np.uint8),
        "observation.state": rng.normal([0.5, -0.1, 0.05, 0, 1, 0], 0.02, (n, 6)).astype(
            np.float32
        ),
        "action": rng.uniform(-1, 1, (n, 3)).astype(np.float32),
        "episode_ends": np.arange(1, num_episodes + 1) * 10,
        "env_states": np.zeros((n, 16), np.float32),
        "T_world_cam": np.tile(np.eye(4, dtype=np.float32), (num_episodes, 1, 1)),
        "K": np.eye(3, dtype=np.float32),
    }
    summary = EpisodeDataset(
        task="push_block",
        num_episodes=num_episodes,
        num_steps=n,
        num_attempts=num_episodes,
        image_hw=(72, 96),
        fps=10.0,
    )
    return commit(store, summary, arrays, name="dataset")


def make_world(store, **fields):
    """The fixture's object elsewhere; ``fields`` of its ``WorldSpec``."""
    vertices, faces, uv, texture = block_mesh()
    arrays = {
        "spec_json": spec_to_json(WorldSpec(name="elsewhere", friction=0.3, **fields)),
        "object/vertices": vertices,
        "object/faces": faces,
        "object/uv": uv,
        "object/texture": texture,
    }
    return commit(store, RealWorld(name="elsewhere"), arrays, name=f"world {fields}")


def make_rollouts(store, episodes, *, task="push_block", outcome=None, first_seed=5, name="0"):
    """A robot's ``RobotEpisodes`` as the artifact that they become."""
    out = store.begin(RealRollouts.kind, name.rjust(24, "0"))
    seeds = range(first_seed, first_seed + len(episodes))
    summary = write_rollouts(out, episodes, task=task, seeds=seeds, outcome=outcome)
    return store.commit(
        out, summary, stage="test", stage_version=1, config={}, inputs={}, provenance={}
    )


def photo_poses(n=8):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    eyes = np.stack([0.5 + 0.6 * np.cos(angle), 0.6 * np.sin(angle), 0.6 + 0 * angle], axis=-1)
    return np.stack([look_at(eye, (0.5, 0, 0)) for eye in eyes])


def make_images(store, *, shift_m=0.0, of_film=False):
    T_world_cam = np.stack([default_T_world_cam()] * 4) if of_film else photo_poses()[1:]
    T_world_cam[:, 0, 3] += shift_m
    n = len(T_world_cam)
    arrays = {
        "images": np.zeros((n, 8, 8, 3), np.uint8),
        "T_world_cam": T_world_cam,
        "K": np.eye(3),
        "photo_index": np.full(n, -1) if of_film else np.arange(1, n + 1),
        "is_held_out": np.zeros(n, bool),
        "points_world": np.zeros((4, 3), np.float32),
        "points_rgb": np.zeros((4, 3), np.uint8),
    }
    summary = PosedImages(
        num_images=n,
        num_photos=n + 1,
        reprojection_error_px=0.5,
        board_rms_mm=1.0,
        num_board_images=n,
    )
    return commit(store, summary, arrays, name=f"images {shift_m} {of_film}")


def make_truth(store):
    poses = push_path()
    arrays = {
        "T_world_object": poses,
        "T_world_cam": default_T_world_cam(),
        "photo/T_world_cam": photo_poses(),
        "photo/K": np.eye(3),
        "visible_fraction": np.ones(len(poses), np.float32),
    }
    return commit(store, GroundTruth(name="block"), arrays, name="truth")
