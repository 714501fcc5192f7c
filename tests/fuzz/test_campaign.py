"""Spoilt files through every reader; and that the campaign sees what it is there to see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xsim_core.errors import BadInputError

from . import worker
from .campaign import SEED, SLICE, Worker, read_range, run_slice
from .format import Format

ROOT = Path(__file__).parents[2]

COUNT = int(os.environ.get("XSIM_FUZZ_INPUTS", "100000"))


def test_every_reader_accepts_its_sound_example():
    # In a process of its own, as all reading is: COLMAP's library ends the one that it is in.
    command = [sys.executable, "-m", "tests.fuzz.worker", "sound"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_spoilt_files_are_refused_in_a_sentence_or_read():
    result = run_slice(1, 0, 500)
    assert result["faults"] == {}
    sums = [sum(c[what] for c in result["counts"].values()) for what in ("accepted", "refused")]
    assert sum(sums) == 500
    assert min(sums) > 100


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600)
def test_spoilt_files_by_the_hundred_thousand():
    for first in range(0, COUNT, SLICE):
        assert run_slice(SEED, first, min(first + SLICE, COUNT))["faults"] == {}


def _raises(error):
    def read(_path):
        raise error

    return read


def _believes(path):
    assert path is None, "unsound"


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda _: None, "accepted"),
        (_raises(BadInputError("one sentence")), "refused"),
        (_raises(BadInputError("two\nlines")), "not one sentence"),
        (_raises(BadInputError(" ")), "not one sentence"),
        (_raises(KeyError("x")), "traceback"),
        (_believes, "believed though unsound"),
    ],
)
def test_the_campaign_tells_outcomes_apart(monkeypatch, tmp_path, read, what):
    monkeypatch.setitem(worker.FORMATS, "one", Format(None, read))
    assert worker.outcome("one", tmp_path)[0] == what


def test_a_crash_and_a_hang_are_the_inputs_that_were_being_read(monkeypatch):
    """Workers of which one reads two inputs and dies, the next hangs, and the last goes on."""
    says = "import json, os, time; print('ready', flush=True); row = lambda n: "
    says += "print(json.dumps([n, 'x', 'refused', '', 0.0]), flush=True)\n"
    scripts = iter(["row(0); row(1); os.kill(os.getpid(), 11)", "time.sleep(60)", "row(4)"])
    monkeypatch.setattr("tests.fuzz.campaign.HANG_S", 4.0)
    monkeypatch.setattr("tests.fuzz.campaign.START_S", 60.0)

    def start(_seed, _first, _end, _only):
        return Worker([sys.executable, "-c", f"{says}{next(scripts)}"])

    rows = list(read_range(1, 0, 5, start=start))
    assert [row[0] for row in rows] == [0, 1, 2, 3, 4]
    assert [row[2] for row in rows] == ["refused", "refused", "crash", "hang", "refused"]
    assert "-11" in rows[2][3]
