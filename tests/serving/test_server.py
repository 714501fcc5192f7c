"""openpi's protocol, spoken byte by byte, and what a server that moves robots must refuse."""

import ssl
import subprocess
import time
import urllib.error
import urllib.request

import msgpack
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.evaluate.fixtures import make_student
from tests.serving.serving import KEY, admitted, ask, client, from_array, observation, served
from xsim_core.errors import BadInputError, CorruptArtifactError
from xsim_core.policies import Student
from xsim_core.serving import Limits, PolicyAnswers
from xsim_core.serving.probe import IMAGE, STATE, black_observation, probe
from xsim_core.storage import ArtifactStore


@pytest.fixture(scope="module")
def store():
    return ArtifactStore("memory://")


@pytest.fixture(scope="module")
def answers(store):
    return PolicyAnswers.read(store, make_student(store))


@pytest.fixture(scope="module")
def port(answers):
    with served(answers, Limits(rate_hz=1000, clients=3, errors=3)) as port:
        yield port


def test_metadata_first_then_a_chunk_an_observation(port, store, answers):
    with admitted(port) as connection:
        told = msgpack.unpackb(connection.recv(60))
        assert told["policy"] == answers.metadata["policy"]
        assert told["observation"]["observation.images.front"] == [72, 96, 3]
        assert (told["actions"], told["n_action_steps"]) == ([8, 3], 4)
        first = ask(connection, observation() | {"seed": 5})
        again = ask(connection, observation() | {"seed": 5})
        other = ask(connection, observation())
    assert set(first["server_timing"]) == {"infer_ms"}
    assert set(again["server_timing"]) == {"infer_ms", "prev_total_ms"}
    actions = from_array(first["actions"])
    assert (actions.dtype, actions.shape) == (np.float32, (8, 3))
    student = Student.read(store.open(make_student(store)))
    noise = np.random.default_rng([5, 0x57AD]).standard_normal((1, 8, 3), np.float32)
    rgb = np.full((1, 1, 72, 96, 3), 7, np.uint8)
    state = np.array([[[0.5, 0, 0.1, 0, 1, 0]]], np.float32)
    np.testing.assert_array_equal(actions, student.sample_actions(rgb, state, noise)[0])
    assert again["actions"] == first["actions"] != other["actions"]


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x", "\u00e4".encode().decode("latin-1")])
def test_without_the_key_nobody_is_served(port, key):
    with pytest.raises(InvalidStatus) as refused, client(port, key):
        pass
    assert refused.value.response.status_code == 401


def test_health_needs_no_key_and_other_paths_are_none(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
        assert (answer.status, answer.read()) == (200, b"OK\n")
    with pytest.raises(InvalidStatus) as refused, client(port, path="/else"):
        pass
    assert refused.value.response.status_code == 404
    with pytest.raises(InvalidStatus) as refused, client(port, origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observation.state": None}, "lacks the array observation.state"),
        ({"observation.images.front": b"0"}, "lacks the array observation.images.front"),
        ({"observation.state": "wide"}, r"takes (6,) finite numbers"),
        ({"observation.state": "nan"}, r"takes (6,) finite numbers"),
        ({"observation.images.front": "float"}, "is float32 (72, 96, 3); this policy takes uint8"),
        ({"seed": -1}, "seed is -1; it is a whole number from 0"),
        ({"seed": True}, "seed is True"),
    ],
)
def test_what_does_not_fit_is_a_sentence_and_the_next_is_served(answers, change, said):
    odd = {
        "wide": np.zeros(7),
        "nan": np.full(6, np.nan),
        "float": np.zeros((72, 96, 3), np.float32),
    }
    seen = {
        "observation.images.front": np.zeros((72, 96, 3), np.uint8),
        "observation.state": np.zeros(6),
    }
    for name, value in change.items():
        seen[name] = odd[value] if isinstance(value, str) else value
    with pytest.raises(BadInputError) as refused:
        answers.infer(seen, rng=np.random.default_rng(0))
    assert said in str(refused.value)


