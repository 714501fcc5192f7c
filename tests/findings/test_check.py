"""The runner of findings, on toy findings that need no network."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import is_alive

FINDINGS = Path(__file__).parents[2] / "findings"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FINDINGS / "check.py"), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def findings(tmp_path):
    folder = tmp_path / "findings"
    folder.mkdir()
    (folder / "a-wheel-turns.sh").write_text("set -e\ntest 1 = 1\necho as stated\n")
    (folder / "README.md").write_text("not a finding")
    return folder


def test_findings_that_hold_are_said_to_hold(findings):
    done = run(findings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "a-wheel-turns: holds\nEvery finding holds (1).\n"


def test_one_that_no_longer_holds_is_named_and_the_next_still_runs(findings):
    (findings / "b-moved.sh").write_text("echo no longer: 3 >&2\nexit 4\n")
    (findings / "c-still.sh").write_text("true\n")
    done = run(findings)
    assert done.returncode == 1
    assert "b-moved: does not hold (exit status 4)\n    no longer: 3\nc-still: holds" in done.stdout
    assert "1 of 3 findings no longer hold" in done.stdout
    assert done.stdout.endswith(": b-moved.\n")


def test_each_runs_in_a_temporary_folder_that_is_gone_afterwards(findings, tmp_path):
    seen = tmp_path / "seen"
    (findings / "b.sh").write_text(
        f'echo "$PWD $(mktemp -d) $PYTHON" > {seen}; touch left-behind\n'
    )
    assert run(findings).returncode == 0
    cwd, made, python = seen.read_text().split()
    assert Path(made).parent == Path(cwd)
    assert not Path(cwd).exists()
    assert os.access(python, os.X_OK)
    assert sorted(p.name for p in findings.iterdir()) == ["README.md", "a-wheel-turns.sh", "b.sh"]


def test_one_that_does_not_end_is_ended_with_its_children(findings, tmp_path):
    pid_file = tmp_path / "pid"
    (findings / "b-endless.sh").write_text(f"sleep 600 & echo $! > {pid_file}; wait\n")
    done = run(findings, "--timeout-s", "1")
    assert done.returncode == 1
    assert "b-endless: not known: it had not ended after 1 s" in done.stdout
    _wait_until_gone(int(pid_file.read_text()))


def _wait_until_gone(pid: int) -> None:
    for _ in range(100):
        if not is_alive(pid):
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} still runs")


def test_an_empty_folder_is_not_a_success(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 2
    assert "holds no NAME.sh" in done.stdout


@pytest.mark.parametrize("script", sorted(FINDINGS.glob("*.sh")), ids=lambda path: path.stem)
def test_a_finding_says_what_it_pins_and_does_not_use_the_product(script):
    """The rules of findings/README.md that can be read off a script."""
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "==" in text, "packages are pinned"
    assert "set -euo pipefail" in text
    assert "xsim_core" not in text
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
