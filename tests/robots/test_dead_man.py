"""The robot may move while the key is held, and only then."""

import io
import os

import pytest

from tests.waiting import PATIENCE_S, until
from xsim_core.errors import BadInputError
from xsim_core.robots import dead_man
from xsim_core.robots.dead_man import DeadMan


@pytest.fixture
def key(monkeypatch):
    """The hand's end, and the key that it holds, for long: whoever looks may be held up."""
    monkeypatch.setattr(dead_man, "HELD_S", 10 * PATIENCE_S)
    theirs, hand = os.pipe()
    key = DeadMan(theirs)
    yield hand, key
    key.close()
    os.close(theirs)


def test_it_is_held_while_it_repeats_and_released_soon_after(key, monkeypatch):
    hand, key = key
    assert not key.is_held()
    os.write(hand, b"  ")
    assert until(key.is_held)
    monkeypatch.setattr(dead_man, "HELD_S", 0.2)
    assert until(lambda: not key.is_held())
    os.close(hand)


@pytest.mark.parametrize("what", [b"x", b" q", b"\x1b[A"])
def test_any_other_key_releases_it(key, what):
    hand, key = key
    os.write(hand, b" ")
    assert until(key.is_held)
    os.write(hand, what)
    assert until(lambda: not key.is_held())
    os.close(hand)


def test_other_keys_are_told_once(key):
    hand, key = key
    os.write(hand, b" s ")
    told = []
    assert until(lambda: told.append(key.typed()) or b"s" in told)
    assert key.typed() == b""
    os.close(hand)


def test_a_terminal_that_goes_releases_it(key):
    hand, key = key
    os.write(hand, b" ")
    assert until(key.is_held)
    os.close(hand)
    assert until(lambda: not key.is_held())


def test_without_a_terminal_there_is_none(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with (
        pytest.raises(BadInputError, match="standard input is none"),
        DeadMan.at_terminal(),
    ):
        pass
