"""``xsim policy``: what it refuses before it listens, its key, and that a signal ends it."""

import json
import signal
import threading
import time

import pytest

from flows.cli.policy import PolicyServe, key_in
from tests.evaluate.fixtures import make_student
from tests.sim.fixtures import make_scene
from xsim_core.errors import BadInputError
from xsim_core.storage import ArtifactStore


@pytest.fixture
def home(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    return tmp_path, make_student(store), make_scene(store)


def test_it_serves_until_a_signal_comes(home, xsim):
    folder, student, _ = home
    threading.Thread(target=_end_when_ready, args=(folder / "policy-server.key",)).start()
    left = xsim(folder, "policy", "serve", str(student), "--port", "0", "--json")
    assert left.returncode == 0, left.stderr
    told = json.loads(left.stdout)
    assert told["policy"] == str(student)
    assert told["url"].startswith("ws://127.0.0.1:")
    key = folder / "policy-server.key"
    assert told["key_file"] == str(key)
    assert (key.stat().st_mode & 0o777, len(key.read_text())) == (0o600, 32)


def _end_when_ready(key):
    while not key.exists():
        time.sleep(0.05)
    time.sleep(1)
    signal.raise_signal(signal.SIGTERM)


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