def test_a_refused_observation_keeps_the_connection_and_some_end_it(port):
    with admitted(port) as connection:
        connection.recv(60)
        assert "lacks the array" in ask(connection, {})
        assert isinstance(ask(connection, observation()), dict)
        for _ in range(3):
            assert "lacks the array" in ask(connection, {})
        with pytest.raises(ConnectionClosed) as ended:
            connection.recv(60)
    assert ended.value.rcvd.code == 1007


@pytest.mark.parametrize("garbage", [b"\xc1", b"\x80" * 9, "text", b"\x81\xa1a\xc7\x00\x01", b""])
def test_garbage_ends_its_own_connection_alone(port, garbage):
    with admitted(port) as connection, admitted(port) as other:
        connection.recv(60)
        other.recv(60)
        connection.send(garbage)
        assert isinstance(connection.recv(60), str)
        with pytest.raises(ConnectionClosed):
            connection.recv(60)
        assert isinstance(ask(other, observation()), dict)


def test_a_message_larger_than_an_observation_is_not_read(port):
    with admitted(port) as connection:
        connection.recv(60)
        connection.send(bytes(60_000))
        with pytest.raises(ConnectionClosed) as ended:
            connection.recv(60)
    assert ended.value.rcvd.code == 1009


def test_more_clients_than_allowed_are_told_to_come_again(port):
    with admitted(port) as a, admitted(port) as b, admitted(port) as c:
        for connection in (a, b, c):
            connection.recv(60)
        with pytest.raises(InvalidStatus) as refused, client(port):
            pass
        assert refused.value.response.status_code == 503


def test_a_fast_client_waits(answers):
    with served(answers, Limits(rate_hz=20)) as port, client(port) as connection:
        connection.recv(60)
        began_s = time.monotonic()
        for _ in range(5):
            ask(connection, observation())
        assert time.monotonic() - began_s >= 4 / 20


def test_a_policy_that_is_not_what_was_committed_is_not_served(tmp_path):
    store = ArtifactStore((tmp_path / "store").as_uri())
    ref = make_student(store)
    files = [p for p in (tmp_path / "store").rglob("*") if p.is_file() and "weights" in str(p)]
    largest = max(files, key=lambda p: p.stat().st_size)
    largest.chmod(0o600)
    largest.write_bytes(bytes(largest.stat().st_size))
    with pytest.raises(CorruptArtifactError, match="is not served"):
        PolicyAnswers.read(store, ref)


def test_the_probe_says_what_is_served(port, answers):
    seen = probe(f"ws://127.0.0.1:{port}", KEY)
    assert seen["metadata"] == answers.metadata
    assert 0 < seen["infer_ms"] < seen["round_trip_ms"]
    with pytest.raises(BadInputError, match="the key is another"):
        probe(f"ws://127.0.0.1:{port}", "wrong")
    with pytest.raises(BadInputError, match="no policy server that answers"):
        probe("ws://127.0.0.1:1", KEY)


@pytest.mark.parametrize(
    "observation",
    [
        None,
        [1],
        {},
        {IMAGE: [2, 2, 3]},
        {IMAGE: "72x96", STATE: [6]},
        {IMAGE: [-1], STATE: [6]},
        {IMAGE: [1 << 40], STATE: [6]},
        {IMAGE: [True], STATE: [6]},
        {IMAGE: [1] * 9, STATE: [6]},
    ],
)
def test_another_program_s_metadata_is_said(observation):
    with pytest.raises(BadInputError, match="has the shape"):
        black_observation({"observation": observation})


def test_tls_by_files(answers, tmp_path):
    made = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", "req", "-x509", *ec, *made, *names], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with served(answers, tls=tls) as port:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        url = f"https://127.0.0.1:{port}/healthz"
        with urllib.request.urlopen(url, timeout=60, context=trusting) as answer:
            assert answer.read() == b"OK\n"
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=60, context=ssl.create_default_context())
