"""Single fields over a preset, as ``--set`` brings them."""

import pytest

from flows.cli.arguments import parse_overrides
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.presets import PRESETS, pipeline_config
from xsim_core.sim.task import task_names


def configured(*texts, preset="debug"):
    return pipeline_config(preset, overrides=parse_overrides(texts))


def test_a_nested_field_changes_alone():
    before, after = pipeline_config("debug"), configured("diffusion.optim.num_steps=10")
    assert after.diffusion.optim.num_steps == 10
    assert after.diffusion.optim.warmup_steps == before.diffusion.optim.warmup_steps == 5
    # Not the class's own default: calibration learns slower than its optimiser's class says.
    slow = configured("calibrate.optim.num_steps=10").calibrate.optim
    assert slow.learning_rate == before.calibrate.optim.learning_rate
    unchanged = set(type(before).model_fields) - {"diffusion"}
    assert all(getattr(before, stage) == getattr(after, stage) for stage in unchanged)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_keeps_what_it_does_not_name_within_a_field_too(preset):
    own, config = pipeline_config("demo"), pipeline_config(preset)
    for stage, fields in PRESETS[preset].items():
        for name, value in fields.items():
            if isinstance(value, dict):
                wanted = getattr(getattr(own, stage), name).model_copy(update=value)
                assert getattr(getattr(config, stage), name) == wanted


def test_a_task_and_a_preset_name_parts_of_one_field(tmp_path):
    path = tmp_path / "slow.yaml"
    path.write_text("name: slow\nstages: {calibrate: {optim: {learning_rate: 0.001}}}\n")
    optim = pipeline_config("debug", task=str(path)).calibrate.optim
    assert (optim.learning_rate, optim.num_steps, optim.warmup_steps) == (0.001, 20, 2)
    path.write_text("name: slow\nstages: {calibrate: {optim: {learning_rat: 0.001}}}\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'learning_rate'"):
        pipeline_config("debug", task=str(path))


def test_a_field_of_the_task_goes_to_every_stage_that_holds_one():
    config = configured("task.horizon=50")
    holders = [c for _, c in config if "task" in type(c).model_fields]
    assert holders
    assert {c.task.horizon for c in holders} == {50}


def test_values_are_numbers_words_and_lists():
    config = configured("ppo.hidden_sizes=[8, 8]", "ppo.success_threshold=5e-1", "ppo.seed=3")
    assert config.ppo.hidden_sizes == (8, 8)
    assert config.ppo.success_threshold == 0.5
    assert config.ppo.seed == 3


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pppo.seed=1", "ppo"),
        ("ppo.sed=1", "seed"),
        ("taks.horizon=1", "task"),
        ("diffusion.optim.nun_steps=1", "num_steps"),
        ("diffusion.num_steps=1", "optim.num_steps"),
        ("task.horizn=1", "horizon"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(text, meant):
    with pytest.raises(UnknownNameError, match=f"Did you mean '{meant}'"):
        configured(text)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (("ppo.num_envs=many",), "ppo.num_envs is 'many': Input should be a valid integer"),
        (("task.horizon=-1",), "task.horizon is -1: "),
        (("diffusion.optim.num_steps=.inf",), "diffusion.optim.num_steps is inf: "),
        (("ppo.seed=[1",), r"--set 'ppo.seed=\[1': the value cannot be read"),
        (("ppo.seed=@",), "the value cannot be read"),
        (("ppo.seed=!!python/object:os.system x",), "the value cannot be read"),
        (("ppo=1",), "Give stage.field=value"),
        (("ppo.seed",), "Give stage.field=value"),
        (("ppo..seed=1",), "Give stage.field=value"),
        (("ppo.seed=1", "ppo.seed=2"), "gives ppo.seed twice: '1' and '2'"),
        (("ppo.seed=1", "ppo.seed.x=2"), "goes into what another --set gives a value"),
    ],
)
def test_what_cannot_be_is_one_sentence(texts, sentence):
    with pytest.raises(BadInputError, match=sentence) as caught:
        configured(*texts)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"ppo": {"seed": -1}}, "ppo.seed is -1"),
        ({"render_dataset": {"num_episodes": 8, "min_episodes": 50}}, "50.*of num_episodes.*8"),
        ({"render_dataset": {"max_attempts": 3}}, "in max_attempts.*3"),
        ({"diffusion": {"optim": {"num_steps": 10}}}, "warmup_steps.*100.*num_steps 10"),
    ],
)
def test_counts_that_cannot_be_are_refused_when_the_run_is_asked_for(asked, why):
    with pytest.raises(BadInputError, match=why):
        pipeline_config("demo", overrides=asked)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("task", task_names())
def test_the_presets_own_counts_can_be(preset, task):
    pipeline_config(preset, task=task)
