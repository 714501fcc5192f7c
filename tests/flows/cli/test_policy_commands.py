"""``xsim policy``: what it refuses before it listens, its key, and that a signal ends it."""

import os
import subprocess
import sys

import pytest

from flows.cli.policies.policy import PolicyServe, key_in
from tests.evaluate.fixtures import make_student
from tests.sim.fixtures import make_scene
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    store = ArtifactStore((folder / "store").as_uri())
    return folder, make_student(store), make_scene(store)


def test_it_serves_until_a_signal_comes(home):
    folder, student, _ = home
    # In a process of its own: a signal that comes too early would end the tests.
    serving = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "policy", "serve", str(student), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "XSIM_HOME": str(folder), "XSIM_STORE": ""},
    )
    with serving:
        told, where = (serving.stdout.readline() for _ in range(2))
        serving.terminate()
        assert serving.wait(60) == 0
    assert told.startswith(f"{student} at ws://127.0.0.1:")
    key = folder / "policy-server.key"
    assert where.split()[-1] == str(key)
    assert (key.stat().st_mode & 0o777, len(key.read_text())) == (0o600, 32)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--port", "70000"], "--port 70000 is no port"),
        (["--max-clients", "0"], "--max-clients is at least 1"),
        (["--max-rate-hz", "nan"], "--max-rate-hz more than 0"),
        (["--certificate", "a.pem"], "TLS needs both"),
        (["--key-file", "/dev/null"], "holds no key"),
    ],
)
def test_what_cannot_be_is_refused(home, xsim, options, said):
    left = xsim(home[0], "policy", "serve", str(home[1]), *options)
    assert left.returncode == 1
    assert said in left.stderr


def test_a_room_is_no_policy(home, xsim):
    left = xsim(home[0], "policy", "serve", str(home[2]))
    assert "is no image policy: 'diffusion' and 'calibrate' make them" in left.stderr


@pytest.mark.parametrize("text", ["", "two words", "schlüssel", "a\nb"])
def test_a_file_without_a_key_is_refused(tmp_path, text):
    (tmp_path / "key").write_text(text)
    with pytest.raises(BadInputError, match="holds no key"):
        key_in(str(tmp_path / "key"))


def test_loopback_is_the_default():
    assert PolicyServe(ref="x").host == "127.0.0.1"
