import base64
import itertools
import json
import socket
import stat
import threading
import time
from http.client import HTTPConnection

import pytest

from flows.inbox.webhook import MAX_BODY_BYTES, Debouncer, Receiver, captures_in
from flows.prefect_server.secret import secret_in
from tests.waiting import PATIENCE_S, until
from xsim_core.errors import BadInputError

TOKEN = "a-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def record(key, event="ObjectCreated:Put", source="aws:s3"):
    return {
        "eventVersion": "2.1", "eventSource": source, "eventName": event,
        "s3": {"bucket": {"name": "lab"}, "object": {"key": key, "size": 9}},
    }  # fmt: skip


# As AWS, Ceph and MinIO write it: names without and with "s3:", keys quoted or not.
AWS = {"Records": [record("inbox/K%C3%BCche+1/capture.yaml")]}
CEPH = {
    "Records": [
        record("inbox/1+1 %/capture.yaml", "ObjectCreated:CompleteMultipartUpload", "ceph:s3")
    ]
}
MINIO = {
    "EventName": "s3:ObjectCreated:Put", "Key": "lab/inbox/one/capture.yaml",
    "Records": [record("inbox%2Fone%2Fcapture.yaml", "s3:ObjectCreated:Put")],
}  # fmt: skip


@pytest.fixture
def receiver():
    heard = []
    with Receiver(0, TOKEN, heard.append) as server:
        server.heard = heard
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        server.stop()
        thread.join()


def post(receiver, body, headers=BEARER, path="/bucket", method="POST"):
    connection = HTTPConnection("127.0.0.1", receiver.address[1], timeout=PATIENCE_S)
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    connection.request(method, path, data, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (AWS, "lab/inbox/Küche 1/capture.yaml"),
        (CEPH, "lab/inbox/1+1 %/capture.yaml"),
        (MINIO, "lab/inbox/one/capture.yaml"),
    ],
)
def test_a_message_of_a_bucket_is_understood(receiver, body, name):
    assert post(receiver, body)[0] == 200
    assert receiver.heard == [[name]]


@pytest.mark.parametrize(
    "body",
    [
        {"Records": [record("inbox/one/photos/0.png")]},
        {"Records": [record("inbox/one/capture.yaml", "ObjectRemoved:Delete")]},
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lab"},
    ],
)
def test_what_is_no_new_capture_is_taken_and_ignored(receiver, body):
    assert post(receiver, body)[0] == 200
    assert receiver.heard == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff",
        b"[" * 100_000,
        b"{}",
        {"Records": [{}]},
        {"Records": [record("k")] * 1001},
        {"Records": [record("x" * 5000)]},
        {"Records": "capture.yaml"},
    ],
)
def test_garbage_is_refused(receiver, body):
    assert post(receiver, body)[0] == 400
    assert post(receiver, AWS)[0] == 200, "and it still listens"
    assert len(receiver.heard) == 1


def test_nobody_is_heard_without_the_token(receiver):
    basic = base64.b64encode(f"xsim:{TOKEN}".encode()).decode()
    wrong = base64.b64encode(b"xsim:other").decode()
    for given in ("", "Bearer other", f"Basic {wrong}", "Basic %%", "Bearer", "Bearer Ünd"):
        header = {"Authorization": given.encode("utf-8")} if given else {}
        assert post(receiver, AWS, header)[0] == 401, given
    assert receiver.heard == []
    # MinIO sends a bare or a bearer token; a URL with user:password becomes basic auth.
    for given in (f"Basic {basic}", f"Bearer {TOKEN}", TOKEN):
        assert post(receiver, AWS, {"Authorization": given})[0] == 200, given


def test_a_large_message_is_refused_before_it_is_read(receiver):
    header = {**BEARER, "Content-Length": str(MAX_BODY_BYTES + 1)}
    assert post(receiver, b"", header)[0] == 413
    # Lengths that are none are refused by the server's own parser (h11).
    assert post(receiver, b"", {**BEARER, "Content-Length": "9" * 5000})[0] == 400
    assert post(receiver, b"", {**BEARER, "Content-Length": "-1"})[0] == 400
    assert post(receiver, iter([b"{}"]), {**BEARER, "Transfer-Encoding": "chunked"})[0] == 411
    assert post(receiver, AWS, path="/other") == (404, "messages go to /bucket\n")
    assert post(receiver, b"", method="GET")[0] == 405
    assert receiver.heard == []


def test_nothing_of_a_body_is_read_without_the_token(receiver):
    with socket.create_connection(receiver.address) as sender:
        sender.sendall(b"POST /bucket HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        sender.settimeout(PATIENCE_S)
        assert b" 401 " in sender.recv(100)


HALF = b"POST /bucket HTTP/1.1\r\nHost: x\r\nAuthorization: a-token\r\nContent-Length: 9\r\n\r\n{"


def told(receiver, begun):
    """What a sender that says no more than that is told."""
    try:
        with socket.create_connection(receiver.address) as sender:
            sender.settimeout(PATIENCE_S)
            sender.sendall(begun)
            return sender.recv(100)
    except ConnectionError:
        return b""  # Cut off before its words were read.


def test_a_sender_that_stops_halfway_does_not_keep_others_waiting(receiver, monkeypatch):
    monkeypatch.setattr("flows.inbox.webhook.PATIENCE_S", 2 * PATIENCE_S)
    with socket.create_connection(receiver.address) as slow:
        slow.sendall(HALF)
        assert post(receiver, AWS)[0] == 200


def test_a_sender_that_stops_halfway_is_told_so(receiver, monkeypatch):
    monkeypatch.setattr("flows.inbox.webhook.PATIENCE_S", 0.3)
    # One that was held up before its first word was read is cut off without an answer.
    assert b" 408 " in until(lambda: told(receiver, HALF))


@pytest.mark.parametrize("begun", [b"", b"POST /bucket HTTP/1.1\r\nHost: x\r\nX-"])
def test_a_sender_that_does_not_say_what_it_wants_is_cut_off(receiver, monkeypatch, begun):
    monkeypatch.setattr("flows.inbox.webhook.PATIENCE_S", 0.3)
    assert told(receiver, begun) == b""


def test_ten_triggers_are_one_call_once_all_is_quiet():
    quiet_s, calls, triggers = 0.2, [], []
    debouncer = Debouncer(lambda: calls.append(time.monotonic()), quiet_s=quiet_s)
    for _ in range(10):
        begun_s = time.monotonic()
        debouncer.trigger()
        triggers.append((begun_s, time.monotonic()))
        time.sleep(0.01)
    last_s = triggers[-1][0]
    until(lambda: calls and calls[-1] >= last_s + quiet_s)
    time.sleep(2 * quiet_s)
    # Where the machine held this test up it was quiet in between, too.
    pauses = [after[1] - before[0] for before, after in itertools.pairwise(triggers)]
    assert len(calls) <= 1 + sum(pause_s >= quiet_s for pause_s in pauses)


def test_a_lost_server_does_not_end_the_debouncer(caplog):
    called = threading.Event()

    def lost():
        called.set()
        raise ConnectionError("no server")

    debouncer = Debouncer(lost, quiet_s=0.0)
    for _ in range(2):
        called.clear()
        debouncer.trigger()
        assert called.wait(PATIENCE_S)
    # The sentence follows the call by a moment.
    until(lambda: "next one is due anyway" in caplog.text)


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "new" / "token"
    assert secret_in(path) == secret_in(path)
    assert len(secret_in(path)) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_message_that_says_nothing_is_no_message():
    with pytest.raises(BadInputError, match="without records"):
        captures_in(b"{}")
