"""The registry of stages, the tasks of the same names, and the presets over them."""

import inspect
import typing

import cloudpickle
import pytest

from flows import pipeline
from flows.executors import Plan
from flows.sources import Sources
from tasks.stages import task_of
from xsim_core.artifacts import ArtifactRef, GroundTruth, RealWorld
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.named import named
from xsim_core.presets import PRESETS, PipelineConfig, pipeline_config
from xsim_core.stages import SIDE_STAGES, STAGES, get_stage
from xsim_core.storage import ArtifactStore, ArtifactWriter, OpenArtifact


def test_stage_names_are_unique_and_found():
    assert len({s.name for s in STAGES}) == len(STAGES)
    assert all(get_stage(s.name) is s for s in STAGES)


def test_an_unknown_stage_is_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'splat'"):
        get_stage("splatt")


ALL = (*STAGES, *SIDE_STAGES)


@pytest.mark.parametrize("stage", ALL, ids=lambda s: s.name)
def test_every_stage_has_a_task_of_its_name_with_its_inputs(stage):
    task = task_of(stage.name)
    given = inspect.signature(task.fn).parameters
    assert task.name == task.task_run_name == stage.name
    assert task.description == stage.title
    assert list(given) == [*stage.inputs, "config"]
    assert {n for n, p in given.items() if p.default is None} == stage.optional
    assert given["config"].annotation is stage.config
    assert (task.retries, task.persist_result) == (2, False)
    assert task.cache_policy is not None
    again = cloudpickle.loads(cloudpickle.dumps(task))  # As Dask and Ray send it.
    assert again.name == stage.name


@pytest.mark.parametrize("stage", ALL, ids=lambda s: s.name)
def test_every_stages_code_is_where_it_says_and_takes_what_it_declares(stage):
    function = stage.function()
    hints = typing.get_type_hints(function)
    given = dict(inspect.signature(function).parameters)
    assert hints.pop("return") is stage.output
    assert hints.pop("config") is stage.config
    assert hints.pop("out") is ArtifactWriter
    assert given.keys() - {"config", "out"} == stage.inputs.keys()
    assert {n for n, p in given.items() if p.default is None} == stage.optional
    for name, kind in stage.inputs.items():
        wanted = OpenArtifact[kind]
        assert hints[name] == (wanted | None if name in stage.optional else wanted)


@pytest.mark.parametrize("stage", ALL, ids=lambda s: s.name)
def test_every_stage_says_what_it_makes_and_by_which_seed(stage):
    assert stage.title.endswith(".")
    assert stage.seed is None or stage.config.model_fields[stage.seed].annotation is int
    assert (stage.seed is None) == ("seed" not in stage.config.model_fields)


def test_what_a_stage_is_cut_into_fits_it():
    for stage in STAGES:
        if (fan := stage.fan_out) is None:
            continue
        assert fan.collect.inputs == stage.inputs
        assert fan.collect.config is stage.config
        assert fan.shard.inputs.items() - stage.inputs.items() == {
            (name, fan.collect.output)
            for name, kind in fan.shard.inputs.items()
            if kind is fan.collect.output
        }
        fields = fan.shard.config.model_fields.keys()
        assert fields - stage.config.model_fields.keys() == {"shard", "num_shards"}
        assert fan.count in fan.collect.output.model_fields
        assert callable(named(fan.gather))


def test_only_evaluate_may_read_the_truth():
    readers = {s.name for s in STAGES if GroundTruth in s.inputs.values()}
    assert readers == {"evaluate"}


def test_only_deploy_and_evaluate_meet_the_real_world():
    readers = {s.name for s in STAGES if RealWorld in s.inputs.values()}
    assert readers == {"deploy", "evaluate"}
    assert {s.name for s in SIDE_STAGES if RealWorld in s.inputs.values()} == {"gap_rung"}
    assert not any(GroundTruth in s.inputs.values() for s in SIDE_STAGES)


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


def test_the_pipeline_reaches_every_stage_once(tmp_path):
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
    assert not {"deploy", "calibrate"} & set(asked)
    assert asked["evaluate"]["calibrated"] is None
    assert done.deployed == asked["evaluate"]["student"]


def test_rollouts_that_are_brought_take_the_place_of_deploy(tmp_path):
    ingest = get_stage("ingest_capture").config.model_construct()
    recorded = get_stage("ingest_rollouts").config(sources=(), content_digest="ab" * 32)
    ref = ArtifactRef(kind="real_rollouts", fingerprint="c" * 24)
    for world in (ingest, None):
        sources = Sources.model_construct(capture=ingest, truth=None, world=world)
        plan = Plan(ArtifactStore(tmp_path.as_uri()))
        brought = sources.model_copy(update={"rollouts": recorded})
        done = pipeline.whole_chain(plan, pipeline_config("debug"), brought)
        assert "deploy" not in plan.refs
        assert plan.refs["ingest_rollouts"].kind == "real_rollouts"
        assert done.deployed == plan.refs["calibrate"]
        again = Plan(ArtifactStore(tmp_path.as_uri()))
        given = sources.model_copy(update={"given_rollouts": ref})
        pipeline.whole_chain(again, pipeline_config("debug"), given)
        assert not {"deploy", "ingest_rollouts"} & set(again.refs)
        assert again.refs["calibrate"] != plan.refs["calibrate"]


def test_rollouts_are_recordings_or_an_artifact_of_them(tmp_path):
    ingest = get_stage("ingest_capture").config.model_construct()
    sources = Sources.model_construct(capture=ingest, truth=None, world=None)
    assert sources.with_rollouts(None) == sources
    assert sources.with_rollouts(f"real_rollouts/{'c' * 24}").given_rollouts is not None
    for nothing in ("nowhere", f"capture/{'c' * 24}", "real_rollouts/xyz"):
        with pytest.raises(BadInputError, match=f"rollouts '{nothing}' are neither a folder"):
            sources.with_rollouts(nothing)
    with pytest.raises(BadInputError, match="holds no recordings"):
        sources.with_rollouts(str(tmp_path))
    (tmp_path / "b.rollout").write_bytes(b"1")
    first = sources.with_rollouts(str(tmp_path)).rollouts
    (tmp_path / "b.rollout").rename(tmp_path / "c.rollout")
    assert sources.with_rollouts(str(tmp_path)).rollouts.content_digest == first.content_digest
    (tmp_path / "c.rollout").write_bytes(b"2")
    assert sources.with_rollouts(str(tmp_path)).rollouts.content_digest != first.content_digest
