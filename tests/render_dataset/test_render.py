import numpy as np
import pytest
from hypothesis import given, strategies as st

from tests.sim.fixtures import commit, make_sim, open_sim
from xsim_core.artifacts import TeacherPolicy, TeacherRollouts
from xsim_core.errors import BadInputError, QualityGateError
from xsim_core.render_dataset import (
    RenderDatasetConfig,
    RenderShardConfig,
    frames,
    gather_shards,
)
from xsim_core.render_dataset.collect import Collection, Episode, _Disturbance
from xsim_core.sim.env import SimEnv
from xsim_core.stage import run_stage
from xsim_core.stages import COLLECT_ROLLOUTS, RENDER_DATASET, RENDER_SHARD
from xsim_core.storage import ArtifactStore, Runtime

# So lenient that simply moving forward succeeds: the stage is under test, not a teacher.
LENIENT = {"success_position_m": 0.165, "success_rotation_rad": 3.2, "horizon": 10}


def small_config(num_episodes):
    return RenderDatasetConfig(
        num_episodes=num_episodes, max_attempts=max(16, num_episodes), min_episodes=1
    )


def make_teacher(store, folder):
    """A network of one layer that always commands the same push."""
    sim = open_sim(folder, **LENIENT)
    obs_dim = SimEnv(sim.assets, sim.task).obs_dim
    bias = np.array([0.1, 1.0, 0.0], np.float32)
    arrays = {
        "weights/actor.0.weight": np.zeros((3, obs_dim), np.float32),
        "weights/actor.0.bias": bias,
        "obs_mean": np.zeros(obs_dim, np.float32),
        "obs_var": np.ones(obs_dim, np.float32),
        "curve/success": np.ones(1),
    }
    summary = TeacherPolicy(
        task="push_block",
        num_env_steps=0,
        success_rate=1.0,
        num_eval_episodes=0,
        reached_threshold=True,
    )
    return commit(store, summary, arrays, name="pusher")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    store = ArtifactStore(tmp_path_factory.mktemp("store").as_uri())
    teacher = make_teacher(store, tmp_path_factory.mktemp("world"))
    return store, {"teacher": teacher, "sim": make_sim(store, **LENIENT)}


@pytest.fixture(scope="module")
def made(inputs):
    """A dataset that the stage made alone, and the progress that it told."""
    store, refs = inputs
    told = []
    ref = run_stage(
        RENDER_DATASET,
        small_config(5),
        store,
        refs,
        runtime=Runtime(num_workers=0),
        progress=lambda fraction, figures: told.append(fraction),
    )
    return store.open(ref), told


@pytest.mark.vulkan
def test_successful_rollouts_become_a_dataset(made):
    dataset, told = made
    ends, rgb = dataset.array("episode_ends"), dataset.array("observation.images.front")
    assert dataset.summary.num_episodes == len(ends) == 5
    assert len(rgb) == len(dataset.array("action")) == ends[-1] == dataset.summary.num_steps
    assert rgb.std(axis=(1, 2, 3)).min() > 5  # No black pictures.
    # The recorded actions are the teacher's own, without the disturbance.
    np.testing.assert_allclose(
        dataset.array("action"), np.tile([[0.1, 1, 0]], (ends[-1], 1)), atol=1e-6
    )
    cameras = dataset.array("T_world_cam")
    assert np.ptp(cameras[:, :3, 3], axis=0).max() > 1e-4
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert set(dataset.file_names) == {"mosaic.png", "film.png"}


def payload(manifest):
    """Path and digest of every object, without the attempt that they lie in."""
    return {r.path.removeprefix(f"{manifest.attempt}/"): r.sha256 for r in manifest.objects}


