"""The registry of stages, the tasks of the same names, and the presets over them."""

import importlib

import pytest

from flows import pipeline
from flows.executors import Plan
from flows.sources import Sources
from xsim_core.artifacts import GroundTruth, RealWorld
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.presets import PRESETS, PipelineConfig, pipeline_config
from xsim_core.stages import SPREAD_STAGES, STAGES, get_stage
from xsim_core.storage import ArtifactStore


def test_stage_names_are_unique_and_found():
    assert len({s.name for s in STAGES}) == len(STAGES)
    assert all(get_stage(s.name) is s for s in STAGES)


def test_an_unknown_stage_is_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'splat'"):
        get_stage("splatt")


def test_every_stage_has_a_task_of_its_name_with_its_inputs():
    for stage in (*STAGES, *SPREAD_STAGES):
        task = getattr(importlib.import_module(f"tasks.{stage.name}"), stage.name)
        assert task.name == stage.name
        assert set(task.fn.__annotations__) - {"return", "config"} == set(stage.inputs)
        assert task.cache_policy is not None
        assert task.persist_result is False
        assert task.fn.__annotations__["config"] is stage.config


def test_only_evaluate_may_read_the_truth():
    readers = {s.name for s in STAGES if GroundTruth in s.inputs.values()}
    assert readers == {"evaluate"}


def test_only_calibrate_and_evaluate_meet_the_real_world():
    readers = {s.name for s in STAGES if RealWorld in s.inputs.values()}
    assert readers == {"calibrate", "evaluate"}


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_whole(preset):
    config = pipeline_config(preset)
    assert set(PipelineConfig.model_fields) == set(PRESETS[preset]) | set(dict(config))


def test_presets_differ_from_each_other():
    assert len({pipeline_config(p).model_dump_json() for p in PRESETS}) == len(PRESETS)


def test_a_task_asks_for_its_sizes_and_the_preset_and_overrides_go_before_it():
    plain, pick = pipeline_config(), pipeline_config(task="pick_place")
    assert pick.ppo.num_env_steps > plain.ppo.num_env_steps
    assert pick.scan == plain.scan
    small = pipeline_config("debug", task="pick_place")
    assert small.ppo.num_env_steps == pipeline_config("debug").ppo.num_env_steps
    assert small.ppo.num_steps == pick.ppo.num_steps
    mine = pipeline_config(task="pick_place", overrides={"ppo": {"num_env_steps": 7}})
    assert mine.ppo.num_env_steps == 7


def test_an_unknown_preset_is_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'demo'"):
        pipeline_config("deom")


def test_overrides_are_checked():
    with pytest.raises(UnknownNameError, match="unknown field of splat"):
        pipeline_config(overrides={"splat": {"nonsense": 1}})
    with pytest.raises(UnknownNameError, match="unknown stage"):
        pipeline_config(overrides={"splatt": {}})
    with pytest.raises(BadInputError, match=r"scan\.\w+ is \[\]: "):
        pipeline_config(overrides={"scan": {next(iter(get_stage("scan").config.model_fields)): []}})


def test_a_task_reaches_one_stage_and_what_it_asks_of_others_these(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nhorizon: 33\nstages: {ppo: {num_envs: 3}}\n")
    config = pipeline_config(task=str(path))
    assert [n for n, stage in config if "task" in type(stage).model_fields] == ["build_sim"]
    assert config.build_sim.task.horizon == 33
    assert config.ppo.num_envs == 3
    path.write_text("name: mine\nstages: {pppo: {}}\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'ppo'"):
        pipeline_config(task=str(path))


def test_the_story_reaches_every_stage_once(tmp_path):
    plan = Plan(ArtifactStore(tmp_path.as_uri()))
    ingest = get_stage("ingest_capture").config.model_construct()
    sources = Sources.model_construct(capture=ingest, truth=ingest, world=ingest)
    pipeline.whole_chain(plan, pipeline_config("debug"), sources)
    assert list(plan.refs) == [s.name for s in STAGES]
    assert plan.missing == list(plan.refs)


def test_without_a_world_no_policy_is_called_calibrated(tmp_path):
    plan, asked = Plan(ArtifactStore(tmp_path.as_uri())), {}

    def call(stage, config, **inputs):
        asked[stage.name] = inputs
        return plan(stage, config, **inputs)

    ingest = get_stage("ingest_capture").config.model_construct()
    sources = Sources.model_construct(capture=ingest, truth=None, world=None)
    done = pipeline.whole_chain(call, pipeline_config("debug"), sources)
    assert "calibrate" not in asked
    assert asked["evaluate"]["calibrated"] is None
    assert done.deployed == asked["evaluate"]["student"]
