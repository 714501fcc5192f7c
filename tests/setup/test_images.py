"""Images are really built and started, and set-up is tried on a machine that has nothing."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docker/check.sh"
CANNOT = 77


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("names", ["fresh", "cpu gpu foundationpose"])
def test_images_are_built_and_start(names):
    command = ["bash", str(CHECK), *names.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert f"check: all that was asked for works: {names}" in done.stdout


def test_an_image_that_is_not_there_is_named():
    done = subprocess.run(["bash", str(CHECK), "tpu"], capture_output=True, text=True, check=False)
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 1
    assert "there is no 'tpu'; there are fresh, cpu, gpu and foundationpose." in done.stderr
