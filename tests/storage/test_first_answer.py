"""object_store/first_answer.py: a command says soon, and in words, that no server is there."""

import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from moto.core import set_initial_no_auth_action_count

from flows.cli.main import main
from xsim_core.errors import BadInputError, StoreUnreachableError
from xsim_core.storage import ArtifactStore
from xsim_core.storage.bucket import check_bucket, create_bucket
from xsim_core.storage.object_store import first_answer, patience
from xsim_core.storage.object_store.first_answer import expecting_answers

SOON_S = 5.0
FOR_EVER_S = 10_000.0
"""A pause that a test does not outlast."""


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "XSIM_S3_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setattr(first_answer._Heard, "servers", set())


@pytest.fixture
def serve():
    """A server that answers everything with one status and body; ``asked`` lists how often."""
    servers = []

    def start(status, body):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.command)
                self.send_response(server.answer[0])
                self.send_header("content-length", str(len(server.answer[1])))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(server.answer[1])

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.asked, server.answer = [], (status, body)
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def silent():
    """The address of a host that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def address(request, serve, silent):
    pages = {"page": 200, "404": 404, "503": 503}
    if request.param in pages:
        return serve(pages[request.param], b"<html><body>Sign in</body></html>").url
    if request.param == "no TLS":
        return serve(200, b"").url.replace("http:", "https:")
    return {
        "refused": "http://127.0.0.1:1",
        "no such host": "http://none.invalid:9000",
        "silent": silent,
    }[request.param]


SAID = {
    "refused": r"is out of reach: nothing listens there \(connection refused\)\. Check that",
    "no such host": r"is out of reach: no host of that name is known\.",
    "silent": r"is out of reach: no answer (within 0\.6 s|in time)\.",
    "503": r"is out of reach: it answers 503, and not as S3 does\.",
    "no TLS": r"is out of reach: it does not speak TLS: its address is http://",
    "page": r"is out of reach: it has an answer for whatever is asked, so it is no S3 server",
    "404": r"is out of reach: it answers 404, and not as S3 does\.",
}


@pytest.mark.parametrize(("address", "said"), SAID.items(), indirect=["address"], ids=str)
def test_a_wrong_address_is_said_soon_in_one_sentence(monkeypatch, capsys, address, said):
    monkeypatch.setattr(first_answer, "FIRST_ANSWER_S", 0.6)
    monkeypatch.setattr(first_answer, "_PAUSES_S", (0.1, 0.1))
    monkeypatch.setattr(patience, "PAUSES_S", (FOR_EVER_S,) * 7)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("XSIM_STORE", "s3://bucket/x")
    with pytest.raises(SystemExit) as left:
        main(["status", "--json"])
    assert left.value.code == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "StoreUnreachableError"
    assert f"server {address} (AWS_ENDPOINT_URL)" in error["message"]
    assert re.search(said, error["message"])
    assert len(error["message"]) < 300
    assert not any(dump in error["message"] for dump in ("HTTP", "retries", "Error(", "\n"))


def test_what_is_waited_for_leaves_room_for_a_start_within_five_seconds():
    assert max(first_answer.FIRST_ANSWER_S, sum(first_answer._PAUSES_S)) < SOON_S - 2


@pytest.mark.parametrize("given", ["", "127.0.0.1:9000", "http://", "http://:9000", "s3.x y"])
def test_what_is_no_address_is_refused(monkeypatch, given):
    """obstore would end the process over it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", given)
    with pytest.raises(BadInputError, match=f"AWS_ENDPOINT_URL is '{given}', which is no server's"):
        ArtifactStore("s3://bucket/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "eu west")
    with pytest.raises(BadInputError, match="AWS_REGION is 'eu west'"):
        ArtifactStore("s3://bucket/x")


def test_amazons_own_server_is_named_where_no_other_is(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_REGION", "none-such-1")
    monkeypatch.setattr(first_answer, "_PAUSES_S", ())
    with expecting_answers(), pytest.raises(StoreUnreachableError) as raised:
        ArtifactStore("s3://bucket/x").get_record("runs/a.json")
    assert "https://s3.none-such-1.amazonaws.com (Amazon's: AWS_" in str(raised.value)


def test_a_server_that_was_heard_keeps_its_patience(monkeypatch, serve):
    """And so does one that a stage of a run under way, or a worker, asks."""
    monkeypatch.setattr(patience, "PAUSES_S", (0.01,) * 7)
    server = serve(404, b"<html>none</html>")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)

    def num_asked():
        server.asked.clear()
        with pytest.raises(StoreUnreachableError):
            ArtifactStore("s3://bucket/x").get_record("runs/a.json")
        return len(server.asked)

    with expecting_answers():
        server.answer = (404, b"<Error><Code>NoSuchKey</Code></Error>")
        assert ArtifactStore("s3://bucket/x").get_record("runs/a.json") is None
        server.answer = (404, b"<html>none</html>")
        assert num_asked() == 8
    first_answer._Heard.servers.clear()
    assert num_asked() == 8
    with expecting_answers():
        assert num_asked() == 1 + len(first_answer._PAUSES_S)


def test_a_forbidden_page_is_a_sentence_in_the_library_too(monkeypatch, serve):
    monkeypatch.setenv("AWS_ENDPOINT_URL", serve(403, b"<html>Sign in</html>").url)
    with pytest.raises(BadInputError, match=r"answers that we may not\. Check AWS_ACC"):
        ArtifactStore("s3://bucket/x").get_record("runs/a.json")


def test_administration_of_a_bucket_says_it_soon_too(monkeypatch):
    monkeypatch.setattr(first_answer, "_PAUSES_S", ())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with expecting_answers():
        (finding,) = check_bucket("s3://bucket/x")
        assert not finding.ok
        assert "nothing listens there" in finding.text
        with pytest.raises(StoreUnreachableError, match="nothing listens there"):
            create_bucket("s3://bucket/x")


def test_wrong_keys_are_said_at_once(monkeypatch, moto_url):
    """Moto as a server that knows whose keys are whose."""
    monkeypatch.setattr(patience, "PAUSES_S", (FOR_EVER_S,) * 7)
    monkeypatch.setattr(first_answer, "_PAUSES_S", (FOR_EVER_S,))

    @set_initial_no_auth_action_count(0)
    def ask():
        with pytest.raises(BadInputError, match=r"InvalidAccessKeyId\. .* Check AWS_ACCESS_KEY"):
            ArtifactStore(moto_url).list_records("runs")

    with expecting_answers():
        ask()
