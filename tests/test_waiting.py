"""No everyday test hangs on how fast the machine is: tests wait with ``until``, and read no clock.

An upper bound on seconds fails where others are at work. What a test means by it is said otherwise:
nobody was told to end, the answer came before the other side let go, a state is reached at all.
"""

import re
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).parents[1]
MEASURING = ("benchmarks", "faults", "nights", "fuzz")
"""Folders whose slow tests and programs measure, and of which a person reads the figures."""
CLOCK = re.compile(r"\btime\.(monotonic|perf_counter|process_time)\(|from time import")
# Who reads a clock all the same, and what for.
READERS = {
    "tests/waiting.py": "to give up after minutes",
    "tests/test_waiting.py": "its own examples",
    "tests/tasks/test_child.py": "an end that is handed in",
    "tests/flows/inbox/test_webhook.py": "how long the machine held the test itself up",
    "tests/flows/inbox/test_ceph_notifications.py": "slow: an upload must not wait for a listener",
    "tests/api/test_door.py": "CPU time, thirty times what it takes",
    "tests/serving/test_server.py": "a lower bound alone",
    "tests/robots/test_robot_server.py": "which came first",
}


def test_a_clock_is_read_by_those_alone_that_say_what_for():
    files = (p.relative_to(ROOT) for p in sorted((ROOT / "tests").rglob("*.py")))
    everyday = [p for p in files if p.parts[1] not in MEASURING]
    assert {str(p) for p in everyday if CLOCK.search((ROOT / p).read_text())} == set(READERS)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("assert time.monotonic() - begun_s < 1", True),
        ("from time import monotonic", True),
        ("os.utime(path, (0, time.time() - 60))", False),
        ("until(lambda: time.sleep(1))", False),
    ],
)
def test_reading_a_clock(text, does):
    assert bool(CLOCK.search(text)) == does


def test_what_comes_is_answered_and_what_never_does_is_given_up():
    answers = iter([0, None, "there"])
    assert until(lambda: next(answers)) == "there"
    with pytest.raises(AssertionError, match=r"not within 0\.05 s"):
        until(lambda: False, patience_s=0.05)
