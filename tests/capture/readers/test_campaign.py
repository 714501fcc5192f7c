import json
import os
import subprocess
import sys

import pytest

COUNT = int(os.environ.get("XSIM_FUZZ_INPUTS", "100000"))


def campaign(seed, count, timeout_s):
    command = [sys.executable, "-m", "tests.capture.readers.campaign", str(seed), str(count)]
    ended = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_damaged_files_are_refused_in_a_sentence_or_read():
    result = campaign(seed=1, count=320, timeout_s=280)
    assert result["faults"] == {}
    assert result["read"] > 40
    assert result["refused"] > 100


@pytest.mark.slow
@pytest.mark.timeout(24 * 3600)
def test_damaged_files_by_the_hundred_thousand():
    batch = 2000
    for seed in range(2, 2 + -(-COUNT // batch)):
        assert campaign(seed, batch, timeout_s=3600)["faults"] == {}
