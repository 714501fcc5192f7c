"""flows/prefect_server/api.py: a server that is busy is asked again, for as long as one waits."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

import pytest

from flows.prefect_server.api import Server
from tests.waiting import PATIENCE_S


@contextmanager
def answering(*statuses: int):
    """A server that gives these answers in turn, the last one for ever; and what it was asked."""
    asked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(statuses[min(len(asked), len(statuses)) - 1])
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, *said):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Server(api_url=f"http://127.0.0.1:{server.server_port}/api"), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("busy", [429, 503])
def test_a_busy_server_is_asked_the_same_again(busy):
    with answering(busy, busy, 200) as (server, asked):
        asks = server.ask("flow_runs/filter", body={"limit": 1}, timeout_s=PATIENCE_S)
        with asks as answer:
            assert answer.read() == b"[]"
        assert asked == [b'{"limit": 1}'] * 3


def test_one_that_stays_busy_is_given_up():
    with answering(503) as (server, asked):
        # A machine that is held up may miss the answer.
        with pytest.raises(OSError, match=r"503|timed out"):
            server.ask("flow_runs/filter", body={}, timeout_s=0.5)
        assert asked


def test_a_refusal_is_not_asked_again():
    with answering(401) as (server, asked):
        with pytest.raises(HTTPError, match="401"):
            server.ask("flow_runs/filter", body={}, timeout_s=PATIENCE_S)
        assert len(asked) == 1
