import io
import re

import pytest

from flows.cli.progress import BAR_CELLS, Display
from xsim_core.artifacts import ArtifactRef

REF = ArtifactRef(kind="capture", fingerprint="0" * 24)


def test_without_a_terminal_each_stage_ends_in_a_line():
    stream = io.StringIO()
    with Display(["scan", "splat"], stream=stream) as display:
        display.started("scan")
        display.progressed("scan", 0.5, {"loss": 0.25})
        display.finished("scan", REF, reused=False)
        display.started("splat")
        display.finished("splat", REF, reused=True)
    lines = stream.getvalue().splitlines()
    assert [line.split()[1:3] for line in lines] == [["scan", "done"], ["splat", "reused"]]
    assert "loss 0.25" in lines[0]


def test_a_stage_cut_off_is_not_left_running():
    display = Display(["scan"], stream=io.StringIO())
    with display:
        display.started("scan")
    assert display.rows["scan"].state == "failed"


@pytest.mark.parametrize(
    ("error", "state"), [(KeyboardInterrupt(), "interrupted"), (OSError("lost"), "failed")]
)
def test_an_interrupted_stage_is_not_called_failed(error, state):
    stream = io.StringIO()
    display = Display([], stream=stream)
    display.__enter__().started("scan")
    display.__exit__(type(error), error, None)
    assert display.rows["scan"].state == state
    assert stream.getvalue().split()[1:3] == ["scan", state]


def test_what_was_guessed_dropped_or_mended_is_a_line_each():
    stream = io.StringIO()
    Display([], stream=stream).noted(
        "ingest_capture", ("depth: in [0.1 mm]", "mesh: it has no colours")
    )
    assert stream.getvalue().splitlines() == [
        "[xsim] ingest_capture: depth: in [0.1 mm]",
        "[xsim] ingest_capture: mesh: it has no colours",
    ]


def test_fractions_stay_in_range():
    display = Display([], stream=io.StringIO())
    display.progressed("ppo", 1.7, {})
    assert display.rows["ppo"].fraction == 1.0


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_every_stage_has_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = _Terminal()
    with Display(["scan", "splat", "ppo"], stream=stream) as display:
        display.started("scan")
        display.finished("scan", REF, reused=False)
        display.started("splat")
        display.progressed("splat", 0.5, {"psnr": 27.25})
    # What stands there in the end; the colours' codes taken away.
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()).splitlines()[-3:]
    scan, splat, ppo = last
    assert scan.startswith("✓ scan")
    assert scan.count("━") == BAR_CELLS
    assert splat.startswith("✗ splat")
    assert "psnr 27.2" in splat
    assert ppo.startswith("· ppo")
    assert "━" not in ppo
