"""A run that waits for rollouts of a robot: what is planned, said, named and gone on with."""

import shlex

import pytest

from flows.cli.arguments import parse_overrides
from flows.executors import Plan
from flows.records.awaiting import AwaitsRolloutsError, commands, instruction
from flows.records.naming import take_name
from flows.requests import ResolvedRun
from flows.runs import recorded
from flows.sources import Sources
from xsim_core.artifacts import ArtifactRef
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.presets import pipeline_config
from xsim_core.runs import RunRequest, is_at_work, load_record
from xsim_core.stages import get_stage
from xsim_core.storage import ArtifactStore

TRAINED = ["ingest_capture", "scan", "splat", "pose_track", "build_sim", "ppo"]
TRAINED += ["render_dataset", "diffusion"]
CAPTURE = ArtifactRef(kind="capture", fingerprint="a" * 24)
ROLLOUTS = f"real_rollouts/{'b' * 24}"


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "store")


def resolved(**fields):
    """A request on a capture that nobody reads."""
    ingest = get_stage("ingest_capture").config.model_construct()
    request = RunRequest(capture="/videos/take 1", preset="debug", **fields)
    absent = dict.fromkeys(("truth", "world", "rollouts", "given_rollouts"))
    sources = Sources.model_construct(capture=ingest, deploy=request.deploy, **absent)
    sources = sources.with_rollouts(request.rollouts)
    return ResolvedRun(request, pipeline_config("debug"), sources)


def test_what_comes_after_the_robot_is_not_planned_and_said_to_be_awaited(store):
    plan = resolved(deploy="robot").plan(store)
    assert (list(plan.refs), plan.awaits) == (TRAINED, "rollouts")
    for until in ("diffusion", "splat"):
        assert not resolved(deploy="robot").plan(store, until=until).awaits
    for until in ("evaluate", "calibrate"):
        assert resolved(deploy="robot").plan(store, until=until).awaits
    for until in ("evalute", "deploy"):
        with pytest.raises(UnknownNameError):
            resolved(deploy="robot").plan(store, until=until)
    assert resolved(deploy="robot", anew={"evaluate": "ab"}).plan(store).awaits


def test_rollouts_that_are_brought_end_the_waiting(store, tmp_path):
    waiting = resolved(deploy="robot")
    plan = waiting.brings(ROLLOUTS).plan(store)
    assert not plan.awaits
    assert list(plan.refs) == [*TRAINED, "calibrate", "evaluate"]
    for nothing in (str(tmp_path), "nowhere", f"capture/{'a' * 24}"):
        with pytest.raises(BadInputError):
            waiting.brings(nothing)


def test_the_command_that_goes_on_asks_for_the_same():
    overrides = {"calibrate": {"teach": {}, "align": {"weight": 0}}, "task": {"horizon": 50}}
    asked = resolved(
        deploy="robot", task="my task.yaml", overrides=overrides, anew={"ppo": "0ddc0de"}
    ).request
    act, go_on = (shlex.split(text) for text in commands(asked, "other-name"))
    assert act[:6] == ["xsim", "robot", "run", "--policy", "other-name:diffusion", "--out"]
    assert go_on[:3] == ["xsim", "run", asked.capture]
    options = {}
    for word in go_on[3:]:
        if word.startswith("--"):
            options[word] = values = []
        else:
            values.append(word)
    assert parse_overrides(tuple(options.pop("--set"))) == overrides
    assert options.pop("--task") == ["my task.yaml"]
    assert options.pop("--name") == ["other-name"]
    assert options == {"--preset": ["debug"], "--anew": ["ppo"], "--rollouts": ["rollouts"]}
    assert "--name" not in commands(asked, asked.run_name)[1]


def carry_out(store, run):
    """As a run is carried out, in a store that has all that the student stands on."""
    name = run.take_name(store)
    with recorded(store, run.record(name)) as recorder:
        run.carry_out(Plan(store))
    return recorder.record


def test_a_run_that_waits_says_what_to_do_and_is_not_at_work(store):
    record = carry_out(store, resolved(deploy="robot"))
    assert record == load_record(store, "take-1-debug")
    assert record.state == "waiting"
    assert record.error is None
    assert not is_at_work(record)
    assert record.awaits == instruction(record)
    assert "xsim robot run --policy take-1-debug:diffusion" in record.awaits


def test_rollouts_go_on_under_the_name_of_the_run_that_waits_and_of_no_other(store):
    carry_out(store, resolved(deploy="robot"))
    # Whoever asks without waiting asks for another run.
    assert carry_out(store, resolved()).name != "take-1-debug"
    brought = carry_out(store, resolved(rollouts=ROLLOUTS))
    assert (brought.name, brought.state, brought.awaits) == ("take-1-debug", "completed", "")
    assert brought.request.rollouts == ROLLOUTS
    # Again, and as the flow that was resumed says it: the same run.
    assert carry_out(store, resolved(rollouts=ROLLOUTS, deploy="robot")).name == "take-1-debug"
    assert carry_out(store, resolved(rollouts=ROLLOUTS.replace("b", "c"))).name != "take-1-debug"
    assert carry_out(store, resolved(deploy="robot")).name != "take-1-debug"


def test_a_capture_of_other_bytes_does_not_take_the_name_of_a_run_that_waits(store):
    request = RunRequest(capture="/a/take", deploy="robot")
    assert take_name(store, request, CAPTURE) == "take-demo"
    other = RunRequest(capture="/b/take", rollouts=ROLLOUTS)
    assert take_name(store, other, ArtifactRef(kind="capture", fingerprint="d" * 24)) != "take-demo"


def test_a_request_without_a_robot_is_as_it_was():
    assert "deploy" not in RunRequest(capture="/a").parameters()
    assert RunRequest(capture="/a", deploy="robot").parameters()["deploy"] == "robot"
    with pytest.raises(ValueError, match="deploy"):
        RunRequest(capture="/a", deploy="moon")


def test_status_says_what_a_run_waits_for(xsim, tmp_path):
    home = tmp_path / "home"
    store = ArtifactStore((home / "store").as_uri())
    record = carry_out(store, resolved(deploy="robot"))
    said = xsim(home, "status")
    assert said.returncode == 0
    assert "waiting" in said.stdout
    assert record.awaits in said.stdout


def test_the_error_names_the_student():
    student = ArtifactRef(kind="student_policy", fingerprint="e" * 24)
    assert str(student) in str(AwaitsRolloutsError(student))
