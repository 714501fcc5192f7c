"""flows/inbox/run_file.py: what a capture's folder asks of its run."""

import re

import pytest
import yaml

from flows.inbox.captures import Arrival
from flows.inbox.run_file import asked_of
from flows.inbox.scan_inbox import ScanRequest, request_of
from tests.flows.inbox.test_inbox import a_capture
from xsim_core.capture import IngestConfig
from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.runs import RunRequest
from xsim_core.sim.task import TASKS_DIR

PLAIN = RunRequest(capture="/c", preset="debug")


@pytest.fixture
def capture(tmp_path):
    return a_capture(tmp_path / "take")


def says(capture, **fields):
    (capture / "run.yaml").write_text(yaml.safe_dump(fields))


def asked(capture, **scan):
    arrival = Arrival(digest="ab" * 32, folder=str(capture))
    return request_of(arrival, ScanRequest(**scan))


def test_a_capture_says_that_its_rollouts_come_from_a_robot_and_the_scan_may_say_it_of_all(capture):
    assert asked(capture).deploy == "world"
    assert asked(capture, deploy="robot").parameters()["deploy"] == "robot"
    says(capture, deploy="robot")
    assert asked(capture).parameters()["deploy"] == "robot"
    says(capture, deploy="world")
    assert "deploy" not in asked(capture, deploy="robot").parameters()


def test_what_it_says_counts_and_what_it_leaves_out_is_as_the_scan_has_it(capture):
    assert asked_of(capture, PLAIN) == PLAIN
    says(capture)
    assert asked_of(capture, PLAIN) == PLAIN
    told = {"task": "pick_place", "review": "skip", "overrides": {"ppo": {"seed": 3}}}
    says(capture, **told)
    assert asked_of(capture, PLAIN) == PLAIN.model_copy(update=told)
    says(capture, preset="debug")
    assert asked(capture).run_name == "take-abababab-debug" == asked(capture, preset="debug").name


def test_a_task_may_lie_in_the_captures_folder(capture):
    (capture / "mine.yaml").write_text((TASKS_DIR / "push_block.yaml").read_text())
    says(capture, task="mine.yaml")
    assert asked_of(capture, PLAIN).task == str(capture / "mine.yaml")


def test_it_is_no_part_of_the_capture(capture):
    before = IngestConfig.from_folder(capture).content_digest
    says(capture, deploy="robot")
    assert IngestConfig.from_folder(capture).content_digest == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deploy: moon", "'deploy': Input should be 'world' or 'robot'. Its keys: preset, task"),
        ("colour: red", "'colour': Extra inputs are not permitted"),
        ("review: object_track/ab", "'review'"),
        ("- deploy", "run.yaml: "),
        ("deploy: [", "run.yaml is not YAML"),
        ("overrides: {ppo: {seed: -1}}", "seed"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_that_names_the_file(capture, text, said):
    (capture / "run.yaml").write_text(text)
    with pytest.raises(BadInputError, match=re.escape(said)):
        asked_of(capture, PLAIN)


@pytest.mark.parametrize("text", ["preset: dmeo", "task: puhs", "overrides: {poo: {seed: 1}}"])
def test_names_that_there_are_not_are_refused(capture, text):
    (capture / "run.yaml").write_text(text)
    with pytest.raises(UnknownNameError):
        asked_of(capture, PLAIN)