@pytest.mark.vulkan
def test_shards_save_the_stage_all_rendering_and_change_nothing(inputs, made, monkeypatch):
    store, refs = inputs
    config, here = small_config(5), Runtime(num_workers=0)
    ref, expected = made[0].ref, payload(made[0].manifest)
    rollouts = run_stage(COLLECT_ROLLOUTS, config, store, refs, runtime=here)
    sim = {"rollouts": rollouts, "sim": refs["sim"]}
    shards = []
    for k in range(2):
        part = RenderShardConfig(**dict(config), shard=k, num_shards=2)
        shards.append(store.open(run_stage(RENDER_SHARD, part, store, sim, runtime=here)))
    store.delete(ref)
    gather_shards(store.open(rollouts), shards[::-1], store.scratch_of(ref))
    monkeypatch.setattr(frames, "RenderPool", None)
    assert run_stage(RENDER_DATASET, config, store, refs, runtime=here) == ref
    assert payload(store.manifest(ref)) == expected


@given(st.integers(1, 50), st.integers(1, 9))
def test_shards_part_the_episodes(num_episodes, num_shards):
    config = small_config(num_episodes)
    spans = [
        RenderShardConfig(**dict(config), shard=k, num_shards=num_shards).episodes_of(num_episodes)
        for k in range(num_shards)
    ]
    assert [i for first, last in spans for i in range(first, last)] == list(range(num_episodes))
    sizes = [last - first for first, last in spans]
    assert max(sizes) - min(sizes) <= 1


def test_more_shards_than_episodes_are_refused(inputs):
    store, refs = inputs
    rng = np.random.default_rng(0)
    rows = {
        n: rng.random((3, k)).astype(np.float32)
        for n, k in (("env_states", 16), ("state", 6), ("action", 3))
    }
    one = {"seeds": np.array([4]), "episode_ends": np.array([3]), **rows}
    summary = TeacherRollouts(task="push_block", num_episodes=1, num_attempts=1)
    rollouts = commit(store, summary, one, name="one")
    part = RenderShardConfig(**dict(small_config(1)), shard=0, num_shards=2)
    sim = {"rollouts": rollouts, "sim": refs["sim"]}
    with pytest.raises(BadInputError, match="cannot be spread over 2 shards"):
        run_stage(RENDER_SHARD, part, store, sim, runtime=Runtime(num_workers=0))


def test_a_teacher_that_fails_is_refused(inputs):
    store, refs = inputs
    impossible = make_sim(store, success_position_m=1e-4, horizon=2)
    refs = {**refs, "sim": impossible}
    config = RenderDatasetConfig(num_episodes=2, max_attempts=16, min_episodes=2)
    with pytest.raises(QualityGateError, match="0 of 16 teacher rollouts"):
        run_stage(RENDER_DATASET, config, store, refs, runtime=Runtime(num_workers=0))


def test_collected_episodes_come_back_from_scratch(tmp_path):
    rng = np.random.default_rng(0)
    episodes = [
        Episode(seed, *(rng.standard_normal((n, k)).astype(np.float32) for k in (16, 6, 3)))
        for seed, n in ((3, 5), (9, 2))
    ]
    assert Collection.load(tmp_path) is None
    Collection(episodes, 7).save(tmp_path)
    back = Collection.load(tmp_path)
    assert back.num_attempts == 7
    for a, b in zip(episodes, back.episodes, strict=True):
        assert a.seed == b.seed
        np.testing.assert_array_equal(a.env_states, b.env_states)
        np.testing.assert_array_equal(a.action, b.action)


def test_disturbances_are_correlated_and_of_the_stated_size():
    config = RenderDatasetConfig(noisy_fraction=1.0, action_noise=0.4, noise_correlation=0.7)
    source = _Disturbance(1, config)
    values = np.stack([source.next(2) for _ in range(4000)])
    assert values.std() == pytest.approx(0.4, rel=0.1)
    assert np.corrcoef(values[:-1, 0], values[1:, 0])[0, 1] == pytest.approx(0.7, abs=0.05)
    quiet = _Disturbance(1, config.model_copy(update={"noisy_fraction": 0.0}))
    assert not quiet.next(3).any()
