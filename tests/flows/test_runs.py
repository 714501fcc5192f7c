"""flows/runs.py: a report that stands is kept only while it would be drawn the same."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import xsim_core
from flows.runs import report_stamp
from xsim_core.runs import RunRecord


@pytest.mark.parametrize(
    "part",
    [
        "report/page.html",
        "report/_charts.py",
        "pages/pieces.html",
        "pages/environment.py",
        "gap/pieces.html",
    ],
)
def test_a_report_is_drawn_anew_when_what_draws_it_changes(tmp_path, monkeypatch, part):
    for room in ("report", "pages", "gap"):
        shutil.copytree(Path(xsim_core.__file__).parent / room, tmp_path / room)
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: SimpleNamespace(origin=tmp_path / name.rpartition(".")[2] / "__init__.py"),
    )
    before = report_stamp(RunRecord(name="run"))
    assert report_stamp(RunRecord(name="run")) == before
    (tmp_path / part).write_text((tmp_path / part).read_text() + "\n")
    assert report_stamp(RunRecord(name="run")) != before
