"""No everyday test hangs on how fast the machine is: tests wait with ``until``.

An upper bound on seconds fails where others are at work. What a test means by it is said otherwise:
nobody was told to end, the answer came before the other side let go, a state is reached at all. A
bound that only tells what hangs is ``PATIENCE_S``.
"""

import ast
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).parents[2]
MEASURING = ("benchmarks", "faults", "nights", "fuzz")
"""Folders whose slow tests and programs measure, and of which a person reads the figures."""
CLOCKS = ("monotonic", "perf_counter", "process_time", "time")
BOUNDED = {
    "tests/flows/inbox/test_ceph_notifications.py": "slow: an upload waits for nobody",
    "tests/house/test_waiting.py": "its own examples",
}


def reads_a_clock(node):
    return any(
        isinstance(n, ast.Call) and ast.unparse(n.func).removeprefix("time.") in CLOCKS
        for n in ast.walk(node)
    )


def is_duration(node, durations):
    """Whether an expression holds the difference of two times, or a name of one."""
    return any(
        (isinstance(n, ast.Name) and n.id in durations)
        or (isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) and reads_a_clock(n))
        for n in ast.walk(node)
    )


def bounded_durations(text):
    """Bounds from above on measured seconds, in a program and in those that it holds as texts."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    nodes = list(ast.walk(tree))
    assigned = [n for n in nodes if isinstance(n, ast.Assign) and is_duration(n.value, ())]
    durations = {t.id for n in assigned for t in n.targets if isinstance(t, ast.Name)}
    found = []
    for node in nodes:
        if isinstance(node, ast.Constant) and "\n" in str(node.value):
            found += bounded_durations(str(node.value))
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for low, order, high in zip(sides, node.ops, sides[1:], strict=False):
            less, more = (high, low) if isinstance(order, ast.Gt | ast.GtE) else (low, high)
            is_order = isinstance(order, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            if is_order and is_duration(less, durations) and "PATIENCE_S" not in ast.unparse(more):
                found.append(ast.unparse(node))
    return found


def test_no_everyday_test_bounds_how_long_something_takes():
    files = (p.relative_to(ROOT) for p in sorted((ROOT / "tests").rglob("*.py")))
    everyday = [p for p in files if p.parts[1] not in MEASURING]
    found = {str(p): bounded_durations((ROOT / p).read_text()) for p in everyday}
    assert {p: said for p, said in found.items() if said and p not in BOUNDED} == {}


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("assert time.monotonic() - begun_s < 1", True),
        ("assert 5 >= perf_counter() - begun_s", True),
        ("took_s = time.monotonic() - begun_s\nassert took_s < 1", True),
        ("assert 0 <= time.time() - begun_s <= 3", True),
        ("CODE = '''\nprint(time.monotonic() - begun_s < 1)\n'''", True),
        ("assert time.monotonic() - begun_s < PATIENCE_S", False),
        ("assert time.monotonic() - begun_s >= 4 / 20", False),
        ("assert asked_s <= state.time_s <= time.monotonic()", False),
        ("while time.monotonic() < end_s: pass", False),
    ],
)
def test_a_bound_from_above_on_measured_seconds(text, does):
    assert bool(bounded_durations(text)) == does


def test_what_comes_is_answered_and_what_never_does_is_given_up():
    answers = iter([0, None, "there"])
    assert until(lambda: next(answers)) == "there"
    with pytest.raises(AssertionError, match=r"not within 0\.05 s"):
        until(lambda: False, patience_s=0.05)
