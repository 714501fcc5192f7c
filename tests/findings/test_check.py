"""The runner of findings, on toy findings that need no network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import is_alive
from tests.waiting import PATIENCE_S, until

FINDINGS = Path(__file__).parents[2] / "findings"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FINDINGS / "check.py"), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


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
    for limit_s in ("1", "4", "16"):
        done = run(findings, "--timeout-s", limit_s)
        assert done.returncode == 1
        assert f"b-endless: not known: it had not ended after {limit_s} s" in done.stdout
        if pid_file.is_file() and (told := pid_file.read_text()):
            break  # Else the machine was too slow to begin.
    until(lambda: not is_alive(int(told)))


def test_an_empty_folder_is_not_a_success(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 2
    assert "holds no NAME.sh" in done.stdout


@pytest.mark.parametrize("script", sorted(FINDINGS.glob("*.sh")), ids=lambda path: path.stem)
def test_a_finding_keeps_the_rules_that_can_be_read_off_it(script):
    text = script.read_text()
    comment, begin, body = text.partition(
        'source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"\n'
    )
    assert begin, "the environment is made as for the others"
    assert comment.startswith("#!/usr/bin/env bash\n# ")
    said = re.findall(r"^# ([A-Z]\w+): +\S", comment, re.MULTILINE)
    assert said == ["Package", "Expected", "Seen", "Matters", "Instead"]
    installed = re.findall(r"^pip_install (.+)$", body, re.MULTILINE)
    packages = [word for line in installed for word in line.split() if word[0] not in '-"']
    assert packages
    assert all("==" in package for package in packages), "packages are pinned"
    assert "xsim_core" not in text
    assert not re.search(r"https?://|index-url|/home/|/root/|/tmp/", text)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_the_environment_is_gone_afterwards_and_a_failure_is_one(tmp_path):
    """The shared beginning, without a network: nothing is installed."""
    script = tmp_path / "a.sh"
    (tmp_path / "environment.bash").write_text((FINDINGS / "environment.bash").read_text())
    script.write_text(
        'source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"\n'
        '"$python" -c "import sys; print(sys.prefix)"\nfalse\necho not reached\n'
    )
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": "/nowhere"}
    done = subprocess.run(
        ["bash", str(script)], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 1
    (prefix,) = done.stdout.split()
    assert Path(prefix).name == "venv"
    assert not Path(prefix).parent.exists()
